//! Who carries proposals out, and who of them has died.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::proposal::Proposal;
use crate::store::connection::{Store, Value};
use crate::store::error::Error;

impl Store {
    /// Says that `executor` lives at `now`, and forgets those that have been dead for long.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn beat(&self, executor: &str, now: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        transaction.execute(BEAT, vec![Value::from(executor), now.into()]).await?;
        transaction.execute(FORGET, vec![now.minus(FORGOTTEN).into()]).await?;
        transaction.commit().await
    }

    /// What executors had that have said nothing since `since` is unknown from here on. Up to
    /// [`MAX_PAGE`](crate::store::MAX_PAGE); call again until it answers none.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn lose_silent(
        &self,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<Proposal>, Error> {
        let mut lost = Vec::new();
        let mut transaction = self.begin().await?;
        let rows = transaction.rows(SILENT, vec![since.into()]).await?;
        let silent: Vec<_> =
            rows.iter().map(|row| row.parsed("name", |name| Some(name.to_owned()))).collect();
        transaction.commit().await?;
        for executor in silent {
            lost.extend(self.lose(&executor?, now).await?);
        }
        Ok(lost)
    }
}

const BEAT: &str = "INSERT INTO executors (name, seen_at) VALUES ($1, $2) \
     ON CONFLICT (name) DO UPDATE SET seen_at = excluded.seen_at";

const FORGET: &str = "DELETE FROM executors WHERE seen_at < $1";

const SILENT: &str = "SELECT name FROM executors WHERE seen_at < $1 \
     AND EXISTS (SELECT 1 FROM proposals WHERE execution = 'running' AND executor = name)";

/// For how long a dead executor's name is kept. Whatever it had is lost long before.
const FORGOTTEN: Duration = Duration::from_secs(86_400);
