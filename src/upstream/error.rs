//! Why an upstream did not answer, and whether it may have acted.
//!
//! The second half matters more than the first: an exchange that failed before anything was sent
//! has an outcome (nothing happened), and one that failed later has none that Countersign could
//! know. Whoever closes the audit record reads [`Error::sent`], never the cause.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;

use crate::id::UpstreamName;
use crate::upstream::address::Place;
use crate::upstream::deadline::Phase;

/// A request that an upstream did not answer, or whose answer broke off.
#[derive(Clone, Debug)]
pub struct Error {
    upstream: UpstreamName,
    endpoint: Option<Arc<str>>,
    sent: Sent,
    cause: Cause,
}

/// Whether any of a request may have reached the upstream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sent {
    /// Part or all of it may have: what came of it is unknown.
    Maybe,
    /// Not one byte of it.
    Nothing,
}

/// What went wrong.
#[derive(Clone, Debug)]
pub enum Cause {
    /// Its name resolved to an address it may not have.
    AddressForbidden(IpAddr, Place),
    /// The connection ended before the exchange did.
    Closed(Arc<hyper::Error>),
    /// No TCP connection could be made.
    Connect(Arc<io::Error>),
    /// Every connection is in use, and too many requests are waiting already or waited too long.
    Overloaded,
    /// It broke HTTP, or a rule Countersign holds it to.
    Protocol(Arc<dyn std::error::Error + Send + Sync>),
    /// The agent's body broke off while it was being sent.
    RequestBody(Arc<hyper::Error>),
    /// Its name could not be resolved.
    Resolve(Arc<io::Error>),
    /// It took too long.
    Timeout(Phase),
    /// The TLS handshake failed.
    Tls(Arc<io::Error>),
    /// No upstream of that name is configured.
    Unknown,
}

impl Error {
    pub(super) fn new(
        upstream: &UpstreamName,
        endpoint: Option<&Arc<str>>,
        sent: Sent,
        cause: Cause,
    ) -> Self {
        Self { upstream: upstream.clone(), endpoint: endpoint.cloned(), sent, cause }
    }

    /// The upstream that was asked.
    pub fn upstream(&self) -> &UpstreamName {
        &self.upstream
    }

    /// What went wrong.
    pub fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Whether any of the request may have reached the upstream.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// The cause in one stable word, for metrics and records.
    pub fn reason(&self) -> &'static str {
        self.cause.reason()
    }
}

impl Cause {
    /// The cause as agents are told: a stable word that says whose fault it is.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AddressForbidden(..) => "upstream_address_forbidden",
            Self::Closed(_) => "upstream_closed",
            Self::Connect(_) => "upstream_connect",
            Self::Overloaded => "upstream_overloaded",
            Self::Protocol(_) => "upstream_protocol",
            Self::RequestBody(_) => "request_body",
            Self::Resolve(_) => "upstream_resolve",
            Self::Timeout(Phase::Connect) => "upstream_timeout_connect",
            Self::Timeout(Phase::FirstByte) => "upstream_timeout_first_byte",
            Self::Timeout(Phase::Idle) => "upstream_timeout_idle",
            Self::Timeout(Phase::Whole) => "upstream_timeout_whole",
            Self::Tls(_) => "upstream_tls",
            Self::Unknown => "upstream_unknown",
        }
    }

    /// The same, for metrics and records, where it is clear that upstreams are spoken of.
    pub fn reason(&self) -> &'static str {
        let code = self.code();
        code.strip_prefix("upstream_").unwrap_or(code)
    }

    /// Whether the cause lies in the endpoint, so that its health should suffer.
    pub(super) fn blames_endpoint(&self) -> bool {
        match self {
            Self::AddressForbidden(..) | Self::Connect(_) | Self::Resolve(_) | Self::Tls(_) => true,
            Self::Timeout(phase) => matches!(phase, Phase::Connect | Phase::FirstByte),
            Self::Closed(_)
            | Self::Overloaded
            | Self::Protocol(_)
            | Self::RequestBody(_)
            | Self::Unknown => false,
        }
    }

    /// Sorts what hyper reports.
    pub(super) fn of(error: hyper::Error) -> Self {
        let error = Arc::new(error);
        if error.is_parse() {
            return Self::Protocol(error);
        }
        if error.is_user() {
            return Self::RequestBody(error);
        }
        Self::Closed(error)
    }

    /// A rule of ours that the upstream broke.
    pub(super) fn rule(rule: &'static str) -> Self {
        Self::Protocol(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(rule)))
    }
}

/// For the operator: what, where, and how to fix it. Never shown to an agent.
impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}", self.upstream)?;
        if let Some(endpoint) = &self.endpoint {
            write!(f, " at {endpoint}")?;
        }
        write!(f, ": {}", self.cause)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressForbidden(address, place) => write!(
                f,
                "its name resolves to {address}, {place}; if that is where it lives, add the \
                 network to its allow_addresses"
            ),
            Self::Closed(error) => write!(f, "the connection ended early: {}", Chain(error)),
            Self::Connect(error) => {
                write!(f, "cannot connect: {error}; check that it runs and that its url is right")
            }
            Self::Overloaded => f.write_str(
                "all connections are in use; it is too slow, or its connections limit too low",
            ),
            Self::Protocol(error) => write!(f, "it broke HTTP: {}", Chain(error)),
            Self::RequestBody(error) => {
                write!(f, "the agent's body broke off while being sent: {}", Chain(error))
            }
            Self::Resolve(error) => write!(f, "its name cannot be resolved: {error}"),
            Self::Timeout(phase) => write!(f, "{phase}; see its timeouts"),
            Self::Tls(error) => {
                write!(f, "the TLS handshake failed: {error}; check tls.ca and tls.server_name")
            }
            Self::Unknown => f.write_str("it is not configured"),
        }
    }
}

impl std::error::Error for Error {}

/// An error with the causes behind it, which hyper leaves out of its own text.
struct Chain<'a, E: ?Sized>(&'a Arc<E>);

impl<E: std::error::Error + ?Sized> fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let mut source = self.0.source();
        while let Some(cause) = source {
            write!(f, ": {cause}")?;
            source = cause.source();
        }
        Ok(())
    }
}
