//! What a request asks for, as far as the scope of a task bounds it.

use std::sync::Arc;

use serde_json::Value;

use crate::id::RouteName;

/// What one request asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The route that carries it.
    pub route: RouteName,
    /// Its method.
    pub method: String,
    /// Its path, in the one canonical form.
    pub path: String,
    /// What it acts on, if it is a message of MCP.
    pub acts_on: ActsOn,
    /// What it says in its inspected body, or to the tool that it calls; `None`, where nobody looked.
    pub arguments: Option<Arc<Value>>,
}

/// What a request acts on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ActsOn {
    /// What is no tool: it is no message of MCP, or one about something else.
    Another,
    /// Nothing with a name: the message only keeps a connection going, or lists what there is.
    Nothing,
    /// The tool of this name.
    Tool(String),
}
