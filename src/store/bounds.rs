//! How much the store holds: of one agent's questions, and of what is long over.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::proposal::Proposal;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::proposals::MAX_PAGE;

/// The most proposals of one agent that wait: for people, or to be carried out; ten times as many may
/// within an hour have been taken back. Replicas that look at the same moment may let one more pass each.
pub const MAX_PENDING: usize = 100;

impl Store {
    /// Forgets up to [`MAX_PAGE`] proposals whose time was over before `before`, or that were taken
    /// back before `taken_back`, with what was said about them, and says how many; call again until
    /// there are none.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn forget(&self, before: Timestamp, taken_back: Timestamp) -> Result<u64, Error> {
        let mut transaction = self.begin().await?;
        let values = vec![before.into(), taken_back.into(), Value::Integer(Some(MAX_PAGE))];
        transaction.execute(FORGET_APPROVALS, values.clone()).await?;
        transaction.execute(FORGET_USES, values.clone()).await?;
        let forgotten = transaction.execute(FORGET, values).await?;
        transaction.execute(FORGET_STANDING, vec![before.into()]).await?;
        transaction.commit().await?;
        Ok(forgotten)
    }
}

impl Store {
    /// How many proposals wait for people, are queued, run, were never sent though they were to
    /// be, and are unknown, by these words.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn census(&self) -> Result<Vec<(&'static str, u64)>, Error> {
        let mut transaction = self.begin_to_read().await?;
        let mut counts = Vec::new();
        for (word, sql) in CENSUS {
            let rows = transaction.rows(sql, Vec::new()).await?;
            let count = rows.first().map(|row| row.number("count")).transpose()?.flatten();
            counts.push((word, count.unwrap_or(0)));
        }
        Ok(counts)
    }
}

/// Whether the agent of `proposal` may have one more decided.
pub(super) async fn admit(
    transaction: &mut Transaction,
    proposal: &Proposal,
    pending: usize,
) -> Result<(), Error> {
    let most = i64::try_from(pending).unwrap_or(i64::MAX);
    let owner = Value::from(proposal.substance().owner().as_str());
    let values = vec![owner, proposal.draft().created.into(), Value::Integer(Some(most))];
    let waiting = transaction.rows(PENDING, values.clone()).await?.len();
    let mut lately = values;
    lately[1] = proposal.draft().created.minus(LATELY).into();
    lately[2] = Value::Integer(Some(most.saturating_mul(TIMES as i64)));
    let taken_back = transaction.rows(TAKEN_BACK, lately).await?.len();
    match waiting < pending && taken_back < pending.saturating_mul(TIMES) {
        true => Ok(()),
        false => Err(Error::TooMany),
    }
}

const CENSUS: [(&str, &str); 5] = [
    ("pending", "SELECT COUNT(*) AS count FROM proposals WHERE status = 'pending'"),
    ("queued", "SELECT COUNT(*) AS count FROM proposals WHERE execution = 'queued'"),
    ("running", "SELECT COUNT(*) AS count FROM proposals WHERE execution = 'running'"),
    (
        "unsent",
        "SELECT COUNT(*) AS count FROM proposals WHERE execution = 'failed' AND answer IS NULL \
         AND trouble IS NOT NULL",
    ),
    ("unknown", "SELECT COUNT(*) AS count FROM proposals WHERE execution = 'unknown'"),
];

const PENDING: &str = "SELECT id FROM proposals WHERE owner = $1 \
     AND (status = 'pending' OR execution = 'queued') AND expires_at > $2 LIMIT $3";

const TAKEN_BACK: &str = "SELECT id FROM proposals WHERE owner = $1 \
     AND (status = 'cancelled' OR (execution = 'failed' AND answer IS NULL)) AND created_at > $2 LIMIT $3";

/// For how long what was taken back counts.
const LATELY: Duration = Duration::from_secs(3_600);

/// How many times as many as may wait may have been taken back lately.
const TIMES: usize = 10;

/// Names what is over: nothing that may still be decided, sent or answered.
macro_rules! over {
    ($delete:literal) => {
        concat!(
            $delete,
            " IN (SELECT id FROM proposals WHERE (expires_at <= $1 AND status <> 'pending' \
             AND execution <> 'queued' AND execution <> 'running') \
             OR (status = 'cancelled' AND decided_at <= $2) ORDER BY expires_at, id LIMIT $3)"
        )
    };
}

const FORGET_APPROVALS: &str = over!("DELETE FROM approvals WHERE proposal");

const FORGET_USES: &str = over!("DELETE FROM standing_uses WHERE proposal");

/// What is over and was the reason of nothing that is still known.
const FORGET_STANDING: &str = "DELETE FROM standing_approvals WHERE expires_at <= $1 \
     AND name NOT IN (SELECT standing FROM standing_uses)";

const FORGET: &str = over!("DELETE FROM proposals WHERE id");
