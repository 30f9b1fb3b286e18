//! What work has touched, as the store keeps it.
//!
//! Labels stick to the first task of those that were handed on from each other, or to an agent that
//! works without one. Whoever has had to do with a task of such a tree has touched what the tree has, whether
//! or not it says that it works for it: so nobody loses a label by leaving a header out.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::identity::SpiffeId;
use crate::store::connection::{Transaction, Value};
use crate::store::error::Error;
use crate::store::task_row::id;
use crate::task::{Label, Labels, Lineage};

/// What the work of `agent` has touched, its task included.
pub(super) async fn of(
    transaction: &mut Transaction,
    agent: &SpiffeId,
    lineage: Option<&Lineage>,
    now: Timestamp,
    lasting: Duration,
) -> Result<Labels, Error> {
    let mut values = vec![Value::from(agent.as_str()), now.minus(lasting).into()];
    values.push(lineage.map_or(Value::Text(None), |lineage| id(lineage.root().id)));
    let rows = transaction.rows(OF, values).await?;
    rows.iter().map(|row| row.parsed("label", Label::parse)).collect()
}

/// What has been touched in the tree of `lineage`.
pub(super) async fn of_tree(
    transaction: &mut Transaction,
    lineage: &Lineage,
) -> Result<Labels, Error> {
    let rows = transaction.rows(OF_TREE, vec![id(lineage.root().id)]).await?;
    rows.iter().map(|row| row.parsed("label", Label::parse)).collect()
}

/// Adds `labels` to those of `holder`, or says that it has touched them again.
pub(super) async fn add(
    transaction: &mut Transaction,
    holder: &str,
    labels: &Labels,
    now: Timestamp,
) -> Result<(), Error> {
    for label in labels {
        let values = vec![Value::from(holder), Value::from(label.as_str()), now.into()];
        transaction.execute(ADD, values).await?;
    }
    Ok(())
}

const OF: &str = "SELECT label FROM labels WHERE holder = $3 \
     OR (holder = $1 AND touched_at > $2) \
     OR holder IN (SELECT root FROM tasks WHERE owner = $1 AND deadline > $2 \
     AND begun_at IS NOT NULL)";

const OF_TREE: &str = "SELECT label FROM labels WHERE holder = $1";

const ADD: &str = "INSERT INTO labels (holder, label, touched_at) VALUES ($1, $2, $3) \
     ON CONFLICT (holder, label) DO UPDATE SET touched_at = excluded.touched_at";
