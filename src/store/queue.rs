//! What is to be carried out without its agent: who takes it, in which order, and what kept it from
//! being sent.
//!
//! Of what is due, each agent's oldest to each upstream comes first, then each one's second: whoever
//! put much forward does not keep the others waiting. What was taken is left alone by all executors
//! for a while; that is no claim, and only keeps them out of each other's way.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::proposal::Execution;
use crate::store::connection::{Store, Value};
use crate::store::error::Error;
use crate::store::proposals::MAX_PAGE;
use crate::store::row::needed;

/// One that was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Errand {
    /// The proposal.
    pub id: ProposalId,
    /// Where it goes: a host, and a port where it is not the scheme's own.
    pub authority: String,
    /// How often it was tried, this time included.
    pub tries: u32,
}

/// What keeps a proposal from being sent, or kept it, or whose outcome nobody knows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Trouble {
    /// The proposal.
    pub id: ProposalId,
    /// [`Queued`](Execution::Queued) while it is tried again, [`Failed`](Execution::Failed) once its
    /// time was over, or [`Unknown`](Execution::Unknown).
    pub execution: Execution,
    /// How often it was tried without its agent.
    pub tries: u32,
    /// What happened the last time, for the operator.
    pub last: Option<String>,
    /// The same, as far as its owner may know it.
    pub setback: Option<String>,
    /// When it may be tried again.
    pub next: Timestamp,
}

/// Why one was not sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setback {
    /// For the operator.
    pub why: String,
    /// For its owner.
    pub told: String,
}

impl Store {
    /// Takes up to `places` proposals that nobody has and that could be carried out since `since`.
    /// Nobody else takes them for half a minute.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take(
        &self,
        since: Timestamp,
        now: Timestamp,
        places: usize,
    ) -> Result<Vec<Errand>, Error> {
        let places = i64::try_from(places).unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let until = now.plus(HELD).into();
        let values = vec![since.into(), now.into(), Value::Integer(Some(places)), until];
        let mut transaction = self.begin().await?;
        let rows = transaction.locked(TAKE_LOCKED, TAKE, values).await?;
        transaction.commit().await?;
        let errands = rows.iter().map(|row| {
            Ok(Errand {
                id: row.parsed("id", ProposalId::parse)?,
                authority: needed(row.text("authority")?)?,
                tries: tries(row.number("tries")?),
            })
        });
        errands.collect()
    }

    /// Leaves a proposal alone until `until`. Where there is no `setback` it was not tried at all.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn put_off(
        &self,
        errand: &Errand,
        until: Timestamp,
        setback: Option<Setback>,
    ) -> Result<(), Error> {
        let tries = errand.tries.saturating_sub(u32::from(setback.is_none()));
        let id = Value::from(&*errand.id.to_string());
        let (why, told) = setback.map(|Setback { why, told }| (why, told)).unzip();
        let short = |text: Option<String>| {
            Value::Text(text.map(|text| text.chars().take(LONGEST).collect()))
        };
        let tries = Value::Integer(Some(tries.into()));
        let values = vec![id, until.into(), tries, short(why), short(told)];
        let mut transaction = self.begin().await?;
        transaction.execute(PUT_OFF, values).await?;
        transaction.commit().await
    }

    /// Up to [`MAX_PAGE`] proposals behind `after` that a person should look at.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn troubles(&self, after: Option<ProposalId>) -> Result<Vec<Trouble>, Error> {
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        self.troubled(TROUBLES, vec![Value::from(&*after), Value::Integer(Some(MAX_PAGE))]).await
    }

    /// What keeps the proposal `id` from being sent, if something does.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn trouble(&self, id: ProposalId) -> Result<Option<Trouble>, Error> {
        Ok(self.troubled(TROUBLE, vec![Value::from(&*id.to_string())]).await?.pop())
    }

    async fn troubled(&self, sql: &'static str, values: Vec<Value>) -> Result<Vec<Trouble>, Error> {
        let rows = self.begin_to_read().await?.rows(sql, values).await?;
        let troubles = rows.iter().map(|row| {
            Ok(Trouble {
                id: row.parsed("id", ProposalId::parse)?,
                execution: row.parsed("execution", Execution::parse)?,
                tries: tries(row.number("tries")?),
                last: row.text("trouble")?,
                setback: row.text("setback")?,
                next: needed(row.time("try_at")?)?,
            })
        });
        troubles.collect()
    }
}

fn tries(column: Option<u64>) -> u32 {
    u32::try_from(column.unwrap_or(0)).unwrap_or(u32::MAX)
}

/// For how long nobody else takes what was taken.
const HELD: Duration = Duration::from_secs(30);

/// How many characters of a trouble are kept.
const LONGEST: usize = 1000;

/// The condition is said once more outside: between looking and locking another may have taken it.
macro_rules! take {
    ($lock:literal) => {
        concat!(
            "UPDATE proposals SET tries = tries + 1, try_at = $4 WHERE id IN (\
             SELECT id FROM proposals WHERE id IN (SELECT id FROM (\
             SELECT id, ROW_NUMBER() OVER (PARTITION BY owner, authority ORDER BY id) AS turn \
             FROM proposals WHERE execution = 'queued' AND due_at <= $1 AND decided_at <= $1 \
             AND expires_at > $2 AND try_at <= $2) AS due ORDER BY turn, id LIMIT $3) \
             AND execution = 'queued' AND try_at <= $2 ORDER BY id",
            $lock,
            ") RETURNING id, authority, tries"
        )
    };
}

const TAKE: &str = take!("");
const TAKE_LOCKED: &str = take!(" FOR UPDATE SKIP LOCKED");

/// What was kept from being sent is remembered when it is put off for want of a place.
const PUT_OFF: &str = "UPDATE proposals SET try_at = $2, tries = $3, trouble = COALESCE($4, trouble), \
     setback = COALESCE($5, setback) WHERE id = $1";

const TROUBLES: &str = "SELECT id, execution, tries, trouble, setback, try_at FROM proposals \
     WHERE (execution = 'unknown' OR (execution IN ('queued', 'failed') AND answer IS NULL \
     AND trouble IS NOT NULL)) AND id > $1 ORDER BY id LIMIT $2";

const TROUBLE: &str = "SELECT id, execution, tries, trouble, setback, try_at FROM proposals \
     WHERE id = $1 AND trouble IS NOT NULL AND execution <> 'succeeded' AND answer IS NULL";
