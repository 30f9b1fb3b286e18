//! Pages of what is kept, for people who look through it.

use crate::id::{ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Proposal, Status};
use crate::store::connection::{Store, Value};
use crate::store::error::Error;
use crate::store::proposal_row;
use crate::store::row::Row;
use crate::store::task_row::{self, id, number};
use crate::task::{Label, Labels, Task};

/// Which proposals are wanted.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Those with this status; those with any, if it says none.
    pub status: Option<Status>,
    /// Those of this agent; those of any, if it says none.
    pub owner: Option<SpiffeId>,
    /// Those behind this one.
    pub after: Option<ProposalId>,
    /// The most that are looked at.
    pub limit: usize,
}

/// An agent that is known for what it has put forward, or works on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Agent {
    /// Its name.
    pub id: SpiffeId,
    /// How many proposals are kept that it put forward.
    pub proposals: u64,
    /// How many of them wait for people.
    pub pending: u64,
    /// How many tasks are kept that it owns.
    pub tasks: u64,
}

impl Store {
    /// What `view` makes of the proposals of one page, oldest first, and the last that was looked at,
    /// if there may be more behind it. They are read one by one: each may be large.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn list<T>(
        &self,
        listing: &Listing,
        view: impl Fn(&Proposal) -> Option<T>,
    ) -> Result<(Vec<T>, Option<ProposalId>), Error> {
        let after = listing.after.map(|id| id.to_string()).unwrap_or_default();
        let values = vec![
            Value::from(&*after),
            Value::Text(listing.status.map(|status| status.as_str().to_owned())),
            Value::Text(listing.owner.as_ref().map(|owner| owner.as_str().to_owned())),
            number(listing.limit as u64),
        ];
        let mut transaction = self.begin_to_read().await?;
        let ids = transaction.rows(PROPOSALS, values).await?;
        let ids = ids.iter().map(|row| row.parsed("id", ProposalId::parse));
        let ids = ids.collect::<Result<Vec<_>, _>>()?;
        let mut seen = Vec::new();
        for id in &ids {
            let rows = transaction.rows(PROPOSAL, vec![Value::from(&*id.to_string())]).await?;
            // It may be forgotten in between.
            let proposal = rows.first().map(proposal_row::read).transpose()?;
            seen.extend(proposal.as_ref().and_then(&view));
        }
        Ok((seen, ids.get(listing.limit.saturating_sub(1)).copied()))
    }

    /// Up to `limit` tasks behind `after`, oldest first; those of `owner`, if it says one.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn list_tasks(
        &self,
        owner: Option<&SpiffeId>,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Task>, Error> {
        let owner = Value::Text(owner.map(|owner| owner.as_str().to_owned()));
        let values = vec![Value::from(after), owner, number(limit as u64)];
        let rows = self.begin_to_read().await?.rows(TASKS, values).await?;
        rows.iter().map(task_row::read).collect()
    }

    /// The whole tree that `task` is in, each behind the one that it was handed on from, and what it
    /// has touched.
    ///
    /// # Errors
    /// [`Error::NoTask`]; else as [`Error`] says.
    pub async fn tree(&self, task: TaskId) -> Result<(Vec<Task>, Labels), Error> {
        let mut transaction = self.begin_to_read().await?;
        let rows = transaction.rows(TREE, vec![id(task)]).await?;
        let tasks = rows.iter().map(task_row::read).collect::<Result<Vec<_>, _>>()?;
        let labels = transaction.rows(LABELS, vec![id(task)]).await?;
        let labels = labels.iter().map(|row| row.parsed("label", Label::parse));
        match tasks.is_empty() {
            true => Err(Error::NoTask),
            false => Ok((tasks, labels.collect::<Result<_, _>>()?)),
        }
    }

    /// Up to `limit` agents behind `after`, by name.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn agents(&self, after: &str, limit: usize) -> Result<Vec<Agent>, Error> {
        let values = vec![Value::from(after), number(limit as u64)];
        let rows = self.begin_to_read().await?.rows(AGENTS, values).await?;
        rows.iter().map(agent).collect()
    }
}

fn agent(row: &Row) -> Result<Agent, Error> {
    let count = |column| row.number(column).map(Option::unwrap_or_default);
    Ok(Agent {
        id: row.parsed("owner", |text| SpiffeId::parse(text).ok())?,
        proposals: count("proposals")?,
        pending: count("pending")?,
        tasks: count("tasks")?,
    })
}

const PROPOSALS: &str = "SELECT id FROM proposals WHERE id > $1 AND ($2 IS NULL OR status = $2) \
     AND ($3 IS NULL OR owner = $3) ORDER BY id LIMIT $4";

const PROPOSAL: &str = "SELECT * FROM proposals WHERE id = $1";

const TASKS: &str = "SELECT * FROM tasks WHERE id > $1 AND ($2 IS NULL OR owner = $2) \
     ORDER BY id LIMIT $3";

const TREE: &str = "SELECT * FROM tasks WHERE root = (SELECT root FROM tasks WHERE id = $1) \
     ORDER BY level, id";

const LABELS: &str = "SELECT label FROM labels WHERE holder = \
     (SELECT root FROM tasks WHERE id = $1) ORDER BY label";

const AGENTS: &str = "SELECT owner, CAST(SUM(proposal) AS BIGINT) AS proposals, \
     CAST(SUM(waiting) AS BIGINT) AS pending, CAST(SUM(task) AS BIGINT) AS tasks FROM \
     (SELECT owner, 1 AS proposal, CASE WHEN status = 'pending' THEN 1 ELSE 0 END AS waiting, \
     0 AS task FROM proposals WHERE owner > $1 UNION ALL \
     SELECT owner, 0, 0, 1 FROM tasks WHERE owner > $1) AS known \
     GROUP BY owner ORDER BY owner LIMIT $2";
