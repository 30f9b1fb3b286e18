//! What is revoked, as the store keeps it.

use crate::clock::Timestamp;
use crate::event::Kind;
use crate::revocation::Subject;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::events;
use crate::store::row::{Row, needed};
use crate::store::turns;
use crate::task::Status;

/// One thing that was revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revocation {
    /// What.
    pub subject: Subject,
    /// Why, in the operator's words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Revokes `revocation.subject`, for as long as nobody [lifts](Self::lift) it; a task is over for
    /// good, with all that was handed on of it. What is revoked
    /// already stays as it is; the answer is what stands.
    ///
    /// # Errors
    /// [`Error::NoTask`]; [`Error::TaskOver`]; else as [`Error`] says, it may then be revoked or not.
    pub async fn revoke(&self, revocation: Revocation) -> Result<Revocation, Error> {
        let mut transaction = self.begin().await?;
        let standing = match make(&mut transaction, &revocation).await? {
            true => revocation,
            false => one(&mut transaction, &revocation.subject).await?.ok_or(Error::Undecodable)?,
        };
        transaction.commit().await?;
        Ok(standing)
    }

    /// Gives `subject` back what it had. Returns what was lifted, if there was something.
    ///
    /// # Errors
    /// [`Error::TaskOver`], for a task; else as [`Error`] says.
    pub async fn lift(&self, subject: &Subject) -> Result<Option<Revocation>, Error> {
        if matches!(subject, Subject::Task(_)) {
            return Err(Error::TaskOver(Status::Revoked));
        }
        let mut transaction = self.begin().await?;
        let standing = one(&mut transaction, subject).await?;
        transaction.execute(DELETE, key(subject).into()).await?;
        if let Some(lifted) = &standing {
            events::of_revocation(&mut transaction, Kind::RevocationLifted, lifted).await?;
        }
        transaction.commit().await?;
        Ok(standing)
    }

    /// All that is revoked, oldest first.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn revocations(&self) -> Result<Vec<Revocation>, Error> {
        let rows = self.begin_to_read().await?.rows(ALL, Vec::new()).await?;
        rows.iter().map(read).collect()
    }
}

/// Makes `revocation`; whether it was not made before.
pub(super) async fn make(
    transaction: &mut Transaction,
    revocation: &Revocation,
) -> Result<bool, Error> {
    let Revocation { subject, reason, at } = revocation;
    let [kind, name] = key(subject);
    let values = vec![kind, name, Value::from(reason.as_str()), (*at).into()];
    if transaction.execute(INSERT, values).await? == 0 {
        return Ok(false);
    }
    if let Subject::Task(task) = subject {
        turns::turn(transaction, None, *task, Status::Revoked, *at).await?;
    }
    events::of_revocation(transaction, Kind::RevocationMade, revocation).await?;
    Ok(true)
}

async fn one(transaction: &mut Transaction, what: &Subject) -> Result<Option<Revocation>, Error> {
    let rows = transaction.rows(ONE, key(what).into()).await?;
    rows.first().map(read).transpose()
}

fn key(subject: &Subject) -> [Value; 2] {
    [Value::from(subject.kind()), Value::from(&*subject.name())]
}

fn read(row: &Row) -> Result<Revocation, Error> {
    let (kind, name) = (needed(row.text("kind")?)?, needed(row.text("name")?)?);
    Ok(Revocation {
        subject: Subject::parse(&kind, &name).ok_or(Error::Undecodable)?,
        reason: needed(row.text("reason")?)?,
        at: needed(row.time("revoked_at")?)?,
    })
}

const INSERT: &str = "INSERT INTO revocations (kind, name, reason, revoked_at) \
     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";

const DELETE: &str = "DELETE FROM revocations WHERE kind = $1 AND name = $2";

const ONE: &str = "SELECT * FROM revocations WHERE kind = $1 AND name = $2";

const ALL: &str = "SELECT * FROM revocations ORDER BY revoked_at, kind, name";
