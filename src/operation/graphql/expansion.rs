//! From an operation's selections to the fields that they touch.

use apollo_parser::cst;

use crate::operation::graphql::document::Document;
use crate::operation::graphql::value::Variables;
use crate::operation::operation::Field;
use crate::operation::unreadable::Unreadable;
use crate::route::protocol::GraphQl;

/// Expands the operations of one request, within what its route takes of all of them together.
#[derive(Debug)]
pub(super) struct Budget {
    depth: usize,
    left: usize,
}

impl Budget {
    pub(super) fn new(terms: &GraphQl) -> Self {
        Self { depth: terms.depth, left: terms.fields }
    }

    /// Every field below `selections`, in the order in which they stand.
    pub(super) fn fields(
        &mut self,
        document: &Document,
        variables: &Variables,
        selections: &cst::SelectionSet,
    ) -> Result<Vec<Field>, Unreadable> {
        let mut expansion = Expansion {
            budget: self,
            document,
            variables,
            spreading: Vec::new(),
            path: Vec::new(),
            nesting: 0,
            fields: Vec::new(),
        };
        expansion.selections(selections)?;
        Ok(expansion.fields)
    }
}

/// One operation on the way.
struct Expansion<'a> {
    budget: &'a mut Budget,
    document: &'a Document,
    variables: &'a Variables,
    /// The fragments that are being expanded, outermost first.
    spreading: Vec<String>,
    /// The names from the root.
    path: Vec<String>,
    /// How often this has called itself: fragments nest without a field between them.
    nesting: usize,
    fields: Vec<Field>,
}

impl Expansion<'_> {
    fn selections(&mut self, set: &cst::SelectionSet) -> Result<(), Unreadable> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Unreadable::GraphQlDepth);
        }
        set.r_curly_token().ok_or(Unreadable::GraphQlDocument)?;
        for selection in set.selections() {
            match selection {
                cst::Selection::Field(field) => self.field(&field)?,
                cst::Selection::FragmentSpread(spread) => self.spread(&spread)?,
                cst::Selection::InlineFragment(inline) => {
                    self.directives(inline.directives())?;
                    let inner = inline.selection_set().ok_or(Unreadable::GraphQlDocument)?;
                    self.selections(&inner)?;
                }
            }
        }
        self.nesting -= 1;
        Ok(())
    }

    /// The field under its real name; whether a directive skips it is not asked.
    fn field(&mut self, field: &cst::Field) -> Result<(), Unreadable> {
        self.budget.left = self.budget.left.checked_sub(1).ok_or(Unreadable::GraphQlFields)?;
        if self.path.len() == self.budget.depth {
            return Err(Unreadable::GraphQlDepth);
        }
        if field.alias().is_some_and(|alias| alias.name().is_none()) {
            return Err(Unreadable::GraphQlDocument);
        }
        let name = field.name().ok_or(Unreadable::GraphQlDocument)?.text().to_string();
        self.directives(field.directives())?;
        let arguments = self.variables.arguments(field.arguments())?;
        self.path.push(name);
        self.fields.push(Field { path: self.path.join(".").into(), arguments });
        if let Some(inner) = field.selection_set() {
            self.selections(&inner)?;
        }
        self.path.pop();
        Ok(())
    }

    fn spread(&mut self, spread: &cst::FragmentSpread) -> Result<(), Unreadable> {
        self.directives(spread.directives())?;
        let name = spread.fragment_name().and_then(|name| name.name());
        let name = name.ok_or(Unreadable::GraphQlDocument)?.text().to_string();
        if self.spreading.contains(&name) {
            return Err(Unreadable::GraphQlFragment);
        }
        let document = self.document;
        let inner = document.fragment(&name).ok_or(Unreadable::GraphQlFragment)?;
        self.spreading.push(name);
        self.selections(inner)?;
        self.spreading.pop();
        Ok(())
    }

    /// Checks that their arguments have one reading; what they mean only the server knows.
    fn directives(&self, directives: Option<cst::Directives>) -> Result<(), Unreadable> {
        for directive in directives.into_iter().flat_map(|all| all.directives()) {
            directive.name().ok_or(Unreadable::GraphQlDocument)?;
            self.variables.arguments(directive.arguments())?;
        }
        Ok(())
    }
}

/// How deep fields, fragments and inline fragments may nest in each other, expanded.
const MAX_NESTING: usize = 128;
