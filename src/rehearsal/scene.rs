//! A case as the request that would arrive.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderValue};
use http::request::Parts;
use serde_json::Value;

use crate::clock::{Clock, Timestamp};
use crate::config::cases::{Case, Request, Values};
use crate::identity::{Certificate, SpiffeId};
use crate::operation::Operations;
use crate::proxy::failure::Failure;
use crate::route::pattern::{HostPattern, PathPrefix};
use crate::route::protocol::Protocol;
use crate::route::terms::{Dialect, Durability, EncodedSlash, Encoding, Inspect, Retry};
use crate::route::{Head, Inspected, Route, Table, Target};

/// What is on the stage when policy is asked.
pub(super) struct Scene {
    pub(super) caller: Certificate,
    pub(super) target: Target,
    pub(super) body: Option<Inspected>,
    pub(super) operations: Operations,
    pub(super) now: Timestamp,
}

/// Why policy is never asked.
pub(super) enum Curtain {
    /// The case cannot be played at all: why.
    Broken(String),
    /// Countersign refuses the request by itself.
    Refused(Failure),
}

impl Scene {
    /// Does with the case's request what is done with one that arrives. A `table` is there where
    /// the case has a configuration.
    pub(super) fn set(case: &Case, table: Option<&Table>, clock: &Clock) -> Result<Self, Curtain> {
        let broken =
            |what: &str, why: &dyn std::fmt::Display| Curtain::Broken(format!("`{what}`: {why}"));
        let spiffe_id = SpiffeId::parse(&case.agent).map_err(|why| broken("agent", &why))?;
        let now = match &case.at {
            Some(text) => moment(text).map_err(|why| broken("at", &why))?,
            None => clock.now(),
        };
        let body = case.request.body.as_ref().map(bytes_of);
        let parts = parts(&case.request).map_err(|why| broken("request", &why))?;
        let head = Head::parse(parts).map_err(Failure::Ambiguous)?;
        let target = match table {
            Some(table) => table.resolve(head),
            None => Table::new(vec![made_up(case, &head)?]).resolve(head),
        };
        let target = target.map_err(Failure::NoRoute)?;
        let body = match (body, target.route().inspect) {
            (Some(bytes), Some(inspect)) => {
                let read = Inspected::read(bytes, target.head().headers(), inspect);
                Some(read.map_err(Failure::Body)?)
            }
            _ => None,
        };
        let operations = Operations::read(&target, body.as_ref());
        let operations = operations.map_err(Failure::Unreadable)?;
        let caller = Certificate { spiffe_id, thumbprint: [0; 32], not_after: now };
        Ok(Self { caller, target, body, operations, now })
    }
}

impl From<Failure> for Curtain {
    fn from(failure: Failure) -> Self {
        Self::Refused(failure)
    }
}

/// The head's parts, with the path and the query as they are written.
fn parts(request: &Request) -> Result<Parts, String> {
    let Some(rest) = request.url.strip_prefix("https://") else {
        return Err("the url must begin with https://".to_owned());
    };
    let (host, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let target = if target.is_empty() { "/" } else { target };
    let head = http::Request::builder().method(request.method.as_str()).uri(target);
    let (mut parts, ()) =
        head.body(()).map_err(|why| format!("cannot be sent: {why}"))?.into_parts();
    put(&mut parts.headers, HOST.as_str(), host)?;
    for (name, values) in &request.headers {
        let values = match values {
            Values::Many(values) => values.as_slice(),
            Values::One(value) => std::slice::from_ref(value),
        };
        values.iter().try_for_each(|value| put(&mut parts.headers, name, value))?;
    }
    let is_json = request.body.as_ref().is_some_and(|body| !body.is_string());
    if is_json && !parts.headers.contains_key(CONTENT_TYPE) {
        parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(parts)
}

fn put(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), String> {
    let cannot = |why: &dyn std::fmt::Display| format!("header `{name}` cannot be sent: {why}");
    let value = HeaderValue::from_str(value).map_err(|why| cannot(&why))?;
    let key: http::HeaderName = name.parse().map_err(|why| cannot(&why))?;
    headers.append(key, value);
    Ok(())
}

fn bytes_of(body: &Value) -> Bytes {
    match body {
        Value::String(text) => Bytes::copy_from_slice(text.as_bytes()),
        other => Bytes::from(other.to_string()),
    }
}

fn moment(text: &str) -> Result<Timestamp, jiff::Error> {
    let stamp: jiff::Timestamp = text.parse()?;
    Ok(Timestamp::from_micros(u64::try_from(stamp.as_microsecond()).unwrap_or_default()))
}

/// A route that serves this request and shows policy all of it.
fn made_up(case: &Case, head: &Head) -> Result<Route, Curtain> {
    let host = HostPattern::parse(head.authority().host())
        .map_err(|why| Curtain::Broken(format!("no route can serve this host: {why}")))?;
    Ok(Route {
        name: case.route.clone().unwrap_or_else(|| "rehearsal".into()),
        hosts: vec![host],
        path: PathPrefix::root(),
        methods: None,
        upstream: "rehearsal".into(),
        protocol: Protocol::Http,
        credential: None,
        policy: None,
        inspect: inspected(case, head),
        durability: Durability::Kernel,
        dialect: Dialect::Generic,
        encoded_slash: EncodedSlash::Refuse,
        upgrades: Vec::new(),
        unscannable: None,
        retry: Retry::Never,
        observe_until: None,
        labels: Vec::new(),
    })
}

/// What policy sees of the case's body, whose type says how it is read.
fn inspected(case: &Case, head: &Head) -> Option<Inspect> {
    case.request.body.as_ref()?;
    let kind = head.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let encoding = match kind.unwrap_or_default().split(';').next() {
        Some("application/x-www-form-urlencoded") => Encoding::Form,
        Some("multipart/form-data") => Encoding::Multipart,
        _ => Encoding::Json,
    };
    Some(Inspect { encoding, limit: MAX_BODY })
}

/// The largest body on a route that is made up: what a route inspects unless it says otherwise.
const MAX_BODY: usize = 64 * 1024;
