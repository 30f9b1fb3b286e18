//! The work that a request belongs to, as rules are shown it.

use regorus::Value;
use regorus::value::Object;

use crate::clock::Timestamp;
use crate::policy::engine::input::object;
use crate::policy::engine::keys::Keys;
use crate::task::{Amounts, Lineage, Situation};

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
    let left = task.left();
    object([
        (&keys.age_seconds, Value::from(now.since(task.created).as_secs())),
        (&keys.amounts_left, left.amounts.as_ref().map_or(Value::Null, amounts)),
        (&keys.bytes_left, left.bytes.map_or(Value::Null, Value::from)),
        (&keys.calls, Value::from(task.used.requests)),
        (&keys.deadline, Value::from(task.bounds.deadline.to_string())),
        (&keys.depth, Value::from(u64::from(task.bounds.depth))),
        (&keys.id, Value::from(task.id.to_string())),
        (&keys.left, left.requests.map_or(Value::Null, Value::from)),
        (&keys.purpose, Value::from(task.purpose.as_str())),
    ])
}

/// By their units, each as a decimal in text: a number would be rounded.
fn amounts(amounts: &Amounts) -> Value {
    let mut shown = Object::new();
    for (unit, value) in amounts {
        shown.insert(Value::from(unit.as_str()), Value::from(value.to_string()));
    }
    shown.into_value()
}
