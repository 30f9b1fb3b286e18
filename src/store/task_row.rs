//! A task as a row of the store, and back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::id::{RouteName, TaskId};
use crate::identity::SpiffeId;
use crate::store::connection::Value;
use crate::store::error::Error;
use crate::store::row::{Row, needed};
use crate::task::{
    Amounts, Bounds, Budget, Field, Limit, Prefix, Quantity, Scope, Spent, Status, Task, Unit,
};

/// The columns of a new task, the `level`th of those that begin with `root`.
pub(super) fn columns(task: &Task, root: TaskId, level: usize) -> Vec<Value> {
    let Bounds { scope, budget, heartbeat, deadline, depth } = &task.bounds;
    let mut values = vec![
        id(task.id),
        id(root),
        Value::Text(task.parent.map(|parent| parent.to_string())),
        number(level as u64),
        Value::from(task.owner.as_str()),
        Value::from(task.purpose.as_str()),
        option(budget.requests),
        number(u64::from(*depth)),
        task.created.into(),
        (*deadline).into(),
        option(budget.bytes),
        Value::Text(budget.amounts.as_ref().map(amounts)),
        option(heartbeat.map(|heartbeat| heartbeat.as_secs())),
    ];
    values.extend(scoped(scope));
    values.extend(spent(&task.used));
    values.extend(standing(task));
    values
}

/// What a task may be used for.
pub(super) fn scoped(scope: &Scope) -> [Value; 5] {
    let paths = scope.paths.as_ref().map(|all| all.iter().map(Prefix::as_str).collect());
    let arguments: BTreeMap<_, _> =
        scope.arguments.iter().map(|(field, limit)| (field.as_str(), limit.document())).collect();
    [
        list(scope.routes.as_ref()),
        list(scope.methods.as_ref()),
        list::<&str>(paths.as_ref()),
        list(scope.tools.as_ref()),
        Value::Text((!arguments.is_empty()).then(|| text(&arguments))),
    ]
}

/// What was used up.
pub(super) fn spent(used: &Spent) -> [Value; 3] {
    [number(used.requests), number(used.bytes), Value::from(&*amounts(&used.amounts))]
}

/// Where a task stands.
pub(super) fn standing(task: &Task) -> [Value; 3] {
    [Value::from(task.status.as_str()), task.awake.into(), task.quiet.into()]
}

pub(super) fn read(row: &Row) -> Result<Task, Error> {
    let parent = row.text("parent")?;
    let depth = needed(row.number("depth")?)?;
    Ok(Task {
        id: row.parsed("id", TaskId::parse)?,
        owner: row.parsed("owner", |text| SpiffeId::parse(text).ok())?,
        purpose: needed(row.text("purpose")?)?,
        bounds: Bounds {
            scope: read_scope(row)?,
            budget: Budget {
                requests: row.number("requests")?,
                bytes: row.number("bytes")?,
                amounts: row.text("amounts")?.map(|text| read_amounts(&text)).transpose()?,
            },
            heartbeat: row.number("heartbeat")?.map(Duration::from_secs),
            deadline: needed(row.time("deadline")?)?,
            depth: u32::try_from(depth).map_err(|_| Error::Undecodable)?,
        },
        parent: parent.map(|id| TaskId::parse(&id).ok_or(Error::Undecodable)).transpose()?,
        created: needed(row.time("created_at")?)?,
        used: Spent {
            requests: needed(row.number("used")?)?,
            bytes: needed(row.number("bytes_used")?)?,
            amounts: read_amounts(&needed(row.text("amounts_used")?)?)?,
        },
        held: Spent::default(),
        status: row.parsed("status", Status::parse)?,
        awake: needed(row.time("awake_at")?)?,
        quiet: row.time("quiet_at")?,
    })
}

fn read_scope(row: &Row) -> Result<Scope, Error> {
    let paths = row.text("paths")?.map(|text| read_list::<String>(&text)).transpose()?;
    Ok(Scope {
        routes: row.text("routes")?.map(|text| read_list::<RouteName>(&text)).transpose()?,
        methods: row.text("methods")?.map(|text| read_list::<String>(&text)).transpose()?,
        paths: paths.map(|all| all.iter().map(|path| Prefix::new(path)).collect()),
        tools: row.text("tools")?.map(|text| read_list::<String>(&text)).transpose()?,
        arguments: match row.text("arguments")? {
            Some(text) => read_arguments(&text)?,
            None => BTreeMap::new(),
        },
    })
}

fn read_arguments(text: &str) -> Result<BTreeMap<Field, Limit>, Error> {
    let all: BTreeMap<String, Json> = serde_json::from_str(text).map_err(|_| Error::Undecodable)?;
    let read = |(field, limit): (&String, &Json)| Some((Field::parse(field)?, Limit::read(limit)?));
    all.iter().map(read).collect::<Option<_>>().ok_or(Error::Undecodable)
}

/// Amounts as decimals.
fn amounts(amounts: &Amounts) -> String {
    let all: BTreeMap<_, _> =
        amounts.iter().map(|(unit, value)| (unit.as_str(), value.to_string())).collect();
    text(&all)
}

fn read_amounts(text: &str) -> Result<Amounts, Error> {
    let all: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|_| Error::Undecodable)?;
    let read =
        |(unit, value): (&String, &String)| Some((Unit::parse(unit)?, Quantity::parse(value)?));
    all.iter().map(read).collect::<Option<_>>().ok_or(Error::Undecodable)
}

pub(super) fn id(task: TaskId) -> Value {
    Value::from(&*task.to_string())
}

pub(super) fn number(number: u64) -> Value {
    option(Some(number))
}

fn option(number: Option<u64>) -> Value {
    Value::Integer(number.map(|number| i64::try_from(number).unwrap_or(i64::MAX)))
}

fn list<T: Serialize>(list: Option<&BTreeSet<T>>) -> Value {
    Value::Text(list.map(text))
}

/// As JSON, which texts and lists of them always become.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn read_list<T: DeserializeOwned + Ord>(text: &str) -> Result<BTreeSet<T>, Error> {
    serde_json::from_str(text).map_err(|_| Error::Undecodable)
}
