//! Who calls at the control door, and what they may do.

use crate::approval::{Identity, People, Person};

/// Somebody who is let in.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    name: Identity,
    /// Who they are among those who may answer.
    person: Option<Person>,
    is_operator: bool,
}

impl Caller {
    /// Whoever is called `name`; `None` if they may do nothing.
    pub(super) fn new(name: Identity, is_operator: bool, people: &People) -> Option<Self> {
        let person = people.called(&name).filter(|person| person.is_exactly(&name)).cloned();
        (is_operator || person.is_some()).then_some(Self { name, person, is_operator })
    }

    /// The name that they showed.
    pub(super) fn name(&self) -> &Identity {
        &self.name
    }

    /// Who they are among those who may answer.
    pub(super) fn person(&self) -> Option<&Person> {
        self.person.as_ref()
    }

    /// Whether they may read everything, and change what is not a proposal's answer.
    pub(super) fn is_operator(&self) -> bool {
        self.is_operator
    }
}
