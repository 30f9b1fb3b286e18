//! Requests at random: who asks, for what, with which headers and body, and when.
//!
//! Every part is drawn from few values, so that requests meet rules, and each other.

use std::net::SocketAddr;

use http::Request;
use proptest::option;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::select;

use crate::clock::Timestamp;
use crate::id::{DecisionId, ListenerName};
use crate::identity::{Certificate, SpiffeId};
use crate::operation::Operations;
use crate::policy::query::Asked;
use crate::route::pattern::{HostPattern, PathPrefix};
use crate::route::protocol::Protocol;
use crate::route::terms::{Dialect, Durability, EncodedSlash, Retry};
use crate::route::{Head, Inspected, Route, Table, Target};
use crate::task::Situation;

/// One request, and all that an input shows of it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    caller: Certificate,
    target: Target,
    body: Option<Inspected>,
    operations: Operations,
    listener: ListenerName,
    peer: SocketAddr,
    local: SocketAddr,
    now: Timestamp,
}

impl Sample {
    pub(super) fn caller(&self) -> &Certificate {
        &self.caller
    }

    pub(super) fn asked(&self) -> Asked<'_> {
        Asked {
            id: DecisionId::new(),
            target: &self.target,
            body: self.body.as_ref(),
            operations: &self.operations,
            listener: &self.listener,
            peer: self.peer,
            local: self.local,
            now: self.now,
            approval: None,
            situation: &NOTHING,
        }
    }
}

static NOTHING: Situation = Situation::nothing();

const AGENTS: [&str; 4] = [
    "spiffe://a.org/x",
    "spiffe://a.org/ci/1",
    "spiffe://dev.local/agent/demo-agent",
    "spiffe://b.org/x",
];
const HOSTS: [&str; 3] = ["orders.example.org", "git.example.org", "openai.example.org"];
const PATHS: [&str; 9] = [
    "/",
    "/api/orders",
    "/api/admin?a=1&b=x+y&a=2",
    "/api/a%2Fb/",
    "/docs.git/info/refs?service=git-upload-pack",
    "/work.git/git-receive-pack",
    "/v1/customers/7",
    "/v1/customers/7?a=",
    "/x",
];
const METHODS: [&str; 5] = ["GET", "POST", "DELETE", "HEAD", "PUT"];
const VALUES: [&str; 4] = ["a", "b", "", "c,d"];
const BODIES: [&str; 6] = [
    r#"{"model": "gpt-small", "max_tokens": 100}"#,
    r#"{"model": "gpt-large", "max_completion_tokens": 9000}"#,
    r#"{"method": "tools/call", "params": {"name": "echo"}}"#,
    r#"{"method": "tools/call", "params": {"name": "rm"}, "amount": null}"#,
    "[1, 2]",
    "null",
];

/// One request.
pub(super) fn sample() -> impl Strategy<Value = Sample> {
    let headers = proptest::collection::vec(
        (select(vec!["x-tag", "x-other", "accept"]), select(&VALUES)),
        0..4,
    );
    let wanted = (select(&HOSTS), select(&PATHS), select(&METHODS));
    let caller = (select(&AGENTS), 0..2_u8).prop_map(|(id, key)| certificate(id, key));
    let place = (select(vec!["agents", "other"]), any::<bool>(), 0..3_i64);
    (caller, wanted, headers, option::of(select(&BODIES)), place, Just(())).prop_map(
        |(caller, wanted, headers, body, (listener, far, hours), ())| {
            let target = target(wanted, &headers);
            let body = body.map(Inspected::of_json);
            Sample {
                caller,
                operations: Operations::read(&target, body.as_ref()).unwrap(),
                target,
                body,
                listener: listener.into(),
                peer: if far { "192.0.2.7:4711" } else { "127.0.0.1:4712" }.parse().unwrap(),
                local: "192.0.2.1:8443".parse().unwrap(),
                now: Timestamp::from_secs(1_795_461_720 + hours * 3600),
            }
        },
    )
}

fn certificate(id: &str, key: u8) -> Certificate {
    let mut thumbprint = [key; 32];
    let text = id.as_bytes();
    let len = text.len().min(31);
    thumbprint[..len].copy_from_slice(&text[..len]);
    let not_after = Timestamp::from_secs(1_800_000_000 + i64::from(key));
    Certificate { spiffe_id: SpiffeId::parse(id).unwrap(), thumbprint, not_after }
}

fn target((host, path, method): (&str, &str, &str), headers: &[(&str, &str)]) -> Target {
    let mut request = Request::builder().method(method).uri(path).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let head = Head::parse(request.body(()).unwrap().into_parts().0).unwrap();
    Table::new(HOSTS.iter().map(|host| route(host)).collect()).resolve(head).unwrap()
}

fn route(host: &str) -> Route {
    Route {
        observe_until: None,
        labels: Vec::new(),
        name: host.split('.').next().unwrap().into(),
        hosts: vec![HostPattern::parse(host).unwrap()],
        path: PathPrefix::parse("/").unwrap(),
        methods: None,
        upstream: "orders".into(),
        protocol: Protocol::Http,
        credential: None,
        inspect: None,
        durability: Durability::Kernel,
        dialect: Dialect::Generic,
        encoded_slash: EncodedSlash::Keep,
        upgrades: Vec::new(),
        unscannable: None,
        retry: Retry::Never,
        policy: None,
    }
}

/// A plain request for `/x`.
pub(super) fn simple(agent: &str, method: &str) -> Sample {
    on_route(agent, method, None)
}

/// The same on a route that names this rule.
pub(super) fn on_route(agent: &str, method: &str, rule: Option<&str>) -> Sample {
    let request = Request::builder().method(method).uri("/x").header("host", HOSTS[0]);
    let head = Head::parse(request.body(()).unwrap().into_parts().0).unwrap();
    let route = Route { policy: rule.map(Into::into), ..route(HOSTS[0]) };
    let target = Table::new(vec![route]).resolve(head).unwrap();
    Sample {
        caller: certificate(agent, 0),
        operations: Operations::read(&target, None).unwrap(),
        target,
        body: None,
        listener: "agents".into(),
        peer: "127.0.0.1:1".parse().unwrap(),
        local: "127.0.0.1:2".parse().unwrap(),
        now: Timestamp::from_secs(1_795_461_720),
    }
}
