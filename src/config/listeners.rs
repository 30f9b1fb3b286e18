//! `listeners:` where Countersign listens, and for whom.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::Report;
use crate::config::size::Size;
use crate::config::text::Text;
use crate::id::ListenerName;

/// One address to listen on.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Listener {
    /// An IP address and a port; port 0 takes any free one.
    pub address: Text<SocketAddr>,
    /// What it serves. Listeners named `admin` and `control` need not say.
    pub door: Option<Door>,
    /// What one agent, and all of them together, may use.
    #[serde(default)]
    pub limits: Limits,
}

/// What a listener serves.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Door {
    /// Health and metrics, over plain HTTP.
    Admin,
    /// Operators and approvers.
    Control,
    /// Agents' requests, over mutual TLS.
    Reverse,
}

/// What one listener's agents may use.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections open at once.
    pub connections: u32,
    /// Connections open at once from one principal.
    pub connections_per_principal: u32,
    /// Bytes of a request's head.
    pub header_bytes: Text<Size>,
    /// Fields in a request's head.
    pub header_fields: u32,
    /// Bytes of a request's target.
    pub uri_bytes: Text<Size>,
    /// HTTP/2 streams open at once on one connection.
    pub streams: u32,
    /// From the connection to the end of the TLS handshake.
    pub handshake: Text<Period>,
    /// From a request's first byte to the end of its head.
    pub head: Text<Period>,
    /// Between two parts of a request's body.
    pub body_idle: Text<Period>,
    /// Between two requests on a kept connection, and how long an answer may be left untaken.
    pub idle: Text<Period>,
}

impl Listener {
    /// What it serves: what it says, or else what its name says.
    pub fn door(&self, name: &ListenerName) -> Option<Door> {
        self.door.or(match name.as_str() {
            "admin" => Some(Door::Admin),
            "control" => Some(Door::Control),
            _ => None,
        })
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_principal: 1_000,
            header_bytes: Size::kib(64).into(),
            header_fields: 100,
            uri_bytes: Size::kib(8).into(),
            streams: 100,
            handshake: Period::secs(10).into(),
            head: Period::secs(10).into(),
            body_idle: Period::secs(30).into(),
            idle: Period::secs(60).into(),
        }
    }
}

impl Limits {
    fn check(&self, at: &KeyPath, report: &mut Report) {
        let counts = [
            ("connections", self.connections, 1_000_000),
            ("connections_per_principal", self.connections_per_principal, 1_000_000),
            ("header_fields", self.header_fields, 10_000),
            ("streams", self.streams, 10_000),
        ];
        for (key, value, most) in counts {
            report.count(at.key(key), value.into(), 1..=most);
        }
        let bytes = Size::kib(1)..=Size::mib(1);
        report.within(at.key("header_bytes"), &self.header_bytes, bytes.clone());
        report.within(at.key("uri_bytes"), &self.uri_bytes, bytes);
        let waits = [
            ("handshake", &self.handshake),
            ("head", &self.head),
            ("body_idle", &self.body_idle),
            ("idle", &self.idle),
        ];
        for (key, value) in waits {
            report.within(at.key(key), value, Period::millis(100)..=Period::secs(3600));
        }
    }
}

/// What is wrong with all listeners together and each of them.
pub(super) fn check(listeners: &BTreeMap<ListenerName, Listener>, report: &mut Report) {
    let section = KeyPath::top("listeners");
    let mut bound: Vec<(SocketAddr, &ListenerName)> = Vec::new();
    for (name, listener) in listeners {
        let at = section.key(name.as_str());
        report.name(&section, name.as_str());
        check_door(name, listener, &at, report);
        listener.limits.check(&at.key("limits"), report);
        let address = listener.address.0;
        let other = bound.iter().find(|(other, _)| collides(*other, address));
        if let Some((_, other)) = other {
            let message = format!("listeners `{other}` and `{name}` have one address");
            report.check(Problem::value(Code::Bind, at.key("address"), message));
        }
        bound.push((address, name));
    }
    check_served(listeners, &section, report);
}

fn check_door(name: &ListenerName, listener: &Listener, at: &KeyPath, report: &mut Report) {
    match listener.door(name) {
        None => report.check(
            Problem::key(Code::NoDoor, at.clone(), format!("listener `{name}` needs a `door`"))
                .help(
                    "add `door: reverse` to serve agents, `door: control` to serve people, or \
                     `door: admin` for health and metrics",
                ),
        ),
        Some(Door::Admin) if !listener.address.ip().is_loopback() => report.check(
            Problem::value(
                Code::AdminExposed,
                at.key("address"),
                "health and metrics are served beyond this machine, without TLS",
            )
            .help("listen on 127.0.0.1, or see that only your monitoring can connect"),
        ),
        Some(Door::Admin | Door::Control | Door::Reverse) => {}
    }
}

fn check_served(
    listeners: &BTreeMap<ListenerName, Listener>,
    section: &KeyPath,
    report: &mut Report,
) {
    let serves = |door| listeners.iter().any(|(name, one)| one.door(name) == Some(door));
    let is_clear = listeners.iter().all(|(name, one)| one.door(name).is_some());
    if is_clear && !serves(Door::Reverse) {
        report.check(
            Problem::key(Code::NoAgents, section.clone(), "no listener serves agents")
                .help("add one: `agents: { address: 0.0.0.0:8443, door: reverse }`"),
        );
    }
    if is_clear && !serves(Door::Admin) {
        report.check(
            Problem::key(Code::NoAdmin, section.clone(), "no listener serves health and metrics")
                .help("add one: `admin: { address: 127.0.0.1:9464 }`"),
        );
    }
}

/// Whether the second listener could not bind, or would get only a part of what it asks for.
fn collides(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = one.ip() == other.ip()
        || (one.is_ipv4() == other.is_ipv4()
            && (one.ip().is_unspecified() || other.ip().is_unspecified()));
    one.port() != 0 && one.port() == other.port() && covers
}
