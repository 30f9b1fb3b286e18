//! Which entry is the bad one, once a line does not follow from the one before.
//!
//! A broken link shows that one of two lines is wrong, not which. The line after them tells: it
//! names the hash of the one it was written after. All of this is about accidents and clumsy edits;
//! whoever links everything anew is found by the signed checkpoints instead.

use crate::audit::entry::Head;
use crate::audit::report::Damage;
use crate::audit::tree::Hash;

/// What matters of a line here: what it says of itself, and what it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    /// What it says its place is and which entry it follows; `None` if it is no entry.
    pub(super) says: Option<(u64, Hash)>,
    /// Its leaf hash.
    pub(super) leaf: Hash,
}

impl Seen {
    pub(super) fn new(line: &[u8], leaf: Hash) -> Self {
        let says = Head::parse(line).ok().map(|head| (head.index, head.prev));
        Self { says, leaf }
    }

    pub(super) fn index(&self) -> Option<u64> {
        self.says.map(|(index, _)| index)
    }

    fn follows(&self, leaf: Hash) -> bool {
        self.says.is_some_and(|(_, prev)| prev == leaf)
    }
}

/// The lines around a broken link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Break {
    /// The index the line should have.
    pub(super) expected: u64,
    /// The last line that did follow.
    pub(super) last: Seen,
    /// The line that does not.
    pub(super) line: Seen,
    /// The leaf hash the line would have if it named `last` as the one before.
    pub(super) relinked: Hash,
    /// The line after it.
    pub(super) next: Option<Seen>,
    /// Whether the line, so relinked, would make the root that was signed.
    pub(super) signed: Signed,
    /// Whether the expected entry stands further on.
    pub(super) further_on: FurtherOn,
}

/// What a checkpoint says of the relinked line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Signed {
    Nothing,
    Relinked,
}

/// Whether an entry that is missing from its place was found after it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum FurtherOn {
    Found,
    Missing,
}

impl Break {
    /// The first entry that is wrong, and what is wrong with it.
    pub(super) fn diagnose(&self) -> (u64, Damage) {
        let expected = self.expected;
        match self.line.index() {
            Some(_) if self.line.follows(self.last.leaf) => (expected, Damage::Edited),
            Some(index) if index > expected => (expected, self.later(index)),
            Some(index) if index < expected => self.earlier(index),
            Some(_) => self.unlinked(),
            None if self.next_is_expected() => (expected, Damage::Inserted),
            None => (expected, Damage::Edited),
        }
    }

    /// An entry from further on stands here.
    fn later(&self, index: u64) -> Damage {
        if self.further_on == FurtherOn::Found {
            return Damage::Reordered;
        }
        match self.next.and_then(|next| next.index()) {
            Some(next) if next == self.expected + 1 => Damage::Edited,
            _ => Damage::Dropped { through: index - 1 },
        }
    }

    /// An entry that we have already had stands here.
    fn earlier(&self, index: u64) -> (u64, Damage) {
        let Self { expected, last, line, .. } = *self;
        let same_place = index + 1 == expected
            && line.says.map(|(_, prev)| prev) == last.says.map(|(_, prev)| prev)
            && line.leaf != last.leaf;
        let confirmed = self.next.is_some_and(|next| next.follows(line.leaf));
        if same_place && confirmed {
            return (index, Damage::Inserted);
        }
        let replaced = self.next.is_some_and(|next| next.index() == Some(expected + 1));
        (expected, if replaced { Damage::Edited } else { Damage::Inserted })
    }

    /// The line claims the right place, and does not follow the one before.
    fn unlinked(&self) -> (u64, Damage) {
        let Self { expected, line, relinked, .. } = *self;
        if self.next_is_expected() {
            return (expected, Damage::Inserted);
        }
        let only_its_link = match self.next {
            Some(next) if next.follows(line.leaf) => false,
            Some(next) => next.follows(relinked),
            None => self.signed == Signed::Relinked,
        };
        let entry = if only_its_link { expected } else { expected.saturating_sub(1) };
        (entry, Damage::Edited)
    }

    fn next_is_expected(&self) -> bool {
        let Some(next) = self.next else { return false };
        next.index() == Some(self.expected) && next.follows(self.last.leaf)
    }
}
