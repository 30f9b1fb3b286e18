//! What policy would say to a request that nobody makes.
//!
//! The request is put together, parsed and judged as a real one would be, and then forgotten:
//! nothing is granted, recorded or sent.

use std::rc::Rc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::enforce::{Ask, Cause, Refusal, consider};
use crate::id::DecisionId;
use crate::identity::Caller;
use crate::operation::Operations;
use crate::operation::mcp::method::Subject;
use crate::proxy::agent::api::describe;
use crate::proxy::failure::Failure;
use crate::proxy::plane::{Plane, View};
use crate::proxy::reading::Reading;
use crate::route::pattern::HostPattern;
use crate::route::protocol::Protocol;
use crate::route::{Head, Inspected, Route};
use crate::task::Situation;

/// Who asks, and by which rules they are answered.
pub(in crate::proxy) struct Prospect<'a> {
    pub(in crate::proxy) id: DecisionId,
    pub(in crate::proxy) plane: &'a Rc<Plane>,
    pub(in crate::proxy) view: &'a Rc<View>,
    pub(in crate::proxy) caller: Rc<Caller>,
    /// What its work has touched.
    pub(in crate::proxy) situation: Option<Rc<Situation>>,
}

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Question {
    route: Option<String>,
    method: Option<String>,
    path: Option<String>,
    body: Option<Map<String, Value>>,
    tool: Option<String>,
    arguments: Option<Map<String, Value>>,
}

impl Prospect<'_> {
    /// Answers the arguments of `what_may_i_do`.
    ///
    /// # Errors
    /// A sentence for the agent: what about the question is not understood.
    pub(in crate::proxy) fn answer(&self, arguments: Value) -> Result<Value, String> {
        let question: Question =
            serde_json::from_value(arguments).map_err(|why| format!("Invalid arguments: {why}"))?;
        let routes = self.view.snapshot.routes.routes();
        let Some(name) = &question.route else {
            if question.tool.is_some() || question.path.is_some() || question.method.is_some() {
                return Err("Name the route; whoami lists them.".to_owned());
            }
            let shown = routes.iter().take(MOST).map(|route| self.overview(route));
            return Ok(json!({ "routes": shown.collect::<Vec<_>>(), "of": routes.len() }));
        };
        let route = routes.iter().find(|route| route.name.as_str() == name);
        let route = route.ok_or_else(|| format!("There is no route {name}; whoami lists them."))?;
        self.one(route, &question)
    }

    /// What each method would get at the route's own path.
    fn overview(&self, route: &Route) -> Value {
        let mut shown = describe(route);
        if route.protocol == Protocol::Mcp {
            shown["ask"] = json!("Name a tool to hear what would be said to its call.");
            return shown;
        }
        let mut would = Map::new();
        for method in route.served_methods() {
            let question = Question { method: Some(method.to_string()), ..Question::default() };
            let said = self.one(route, &question).ok();
            let word = said.map_or_else(|| json!("unclear"), |said| said["decision"].clone());
            would.insert(method.to_string(), word);
        }
        shown["would"] = Value::Object(would);
        shown
    }

    fn one(&self, route: &Route, question: &Question) -> Result<Value, String> {
        let ask = self.ask(route, question)?;
        let said = consider(&mut self.view.judge.borrow_mut(), ask);
        Ok(match said {
            Ok(_) => json!({ "decision": "allow" }),
            Err(refusal) => refused(&refusal),
        })
    }

    /// The request that is asked about.
    fn ask(&self, route: &Route, question: &Question) -> Result<Ask, String> {
        if question.tool.is_some() && route.protocol != Protocol::Mcp {
            return Err("This route does not speak MCP.".to_owned());
        }
        let (method, body) = question.request()?;
        let path = question.path.clone().unwrap_or_else(|| route.path.to_string());
        let Some(HostPattern::Exact(host)) = route.hosts.first() else {
            return Err("This route serves many hosts; what holds for one is not known.".to_owned());
        };
        let request = Request::builder().method(method).uri(path).header(HOST, &**host);
        let request = match body {
            Some(_) => request.header(CONTENT_TYPE, "application/json"),
            None => request,
        };
        let (parts, ()) = request.body(()).map_err(|why| why.to_string())?.into_parts();
        let head = Head::parse(parts).map_err(|rule| rule.detail().to_owned())?;
        let target = self.view.snapshot.routes.resolve(head);
        let target = target.map_err(|_| "No route carries such a request.".to_owned())?;
        if target.route().name != route.name {
            return Err(format!("That would be the route {}.", target.route().name));
        }
        let body = body.map(|body| Inspected::restated(Bytes::from(body.to_string())));
        let seen = body.filter(|_| target.route().inspect.is_some());
        let definitions = &self.plane.shared.definitions;
        let reading = Reading::of(target, seen, definitions);
        let mut reading = reading.map_err(|failure: Failure| failure.to_string())?;
        if let (Some(tool), None) = (&question.tool, &question.arguments) {
            reading = unknown_arguments(reading, tool);
        }
        let tether = self.plane.shared.tether(self.caller.principal.spiffe_id());
        let now = (self.id, self.plane.shared.clock.now());
        Ok(reading.asked_by(Rc::clone(&self.caller), now, self.situation.clone(), tether))
    }
}

impl Question {
    /// The method and the body of the request.
    fn request(&self) -> Result<(Method, Option<Value>), String> {
        if let Some(tool) = &self.tool {
            if self.body.is_some() || self.method.is_some() {
                return Err("Ask either about a tool or about a method with a body.".to_owned());
            }
            let params =
                json!({ "name": tool, "arguments": self.arguments.clone().unwrap_or_default() });
            let call =
                json!({ "jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": params });
            return Ok((Method::POST, Some(call)));
        }
        let method = self.method.as_deref().unwrap_or("GET");
        let method = Method::from_bytes(method.as_bytes());
        let method = method.map_err(|_| "That is no HTTP method.".to_owned())?;
        Ok((method, self.body.clone().map(Value::Object)))
    }
}

/// The same question as a list of tools asks it.
fn unknown_arguments(reading: Reading, tool: &str) -> Reading {
    let Some(call) = reading.operations.call() else { return reading };
    let call = call.offered(Subject::Tool, tool, call.definition.clone());
    let body = Some(Inspected::restated(Bytes::from(call.body().to_string())));
    Reading { target: reading.target, body, operations: Operations::of_call(call) }
}

fn refused(refusal: &Refusal) -> Value {
    let decision = match refusal.cause() {
        Cause::Denied => "deny",
        Cause::NeedsApproval => "approval",
        Cause::Undecided | Cause::Unmet(_) => "unclear",
    };
    let reasons: Vec<_> = refusal
        .reasons()
        .iter()
        .map(|reason| json!({ "code": reason.code, "message": reason.message }))
        .collect();
    json!({ "decision": decision, "reasons": reasons })
}

/// The most routes of an overview; each costs several decisions.
const MOST: usize = 32;
