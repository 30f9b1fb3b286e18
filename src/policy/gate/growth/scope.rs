//! What is known of the names in one body, and how often it is gone through.

use std::collections::{BTreeMap, BTreeSet};

use crate::policy::gate::growth::size::{Size, Turns};
use crate::policy::syntax::Expr;

/// The names of a body, with those of the bodies around it.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    pub(super) file: usize,
    pub(super) turns: Turns,
    locals: BTreeMap<&'a str, Size>,
    /// Names that were used before they were bound: statements may stand in any order.
    early: BTreeSet<&'a str>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(file: usize) -> Self {
        Self { file, turns: Turns::ONE, locals: BTreeMap::new(), early: BTreeSet::new() }
    }

    /// The scope of a comprehension in this one. What is drawn here stays the same there.
    pub(super) fn inner(&self) -> Self {
        let locals = self.locals.iter().map(|(name, size)| (*name, size.settled())).collect();
        Self { locals, early: BTreeSet::new(), turns: Turns::ONE, file: self.file }
    }

    pub(super) fn local(&self, name: &str) -> Option<Size> {
        self.locals.get(name).copied()
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        self.locals.keys().copied()
    }

    /// The name has (also) values of that size.
    pub(super) fn bind(&mut self, name: &'a str, size: Size) {
        let known = self.locals.get(name).copied();
        self.locals.insert(name, known.map_or(size, |known| known.or(size)));
    }

    /// Gives every name in a pattern that size.
    pub(super) fn bind_all(&mut self, pattern: &'a Expr, size: Size) {
        match pattern {
            Expr::Var { value, .. } if value != "_" => self.bind(value, size),
            Expr::Array { items, .. } | Expr::Set { items, .. } => {
                items.iter().for_each(|item| self.bind_all(item, size));
            }
            Expr::Object { fields, .. } => {
                fields.iter().for_each(|(_, _, value)| self.bind_all(value, size));
            }
            _ => {}
        }
    }

    /// Notes that a name has no value yet.
    pub(super) fn missed(&mut self, name: &'a str) {
        self.early.insert(name);
    }

    /// What is known of all names.
    pub(super) fn locals(&self) -> BTreeMap<&'a str, Size> {
        self.locals.clone()
    }

    /// Begins to go through the body, once more perhaps.
    pub(super) fn start(&mut self) {
        self.early.clear();
        self.turns = Turns::ONE;
    }

    /// Whether a name was used before it was bound; the body is then to be gone through again.
    pub(super) fn again(&self) -> bool {
        self.early.iter().any(|name| self.locals.contains_key(name))
    }

    /// The names that were used in an inner scope before they were bound in this one.
    pub(super) fn learn(&mut self, inner: &Self) {
        let unbound = inner.early.iter().filter(|name| !inner.locals.contains_key(*name));
        self.early.extend(unbound.copied());
    }
}
