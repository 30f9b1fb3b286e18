//! Countersign as an MCP server: what an agent may ask Countersign itself, as tools.
//!
//! It keeps no state: a client of an old revision that wants a session is given none, and needs none.
//! Nothing that is asked here reaches an upstream, and asking what would be allowed grants nothing.

use std::rc::Rc;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::id::DecisionId;
use crate::identity::Caller;
use crate::operation::mcp::revision::{Revision, SUPPORTED};
use crate::operation::mcp::{Call, Malformed, Message};
use crate::proxy::account::Account;
use crate::proxy::agent::api::whoami;
use crate::proxy::agent::mcp_tools;
use crate::proxy::agent::prospect::Prospect;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::stored;
use crate::route::terms::{Dialect, Encoding, Inspect};
use crate::route::{Body, Head, NoRoute};
use crate::task::Situation;

/// Whether a request is for this server.
pub(in crate::proxy) fn is_for(head: &Head) -> bool {
    head.path().as_str() == "/.countersign/v1/mcp"
}

/// Answers one message.
///
/// # Errors
/// [`Failure`], if it is not understood.
pub(in crate::proxy) async fn answer(
    account: &mut Account,
    caller: Rc<Caller>,
    head: &Head,
    body: &mut Body,
) -> Result<Carried, Failure> {
    account.dialect = Dialect::Mcp;
    if head.method() != Method::POST {
        return Err(Failure::NoRoute(NoRoute::Method(vec![Method::POST])));
    }
    let inspect = Inspect { encoding: Encoding::Json, limit: LIMIT };
    let inspected = body.inspect(head.headers(), Some(inspect)).await?;
    account.inspected.clone_from(&inspected);
    let bytes = inspected.as_ref().map(|body| &body.bytes()[..]);
    let message = Message::read(head.method(), head.headers(), bytes)?;
    let Some(id) = message.id() else { return Ok(Carried::Noted) };
    let said = match message.call().method.as_deref() {
        Some("tools/call") => called(account, caller, message.call()).await,
        method => about(method.unwrap_or_default(), message.call()),
    };
    let answer = match said {
        Ok(mut result) => {
            result["resultType"] = json!("complete");
            json!({ "jsonrpc": "2.0", "id": id, "result": result })
        }
        Err(Refused::Method) => return Err(Failure::Malformed(unknown(message.call()))),
        Err(Refused::Params(why)) => {
            let error = json!({ "code": INVALID_PARAMS, "message": why });
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        }
    };
    Ok(Carried::Ours(answer))
}

/// Why a request has no result.
enum Refused {
    /// This server has no such method.
    Method,
    /// It has no such tool, or not with these arguments.
    Params(String),
}

fn unknown(call: &Call) -> Malformed {
    let is_modern = call.revision.is_some_and(Revision::is_modern);
    Malformed::Method(if is_modern { StatusCode::NOT_FOUND } else { StatusCode::OK })
}

/// What the server is and has.
fn about(method: &str, call: &Call) -> Result<Value, Refused> {
    let server = json!({ "name": "countersign", "version": env!("CARGO_PKG_VERSION") });
    let capabilities = json!({ "tools": {} });
    match method {
        "initialize" => {
            let legacy = call.revision.filter(|revision| !revision.is_modern());
            let agreed = legacy.unwrap_or(Revision::November2025);
            Ok(json!({
                "protocolVersion": agreed.date(),
                "capabilities": capabilities,
                "serverInfo": server,
                "instructions": INSTRUCTIONS,
            }))
        }
        "server/discover" => Ok(json!({
            "supportedVersions": SUPPORTED.map(Revision::date),
            "capabilities": capabilities,
            "_meta": { "io.modelcontextprotocol/serverInfo": server },
            "instructions": INSTRUCTIONS,
            "ttlMs": 0,
            "cacheScope": "private",
        })),
        "tools/list" => {
            Ok(json!({ "tools": mcp_tools::list(), "ttlMs": 0, "cacheScope": "private" }))
        }
        "ping" => Ok(json!({})),
        _ => Err(Refused::Method),
    }
}

/// The result of a tool.
async fn called(account: &Account, caller: Rc<Caller>, call: &Call) -> Result<Value, Refused> {
    let arguments = call.arguments.clone().unwrap_or_else(|| json!({}));
    let said = match call.name.as_deref().unwrap_or_default() {
        "whoami" => Ok(whoami(&caller, &account.view.snapshot.routes)),
        "what_may_i_do" => {
            let (id, plane, view) = (account.id, &account.plane, &account.view);
            match situation(account, &caller).await {
                Ok(situation) => Prospect { id, plane, view, caller, situation }.answer(arguments),
                Err(why) => Err(why),
            }
        }
        "explain_decision" => explained(account, &caller, &arguments).await,
        "propose" => mcp_tools::propose(account, caller, arguments).await,
        "proposal_status" => mcp_tools::status(account, &caller, &arguments).await,
        "proposal_result" => mcp_tools::result(account, &caller, &arguments).await,
        name => return Err(Refused::Params(format!("Unknown tool: {name}"))),
    };
    Ok(match said {
        Ok(said) => json!({ "content": content(&said.to_string()), "structuredContent": said }),
        Err(why) => json!({ "isError": true, "content": content(&why) }),
    })
}

/// What the agent's work has touched.
async fn situation(account: &Account, caller: &Caller) -> Result<Option<Rc<Situation>>, String> {
    let Some(docket) = &account.plane.shared.docket else { return Ok(None) };
    let (agent, now) = (caller.principal.spiffe_id().clone(), account.plane.shared.clock.now());
    let known = docket.desk.situation(agent, None, now).await;
    known.map(|known| Some(Rc::new(known))).map_err(|why| stored::detail(&why).into_owned())
}

/// Why a decision about this agent was made, as far as it may know.
async fn explained(account: &Account, caller: &Caller, arguments: &Value) -> Result<Value, String> {
    let id = arguments.get("decision").and_then(Value::as_str).and_then(DecisionId::parse);
    let id = id.ok_or("`decision` must be an id: `dec_` and 32 hexadecimal digits.")?;
    let principal = caller.principal.spiffe_id().as_str().to_owned();
    let view = account.plane.shared.desk.explain(id, principal).await;
    Ok(json!(view.map_err(|why| why.to_string())?))
}

fn content(text: &str) -> Value {
    json!([{ "type": "text", "text": text }])
}

const INSTRUCTIONS: &str = "Countersign stands between you and the services you call. Ask \
    what_may_i_do before you try; when a call is denied, its reason says what to do instead.";

/// JSON-RPC 2.0 §5.1.
const INVALID_PARAMS: i32 = -32602;

/// The most bytes of one message.
const LIMIT: usize = 64 << 10;
