//! From a [`Query`] to the document that rules read as `input`.
//!
//! The document is opa-envoy's, name by name, so that rules written for it run unchanged, and one
//! member more, `countersign`, with what Envoy does not know. It is built as engine values
//! directly: going through JSON text would cost three times as much.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::HeaderMap;
use regorus::Value;
use regorus::value::{Array, Object};

use crate::clock::Timestamp;
use crate::id::{DecisionId, ListenerName};
use crate::identity::Certificate;
use crate::policy::decision::{Cause, Failure};
use crate::policy::engine::document::Document;
use crate::policy::engine::keys::Keys;
use crate::policy::query::Query;
use crate::route::{Head, Inspected, Target};

/// A query without its caller, of whom an input needs no more than the certificate's facts.
pub(super) struct Asked<'a> {
    pub(super) id: DecisionId,
    pub(super) target: &'a Target,
    pub(super) body: Option<&'a Inspected>,
    pub(super) listener: &'a ListenerName,
    pub(super) peer: SocketAddr,
    pub(super) local: SocketAddr,
    pub(super) now: Timestamp,
}

impl<'a> From<&Query<'a>> for Asked<'a> {
    fn from(query: &Query<'a>) -> Self {
        let Query { id, target, body, listener, peer, local, now, .. } = *query;
        Self { id, target, body, listener, peer, local, now }
    }
}

/// Builds inputs for one worker.
#[derive(Debug)]
pub(in crate::policy) struct Builder {
    keys: Keys,
    version: Value,
    scheme: Value,
}

impl Builder {
    /// A builder with keys of its own.
    pub(in crate::policy) fn new() -> Self {
        let keys = Keys::new();
        let members =
            [(&keys.ext_authz, Value::from("v3")), (&keys.encoding, Value::from("protojson"))];
        let version = object(members);
        Self { keys, version, scheme: Value::from("https") }
    }

    /// The whole document.
    pub(in crate::policy) fn document(&self, query: &Query<'_>) -> Result<Document, Failure> {
        self.of_caller(query.principal.certificate(), &Asked::from(query))
    }

    pub(super) fn of_caller(
        &self,
        caller: &Certificate,
        query: &Asked<'_>,
    ) -> Result<Document, Failure> {
        let keys = &self.keys;
        if query.target.head().headers().values().any(|value| text(value.as_bytes()).is_none()) {
            return Err(Failure::new(Cause::Input, "a header's value is not UTF-8"));
        }
        let principal = Value::from(caller.spiffe_id.as_str());
        let body = query.body.map(whole).transpose()?;
        let (text, parsed) =
            body.map_or((None, Value::Null), |(text, parsed)| (Some(text), parsed));
        let (path, pairs) = (self.path(query.target.head()), pairs(query.target.head()));
        Ok(Document(object([
            (&keys.attributes, self.attributes(query, &principal, text)),
            (&keys.countersign, self.countersign(query, caller, &principal)),
            (&keys.parsed_body, parsed),
            (&keys.parsed_path, path),
            (&keys.parsed_query, pairs),
            (&keys.source_principal, principal),
            (&keys.truncated_body, Value::Bool(false)),
            (&keys.version, self.version.clone()),
        ])))
    }

    fn attributes(&self, query: &Asked<'_>, principal: &Value, body: Option<Value>) -> Value {
        let keys = &self.keys;
        let source = object([
            (&keys.address, self.socket(query.peer)),
            (&keys.principal, principal.clone()),
        ]);
        let request = object([
            (&keys.http, self.http(query, body)),
            (&keys.time, Value::from(query.now.to_string())),
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
    fn http(&self, query: &Asked<'_>, body: Option<Value>) -> Value {
        let (keys, head) = (&self.keys, query.target.head());
        let host = Value::from(head.authority().to_string());
        let method = Value::from(head.method().as_str());
        let path = Value::from(head.target());
        let size =
            query.body.map_or_else(|| "-1".to_owned(), |body| body.bytes().len().to_string());
        let mut http = members([
            (&keys.headers, self.joined(head.headers(), [&host, &method, &path])),
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

    /// Headers as Envoy shows them: several values joined by commas, and the pseudo-headers.
    fn joined(&self, headers: &HeaderMap, [host, method, path]: [&Value; 3]) -> Value {
        let keys = &self.keys;
        let mut joined = members([
            (&keys.pseudo_authority, host.clone()),
            (&keys.pseudo_method, method.clone()),
            (&keys.pseudo_path, path.clone()),
            (&keys.pseudo_scheme, self.scheme.clone()),
        ]);
        for name in headers.keys() {
            let mut values =
                headers.get_all(name).iter().filter_map(|value| text(value.as_bytes()));
            let mut all = values.next().unwrap_or_default().to_owned();
            values.for_each(|value| {
                all.push(',');
                all.push_str(value);
            });
            joined.insert(Value::from(name.as_str()), Value::from(all));
        }
        joined.into_value()
    }

    fn countersign(&self, query: &Asked<'_>, caller: &Certificate, principal: &Value) -> Value {
        let keys = &self.keys;
        object([
            (&keys.approval, Value::Null),
            (&keys.chain, Value::new_array()),
            (&keys.listener, Value::from(query.listener.as_str())),
            (&keys.mcp, Value::Null),
            (&keys.principal, self.principal(caller, principal)),
            (&keys.proposal, Value::Null),
            (&keys.request, self.request(query)),
            (&keys.route, Value::from(query.target.route().name.as_str())),
            (&keys.task, Value::Null),
            (&keys.time, self.time(query.now)),
        ])
    }

    fn principal(&self, caller: &Certificate, principal: &Value) -> Value {
        let keys = &self.keys;
        let thumbprint = URL_SAFE_NO_PAD.encode(caller.thumbprint);
        let cert = object([
            (&keys.not_after, Value::from(caller.not_after.secs())),
            (&keys.x5t_s256, Value::from(thumbprint)),
        ]);
        object([
            (&keys.cert, cert),
            (&keys.path_segments, array(caller.spiffe_id.segments())),
            (&keys.spiffe_id, principal.clone()),
            (&keys.trust_domain, Value::from(caller.spiffe_id.trust_domain())),
        ])
    }

    /// `countersign.request`: the request without what Envoy's form loses.
    fn request(&self, query: &Asked<'_>) -> Value {
        let (keys, head) = (&self.keys, query.target.head());
        let segments = head.path().segments();
        let mut request = members([
            (&keys.headers, every(head.headers())),
            (&keys.host, Value::from(head.authority().host())),
            (&keys.port, Value::from(u64::from(head.authority().port().unwrap_or(443)))),
            (&keys.raw_path, Value::from(head.path().as_str())),
            (&keys.raw_segments, array(segments.iter().map(|segment| segment.raw()))),
            (&keys.segments, array(segments.iter().map(|segment| segment.decoded()))),
        ]);
        let digest = query.body.map_or(Value::Null, |body| {
            Value::from(format!("sha-256=:{}:", STANDARD.encode(body.digest())))
        });
        request.insert(keys.content_digest.clone(), digest);
        request.into_value()
    }

    /// The time in UTC, taken apart: rules then need no builtin to ask for the hour.
    fn time(&self, now: Timestamp) -> Value {
        let keys = &self.keys;
        let whole = i64::try_from(now.secs()).unwrap_or(i64::MAX);
        let unix = (&keys.unix, Value::from(now.secs()));
        let Ok(stamp) = jiff::Timestamp::from_second(whole) else { return object([unix]) };
        let civil = jiff::tz::Offset::UTC.to_datetime(stamp);
        let weekday = civil.weekday().to_monday_one_offset();
        object([
            unix,
            (&keys.year, Value::from(i64::from(civil.year()))),
            (&keys.month, Value::from(i64::from(civil.month()))),
            (&keys.day, Value::from(i64::from(civil.day()))),
            (&keys.hour, Value::from(i64::from(civil.hour()))),
            (&keys.minute, Value::from(i64::from(civil.minute()))),
            (&keys.weekday, Value::from(i64::from(weekday))),
        ])
    }

    /// `parsed_path`: the decoded segments. `/` alone is one empty segment, as in opa-envoy; unlike
    /// there, an encoded slash inside a segment does not split it.
    fn path(&self, head: &Head) -> Value {
        match head.path().segments() {
            [] => array([""]),
            segments => array(segments.iter().map(|segment| segment.decoded())),
        }
    }
}

/// The body as text and as a value.
fn whole(body: &Inspected) -> Result<(Value, Value), Failure> {
    let text = std::str::from_utf8(body.bytes());
    let text = text.map_err(|_| Failure::new(Cause::Input, "the body is not UTF-8"))?;
    let parsed = serde_json::from_str::<Value>(text);
    let parsed = parsed.map_err(|_| Failure::new(Cause::Input, "the body is not JSON"))?;
    Ok((Value::from(text), parsed))
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

/// Every value of each header, always as an array: a rule cannot take the last for the only one.
fn every(headers: &HeaderMap) -> Value {
    let mut names = Object::new();
    for name in headers.keys() {
        let values = headers.get_all(name).iter().filter_map(|value| text(value.as_bytes()));
        names.insert(Value::from(name.as_str()), array(values));
    }
    names.into_value()
}

/// A header's value. One that is not UTF-8 is none, and no request with it is judged.
fn text(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok()
}

fn array<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Value {
    let mut array = Array::new();
    items.into_iter().for_each(|item| array.push(Value::from(item.as_ref())));
    array.into_value()
}

fn object<const N: usize>(list: [(&Value, Value); N]) -> Value {
    members(list).into_value()
}

fn members<const N: usize>(list: [(&Value, Value); N]) -> Object {
    let mut object = Object::new();
    for (key, value) in list {
        object.insert(key.clone(), value);
    }
    object
}
