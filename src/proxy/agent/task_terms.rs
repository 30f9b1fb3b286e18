//! What opens a task or hands one on, as agents write it, and a task as they are shown it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::clock::Timestamp;
use crate::id::RouteName;
use crate::proxy::failure::Failure;
use crate::route::path::Path;
use crate::task::{
    Amounts, Bounds, Budget, Field, Limit, Prefix, Quantity, Scope, Spent, Task, Unit,
};

/// What opens a task, or hands one on.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::proxy) struct Wanted {
    /// Whom it is handed on to.
    pub(in crate::proxy) to: Option<String>,
    pub(in crate::proxy) purpose: String,
    /// The names of routes; any, if there is no list.
    routes: Option<BTreeSet<RouteName>>,
    methods: Option<BTreeSet<String>>,
    /// What paths begin with.
    paths: Option<Vec<String>>,
    /// The tools of MCP that may be called.
    tools: Option<BTreeSet<String>>,
    /// What arguments may be, by where they stand.
    arguments: Option<BTreeMap<String, Value>>,
    /// How many requests may be made.
    requests: Option<u64>,
    /// How many bytes of bodies may go there and back.
    bytes: Option<u64>,
    /// How much of which units requests may cost.
    amounts: Option<BTreeMap<String, String>>,
    /// How long it may be silent, in seconds.
    heartbeat: Option<u64>,
    /// How long it lasts, in seconds.
    expires_in: u64,
    /// How often it may be handed on, one after the other.
    #[serde(default)]
    depth: u32,
}

impl Wanted {
    /// Reads what the body of a request says.
    ///
    /// # Errors
    /// [`Failure::Unfit`], for what cannot be kept, or would be nothing to look at.
    pub(in crate::proxy) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        let wanted: Self = serde_json::from_slice(bytes).map_err(|_| Failure::Unfit(FORM))?;
        let is_odd =
            wanted.purpose.chars().any(char::is_control) || wanted.purpose.trim().is_empty();
        if is_odd || wanted.purpose.len() > MAX_PURPOSE {
            return Err(Failure::Unfit("`purpose`: one line of at most 500 bytes"));
        }
        if !(1..=MAX_LIFE).contains(&wanted.expires_in) {
            return Err(Failure::Unfit("`expires_in`: seconds, at most 90 days of them"));
        }
        if wanted.depth > MAX_DEPTH {
            return Err(Failure::Unfit("`depth`: at most 8"));
        }
        if wanted.heartbeat.is_some_and(|seconds| !(1..=MAX_LIFE).contains(&seconds)) {
            return Err(Failure::Unfit("`heartbeat`: seconds, at most 90 days of them"));
        }
        Ok(wanted)
    }

    /// What it bounds, from `now` on.
    ///
    /// # Errors
    /// [`Failure::Unfit`].
    pub(in crate::proxy) fn bounds(&self, now: Timestamp) -> Result<Bounds, Failure> {
        Ok(Bounds {
            scope: self.scope()?,
            budget: self.budget()?,
            heartbeat: self.heartbeat.map(Duration::from_secs),
            deadline: now.plus(Duration::from_secs(self.expires_in)),
            depth: self.depth,
        })
    }

    fn scope(&self) -> Result<Scope, Failure> {
        let paths = self.paths.as_ref().map(|paths| paths.iter().map(|path| prefix(path)));
        let arguments = self
            .arguments
            .iter()
            .flatten()
            .map(|(field, limit)| Some((Field::parse(field)?, Limit::read(limit)?)));
        let lists = [self.routes.as_ref().map(BTreeSet::len), self.paths.as_ref().map(Vec::len)];
        let more = [&self.methods, &self.tools].map(|list| list.as_ref().map(BTreeSet::len));
        let limits = self.arguments.as_ref().map(BTreeMap::len);
        if lists.into_iter().chain(more).chain([limits]).flatten().any(|length| length > MAX_LIST) {
            return Err(Failure::Unfit("lists of at most 100"));
        }
        Ok(Scope {
            routes: self.routes.clone(),
            methods: self.methods.clone(),
            paths: paths.map(Iterator::collect).transpose()?,
            tools: self.tools.clone(),
            arguments: arguments.collect::<Option<_>>().ok_or(Failure::Unfit(ARGUMENTS))?,
        })
    }

    fn budget(&self) -> Result<Budget, Failure> {
        if [self.requests, self.bytes].into_iter().flatten().any(|most| most > MAX_COUNT) {
            return Err(Failure::Unfit("`requests` and `bytes`: fewer"));
        }
        let read =
            |(unit, most): (&String, &String)| Some((Unit::parse(unit)?, Quantity::parse(most)?));
        let amounts = self.amounts.as_ref().filter(|all| all.len() <= MAX_LIST);
        let amounts: Option<Option<Amounts>> = amounts.map(|all| all.iter().map(read).collect());
        if self.amounts.is_some() && amounts.as_ref().is_none_or(Option::is_none) {
            return Err(Failure::Unfit(AMOUNTS));
        }
        Ok(Budget { requests: self.requests, bytes: self.bytes, amounts: amounts.flatten() })
    }
}

/// A task, as whoever has to do with it is shown it.
pub(in crate::proxy) fn told(task: &Task, now: Timestamp) -> Value {
    let Bounds { scope, budget, heartbeat, deadline, depth } = &task.bounds;
    let paths = scope.paths.as_ref();
    let arguments: Map<_, _> = scope
        .arguments
        .iter()
        .map(|(field, limit)| (field.as_str().to_owned(), limit.document()))
        .collect();
    json!({
        "id": task.id,
        "status": task.status(now).as_str(),
        "owner": task.owner.as_str(),
        "purpose": task.purpose,
        "routes": scope.routes,
        "methods": scope.methods,
        "paths": paths.map(|all| all.iter().map(Prefix::as_str).collect::<Vec<_>>()),
        "tools": scope.tools,
        "arguments": arguments,
        "requests": budget.requests,
        "used": task.used.requests,
        "bytes": budget.bytes,
        "bytes_used": task.used.bytes,
        "amounts": budget.amounts.as_ref().map(decimals),
        "amounts_used": decimals(&task.used.amounts),
        "reserved": reserved(&task.held),
        "heartbeat": heartbeat.map(|heartbeat| heartbeat.as_secs()),
        "silent_at": task.quiet.filter(|_| heartbeat.is_some()).map(|at| at.to_string()),
        "created_at": task.created.to_string(),
        "deadline": deadline.to_string(),
        "depth": depth,
        "parent": task.parent,
    })
}

/// What is kept back for proposals.
fn reserved(held: &Spent) -> Value {
    json!({
        "requests": held.requests,
        "bytes": held.bytes,
        "amounts": decimals(&held.amounts),
    })
}

fn decimals(amounts: &Amounts) -> Value {
    let each = amounts.iter().map(|(unit, value)| (unit.to_string(), json!(value.to_string())));
    Value::Object(each.collect())
}

fn prefix(path: &str) -> Result<Prefix, Failure> {
    let path = Path::parse(path).map_err(|_| Failure::Unfit(PATHS))?;
    Ok(Prefix::new(path.as_str()))
}

const FORM: &str = "a JSON object with `purpose` and `expires_in`, and, if wanted, `routes`, `methods`, \
     `paths`, `tools`, `arguments`, `requests`, `bytes`, `amounts`, `heartbeat` and `depth`; with `to` where \
     a task is handed on";

const ARGUMENTS: &str = "`arguments` as an object of fields (`order.amount`, `/order/amount`), each with a \
     list of texts, numbers and booleans, or `{\"most\": NUMBER}`";

const AMOUNTS: &str =
    "`amounts` as an object of units, each with a decimal as text: {\"EUR\": \"100.00\"}";

const PATHS: &str = "`paths` as a list of what paths begin with: [\"/orders\"]";

/// The longest purpose, in bytes.
const MAX_PURPOSE: usize = 500;

/// The longest life of a task, in seconds.
const MAX_LIFE: u64 = 90 * 86_400;

/// The deepest that a task may be handed on.
const MAX_DEPTH: u32 = 8;

/// The most of one list.
const MAX_LIST: usize = 100;

/// The most requests and bytes: as many as the store can count.
const MAX_COUNT: u64 = i64::MAX as u64 / 2;
