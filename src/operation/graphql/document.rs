//! A document: its operations and its fragments, told apart by their names.

use std::collections::HashMap;

use apollo_parser::Parser;
use apollo_parser::cst;

use crate::operation::unreadable::Unreadable;

/// One executable document.
#[derive(Debug)]
pub(super) struct Document {
    /// At least one.
    pub(super) operations: Vec<Definition>,
    fragments: HashMap<String, cst::SelectionSet>,
}

/// One operation of a document.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) verb: Verb,
    /// Empty, if it has none.
    pub(super) name: String,
    pub(super) selections: cst::SelectionSet,
    pub(super) node: cst::OperationDefinition,
}

/// What an operation says that it does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verb {
    /// It changes something.
    Mutation,
    /// It reads.
    Query,
    /// It reads, again and again.
    Subscription,
}

impl Document {
    /// Reads a document; the parser's depth and number of tokens are bounded.
    pub(super) fn parse(text: &str) -> Result<Self, Unreadable> {
        if text.contains('\0') {
            return Err(Unreadable::GraphQlDocument);
        }
        let parser = Parser::new(text).recursion_limit(MAX_NESTING).token_limit(MAX_TOKENS);
        let tree = parser.parse();
        if tree.errors().next().is_some() {
            return Err(Unreadable::GraphQlDocument);
        }
        let mut document = Self { operations: Vec::new(), fragments: HashMap::new() };
        for definition in tree.document().definitions() {
            document.take(definition)?;
        }
        document.check_names()?;
        Ok(document)
    }

    /// What a fragment selects.
    pub(super) fn fragment(&self, name: &str) -> Option<&cst::SelectionSet> {
        self.fragments.get(name)
    }

    fn take(&mut self, definition: cst::Definition) -> Result<(), Unreadable> {
        match definition {
            cst::Definition::OperationDefinition(node) => {
                self.operations.push(Definition::of(node).ok_or(Unreadable::GraphQlDocument)?);
            }
            cst::Definition::FragmentDefinition(node) => {
                let name = node.fragment_name().and_then(|name| name.name());
                let parts = name.zip(node.selection_set());
                let (name, selections) = parts.ok_or(Unreadable::GraphQlDocument)?;
                if self.fragments.insert(name.text().to_string(), selections).is_some() {
                    return Err(Unreadable::GraphQlFragment);
                }
            }
            _ => return Err(Unreadable::GraphQlDocument),
        }
        Ok(())
    }

    /// One without a name stands alone; the others have different ones.
    fn check_names(&self) -> Result<(), Unreadable> {
        if self.operations.is_empty() {
            return Err(Unreadable::GraphQlDocument);
        }
        let mut names: Vec<&str> = self.operations.iter().map(|one| one.name.as_str()).collect();
        names.sort_unstable();
        let twice = names.windows(2).any(|pair| pair[0] == pair[1]);
        if twice || (names.len() > 1 && names[0].is_empty()) {
            return Err(Unreadable::GraphQlName);
        }
        Ok(())
    }

    /// Checks that a server can tell which operation is asked for.
    pub(super) fn check_selected(&self, name: Option<&str>) -> Result<(), Unreadable> {
        let found = match name {
            Some(name) => self.operations.iter().any(|one| one.name == name && !name.is_empty()),
            None => self.operations.len() == 1,
        };
        if found { Ok(()) } else { Err(Unreadable::GraphQlName) }
    }
}

impl Definition {
    fn of(node: cst::OperationDefinition) -> Option<Self> {
        let verb = match node.operation_type() {
            None => Verb::Query,
            Some(kind) if kind.mutation_token().is_some() => Verb::Mutation,
            Some(kind) if kind.subscription_token().is_some() => Verb::Subscription,
            Some(kind) => kind.query_token().map(|_| Verb::Query)?,
        };
        let name = node.name().map(|name| name.text().to_string()).unwrap_or_default();
        Some(Self { verb, name, selections: node.selection_set()?, node })
    }
}

impl Verb {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Mutation => "mutation",
            Self::Query => "query",
            Self::Subscription => "subscription",
        }
    }
}

/// How deep selections, lists and objects may nest in one definition.
const MAX_NESTING: usize = 128;

/// The most words and signs in a document.
const MAX_TOKENS: usize = 20_000;
