//! One message of a client, read strictly.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value};

use crate::operation::mcp::call::{Call, Kind, Purpose};
use crate::operation::mcp::field::{self, NAME, SESSION, VERSION};
use crate::operation::mcp::malformed::Malformed;
use crate::operation::mcp::method::{Subject, is_notification, is_request};
use crate::operation::mcp::revision::Revision;

/// A message that is understood.
#[derive(Clone, Debug)]
pub struct Message {
    call: Call,
    id: Option<Value>,
    /// The message, written out from what was read.
    body: Option<Bytes>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Message {
    /// Reads what a request for an MCP server says. `body` is strict JSON already.
    ///
    /// # Errors
    /// [`Malformed`]; it must then not be sent on.
    pub fn read(
        method: &Method,
        headers: &HeaderMap,
        body: Option<&[u8]>,
    ) -> Result<Self, Malformed> {
        let silent = match *method {
            Method::POST => None,
            Method::GET => Some(Kind::Stream),
            Method::DELETE => Some(Kind::End),
            _ => return Err(Malformed::Verb),
        };
        if let Some(kind) = silent {
            if body.is_some() {
                return Err(Malformed::Envelope("only a POST carries a message"));
            }
            let call = blank(kind, legacy(headers)?, session(headers)?);
            return Ok(Self { call, id: None, body: None, headers: Vec::new() });
        }
        let body: Value =
            body.and_then(|body| serde_json::from_slice(body).ok()).ok_or(Malformed::Silent)?;
        let envelope = match &body {
            Value::Array(_) => return Err(Malformed::Batch),
            Value::Object(envelope) => envelope,
            _ => return Err(Malformed::Envelope("a message is an object")),
        };
        let call = read(envelope, headers)?;
        let headers = repeated(&call, headers)?;
        let id = envelope.get("id").filter(|_| call.kind == Kind::Request).cloned();
        Ok(Self { call, id, body: Some(Bytes::from(body.to_string())), headers })
    }

    /// What it asks for.
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// The id that its answer has to carry; none where it wants no answer.
    pub fn id(&self) -> Option<&Value> {
        self.id.as_ref()
    }

    /// The same, when nothing else of it is needed.
    pub fn into_call(self) -> Call {
        self.call
    }

    /// The message to send: the one that was read, whatever the bytes were that it was read from.
    pub fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    /// The headers that repeat it, as they have to be sent.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }
}

fn read(envelope: &Map<String, Value>, headers: &HeaderMap) -> Result<Call, Malformed> {
    if envelope.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(Malformed::Envelope("`jsonrpc` is not \"2.0\""));
    }
    if let Some(id) = envelope.get("id")
        && !(id.is_string() || id.is_i64() || id.is_u64())
    {
        return Err(Malformed::Envelope("`id` is neither a string nor an integer"));
    }
    let Some(method) = envelope.get("method") else {
        return response(envelope, headers);
    };
    only(envelope, &["jsonrpc", "id", "method", "params"])?;
    let method = method.as_str().ok_or(Malformed::Envelope("`method` is not a string"))?;
    let no_params = Map::new();
    let params = match envelope.get("params") {
        None => &no_params,
        Some(params) => {
            params.as_object().ok_or(Malformed::Envelope("`params` is not an object"))?
        }
    };
    exact(params)?;
    let is_asking = envelope.contains_key("id");
    let revision = revision(method, params, headers)?;
    let kind = if is_asking { Kind::Request } else { Kind::Notification };
    let spoken = revision.unwrap_or(Revision::November2025);
    let is_known = if is_asking { is_request(method, spoken) } else { is_notification(method) };
    if !is_known {
        return Err(Malformed::Method(status(spoken, StatusCode::NOT_FOUND)));
    }
    let mut call = blank(kind, revision, session(headers)?);
    call.subject = Subject::of(method);
    call.method = Some(method.to_owned());
    call.name = named(call.subject, params, spoken)?;
    call.arguments = arguments(call.subject, params, spoken)?;
    Ok(call)
}

/// The answer to a question of the server's, which only revisions with sessions have.
fn response(envelope: &Map<String, Value>, headers: &HeaderMap) -> Result<Call, Malformed> {
    only(envelope, &["jsonrpc", "id", "result", "error"])?;
    let answers = envelope.contains_key("result") != envelope.contains_key("error");
    if !answers || !envelope.contains_key("id") {
        return Err(Malformed::Envelope("it is neither a request nor a response"));
    }
    Ok(blank(Kind::Response, legacy(headers)?, session(headers)?))
}

fn blank(kind: Kind, revision: Option<Revision>, session: Option<String>) -> Call {
    Call {
        kind,
        method: None,
        subject: Subject::Nothing,
        name: None,
        arguments: None,
        revision,
        session,
        purpose: Purpose::Calling,
        definition: None,
    }
}

/// Other members mean nothing to JSON-RPC, but may to a server that reads names carelessly.
fn only(envelope: &Map<String, Value>, known: &[&str]) -> Result<(), Malformed> {
    if envelope.keys().all(|name| known.contains(&name.as_str())) {
        return Ok(());
    }
    Err(Malformed::Envelope("it has members that JSON-RPC does not know"))
}

/// A parameter whose name is another's but for its case is that other one to some servers.
fn exact(params: &Map<String, Value>) -> Result<(), Malformed> {
    let looks_like = |name: &str| PARAMS.iter().any(|known| known.eq_ignore_ascii_case(name));
    if params.keys().all(|name| PARAMS.contains(&name.as_str()) || !looks_like(name)) {
        return Ok(());
    }
    Err(Malformed::Envelope("a parameter's name has the wrong case"))
}

/// The revision that a message is written in: what it says itself, or else its header.
fn revision(
    method: &str,
    params: &Map<String, Value>,
    headers: &HeaderMap,
) -> Result<Option<Revision>, Malformed> {
    let said = params.get("_meta").and_then(|meta| meta.get(META_VERSION));
    if let Some(said) = said {
        let said = said.as_str().ok_or_else(|| Malformed::Version(said.to_string()))?;
        let header = field::read(headers, &VERSION).map_err(|_| Malformed::Header(VERSION_NAME))?;
        if header.as_deref() != Some(said) {
            return Err(Malformed::Header(VERSION_NAME));
        }
        let revision = Revision::parse(said).filter(|revision| revision.is_modern());
        return revision.map(Some).ok_or_else(|| Malformed::Version(said.to_owned()));
    }
    // A session has no revision yet: this asks for one, and the server may choose another.
    if method == "initialize" {
        let asked = params.get("protocolVersion").and_then(Value::as_str);
        return Ok(asked.and_then(Revision::parse));
    }
    legacy(headers)
}

/// The revision of a message that does not say one itself.
fn legacy(headers: &HeaderMap) -> Result<Option<Revision>, Malformed> {
    let header = field::read(headers, &VERSION).map_err(|_| Malformed::Header(VERSION_NAME))?;
    let Some(header) = header else { return Ok(Some(Revision::March2025)) };
    match Revision::parse(&header) {
        None => Err(Malformed::Version(header.into_owned())),
        Some(revision) if revision.is_modern() => {
            Err(Malformed::Params("`_meta` names no protocol version", StatusCode::BAD_REQUEST))
        }
        Some(revision) => Ok(Some(revision)),
    }
}

fn session(headers: &HeaderMap) -> Result<Option<String>, Malformed> {
    let unclear = Malformed::Header("Mcp-Session-Id");
    let mut values = headers.get_all(SESSION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let text = value.to_str().map_err(|_| unclear.clone())?;
    if values.next().is_some() || text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(unclear);
    }
    Ok(Some(text.to_owned()))
}

/// The name of what is acted on.
fn named(
    subject: Subject,
    params: &Map<String, Value>,
    revision: Revision,
) -> Result<Option<String>, Malformed> {
    let Some(member) = subject.member() else { return Ok(None) };
    match params.get(member) {
        Some(Value::String(name)) => Ok(Some(name.clone())),
        _ => Err(Malformed::Params(
            "the name, uri or taskId is missing or not a string",
            status(revision, StatusCode::BAD_REQUEST),
        )),
    }
}

/// The arguments; where a method has some and none are given, an object without members.
fn arguments(
    subject: Subject,
    params: &Map<String, Value>,
    revision: Revision,
) -> Result<Option<Value>, Malformed> {
    if !matches!(subject, Subject::Tool | Subject::Prompt) {
        return Ok(None);
    }
    match params.get("arguments") {
        None => Ok(Some(Value::Object(Map::new()))),
        Some(arguments @ Value::Object(_)) => Ok(Some(arguments.clone())),
        Some(_) => Err(Malformed::Params(
            "`arguments` is not an object",
            status(revision, StatusCode::BAD_REQUEST),
        )),
    }
}

/// The headers that repeat the message, held against it: a modern one must have them, any other
/// may.
fn repeated(call: &Call, headers: &HeaderMap) -> Result<Vec<(HeaderName, HeaderValue)>, Malformed> {
    let is_modern = call.revision.is_some_and(Revision::is_modern);
    let is_request = call.kind == Kind::Request;
    // Of a task, as the extension has it, and of whatever else has a name.
    let name = call.name.as_deref();
    let mut written = Vec::new();
    for (header, shown, said) in
        [(field::METHOD, "Mcp-Method", call.method.as_deref()), (NAME, "Mcp-Name", name)]
    {
        let found = field::read(headers, &header).map_err(|_| Malformed::Header(shown))?;
        match (found, said) {
            (Some(found), Some(said)) if found == said => {
                written.push((header, field::write(said)))
            }
            (None, Some(_)) if is_modern && is_request => return Err(Malformed::Header(shown)),
            (None, _) => {}
            (Some(_), _) => return Err(Malformed::Header(shown)),
        }
    }
    Ok(written)
}

/// Clients of sessions take any status but 200 for the transport's failure.
fn status(revision: Revision, modern: StatusCode) -> StatusCode {
    if revision.is_modern() { modern } else { StatusCode::OK }
}

/// Every parameter that a method of MCP has.
const PARAMS: [&str; 19] = [
    "_meta",
    "argument",
    "arguments",
    "capabilities",
    "clientInfo",
    "context",
    "cursor",
    "inputResponses",
    "level",
    "name",
    "notifications",
    "progressToken",
    "protocolVersion",
    "ref",
    "requestId",
    "requestState",
    "task",
    "taskId",
    "uri",
];

const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

const VERSION_NAME: &str = "MCP-Protocol-Version";

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
