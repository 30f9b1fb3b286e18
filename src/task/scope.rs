//! What a task may be used for.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::RouteName;
use crate::task::call::{ActsOn, Call};
use crate::task::limit::{Field, Limit, Scalar};

/// What a task may be used for; what is not named is not bounded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// The routes that may be used; any, if there is no list.
    pub routes: Option<BTreeSet<RouteName>>,
    /// The methods that may be used; any, if there is no list.
    pub methods: Option<BTreeSet<String>>,
    /// What paths begin with; anything, if there is no list.
    pub paths: Option<BTreeSet<Prefix>>,
    /// The tools of MCP that may be called; whatever else acts on something may then not be asked for.
    pub tools: Option<BTreeSet<String>>,
    /// What arguments may be. A request of which nobody has seen them does not fit then.
    pub arguments: BTreeMap<Field, Limit>,
}

/// What a canonical path begins with, in whole segments.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Prefix(String);

impl Prefix {
    /// Of a canonical path.
    pub fn new(path: &str) -> Self {
        Self(path.trim_end_matches('/').to_owned())
    }

    /// Whether `path` begins with it.
    pub fn covers(&self, path: &str) -> bool {
        path.strip_prefix(&self.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// As a path.
    pub fn as_str(&self) -> &str {
        if self.0.is_empty() { "/" } else { &self.0 }
    }
}

impl Scope {
    /// Whether `call` may be made.
    pub fn covers(&self, call: &Call) -> bool {
        self.routes.as_ref().is_none_or(|routes| routes.contains(&call.route))
            && self.methods.as_ref().is_none_or(|methods| methods.contains(&call.method))
            && self.paths.as_ref().is_none_or(|paths| paths.iter().any(|p| p.covers(&call.path)))
            && self.tools.as_ref().is_none_or(|tools| is_among(tools, &call.acts_on))
            && self.admits(call)
    }

    /// Whether everything that `other` covers is covered by this, too.
    pub fn contains(&self, other: &Self) -> bool {
        holds(self.routes.as_ref(), other.routes.as_ref())
            && holds(self.methods.as_ref(), other.methods.as_ref())
            && holds(self.tools.as_ref(), other.tools.as_ref())
            && self.paths.as_ref().is_none_or(|wide| {
                let lies_within = |path: &Prefix| wide.iter().any(|one| one.covers(&path.0));
                other.paths.as_ref().is_some_and(|narrow| narrow.iter().all(lies_within))
            })
            && self.arguments.iter().all(|(field, limit)| {
                other.arguments.get(field).is_some_and(|narrow| limit.contains(narrow))
            })
    }

    /// What both cover.
    #[must_use]
    pub fn narrowed(&self, other: &Self) -> Self {
        let mut arguments = self.arguments.clone();
        for (field, limit) in &other.arguments {
            let both = match arguments.get(field) {
                Some(limited) if limit.contains(limited) => limited.clone(),
                Some(limited) if limited.contains(limit) => limit.clone(),
                // Nothing is certain to keep to both.
                Some(_) => Limit::Among(BTreeSet::new()),
                None => limit.clone(),
            };
            arguments.insert(field.clone(), both);
        }
        Self {
            routes: both(self.routes.as_ref(), other.routes.as_ref()),
            methods: both(self.methods.as_ref(), other.methods.as_ref()),
            tools: both(self.tools.as_ref(), other.tools.as_ref()),
            paths: match (&self.paths, &other.paths) {
                (Some(one), Some(two)) => {
                    let inner = |a: &BTreeSet<Prefix>, b: &BTreeSet<Prefix>| {
                        let is_in = |path: &&Prefix| b.iter().any(|wide| wide.covers(&path.0));
                        a.iter().filter(is_in).cloned().collect::<BTreeSet<_>>()
                    };
                    Some(inner(one, two).union(&inner(two, one)).cloned().collect())
                }
                (one, two) => one.clone().or_else(|| two.clone()),
            },
            arguments,
        }
    }

    /// Whether the arguments of `call` are what they may be.
    fn admits(&self, call: &Call) -> bool {
        if self.arguments.is_empty() || call.acts_on == ActsOn::Nothing {
            return true;
        }
        let Some(said) = &call.arguments else { return false };
        self.arguments.iter().all(|(field, limit)| {
            let value = said.pointer(field.as_str()).and_then(Scalar::of);
            value.is_some_and(|value| limit.admits(&value))
        })
    }
}

fn is_among(tools: &BTreeSet<String>, what: &ActsOn) -> bool {
    match what {
        ActsOn::Another => false,
        ActsOn::Nothing => true,
        ActsOn::Tool(name) => tools.contains(name),
    }
}

fn holds<T: Ord>(wide: Option<&BTreeSet<T>>, narrow: Option<&BTreeSet<T>>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.is_subset(wide),
    }
}

fn both<T: Clone + Ord>(
    one: Option<&BTreeSet<T>>,
    other: Option<&BTreeSet<T>>,
) -> Option<BTreeSet<T>> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.intersection(other).cloned().collect()),
        (one, other) => one.or(other).cloned(),
    }
}

#[cfg(test)]
mod tests {
    use super::Prefix;

    #[test]
    fn a_prefix_ends_where_a_segment_ends() {
        for (prefix, path, covers) in [
            ("/orders", "/orders", true),
            ("/orders", "/orders/1", true),
            ("/orders/", "/orders/1", true),
            ("/orders", "/orders-old/1", false),
            ("/orders/1", "/orders", false),
            ("/", "/anything", true),
        ] {
            assert_eq!(Prefix::new(prefix).covers(path), covers, "{prefix} {path}");
        }
        assert_eq!(Prefix::new("/").as_str(), "/");
    }
}
