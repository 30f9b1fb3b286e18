//! A request: one document, several in a batch, or the id of one that the server knows.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use http::Method;
use serde_json::{Map, Value};

use crate::operation::graphql::document::{Document, Verb};
use crate::operation::graphql::expansion::Budget;
use crate::operation::graphql::value::Variables;
use crate::operation::kind::Kind;
use crate::operation::operation::{Arguments, Operation};
use crate::operation::operations::{MAX_OPERATIONS, Operations};
use crate::operation::plain;
use crate::operation::unreadable::Unreadable;
use crate::route::protocol::GraphQl;
use crate::route::{Head, Inspected, Target, json};

/// Every operation of a request.
///
/// # Errors
/// Those of [`Unreadable`] that speak of GraphQL, [`Count`](Unreadable::Count), and what makes JSON
/// in a GET ambiguous.
pub(in crate::operation) fn read(
    terms: &GraphQl,
    target: &Target,
    body: Option<&Inspected>,
) -> Result<Operations, Unreadable> {
    let head = target.head();
    let mut reader = Reader::new(terms);
    match (head.method(), body) {
        (&Method::GET | &Method::HEAD, None) => reader.take(in_query(head)?)?,
        (&Method::OPTIONS, None) => return plain::read(target, body),
        (&Method::POST, Some(body)) if !names_members(head) => {
            let body = serde_json::from_slice(body.bytes());
            reader.take_all(body.map_err(|_| Unreadable::GraphQlRequest)?)?;
        }
        _ => return Err(Unreadable::GraphQlRequest),
    }
    Operations::several(reader.list)
}

/// What has been read of a request so far.
pub(super) struct Reader<'a> {
    terms: &'a GraphQl,
    budget: Budget,
    pub(super) list: Vec<Operation>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(terms: &'a GraphQl) -> Self {
        Self { terms, budget: Budget::new(terms), list: Vec::new() }
    }

    /// One request or a batch of them.
    pub(super) fn take_all(&mut self, body: Value) -> Result<(), Unreadable> {
        match body {
            Value::Array(batch) if batch.is_empty() => Err(Unreadable::GraphQlRequest),
            Value::Array(batch) if batch.len() > MAX_OPERATIONS => Err(Unreadable::Count),
            Value::Array(batch) => batch.into_iter().try_for_each(|one| match one {
                Value::Object(one) => self.take(one),
                _ => Err(Unreadable::GraphQlRequest),
            }),
            Value::Object(one) => self.take(one),
            _ => Err(Unreadable::GraphQlRequest),
        }
    }

    /// The operations of one request's members.
    fn take(&mut self, members: Map<String, Value>) -> Result<(), Unreadable> {
        let asked = Asked::read(members)?;
        let Some(text) = &asked.document else {
            let id = asked.id.filter(|id| self.terms.persisted.contains(id.as_str()));
            let id = id.ok_or(Unreadable::GraphQlPersisted)?;
            self.list.push(persisted(self.terms.reads.kind(&id), id, asked.variables));
            return Ok(());
        };
        // A server that keeps what it is sent under this id must not keep another text.
        if asked.id.is_some_and(|id| id != sha256(text)) {
            return Err(Unreadable::GraphQlPersisted);
        }
        let document = Document::parse(text)?;
        document.check_selected(asked.operation.as_deref())?;
        let given = asked.variables.unwrap_or_default();
        for definition in &document.operations {
            let variables = Variables::declared(&definition.node, &given)?;
            let fields = self.budget.fields(&document, &variables, &definition.selections)?;
            self.list.push(Operation {
                protocol: "graphql",
                kind: kind(definition.verb),
                verb: definition.verb.word().into(),
                name: definition.name.as_str().into(),
                arguments: of(Some(given.clone()).filter(|given| !given.is_empty())),
                fields,
            });
        }
        Ok(())
    }
}

/// The members of one request.
#[derive(Default)]
struct Asked {
    document: Option<String>,
    operation: Option<String>,
    variables: Option<Map<String, Value>>,
    /// Of a persisted query.
    id: Option<String>,
}

impl Asked {
    /// Takes every member that is known, and no other.
    fn read(members: Map<String, Value>) -> Result<Self, Unreadable> {
        let mut asked = Self::default();
        for (name, value) in members {
            match (name.as_str(), value) {
                ("extensions" | "operationName" | "variables", Value::Null) => {}
                ("query", Value::String(text)) => asked.document = Some(text),
                ("operationName", Value::String(name)) => asked.operation = Some(name),
                ("variables", Value::Object(variables)) => asked.variables = Some(variables),
                ("extensions", Value::Object(mut extensions)) => {
                    if let Some(persisted) = extensions.remove("persistedQuery") {
                        asked.identify(hash(&persisted))?;
                    }
                }
                ("documentId" | "doc_id" | "id", Value::String(id)) => asked.identify(Some(id))?,
                _ => return Err(Unreadable::GraphQlRequest),
            }
        }
        match (&asked.document, &asked.id) {
            (None, None) => Err(Unreadable::GraphQlRequest),
            _ => Ok(asked),
        }
    }

    /// There is one id, whatever the convention by which it was given.
    fn identify(&mut self, id: Option<String>) -> Result<(), Unreadable> {
        match (id, &self.id) {
            (Some(id), None) => {
                self.id = Some(id);
                Ok(())
            }
            _ => Err(Unreadable::GraphQlPersisted),
        }
    }
}

/// The members that a GET gives in its query.
fn in_query(head: &Head) -> Result<Map<String, Value>, Unreadable> {
    let (mut members, mut seen) = (Map::new(), BTreeSet::new());
    for (name, value) in head.query().into_iter().flat_map(|query| query.pairs()) {
        if !is_member(&name) {
            continue;
        }
        if !seen.insert(name.to_lowercase()) || !MEMBERS.contains(&name.as_ref()) {
            return Err(Unreadable::GraphQlRequest);
        }
        let value = match name.as_ref() {
            "extensions" | "variables" => {
                json::check(value.as_bytes())?;
                serde_json::from_str(&value).map_err(|_| Unreadable::GraphQlRequest)?
            }
            _ => Value::String(value.into_owned()),
        };
        members.insert(name.into_owned(), value);
    }
    Ok(members)
}

/// Whether a POST gives members in its query as well, which some servers prefer to its body.
fn names_members(head: &Head) -> bool {
    let mut names = head.query().into_iter().flat_map(|query| query.pairs());
    names.any(|(name, _)| is_member(&name))
}

/// Whether a server that folds case could take this name for a member.
fn is_member(name: &str) -> bool {
    MEMBERS.iter().any(|member| name.trim().eq_ignore_ascii_case(member))
}

/// `extensions.persistedQuery` of Apollo's convention.
fn hash(persisted: &Value) -> Option<String> {
    let known = persisted.get("version").is_some_and(|version| version == 1);
    let hash = persisted.get("sha256Hash")?.as_str()?;
    let alone = persisted.as_object()?.len() == 2;
    (known && alone).then(|| hash.to_owned())
}

pub(super) fn sha256(text: &str) -> String {
    let sum = digest(&SHA256, text.as_bytes());
    sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is behind an id cannot be seen, so only the route can say that it reads.
fn persisted(kind: Kind, id: String, variables: Option<Map<String, Value>>) -> Operation {
    Operation {
        protocol: "graphql",
        kind,
        verb: "persisted".into(),
        name: id.into(),
        arguments: of(variables),
        fields: Vec::new(),
    }
}

fn of(variables: Option<Map<String, Value>>) -> Arguments {
    variables.map_or(Arguments::None, |variables| Arguments::Of(Value::Object(variables)))
}

const fn kind(verb: Verb) -> Kind {
    match verb {
        Verb::Mutation => Kind::Write,
        Verb::Query | Verb::Subscription => Kind::Read,
    }
}

/// What a server may look for in a request.
const MEMBERS: [&str; 7] =
    ["doc_id", "documentId", "extensions", "id", "operationName", "query", "variables"];
