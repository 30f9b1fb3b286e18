//! From a [`Query`](crate::policy::query::Query) to the document that rules read as `input`.
//!
//! The document is opa-envoy's, name by name, so that rules written for it run unchanged, and one
//! member more, `countersign`, with what Envoy does not know. It is built as engine values
//! directly: going through JSON text would cost three times as much. Only the parts that the rules
//! can read are built.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use regorus::Value;
use regorus::value::{Array, Object};

use crate::identity::Certificate;
use crate::operation::Operations;
use crate::policy::approval::Approval;
use crate::policy::engine::caller::{Caller, Callers};
use crate::policy::engine::document::Document;
use crate::policy::engine::keys::Keys;
use crate::policy::engine::moment::Moment;
use crate::policy::engine::operations;
use crate::policy::engine::reads::Part;
use crate::policy::engine::wanted::Wanted;
use crate::policy::engine::work;
use crate::policy::failure::{Cause, Failure};
use crate::policy::query::Asked;
use crate::route::{Head, Inspected};

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
    /// As text, and taken apart.
    time: (Value, Value),
}

/// One object of the document, of which only what is wanted is built.
struct Members<'w> {
    object: Object,
    wanted: &'w Wanted,
}

impl<'w> Members<'w> {
    fn of(wanted: &'w Wanted) -> Self {
        Self { object: Object::new(), wanted }
    }

    fn add(mut self, part: Part, key: &Value, value: impl FnOnce() -> Value) -> Self {
        if self.wanted.has(part) {
            self.object.insert(key.clone(), value());
        }
        self
    }

    /// Adds an object, unless nothing of it is wanted.
    fn within(mut self, key: &Value, inner: Self) -> Self {
        if !inner.object.is_empty() {
            self.object.insert(key.clone(), inner.object.into_value());
        }
        self
    }
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

    /// The parts of the document that are wanted.
    ///
    /// # Errors
    /// If the request has what cannot be shown to rules, wanted or not.
    pub(in crate::policy) fn document(
        &mut self,
        caller: &Certificate,
        query: &Asked<'_>,
        wanted: &Wanted,
    ) -> Result<Document, Failure> {
        let head = query.target.head();
        readable(head.headers())?;
        let parts = Parts {
            caller: self.callers.of(caller, &self.keys),
            time: match wanted.has(Part::RequestTime) || wanted.has(Part::Time) {
                true => self.moment.at(query.now, &self.keys),
                false => (Value::Null, Value::Null),
            },
        };
        let of_body = [Part::Body, Part::Operations, Part::ParsedBody];
        let body = query.body.filter(|_| of_body.into_iter().any(|part| wanted.has(part)));
        let (text, parsed) = whole(body, query.operations)?;
        let keys = &self.keys;
        let all = Members::of(wanted)
            .within(&keys.countersign, self.countersign(query, &parts, &parsed, wanted))
            .add(Part::ParsedBody, &keys.parsed_body, || parsed)
            .add(Part::ParsedPath, &keys.parsed_path, || parsed_path(head))
            .within(&keys.attributes, self.attributes(query, &parts, text, wanted))
            .add(Part::ParsedQuery, &keys.parsed_query, || pairs(head))
            .add(Part::SourcePrincipalAlone, &keys.source_principal, || parts.caller.id.clone())
            .add(Part::TruncatedBody, &keys.truncated_body, || Value::Bool(false))
            .add(Part::Version, &keys.version, || self.version.clone());
        Ok(Document(all.object.into_value()))
    }

    fn attributes<'w>(
        &self,
        query: &Asked<'_>,
        parts: &Parts,
        body: Option<Value>,
        wanted: &'w Wanted,
    ) -> Members<'w> {
        let keys = &self.keys;
        let socket = |address| self.socket(address);
        let destination =
            Members::of(wanted).add(Part::Destination, &keys.address, || socket(query.local));
        let source = Members::of(wanted)
            .add(Part::Source, &keys.address, || socket(query.peer))
            .add(Part::SourcePrincipal, &keys.principal, || parts.caller.id.clone());
        let request = Members::of(wanted).within(&keys.http, self.http(query, body, wanted)).add(
            Part::RequestTime,
            &keys.time,
            || parts.time.0.clone(),
        );
        Members::of(wanted)
            .within(&keys.destination, destination)
            .within(&keys.request, request)
            .within(&keys.source, source)
    }

    fn socket(&self, address: SocketAddr) -> Value {
        let keys = &self.keys;
        let ip = Value::from(address.ip().to_canonical().to_string());
        let port = Value::from(u64::from(address.port()));
        object([(&keys.socket_address, object([(&keys.address, ip), (&keys.port_value, port)]))])
    }

    /// `attributes.request.http`, as Envoy fills it for HTTP/2: sizes are text, because protojson
    /// writes 64-bit numbers so.
    fn http<'w>(&self, query: &Asked<'_>, body: Option<Value>, wanted: &'w Wanted) -> Members<'w> {
        let (keys, head) = (&self.keys, query.target.head());
        let size =
            || query.body.map_or_else(|| "-1".to_owned(), |body| body.bytes().len().to_string());
        let http = Members::of(wanted)
            .add(Part::Headers, &keys.headers, || self.headers(head, wanted))
            .add(Part::Host, &keys.host, || Value::from(head.authority().to_string()))
            .add(Part::Id, &keys.id, || Value::from(query.id.to_string()))
            .add(Part::Method, &keys.method, || Value::from(head.method().as_str()))
            .add(Part::Target, &keys.path, || Value::from(head.target()))
            .add(Part::Protocol, &keys.protocol, || Value::from(head.protocol()))
            .add(Part::Scheme, &keys.scheme, || self.scheme.clone())
            .add(Part::Size, &keys.size, || Value::from(size()));
        match body {
            Some(body) => http.add(Part::Body, &keys.body, || body),
            None => http,
        }
    }

    /// The headers and the pseudo-headers, which Envoy shows among them.
    fn headers(&self, head: &Head, wanted: &Wanted) -> Value {
        let keys = &self.keys;
        let mut joined = wanted.joined().of(head.headers(), |all| one(&all));
        for (key, name) in [
            (&keys.pseudo_authority, ":authority"),
            (&keys.pseudo_method, ":method"),
            (&keys.pseudo_path, ":path"),
            (&keys.pseudo_scheme, ":scheme"),
        ] {
            if wanted.joined().has(name) {
                let value = match name {
                    ":authority" => Value::from(head.authority().to_string()),
                    ":method" => Value::from(head.method().as_str()),
                    ":path" => Value::from(head.target()),
                    _ => self.scheme.clone(),
                };
                joined.insert(key.clone(), value);
            }
        }
        joined.into_value()
    }

    fn countersign<'w>(
        &self,
        query: &Asked<'_>,
        parts: &Parts,
        body: &Value,
        wanted: &'w Wanted,
    ) -> Members<'w> {
        let keys = &self.keys;
        let call = || query.operations.call().map_or(Value::Null, |c| Value::from(c.document()));
        let mut countersign = Members::of(wanted)
            .add(Part::Approval, &keys.approval, || self.approval(query.approval))
            .add(Part::Chain, &keys.chain, || work::chain(query.situation, keys))
            .add(Part::Labels, &keys.labels, || work::labels(query.situation))
            .add(Part::Listener, &keys.listener, || Value::from(query.listener.as_str()))
            .add(Part::Mcp, &keys.mcp, call)
            .add(Part::Proposal, &keys.proposal, || Value::Null)
            .within(&keys.request, self.request(query, body, wanted))
            .add(Part::Route, &keys.route, || Value::from(query.target.route().name.as_str()))
            .add(Part::Task, &keys.task, || work::task(query.situation, query.now, keys))
            .add(Part::Time, &keys.time, || parts.time.1.clone());
        if PRINCIPAL.into_iter().any(|part| wanted.has(part)) {
            // It is kept whole, so there is nothing to save by cutting it.
            countersign.object.insert(keys.principal.clone(), parts.caller.principal.clone());
        }
        countersign
    }

    /// `countersign.approval`: what people agreed to, or null.
    fn approval(&self, approval: Option<&Approval>) -> Value {
        let Some(approval) = approval else { return Value::Null };
        let keys = &self.keys;
        let approvers = approval.approvers.iter().map(|name| Value::from(name.as_str()));
        let alone = approval.break_glass.as_ref().map_or(Value::Null, |broken| {
            object([
                (&keys.approver, Value::from(broken.approver.as_str())),
                (&keys.reason, Value::from(broken.reason.as_str())),
            ])
        });
        object([
            (&keys.approvers, Value::from(approvers.collect::<Vec<_>>())),
            (&keys.break_glass, alone),
            (&keys.decided_at, Value::from(approval.decided_at.to_string())),
            (&keys.digest, Value::from(approval.digest.as_str())),
            (&keys.proposal, Value::from(approval.proposal.to_string())),
            (&keys.standing, array(approval.standing.iter().map(String::as_str))),
        ])
    }

    /// `countersign.request`: the request without what Envoy's form loses.
    fn request<'w>(&self, query: &Asked<'_>, body: &Value, wanted: &'w Wanted) -> Members<'w> {
        let (keys, head) = (&self.keys, query.target.head());
        let digest =
            |body: &Inspected| Value::from(format!("sha-256=:{}:", STANDARD.encode(body.digest())));
        Members::of(wanted)
            .add(Part::EveryHeader, &keys.headers, || {
                wanted.every().of(head.headers(), Array::into_value).into_value()
            })
            .add(Part::HostName, &keys.host, || Value::from(head.authority().host()))
            .add(Part::Operations, &keys.operations, || {
                operations::of(query.operations.list(), body, keys)
            })
            .add(Part::Port, &keys.port, || {
                Value::from(u64::from(head.authority().port().unwrap_or(443)))
            })
            .add(Part::RawPath, &keys.raw_path, || Value::from(head.path().as_str()))
            .add(Part::RawSegments, &keys.raw_segments, || {
                array(head.path().segments().iter().map(|segment| segment.raw()))
            })
            .add(Part::Segments, &keys.segments, || segments(head))
            .add(Part::ContentDigest, &keys.content_digest, || {
                query.body.map_or(Value::Null, digest)
            })
    }
}

/// The parts of `countersign.principal`.
const PRINCIPAL: [Part; 4] =
    [Part::Certificate, Part::PrincipalId, Part::PrincipalPath, Part::TrustDomain];

/// The decoded segments.
fn segments(head: &Head) -> Value {
    array(head.path().segments().iter().map(|segment| segment.decoded()))
}

/// `parsed_path`: the decoded segments. `/` alone is one empty segment, as in opa-envoy; unlike
/// there, an encoded slash inside a segment does not split it.
fn parsed_path(head: &Head) -> Value {
    match head.path().segments().is_empty() {
        true => array([""]),
        false => segments(head),
    }
}

/// Rules are shown text. What is none refuses the request, whether a rule would look at it or not:
/// otherwise an edit of the rules would change what is let through elsewhere.
fn readable(headers: &HeaderMap) -> Result<(), Failure> {
    let is_text = |value: &http::HeaderValue| std::str::from_utf8(value.as_bytes()).is_ok();
    match headers.values().all(is_text) {
        true => Ok(()),
        false => Err(Failure::new(Cause::Input, "a header's value is not UTF-8")),
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
    let mut object = Object::new();
    for (key, value) in list {
        object.insert(key.clone(), value);
    }
    object.into_value()
}
