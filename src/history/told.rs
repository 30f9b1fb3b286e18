//! What the bundle's own rule says is to be covered in one event.
//!
//! The answer is OPA's: a list or set of JSON pointers, which are removed, and of objects with `op`,
//! `path` and perhaps `value`. An answer that cannot be understood says nothing about what is secret,
//! so then everything is.

use serde_json::{Map, Value};

use crate::history::mask::{Covering, Pointer, escaped};

/// What is to be covered in one event, beside what always is.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// The whole of the input and of the result: nobody knows better.
    Everything,
    /// These places.
    These(Vec<Order>),
}

/// What is done with one place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Order {
    /// From the event on: the first step is `input` or `result`.
    pub(super) at: Pointer,
    pub(super) act: Act,
}

/// What becomes of a value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// It goes.
    Remove,
    /// This takes its place.
    Upsert(Value),
}

impl Told {
    /// Nothing beside what always is.
    pub(super) fn nothing() -> Self {
        Self::These(Vec::new())
    }

    /// Reads the rule's answer; a rule without one says nothing.
    ///
    /// # Errors
    /// What cannot be understood, without a value from the event in it.
    pub(super) fn read(said: &Value) -> Result<Self, String> {
        match said {
            Value::Null => Ok(Self::nothing()),
            Value::Array(items) => {
                Ok(Self::These(items.iter().map(Order::read).collect::<Result<_, _>>()?))
            }
            _ => Err("the answer is neither an array nor a set".to_owned()),
        }
    }
}

impl Order {
    /// Does it to an event.
    pub(super) fn obey(&self, event: &mut Map<String, Value>, covering: &mut Covering) {
        self.act.on_member(event, self.at.steps(), "", covering);
    }

    fn read(said: &Value) -> Result<Self, String> {
        match said {
            Value::String(path) => Ok(Self { at: place(path)?, act: Act::Remove }),
            Value::Object(members) => Self::of(members),
            _ => Err("an element is neither a JSON pointer nor an object".to_owned()),
        }
    }

    fn of(members: &Map<String, Value>) -> Result<Self, String> {
        let text = |name: &str| members.get(name).and_then(Value::as_str);
        let path = text("path").ok_or("an object has no `path`")?;
        let known = |name: &String| ["op", "path", "value"].contains(&name.as_str());
        if !members.keys().all(known) {
            return Err("an object has members beside `op`, `path` and `value`".to_owned());
        }
        let act = match text("op") {
            Some("remove") => Act::Remove,
            Some("upsert") => Act::Upsert(members.get("value").cloned().unwrap_or(Value::Null)),
            _ => return Err("the `op` of an object is neither `remove` nor `upsert`".to_owned()),
        };
        Ok(Self { at: place(path)?, act })
    }
}

impl Act {
    fn on(&self, value: &mut Value, steps: &[String], at: &str, covering: &mut Covering) {
        match (value, steps) {
            (value, []) => match self {
                // An element that went would give those behind it other places.
                Self::Remove => covering.cover(value, at.to_owned()),
                Self::Upsert(with) => covering.replace(value, with.clone(), at.to_owned()),
            },
            (Value::Object(members), steps) => self.on_member(members, steps, at, covering),
            (Value::Array(items), [step, rest @ ..]) => {
                for (index, value) in items.iter_mut().enumerate() {
                    if step == "*" || *step == index.to_string() {
                        self.on(value, rest, &format!("{at}/{index}"), covering);
                    }
                }
            }
            _ => {}
        }
    }

    fn on_member(
        &self,
        members: &mut Map<String, Value>,
        steps: &[String],
        at: &str,
        covering: &mut Covering,
    ) {
        let Some((step, rest)) = steps.split_first() else { return };
        let chosen = members.keys().filter(|key| step == "*" || *key == step);
        let mut chosen: Vec<String> = chosen.cloned().collect();
        let is_new = chosen.is_empty() && step != "*" && rest.is_empty();
        if is_new && matches!(self, Self::Upsert(_)) {
            members.insert(step.clone(), Value::Null);
            chosen.push(step.clone());
        }
        for key in chosen {
            let at = format!("{at}/{}", escaped(&key));
            if rest.is_empty() && *self == Self::Remove {
                members.remove(&key).iter().for_each(|gone| covering.erased(gone, at.clone()));
            } else if let Some(value) = members.get_mut(&key) {
                self.on(value, rest, &at, covering);
            }
        }
    }
}

fn place(path: &str) -> Result<Pointer, String> {
    let pointer = Pointer::of_event(path);
    pointer.ok_or_else(|| "a path begins with neither `/input` nor `/result`".to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Act, Told};

    #[test]
    fn pointers_and_objects_are_understood() {
        let said = json!(["/input/a", {"op": "upsert", "path": "/result/b", "value": 1}]);
        let Ok(Told::These(orders)) = Told::read(&said) else { panic!("{said}") };
        assert_eq!(orders[0].act, Act::Remove);
        assert_eq!(orders[1].act, Act::Upsert(json!(1)));
        assert_eq!(Told::read(&json!(null)), Ok(Told::nothing()));
        assert_eq!(Told::read(&json!([])), Ok(Told::nothing()));
    }

    #[test]
    fn whatever_else_is_said_is_not_understood() {
        for said in [
            json!(true),
            json!("/input/a"),
            json!({"/input/a": true}),
            json!([1]),
            json!(["input/a"]),
            json!(["/inputs/a"]),
            json!(["/decision_id"]),
            json!([""]),
            json!([{"op": "remove"}]),
            json!([{"path": "/input/a"}]),
            json!([{"op": "replace", "path": "/input/a"}]),
            json!([{"op": "remove", "path": "/input/a", "when": true}]),
            json!(["/input/a", "/labels"]),
        ] {
            assert!(Told::read(&said).is_err(), "{said}");
        }
    }
}
