//! Recorded grant in, authorized request out: the only file that puts a secret on anything.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use http::header::{ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Uri};

use crate::audit::Recorded;
use crate::credential::config::CredentialConfig;
use crate::credential::guard::{Guard, Patterns, Watched};
use crate::credential::injection::Injection;
use crate::enforce::Grant;
use crate::id::{CredentialName, UpstreamName};
use crate::metrics::CredentialMetrics;
use crate::revocation::Withdrawn;
use crate::route::Body;
use crate::route::query;
use crate::route::terms::{Retry, Unscannable};

/// Every credential of one configuration, with its secret read.
#[derive(Debug)]
pub struct Credentials {
    entries: HashMap<CredentialName, Entry>,
    metrics: CredentialMetrics,
}

/// One credential: where it may go, and what is put on a request, or why nothing can be.
#[derive(Debug)]
struct Entry {
    scheme: &'static str,
    upstreams: Vec<UpstreamName>,
    ready: Result<Ready, String>,
}

#[derive(Debug)]
struct Ready {
    injection: Injection,
    patterns: Arc<Patterns>,
}

/// What may be known of a credential: never its value.
#[derive(Clone, Copy, Debug)]
pub struct Listed<'a> {
    /// Its name.
    pub name: &'a CredentialName,
    /// How it is put on a request, in a word.
    pub scheme: &'static str,
    /// The only upstreams that it is ever sent to.
    pub upstreams: &'a [UpstreamName],
    /// Why it cannot be used, if it cannot.
    pub problem: Option<&'a str>,
}

/// A request with its credential on, and the only upstream it may be sent to.
///
/// Only this part makes one, out of a [`Recorded`] grant; [`upstream`](crate::upstream) sends
/// nothing else:
///
/// ```compile_fail
/// use countersign::credential::Authorized;
/// fn forge(request: http::Request<countersign::route::Body>) -> Authorized {
///     Authorized { request, upstream: "orders".into(), retry: Default::default() }
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Authorized {
    request: Request<Body>,
    upstream: UpstreamName,
    retry: Retry,
}

/// Why a credential could not be put on a request; nothing was sent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unsigned {
    /// The credential may not go to this upstream.
    NotBound(CredentialName, UpstreamName),
    /// Its secret cannot be had or used; the operator's message.
    Unavailable(CredentialName, String),
    /// No credential has this name.
    Unknown(CredentialName),
    /// The upstream's target could not be written.
    Target,
    /// It was revoked, or the agent was.
    Withdrawn(Withdrawn),
}

impl Credentials {
    /// Reads every secret. One that cannot be had makes its own routes answer 502, not the others:
    /// see [`problems`](Self::problems).
    pub fn load(configs: Vec<CredentialConfig>, metrics: CredentialMetrics) -> Self {
        let entry = |config: CredentialConfig| (config.name.clone(), Entry::load(config));
        Self { entries: configs.into_iter().map(entry).collect(), metrics }
    }

    /// What is wrong with which credential, for the operator.
    pub fn problems(&self) -> impl Iterator<Item = (&CredentialName, &str)> {
        self.entries
            .iter()
            .filter_map(|(name, entry)| Some((name, entry.ready.as_ref().err()?.as_str())))
    }

    /// Every credential, in no order.
    pub fn listed(&self) -> impl Iterator<Item = Listed<'_>> {
        self.entries.iter().map(|(name, entry)| Listed {
            name,
            scheme: entry.scheme,
            upstreams: &entry.upstreams,
            problem: entry.ready.as_ref().err().map(String::as_str),
        })
    }

    /// Whether the credential `name` could be put on a request to `upstream` now.
    ///
    /// # Errors
    /// [`Unsigned`], and why not.
    pub fn check(&self, name: &CredentialName, upstream: &UpstreamName) -> Result<(), Unsigned> {
        self.find(name, upstream).map(drop)
    }

    /// Puts the granted credential on the granted request.
    ///
    /// # Errors
    /// [`Unsigned`]: the request must then not be sent at all.
    pub fn inject(
        &self,
        grant: Recorded<Grant>,
        body: Body,
    ) -> Result<(Authorized, Guard), Unsigned> {
        let grant = grant.into_inner();
        let tether = grant.tether().clone();
        let terms = grant.into_terms();
        let mut headers = terms.headers;
        let mut target = terms.target;
        let mut watched = None;
        if let Some(name) = &terms.credential {
            tether.uses(name);
            let ready = self.ready(name, &terms.upstream)?;
            ready.injection.apply(&mut headers, &mut target);
            keep_readable(&mut headers, terms.unscannable);
            let patterns = Arc::clone(&ready.patterns);
            watched = Some(Watched { credential: name.clone(), patterns });
        }
        tether.check().map_err(Unsigned::Withdrawn)?;
        let mut request = Request::new(body);
        *request.method_mut() = terms.method;
        *request.uri_mut() = Uri::try_from(target).map_err(|_| Unsigned::Target)?;
        *request.headers_mut() = headers;
        let authorized = Authorized { request, upstream: terms.upstream, retry: terms.retry };
        Ok((authorized, Guard::new(watched, terms.unscannable)))
    }

    fn ready(&self, name: &CredentialName, upstream: &UpstreamName) -> Result<&Ready, Unsigned> {
        let found = self.find(name, upstream);
        let count = if found.is_ok() { &self.metrics.uses } else { &self.metrics.errors };
        count.with_label_values(&[name.as_str()]).inc();
        found
    }

    fn find(&self, name: &CredentialName, upstream: &UpstreamName) -> Result<&Ready, Unsigned> {
        let entry = self.entries.get(name).ok_or_else(|| Unsigned::Unknown(name.clone()))?;
        if !entry.upstreams.contains(upstream) {
            return Err(Unsigned::NotBound(name.clone(), upstream.clone()));
        }
        let ready = entry.ready.as_ref();
        ready.map_err(|problem| Unsigned::Unavailable(name.clone(), problem.clone()))
    }
}

impl Entry {
    fn load(config: CredentialConfig) -> Self {
        let ready = Ready::load(&config);
        Self { scheme: config.scheme.as_str(), upstreams: config.upstreams, ready }
    }
}

impl Ready {
    fn load(config: &CredentialConfig) -> Result<Self, String> {
        let secret = config.source.read().map_err(|e| e.to_string())?;
        let injection = config.scheme.injection(&secret).ok_or_else(|| {
            format!("{} holds characters that its scheme cannot carry", config.source)
        })?;
        let patterns = Patterns::new(&config.scheme.traces(&secret)).map_err(|e| e.to_string())?;
        Ok(Self { injection, patterns: Arc::new(patterns) })
    }
}

impl Injection {
    /// Sets it, over whatever stands there.
    fn apply(&self, headers: &mut HeaderMap, target: &mut String) {
        match self {
            Self::Header(name, value) => {
                headers.insert(name.clone(), value.clone());
            }
            Self::Query(name, value) => *target = query::set(target, name, &[&**value]),
        }
    }
}

impl Authorized {
    /// Where it goes.
    pub fn upstream(&self) -> &UpstreamName {
        &self.upstream
    }

    /// Whether it may be sent a second time.
    pub fn retry(&self) -> Retry {
        self.retry
    }

    /// The request: an origin-form target, and headers without `Host` or any for one hop.
    pub fn into_request(self) -> Request<Body> {
        self.request
    }
}

/// Asks the upstream for an answer that the guard can read.
fn keep_readable(headers: &mut HeaderMap, unscannable: Unscannable) {
    if unscannable == Unscannable::Pass {
        return;
    }
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    headers.remove(HeaderName::from_static("grpc-accept-encoding"));
    headers.remove(HeaderName::from_static("sec-websocket-extensions"));
}

impl fmt::Display for Unsigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotBound(credential, upstream) => write!(
                f,
                "credential `{credential}` may not go to upstream `{upstream}`; it is bound to the \
                 ones in its `upstreams`"
            ),
            Self::Unavailable(credential, why) => write!(f, "credential `{credential}`: {why}"),
            Self::Unknown(credential) => write!(f, "there is no credential `{credential}`"),
            Self::Target => f.write_str("the target cannot be written as a URI"),
            Self::Withdrawn(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for Unsigned {}
