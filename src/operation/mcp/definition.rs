//! What a tool was said to be when it was first seen, and whether that is still so.
//!
//! A server can describe a tool one way while it is looked at and another way later. Countersign
//! remembers the digest of each tool's first description on a route, so that a rule can refuse a tool
//! that has changed since. The memory is this process' own: a restart begins anew, and so does
//! another replica.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::id::RouteName;

/// Every tool's descriptions, for all workers.
#[derive(Debug, Default)]
pub struct Definitions {
    seen: Mutex<BTreeMap<(RouteName, String), Seen>>,
}

/// The first and the latest description of one tool.
#[derive(Clone, Debug)]
struct Seen {
    first: String,
    latest: String,
}

/// How a tool is described now.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Definition {
    digest: String,
    changed: bool,
}

impl Definitions {
    /// Notes how `route`'s server describes the tool `name` now.
    ///
    /// `None` where no more tools can be remembered: what is not remembered cannot be told apart.
    pub fn note(&self, route: &RouteName, name: &str, described: &Value) -> Option<Definition> {
        let digest = fingerprint(described);
        let mut all = self.all();
        let key = (route.clone(), name.to_owned());
        if all.len() >= MOST && !all.contains_key(&key) {
            return None;
        }
        let first = digest.clone();
        let seen = all.entry(key).or_insert_with(|| Seen { first, latest: String::new() });
        seen.latest = digest;
        Some(seen.definition())
    }

    /// The latest description of the tool `name`, if its server has listed it.
    pub fn of(&self, route: &RouteName, name: &str) -> Option<Definition> {
        self.all().get(&(route.clone(), name.to_owned())).map(Seen::definition)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<(RouteName, String), Seen>> {
        // Every change is one step, so a panic elsewhere leaves nothing half done.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    fn definition(&self) -> Definition {
        Definition { digest: self.latest.clone(), changed: self.latest != self.first }
    }
}

impl Definition {
    /// What rules read.
    pub fn document(&self) -> Value {
        json!({ "digest": self.digest, "changed": self.changed })
    }
}

/// `sha256:` and the digest of the description, its members in the order of their names.
fn fingerprint(described: &Value) -> String {
    let sum = digest(&SHA256, described.to_string().as_bytes());
    let hex: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// How many tools are remembered.
const MOST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::Definitions;
    use serde_json::{Value, json};

    #[test]
    fn a_tool_that_is_described_otherwise_has_changed_until_it_changes_back() {
        let all = Definitions::default();
        let (one, other) = (json!({ "b": 1, "a": 2 }), json!({ "a": 2, "b": 2 }));
        let route = "tools".into();
        assert_eq!(all.of(&route, "pay"), None);
        let changed = |described: &Value| {
            all.note(&route, "pay", described).unwrap().document()["changed"] == true
        };
        assert!(!changed(&one));
        assert!(!changed(&json!({ "a": 2, "b": 1 })), "the order of members means nothing");
        assert!(changed(&other));
        assert_eq!(all.of(&route, "pay").unwrap().document()["changed"], true);
        assert!(!changed(&one));
        assert_eq!(all.of(&"others".into(), "pay"), None);
    }

    #[test]
    fn the_memory_has_a_bound() {
        let all = Definitions::default();
        let route = "tools".into();
        for number in 0..super::MOST {
            assert!(all.note(&route, &number.to_string(), &json!({})).is_some());
        }
        assert_eq!(all.note(&route, "one more", &json!({})), None);
        assert!(all.note(&route, "0", &json!({})).is_some());
    }
}
