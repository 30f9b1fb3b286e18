//! The head of a request in its one canonical form.

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::{Method, Version};

use crate::id::{ProposalId, TaskId};
use crate::route::ambiguity::Ambiguity;
use crate::route::authority::Authority;
use crate::route::headers::clean;
use crate::route::path::Path;
use crate::route::query::Query;

/// A request's head, parsed strictly and cleaned. What an agent may not say is gone from it.
#[derive(Clone, Debug)]
pub struct Head {
    method: Method,
    authority: Authority,
    path: Path,
    query: Option<Query>,
    headers: HeaderMap,
    version: Version,
    upgrade: Option<Upgrade>,
    task: Option<TaskId>,
    proposal: Option<ProposalId>,
}

/// A protocol that a request asks to change to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Upgrade {
    /// RFC 6455.
    WebSocket,
}

impl Head {
    /// Reads the head of an origin-form request.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(parts: Parts) -> Result<Self, Ambiguity> {
        let authority = authority(&parts)?;
        let path = Path::parse(parts.uri.path())?;
        let query = parts.uri.query().map(Query::parse).transpose()?;
        check_expectation(&parts.headers)?;
        let upgrade = upgrade(&parts)?;
        let headers = &parts.headers;
        let task = named(headers, TASK, TaskId::parse, Ambiguity::TaskMalformed)?;
        let malformed = Ambiguity::ProposalMalformed;
        let proposal = named(headers, PROPOSAL, ProposalId::parse, malformed)?;
        Ok(Self {
            headers: clean(parts.headers)?,
            method: parts.method,
            version: parts.version,
            authority,
            path,
            query,
            upgrade,
            task,
            proposal,
        })
    }

    /// The method, as it was sent: methods are case-sensitive.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The host and port that the agent asked for.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The query, if there is a `?`.
    pub fn query(&self) -> Option<&Query> {
        self.query.as_ref()
    }

    /// The headers that may pass, every value of each.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Says these headers instead of whatever they said.
    pub(crate) fn restate(&mut self, headers: &[(HeaderName, HeaderValue)]) {
        for (name, value) in headers {
            self.headers.insert(name.clone(), value.clone());
        }
    }

    /// Leaves this header out.
    pub(crate) fn leave_out(&mut self, name: &HeaderName) {
        self.headers.remove(name);
    }

    /// The headers, when nothing else of the head is needed any more.
    pub(crate) fn into_headers(self) -> HeaderMap {
        self.headers
    }

    /// `HTTP/1.1` or `HTTP/2`, as opa-envoy writes it.
    pub fn protocol(&self) -> &'static str {
        match self.version {
            Version::HTTP_10 => "HTTP/1.0",
            Version::HTTP_2 => "HTTP/2",
            _ => "HTTP/1.1",
        }
    }

    /// The protocol that the request asks to change to; others than these are not passed on.
    pub fn upgrade(&self) -> Option<Upgrade> {
        self.upgrade
    }

    /// The task that the request says it belongs to.
    pub fn task(&self) -> Option<TaskId> {
        self.task
    }

    /// The proposal that the request says it is.
    pub fn proposal(&self) -> Option<ProposalId> {
        self.proposal
    }

    /// The target in origin form: the path, and the query behind a `?`.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{}", self.path.as_str(), query.raw()),
            None => self.path.as_str().to_owned(),
        }
    }
}

/// What `read` makes of the one header `name`, which is for us and goes no further.
fn named<T>(
    headers: &HeaderMap,
    name: HeaderName,
    read: impl Fn(&str) -> Option<T>,
    malformed: Ambiguity,
) -> Result<Option<T>, Ambiguity> {
    let mut named = headers.get_all(name).iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(id), None) => id.to_str().ok().and_then(read).map(Some).ok_or(malformed),
        (Some(_), Some(_)) => Err(malformed),
    }
}

const PROPOSAL: HeaderName = HeaderName::from_static("countersign-proposal");

const TASK: HeaderName = HeaderName::from_static("countersign-task");

/// The one authority that everything in the head agrees on.
fn authority(parts: &Parts) -> Result<Authority, Ambiguity> {
    let mut hosts = parts.headers.get_all(HOST).iter();
    let (host, None) = (hosts.next(), hosts.next()) else {
        return Err(Ambiguity::AuthorityMalformed);
    };
    let host = host.map(parse_host).transpose()?;
    let named = parts.uri.authority().map(|authority| Authority::parse(authority.as_str()));
    // HTTP/1.1 targets are in origin form here; an absolute one belongs to a forward proxy.
    if parts.version != Version::HTTP_2 && parts.uri.scheme().is_some() {
        return Err(Ambiguity::TargetForm);
    }
    match (host, named.transpose()?) {
        (Some(host), Some(named)) if host != named => Err(Ambiguity::AuthorityMismatch),
        (Some(authority), _) | (None, Some(authority)) => Ok(authority),
        (None, None) => Err(Ambiguity::AuthorityMalformed),
    }
}

fn parse_host(host: &HeaderValue) -> Result<Authority, Ambiguity> {
    Authority::parse(host.to_str().map_err(|_| Ambiguity::AuthorityMalformed)?)
}

fn check_expectation(headers: &HeaderMap) -> Result<(), Ambiguity> {
    let only_continue =
        |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if headers.get_all(EXPECT).iter().all(only_continue) {
        return Ok(());
    }
    Err(Ambiguity::Expectation)
}

/// A WebSocket handshake, or nothing. Every other upgrade (`h2c` above all) is simply not passed on.
fn upgrade(parts: &Parts) -> Result<Option<Upgrade>, Ambiguity> {
    let Some(protocol) = parts.headers.get(UPGRADE) else {
        return Ok(None);
    };
    if parts.version != Version::HTTP_11 || !protocol.as_bytes().eq_ignore_ascii_case(b"websocket")
    {
        return Ok(None);
    }
    let connection = parts.headers.get_all(CONNECTION).iter();
    let asked = connection
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|option| option.trim().eq_ignore_ascii_case("upgrade"));
    let has_body = parts.headers.contains_key(TRANSFER_ENCODING)
        || parts.headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    if !asked || has_body || parts.method != Method::GET {
        return Err(Ambiguity::Upgrade);
    }
    Ok(Some(Upgrade::WebSocket))
}

#[cfg(test)]
mod tests {
    use super::{Head, Upgrade};
    use crate::route::ambiguity::Ambiguity;
    use http::{Request, Version};

    fn head(request: http::request::Builder) -> Result<Head, Ambiguity> {
        Head::parse(request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_head_is_read_once_into_its_parts() {
        let head = head(Request::get("/%61/b?x=1").header("host", "Api.example.org:8443")).unwrap();
        assert_eq!(head.target(), "/a/b?x=1");
        assert_eq!(head.authority().to_string(), "api.example.org:8443");
        assert!(head.headers().is_empty());
    }

    #[test]
    fn the_authority_must_be_one() {
        let two = Request::get("/").header("host", "a").header("host", "a");
        assert_eq!(head(two).unwrap_err(), Ambiguity::AuthorityMalformed);
        assert_eq!(head(Request::get("/")).unwrap_err(), Ambiguity::AuthorityMalformed);
        let other = Request::get("https://b/").header("host", "a").version(Version::HTTP_2);
        assert_eq!(head(other).unwrap_err(), Ambiguity::AuthorityMismatch);
        let same = Request::get("https://A/").header("host", "a:443").version(Version::HTTP_2);
        assert!(head(same).is_ok());
        let absolute = Request::get("http://a/").header("host", "a");
        assert_eq!(head(absolute).unwrap_err(), Ambiguity::TargetForm);
    }

    #[test]
    fn only_a_whole_websocket_handshake_is_an_upgrade() {
        let ask = |protocol: &str, connection: &str| {
            let request = Request::get("/").header("host", "a").header("upgrade", protocol);
            head(request.header("connection", connection)).map(|head| head.upgrade())
        };
        assert_eq!(ask("websocket", "keep-alive, Upgrade"), Ok(Some(Upgrade::WebSocket)));
        assert_eq!(ask("h2c", "Upgrade, HTTP2-Settings"), Ok(None));
        assert_eq!(ask("websocket", "keep-alive"), Err(Ambiguity::Upgrade));
        let handshake = Request::get("/").header("host", "a").header("upgrade", "websocket");
        let handshake = handshake.header("connection", "upgrade").header("content-length", "1");
        assert_eq!(head(handshake).unwrap_err(), Ambiguity::Upgrade);
    }

    #[test]
    fn only_one_expectation_is_known() {
        let ask = |value: &str| head(Request::put("/").header("host", "a").header("expect", value));
        assert!(ask("100-Continue").is_ok());
        assert_eq!(ask("200-ok").unwrap_err(), Ambiguity::Expectation);
    }
}
