//! The work that a request belongs to, as rules are shown it.

use regorus::Value;

use crate::clock::Timestamp;
use crate::policy::engine::input::object;
use crate::policy::engine::keys::Keys;
use crate::task::{Lineage, Situation};

/// `countersign.labels`: what the work has touched, in alphabetical order.
pub(super) fn labels(situation: &Situation) -> Value {
    let labels = situation.labels.iter().map(|label| Value::from(label.as_str()));
    Value::from(labels.collect::<Vec<_>>())
}

/// `countersign.chain`: on whose behalf, who handed the work on first standing first.
pub(super) fn chain(situation: &Situation, keys: &Keys) -> Value {
    let above = situation.lineage.iter().map(Lineage::tasks);
    let above = above.flat_map(|tasks| &tasks[..tasks.len().saturating_sub(1)]);
    let link = |task: &crate::task::Task| {
        object([
            (&keys.purpose, Value::from(task.purpose.as_str())),
            (&keys.spiffe_id, Value::from(task.owner.as_str())),
            (&keys.task, Value::from(task.id.to_string())),
        ])
    };
    Value::from(above.map(link).collect::<Vec<_>>())
}

/// `countersign.task`: what the request is a part of, or null.
pub(super) fn task(situation: &Situation, now: Timestamp, keys: &Keys) -> Value {
    let Some(task) = situation.lineage.as_ref().map(Lineage::task) else { return Value::Null };
    object([
        (&keys.age_seconds, Value::from(now.since(task.created).as_secs())),
        (&keys.calls, Value::from(task.used)),
        (&keys.deadline, Value::from(task.bounds.deadline.to_string())),
        (&keys.depth, Value::from(u64::from(task.bounds.depth))),
        (&keys.id, Value::from(task.id.to_string())),
        (&keys.left, task.left().map_or(Value::Null, Value::from)),
        (&keys.purpose, Value::from(task.purpose.as_str())),
    ])
}
