//! From a [`Query`] to the document that rules read as `input`.
//!
//! The document is opa-envoy's, name by name, so that rules written for it run unchanged, and one
//! member more, `countersign`, with what Envoy does not know. It is built as engine values
//! directly: going through JSON text would cost three times as much.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use regorus::Value;
use regorus::value::{Array, Object};

use crate::clock::Timestamp;
use crate::id::{DecisionId, ListenerName};
use crate::identity::Certificate;
use crate::operation::Operations;
use crate::policy::decision::{Cause, Failure};
use crate::policy::engine::caller::{Caller, Callers};
use crate::policy::engine::document::Document;
use crate::policy::engine::keys::Keys;
use crate::policy::engine::moment::Moment;
use crate::policy::engine::operations;
use crate::policy::query::Query;
use crate::route::{Head, Inspected, Target};

/// A query without its caller, of whom an input needs no more than the certificate's facts.
pub(in crate::policy) struct Asked<'a> {
    pub(in crate::policy) id: DecisionId,
    pub(in crate::policy) target: &'a Target,
    pub(in crate::policy) body: Option<&'a Inspected>,
    pub(in crate::policy) operations: &'a Operations,
    pub(in crate::policy) listener: &'a ListenerName,
    pub(in crate::policy) peer: SocketAddr,
    pub(in crate::policy) local: SocketAddr,
    pub(in crate::policy) now: Timestamp,
}

impl<'a> From<&Query<'a>> for Asked<'a> {
    fn from(query: &Query<'a>) -> Self {
        let Query { id, target, body, operations, listener, peer, local, now, .. } = *query;
        Self { id, target, body, operations, listener, peer, local, now }
    }
}

/// Builds inputs for one worker.
#[derive(Debug)]
pub(in crate::policy) struct Builder {
    keys: Keys,
    callers: Callers,
    moment: Moment,
    version: Value,
    scheme: Value,
}

/// What several places of one document share.
struct Parts {
    caller: Caller,
    headers: Headers,
    path: Segments,
    /// As text, and taken apart.
    time: (Value, Value),
}

/// A path's segments; where no escape stands in them, both are one value.
struct Segments {
    raw: Value,
    decoded: Value,
}

/// The headers in both forms: joined as Envoy shows them, and every value of each.
struct Headers {
    joined: Object,
    every: Value,
}

impl Builder {
    /// A builder with keys of its own.
    pub(in crate::policy) fn new() -> Self {
        let keys = Keys::new();
        let members =
            [(&keys.ext_authz, Value::from("v3")), (&keys.encoding, Value::from("protojson"))];
        let version = object(members);
        let moment = Moment::new(&keys);
        Self { keys, callers: Callers::default(), moment, version, scheme: Value::from("https") }
    }

    /// The whole document.
    pub(in crate::policy) fn document(&mut self, query: &Query<'_>) -> Result<Document, Failure> {
        self.of_caller(query.principal.certificate(), &Asked::from(query))
    }

    /// The same for a caller of whom there is nothing but a certificate.
    pub(in crate::policy) fn of_caller(
        &mut self,
        caller: &Certificate,
        query: &Asked<'_>,
    ) -> Result<Document, Failure> {
        let head = query.target.head();
        let parts = Parts {
            caller: self.callers.of(caller, &self.keys),
            headers: Headers::of(head.headers())?,
            path: Segments::of(head),
            time: self.moment.at(query.now, &self.keys),
        };
        let (text, parsed) = whole(query.body, query.operations)?;
        let (keys, id) = (&self.keys, parts.caller.id.clone());
        Ok(Document(object([
            (&keys.countersign, self.countersign(query, &parts, &parsed)),
            (&keys.parsed_body, parsed),
            (&keys.parsed_path, parts.path.parsed()),
            (&keys.attributes, self.attributes(query, parts, text)),
            (&keys.parsed_query, pairs(head)),
            (&keys.source_principal, id),
            (&keys.truncated_body, Value::Bool(false)),
            (&keys.version, self.version.clone()),
        ])))
    }

    fn attributes(&self, query: &Asked<'_>, parts: Parts, body: Option<Value>) -> Value {
        let keys = &self.keys;
        let source =
            object([(&keys.address, self.socket(query.peer)), (&keys.principal, parts.caller.id)]);
        let request = object([
            (&keys.http, self.http(query, parts.headers, body)),
            (&keys.time, parts.time.0),
        ]);
        object([
            (&keys.destination, object([(&keys.address, self.socket(query.local))])),
            (&keys.request, request),
            (&keys.source, source),
        ])
    }

    fn socket(&self, address: SocketAddr) -> Value {
        let keys = &self.keys;
        let ip = Value::from(address.ip().to_canonical().to_string());
        let port = Value::from(u64::from(address.port()));
        object([(&keys.socket_address, object([(&keys.address, ip), (&keys.port_value, port)]))])
    }

    /// `attributes.request.http`, as Envoy fills it for HTTP/2: sizes are text, because protojson
    /// writes 64-bit numbers so.
    fn http(&self, query: &Asked<'_>, headers: Headers, body: Option<Value>) -> Value {
        let (keys, head) = (&self.keys, query.target.head());
        let host = Value::from(head.authority().to_string());
        let method = Value::from(head.method().as_str());
        let path = Value::from(head.target());
        let size =
            query.body.map_or_else(|| "-1".to_owned(), |body| body.bytes().len().to_string());
        let mut http = members([
            (&keys.headers, self.with_pseudo(headers.joined, [&host, &method, &path])),
            (&keys.host, host),
            (&keys.id, Value::from(query.id.to_string())),
            (&keys.method, method),
            (&keys.path, path),
            (&keys.protocol, Value::from(head.protocol())),
            (&keys.scheme, self.scheme.clone()),
            (&keys.size, Value::from(size)),
        ]);
        if let Some(body) = body {
            http.insert(keys.body.clone(), body);
        }
        http.into_value()
    }

    /// The headers and the pseudo-headers, which Envoy shows among them.
    fn with_pseudo(&self, mut joined: Object, [host, method, path]: [&Value; 3]) -> Value {
        let keys = &self.keys;
        joined.insert(keys.pseudo_authority.clone(), host.clone());
        joined.insert(keys.pseudo_method.clone(), method.clone());
        joined.insert(keys.pseudo_path.clone(), path.clone());
        joined.insert(keys.pseudo_scheme.clone(), self.scheme.clone());
        joined.into_value()
    }

    fn countersign(&self, query: &Asked<'_>, parts: &Parts, body: &Value) -> Value {
        let keys = &self.keys;
        object([
            (&keys.approval, Value::Null),
            (&keys.chain, Value::new_array()),
            (&keys.listener, Value::from(query.listener.as_str())),
            (
                &keys.mcp,
                query.operations.call().map_or(Value::Null, |call| Value::from(call.document())),
            ),
            (&keys.principal, parts.caller.principal.clone()),
            (&keys.proposal, Value::Null),
            (&keys.request, self.request(query, parts, body)),
            (&keys.route, Value::from(query.target.route().name.as_str())),
            (&keys.task, Value::Null),
            (&keys.time, parts.time.1.clone()),
        ])
    }

    /// `countersign.request`: the request without what Envoy's form loses.
    fn request(&self, query: &Asked<'_>, parts: &Parts, body: &Value) -> Value {
        let (keys, head) = (&self.keys, query.target.head());
        let mut request = members([
            (&keys.headers, parts.headers.every.clone()),
            (&keys.host, Value::from(head.authority().host())),
            (&keys.operations, operations::of(query.operations.list(), body, keys)),
            (&keys.port, Value::from(u64::from(head.authority().port().unwrap_or(443)))),
            (&keys.raw_path, Value::from(head.path().as_str())),
            (&keys.raw_segments, parts.path.raw.clone()),
            (&keys.segments, parts.path.decoded.clone()),
        ]);
        let digest = query.body.map_or(Value::Null, |body| {
            Value::from(format!("sha-256=:{}:", STANDARD.encode(body.digest())))
        });
        request.insert(keys.content_digest.clone(), digest);
        request.into_value()
    }
}

impl Segments {
    fn of(head: &Head) -> Self {
        let segments = head.path().segments();
        let raw = array(segments.iter().map(|segment| segment.raw()));
        let decoded = match segments.iter().all(|segment| segment.raw() == segment.decoded()) {
            true => raw.clone(),
            false => array(segments.iter().map(|segment| segment.decoded())),
        };
        Self { raw, decoded }
    }

    /// `parsed_path`: the decoded segments. `/` alone is one empty segment, as in opa-envoy; unlike
    /// there, an encoded slash inside a segment does not split it.
    fn parsed(&self) -> Value {
        match self.decoded.as_array() {
            Ok(segments) if segments.is_empty() => array([""]),
            _ => self.decoded.clone(),
        }
    }
}

impl Headers {
    /// Several values are joined by commas in the one form, and all there in the other: a rule
    /// cannot take the last for the only one.
    fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let (mut joined, mut every) = (Object::new(), Object::new());
        for name in headers.keys() {
            let mut all = Array::new();
            for value in headers.get_all(name) {
                let text = std::str::from_utf8(value.as_bytes());
                let text =
                    text.map_err(|_| Failure::new(Cause::Input, "a header's value is not UTF-8"))?;
                all.push(Value::from(text));
            }
            let name = Value::from(name.as_str());
            joined.insert(name.clone(), one(&all));
            every.insert(name, all.into_value());
        }
        Ok(Self { joined, every: every.into_value() })
    }
}

/// All values as one: itself, or joined by commas.
fn one(all: &Array) -> Value {
    if let [only] = all.as_slice() {
        return only.clone();
    }
    let texts: Vec<&str> =
        all.iter().filter_map(|value| value.as_string().ok()).map(AsRef::as_ref).collect();
    Value::from(texts.join(","))
}

/// The body as text, where it is text, and as a value.
fn whole(
    body: Option<&Inspected>,
    operations: &Operations,
) -> Result<(Option<Value>, Value), Failure> {
    let Some(body) = body else { return Ok((None, Value::Null)) };
    let text = std::str::from_utf8(body.bytes());
    if let Some(read) = operations.body() {
        return Ok((text.ok().map(Value::from), Value::from(read.clone())));
    }
    let text = text.map_err(|_| Failure::new(Cause::Input, "the body is not UTF-8"))?;
    let parsed = serde_json::from_str::<Value>(text);
    let parsed = parsed.map_err(|_| Failure::new(Cause::Input, "the body is not JSON"))?;
    Ok((Some(Value::from(text)), parsed))
}

/// `parsed_query`: every value of each name, in order.
fn pairs(head: &Head) -> Value {
    let mut names = Object::new();
    for (name, value) in head.query().into_iter().flat_map(|query| query.pairs()) {
        let values = names.get_or_insert_with(Value::from(name.as_ref()), Value::new_array);
        if let Ok(values) = values.as_array_mut() {
            values.push(Value::from(value.as_ref()));
        }
    }
    names.into_value()
}

pub(super) fn array<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Value {
    let mut array = Array::new();
    items.into_iter().for_each(|item| array.push(Value::from(item.as_ref())));
    array.into_value()
}

pub(super) fn object<const N: usize>(list: [(&Value, Value); N]) -> Value {
    members(list).into_value()
}

fn members<const N: usize>(list: [(&Value, Value); N]) -> Object {
    let mut object = Object::new();
    for (key, value) in list {
        object.insert(key.clone(), value);
    }
    object
}
