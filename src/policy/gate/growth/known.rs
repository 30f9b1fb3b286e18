//! The data beside the rules, which is there to be measured.

use serde_json::Value;

use crate::policy::gate::growth::size::{ELEMENT, NUMBER, Size};

/// Everything that a reference into the data may mean.
#[derive(Clone, Debug)]
pub(super) struct Known<'a>(Vec<&'a Value>);

impl<'a> Known<'a> {
    pub(super) fn all(data: &'a Value) -> Self {
        Self(vec![data])
    }

    pub(super) fn member(&self, key: &str) -> Self {
        Self(self.0.iter().filter_map(|value| value.get(key)).collect())
    }

    pub(super) fn elements(&self) -> Self {
        Self(self.0.iter().flat_map(|value| children(value)).collect())
    }

    /// The most elements that one of them has.
    pub(super) fn count(&self) -> u64 {
        self.0.iter().map(|value| count(value)).max().unwrap_or_default()
    }

    /// The largest of them. `steps` counts what was looked at.
    pub(super) fn size(&self, steps: &mut u64) -> Size {
        let largest = self.0.iter().map(|value| written(value, steps)).max();
        Size::fixed(largest.unwrap_or_default())
    }
}

fn children(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn count(value: &Value) -> u64 {
    let count = match value {
        Value::Array(items) => items.len(),
        Value::Object(members) => members.len(),
        _ => 0,
    };
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn written(value: &Value, steps: &mut u64) -> u64 {
    *steps += 1;
    let bytes = |text: &String| u64::try_from(text.len()).unwrap_or(u64::MAX);
    ELEMENT
        + match value {
            Value::Array(items) => items.iter().map(|item| written(item, steps)).sum(),
            Value::Object(members) => members
                .iter()
                .map(|(key, value)| bytes(key) + ELEMENT + written(value, steps))
                .sum(),
            Value::String(text) => bytes(text),
            Value::Number(number) if number.is_f64() => NUMBER,
            Value::Bool(_) | Value::Null | Value::Number(_) => 3 * ELEMENT,
        }
}
