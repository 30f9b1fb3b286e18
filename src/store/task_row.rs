//! A task as a row of the store, and back.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::id::{RouteName, TaskId};
use crate::identity::SpiffeId;
use crate::store::connection::Value;
use crate::store::error::Error;
use crate::store::row::{Row, needed};
use crate::task::{Bounds, Scope, Status, Task};

/// The columns of a new task, the `level`th of those that begin with `root`.
pub(super) fn columns(task: &Task, root: TaskId, level: usize) -> Vec<Value> {
    let Bounds { scope, requests, deadline, depth } = &task.bounds;
    vec![
        id(task.id),
        id(root),
        Value::Text(task.parent.map(|parent| parent.to_string())),
        number(level as u64),
        Value::from(task.owner.as_str()),
        Value::from(task.purpose.as_str()),
        list(scope.routes.as_ref()),
        list(scope.methods.as_ref()),
        Value::Integer(requests.map(|requests| i64::try_from(requests).unwrap_or(i64::MAX))),
        number(task.used),
        number(u64::from(*depth)),
        Value::from(task.status.as_str()),
        task.created.into(),
        (*deadline).into(),
    ]
}

pub(super) fn read(row: &Row) -> Result<Task, Error> {
    let parent = row.text("parent")?;
    let scope = Scope {
        routes: row.text("routes")?.map(|text| read_list::<RouteName>(&text)).transpose()?,
        methods: row.text("methods")?.map(|text| read_list::<String>(&text)).transpose()?,
    };
    let depth = needed(row.number("depth")?)?;
    Ok(Task {
        id: row.parsed("id", TaskId::parse)?,
        owner: row.parsed("owner", |text| SpiffeId::parse(text).ok())?,
        purpose: needed(row.text("purpose")?)?,
        bounds: Bounds {
            scope,
            requests: row.number("requests")?,
            deadline: needed(row.time("deadline")?)?,
            depth: u32::try_from(depth).map_err(|_| Error::Undecodable)?,
        },
        parent: parent.map(|id| TaskId::parse(&id).ok_or(Error::Undecodable)).transpose()?,
        created: needed(row.time("created_at")?)?,
        used: needed(row.number("used")?)?,
        status: row.parsed("status", Status::parse)?,
    })
}

pub(super) fn id(task: TaskId) -> Value {
    Value::from(&*task.to_string())
}

pub(super) fn number(number: u64) -> Value {
    Value::Integer(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn list<T: Serialize>(list: Option<&BTreeSet<T>>) -> Value {
    // Texts always become JSON.
    Value::Text(list.and_then(|list| serde_json::to_string(list).ok()))
}

fn read_list<T: DeserializeOwned + Ord>(text: &str) -> Result<BTreeSet<T>, Error> {
    serde_json::from_str(text).map_err(|_| Error::Undecodable)
}
