//! An upstream as the operator configured it, already parsed.
//!
//! Text becomes types here, once: an endpoint that parsed has a scheme Countersign speaks, a port,
//! and a host that is either an address literal or a name that cannot be mistaken for one. The
//! legacy spellings of IPv4 (octal, hexadecimal, shortened, one integer) are refused, because the
//! system's resolver would read them differently from everyone else.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{HeaderValue, Uri};
use ipnet::IpNet;

use crate::id::UpstreamName;

/// One upstream.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// Its key in the configuration.
    pub name: UpstreamName,
    /// Where it runs; at least one. A request goes to the one with the fewest in flight.
    pub endpoints: Vec<Endpoint>,
    /// The version of HTTP it speaks.
    pub protocol: Protocol,
    /// How its `https` endpoints are verified.
    pub tls: TlsConfig,
    /// The `Host` (or `:authority`) it is sent; its endpoint's own, unless given.
    pub host: Option<Authority>,
    /// Networks outside the public Internet that its names may resolve into.
    pub allow_addresses: Vec<IpNet>,
    /// How long it may take.
    pub timeouts: Timeouts,
    /// The most connections one worker opens to one endpoint.
    pub connections: usize,
}

impl Config {
    /// Connections one worker opens to one endpoint, unless configured.
    pub const CONNECTIONS: usize = 128;
}

/// The version of HTTP to speak.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Protocol {
    /// What TLS negotiates (RFC 7301); HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only; without TLS, by prior knowledge (RFC 9113 §3.3).
    Http2,
}

/// How an upstream is verified, and how Countersign proves itself to it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TlsConfig {
    /// Which certificate authorities it may be signed by.
    pub roots: Roots,
    /// The name its certificate must carry; its endpoint's host, unless given.
    pub server_name: Option<String>,
    /// The certificate to present, where it asks for one.
    pub client: Option<ClientIdentity>,
}

/// The certificate authorities an upstream may be signed by.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Roots {
    /// Those in this file (PEM), and no others.
    File(PathBuf),
    /// The machine's.
    #[default]
    System,
}

/// A certificate chain and its private key, both PEM.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClientIdentity {
    /// The chain, leaf first.
    pub cert: PathBuf,
    /// The leaf's key.
    pub key: PathBuf,
}

/// How long an upstream may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Timeouts {
    /// For a free connection, and again for name, TCP and TLS of a new one.
    pub connect: Duration,
    /// From the end of the request to the head of the response.
    pub first_byte: Duration,
    /// Between two parts of a body, in either direction.
    pub idle: Duration,
    /// For the whole exchange, tunnels excepted.
    pub whole: Duration,
    /// How long an unused connection is kept. Less than the upstream's own, or requests will race
    /// with its closing them.
    pub keep: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(60),
            idle: Duration::from_secs(60),
            whole: Duration::from_secs(3600),
            keep: Duration::from_secs(30),
        }
    }
}

/// One place an upstream runs at: `https://orders.internal:9443`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    scheme: Scheme,
    host: Host,
    port: u16,
    authority: Authority,
}

/// The host of an [`Endpoint`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Host {
    /// An address, written literally: that is the operator's permission for exactly this one.
    Address(IpAddr),
    /// A name, in lower case, to be resolved and its addresses checked.
    Name(String),
}

/// Why a text is not an [`Endpoint`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum InvalidEndpoint {
    /// It has a path, query, fragment or user.
    Extra,
    /// Its host is neither an address nor a name.
    Host,
    /// Its host is a number that some resolvers would read as an address.
    HostNumeric,
    /// Its port is not a port.
    Port,
    /// Its scheme is neither `http` nor `https`.
    Scheme,
    /// It is not a URL.
    Syntax,
}

impl Endpoint {
    /// Parses `scheme://host[:port]`, with nothing behind it but perhaps one slash.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        let uri: Uri = text.parse().map_err(|_| InvalidEndpoint::Syntax)?;
        let parts = uri.into_parts();
        let (Some(scheme), Some(written)) = (parts.scheme, parts.authority) else {
            return Err(InvalidEndpoint::Syntax);
        };
        let default_port = match scheme.as_str() {
            "http" => 80,
            "https" => 443,
            _ => return Err(InvalidEndpoint::Scheme),
        };
        let path = parts.path_and_query.as_ref().map_or("/", |path| path.as_str());
        if path != "/" || written.as_str().contains('@') || text.contains('#') {
            return Err(InvalidEndpoint::Extra);
        }
        let host = Host::parse(written.host())?;
        let port = match written.as_str().strip_prefix(written.host()).unwrap_or_default() {
            "" => default_port,
            port => strict_port(port.trim_start_matches(':'))?,
        };
        let authority = match port == default_port {
            true => host.to_string(),
            false => format!("{host}:{port}"),
        };
        let authority = authority.parse().map_err(|_| InvalidEndpoint::Host)?;
        Ok(Self { scheme, host, port, authority })
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Its host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `host`, or `host:port` where the port is not the scheme's own.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.authority)
    }
}

impl Host {
    /// An address literal (IPv6 in brackets), or a name of letters, digits, hyphens and dots.
    fn parse(text: &str) -> Result<Self, InvalidEndpoint> {
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let address: Ipv6Addr = inner.parse().map_err(|_| InvalidEndpoint::Host)?;
            return Ok(Self::Address(IpAddr::V6(address)));
        }
        if let Ok(address) = text.parse() {
            return Ok(Self::Address(IpAddr::V4(address)));
        }
        let name = text.to_ascii_lowercase();
        if name.len() > 253 || !name.split('.').all(is_label) {
            return Err(InvalidEndpoint::Host);
        }
        if name.rsplit('.').next().is_some_and(is_numeric) {
            return Err(InvalidEndpoint::HostNumeric);
        }
        Ok(Self::Name(name))
    }
}

/// As in a URL: IPv6 in brackets.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V4(address)) => address.fmt(f),
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Extra => "an endpoint is a scheme, a host and a port: remove what follows them",
            Self::Host => "the host is neither an IP address nor a DNS name",
            Self::HostNumeric => {
                "the host is a number: write an IPv4 address as four decimal parts"
            }
            Self::Port => "the port is not a number from 1 to 65535",
            Self::Scheme => "the scheme is neither http nor https",
            Self::Syntax => "not a URL: write it as https://host:port",
        })
    }
}

impl std::error::Error for InvalidEndpoint {}

/// The `Host` value that names `authority`.
pub(super) fn host_value(authority: &Authority) -> Option<HeaderValue> {
    HeaderValue::from_str(authority.as_str()).ok()
}

/// Underscores are not in DNS host names, but container networks use them.
fn is_label(label: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=63).contains(&label.len())
        && label.bytes().all(known)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// What `inet_aton` would take for a number.
fn is_numeric(label: &str) -> bool {
    let hex = label.strip_prefix("0x").is_some_and(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
    hex || label.bytes().all(|byte| byte.is_ascii_digit())
}

fn strict_port(text: &str) -> Result<u16, InvalidEndpoint> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(InvalidEndpoint::Port);
    }
    text.parse().ok().filter(|port| *port != 0).ok_or(InvalidEndpoint::Port)
}

#[cfg(test)]
mod tests {
    use super::{Endpoint, InvalidEndpoint};

    #[test]
    fn an_endpoint_prints_as_it_is_reached() {
        for (text, printed, port) in [
            ("https://orders.internal:9443", "https://orders.internal:9443", 9443),
            ("https://Orders.Internal/", "https://orders.internal", 443),
            ("http://127.0.0.1:80", "http://127.0.0.1", 80),
            ("http://[::1]:8080", "http://[::1]:8080", 8080),
            ("http://my_service:1", "http://my_service:1", 1),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.to_string().as_str(), endpoint.port()), (printed, port));
            assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint));
        }
    }

    #[test]
    fn anything_with_a_second_reading_is_not_an_endpoint() {
        for (text, expected) in [
            ("orders:443", InvalidEndpoint::Syntax),
            ("ftp://orders", InvalidEndpoint::Scheme),
            ("https://user@orders", InvalidEndpoint::Extra),
            ("https://orders/v1", InvalidEndpoint::Extra),
            ("https://orders?x=1", InvalidEndpoint::Extra),
            ("https://orders#x", InvalidEndpoint::Extra),
            ("https://orders:0", InvalidEndpoint::Port),
            ("https://orders:", InvalidEndpoint::Port),
            ("https://orders:99999", InvalidEndpoint::Port),
            ("https://orders.:443", InvalidEndpoint::Host),
            ("https://-orders", InvalidEndpoint::Host),
            ("http://2130706433", InvalidEndpoint::HostNumeric),
            ("http://127.1", InvalidEndpoint::HostNumeric),
            ("http://0x7f000001", InvalidEndpoint::HostNumeric),
            ("http://0177.0.0.1", InvalidEndpoint::HostNumeric),
            ("http://127.0.0.0x1", InvalidEndpoint::HostNumeric),
        ] {
            assert_eq!(Endpoint::parse(text), Err(expected), "{text}");
        }
    }
}
