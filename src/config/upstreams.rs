//! `upstreams:` where approved requests go.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::text::{Text, Written};
use crate::id::UpstreamName;
use crate::route::Authority;

/// One upstream.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// Where it runs: a scheme, a host and perhaps a port. This or `endpoints`.
    pub url: Option<Text<Origin>>,
    /// Where it runs, if that is several places. A request goes to the one with the fewest in
    /// flight.
    pub endpoints: Option<Vec<Text<Origin>>>,
    /// The version of HTTP it speaks.
    #[serde(default)]
    pub protocol: Protocol,
    /// How it is verified, and how Countersign proves itself to it.
    #[serde(default)]
    pub tls: Tls,
    /// The `Host` it is sent; that of its URL, unless given.
    pub host: Option<Text<Authority>>,
    /// Networks outside the public Internet that its name may resolve into.
    #[serde(default)]
    pub allow_addresses: Vec<Text<IpNet>>,
    /// How long it may take.
    #[serde(default)]
    pub timeouts: Timeouts,
    /// The most connections that one worker opens to one endpoint.
    #[serde(default = "connections")]
    pub connections: u32,
}

/// A scheme, a host and a port: `https://orders.internal:9443`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// How it is spoken to.
    pub scheme: Scheme,
    /// In lower case: a name, an IPv4 address, or an IPv6 address in brackets.
    pub host: String,
    /// The port, the scheme's own if none is written.
    pub port: u16,
}

/// How an origin is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scheme {
    /// In the clear.
    Http,
    /// Over TLS.
    Https,
}

/// A version of HTTP.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// What TLS negotiates; HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/2 only.
    H2,
    /// HTTP/1.1 only.
    Http1,
}

/// How an upstream is verified, and how Countersign proves itself to it.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// A PEM file: the authorities it may be signed by, instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// The name its certificate must have; the URL's host, unless given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// A PEM file: the certificate that Countersign shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<PathBuf>,
    /// A PEM file: that certificate's private key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<PathBuf>,
}

impl Tls {
    /// The files that it names.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        [&self.ca, &self.cert, &self.key].into_iter().flatten()
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        let files = [&mut self.ca, &mut self.cert, &mut self.key];
        files.into_iter().flatten().for_each(|path| rebase(folder, path));
    }
}

/// How long an upstream may take.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// For name, TCP and TLS of a new connection.
    pub connect: Text<Period>,
    /// From the end of the request to the head of the response.
    pub first_byte: Text<Period>,
    /// Between two parts of a body, in either direction.
    pub idle: Text<Period>,
    /// For the whole exchange, WebSockets excepted.
    pub whole: Text<Period>,
}

impl Upstream {
    /// Where it runs: every place once `url` and `endpoints` are one; at least one.
    pub fn origins(&self) -> impl Iterator<Item = &Origin> {
        self.url.iter().chain(self.endpoints.iter().flatten()).map(|origin| &origin.0)
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        self.tls.rebase(folder);
    }

    fn check(&self, at: &KeyPath, report: &mut Report) {
        self.check_where(at, report);
        self.check_tls(at, report);
        let times = at.key("timeouts");
        let waits = [
            ("connect", &self.timeouts.connect, 600),
            ("first_byte", &self.timeouts.first_byte, 86_400),
            ("idle", &self.timeouts.idle, 86_400),
            ("whole", &self.timeouts.whole, 7 * 86_400),
        ];
        for (key, value, most) in waits {
            report.within(times.key(key), value, Period::millis(10)..=Period::secs(most));
        }
        report.count(at.key("connections"), self.connections.into(), 1..=100_000);
    }

    fn check_where(&self, at: &KeyPath, report: &mut Report) {
        let (message, at) = match (&self.url, &self.endpoints) {
            (None, None) => ("an upstream needs a `url` or `endpoints`", at.clone()),
            (Some(_), Some(_)) => {
                ("an upstream has a `url` or `endpoints`, not both", at.key("endpoints"))
            }
            (None, Some(several)) if several.is_empty() => {
                ("`endpoints` needs at least one", at.key("endpoints"))
            }
            _ => return,
        };
        report.check(
            Problem::key(Code::Where, at, message)
                .help("write `url: https://orders.internal:9443`"),
        );
    }

    fn check_tls(&self, at: &KeyPath, report: &mut Report) {
        let at = at.key("tls");
        if self.tls.cert.is_some() != self.tls.key.is_some() {
            let message = "`cert` and `key` only make sense together";
            report.check(Problem::key(Code::Pair, at.clone(), message));
        }
        let is_plain = self.origins().any(|origin| origin.scheme == Scheme::Http);
        if is_plain && self.tls != Tls::default() {
            let message = "`tls` is set, but an address of this upstream begins with `http://`";
            report.check(Problem::key(Code::Pair, at.clone(), message).help("write `https://`"));
        }
        let name = self.tls.server_name.as_deref();
        if name.is_some_and(|name| Authority::parse(name).is_err() || name.contains(':')) {
            let message = "`server_name` is a host name without a port";
            report.check(Problem::value(Code::Value, at.key("server_name"), message));
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Period::secs(5).into(),
            first_byte: Period::secs(60).into(),
            idle: Period::secs(60).into(),
            whole: Period::secs(3600).into(),
        }
    }
}

impl Origin {
    /// Whether it is this very machine, by a literal address or by name.
    pub fn is_loopback(&self) -> bool {
        let host = self.host.trim_matches(['[', ']']);
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
    }
}

impl Written for Origin {
    const WHAT: &'static str = "a URL";
    const NAME: &'static str = "Origin";
    const PATTERN: &'static str = r"^https?://[^/?#@\s]+$";

    fn read(text: &str) -> Result<Self, String> {
        let (scheme, rest) = match text.split_once("://") {
            Some(("http", rest)) => (Scheme::Http, rest),
            Some(("https", rest)) => (Scheme::Https, rest),
            _ => return Err("an upstream's URL begins with `https://` or `http://`".to_owned()),
        };
        if rest.contains('@') {
            return Err("no user or password here: make it one of `credentials`".to_owned());
        }
        if let Some(end) = rest.find(['/', '?', '#']) {
            return Err(format!(
                "an upstream's URL ends behind host and port, paths are the routes' part; write \
                 `{}`",
                &text[..text.len() - rest.len() + end]
            ));
        }
        origin(scheme, rest).ok_or_else(|| {
            "not a host with a port; write `https://orders.internal:9443`".to_owned()
        })
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, port) = match self.scheme {
            Scheme::Http => ("http", 80),
            Scheme::Https => ("https", 443),
        };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port == port { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// What is wrong with each upstream.
pub(super) fn check(upstreams: &BTreeMap<UpstreamName, Upstream>, report: &mut Report) {
    let section = KeyPath::top("upstreams");
    for (name, upstream) in upstreams {
        report.name(&section, name.as_str());
        upstream.check(&section.key(name.as_str()), report);
    }
}

fn origin(scheme: Scheme, authority: &str) -> Option<Origin> {
    let host = Authority::parse(authority).ok()?.host().to_owned();
    let written = authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let port = match (written, scheme) {
        (Some((_, port)), _) => port.parse().ok().filter(|port| *port != 0)?,
        (None, Scheme::Http) => 80,
        (None, Scheme::Https) => 443,
    };
    // A host whose last label is a number is an address in one spelling or another, and resolvers
    // do not agree on the legacy ones.
    let is_number =
        |label: &str| label.bytes().all(|b| b.is_ascii_digit()) || label.starts_with("0x");
    let is_odd = host.rsplit('.').next().is_some_and(is_number) && host.parse::<IpAddr>().is_err();
    (!is_odd).then_some(Origin { scheme, host, port })
}

fn connections() -> u32 {
    100
}
