//! What a task may be used for.

use std::collections::BTreeSet;

use crate::id::RouteName;

/// Routes and methods; what is not named is not bounded.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// The routes that may be used; any, if there is no list.
    pub routes: Option<BTreeSet<RouteName>>,
    /// The methods that may be used; any, if there is no list.
    pub methods: Option<BTreeSet<String>>,
}

impl Scope {
    /// Whether a request with this method may be made on this route.
    pub fn covers(&self, route: &RouteName, method: &str) -> bool {
        self.routes.as_ref().is_none_or(|routes| routes.contains(route))
            && self.methods.as_ref().is_none_or(|methods| methods.contains(method))
    }

    /// Whether everything that `other` covers is covered by this, too.
    pub fn contains(&self, other: &Self) -> bool {
        holds(self.routes.as_ref(), other.routes.as_ref())
            && holds(self.methods.as_ref(), other.methods.as_ref())
    }
}

fn holds<T: Ord>(wide: Option<&BTreeSet<T>>, narrow: Option<&BTreeSet<T>>) -> bool {
    match (wide, narrow) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(wide), Some(narrow)) => narrow.is_subset(wide),
    }
}
