//! `routes:` which requests there are, and what happens to each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::policy::check_rule;
use crate::config::problem::Problem;
use crate::config::protocol::{GraphQl, Protocol};
use crate::config::report::Report;
use crate::config::size::Size;
use crate::config::text::Text;
use crate::id::{CredentialName, RouteName, UpstreamName};
use crate::route::pattern::{HostPattern, PathPrefix};
use crate::route::terms;
use crate::task::Label;

/// One way through Countersign.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The hosts it serves, at least one: `orders.example.org`, or `*.example.org` for every name
    /// below one.
    #[schemars(length(min = 1))]
    pub hosts: Vec<Text<HostPattern>>,
    /// The path it serves with all that is under it, in whole segments. Of several routes, the
    /// longest path wins. Unless given, `/`.
    #[schemars(extend("default" = "/"))]
    pub path: Option<Text<PathPrefix>>,
    /// The methods it serves; unless given, the usual ones, and policy decides.
    pub methods: Option<Vec<Text<Method>>>,
    /// Where its requests go.
    #[schemars(with = "String")]
    pub upstream: UpstreamName,
    /// What its requests speak inside HTTP, and so how its operations are told apart.
    #[serde(default)]
    pub protocol: Protocol,
    /// The operations that only read: methods of JSON-RPC, `package.Service/Method` of gRPC, ids of
    /// persisted GraphQL queries. All that are not listed count as writes.
    #[serde(default)]
    pub reads: BTreeSet<String>,
    /// What it takes of GraphQL.
    pub graphql: Option<GraphQl>,
    /// What is put on them.
    #[schemars(with = "Option<String>")]
    pub credential: Option<CredentialName>,
    /// The rule that judges its requests, by its full path; unless given, `policy.query`.
    pub policy: Option<String>,
    /// What policy may see of their bodies; unless given, nothing, or what the protocol needs.
    pub inspect: Option<Inspect>,
    /// When their intent counts as recorded.
    #[serde(default)]
    pub durability: Durability,
    /// The shape of Countersign's own answers. Unless given, that of the protocol, or `generic`.
    pub dialect: Option<Dialect>,
    /// What happens to a request with `%2F` in its path.
    #[serde(default)]
    pub encoded_slash: EncodedSlash,
    /// The protocols that a request may change to.
    #[serde(default)]
    pub upgrade: Vec<Upgrade>,
    /// What happens to a response that cannot be searched for the credential. Unless given:
    /// `refuse` on routes with a credential, `pass` on others.
    pub unscannable: Option<Unscannable>,
    /// Whether a request may be sent a second time.
    #[serde(default)]
    pub retry: Retry,
    /// Until when what policy denies is let pass, with the credential, and recorded as that; at
    /// most 90 days ahead. Unless given, what policy denies is refused.
    pub observe_until: Option<Text<Timestamp>>,
    /// What work has touched once a request of it was sent here: rules read it as
    /// `countersign.labels`. Needs `state`.
    #[serde(default)]
    pub labels: Vec<Text<Label>>,
}

/// What policy may see of a request's body.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Inspect {
    /// How a body is read.
    pub body: Body,
    /// The largest body; a larger one is refused before anything else happens.
    #[serde(default = "inspect_limit")]
    pub limit: Text<Size>,
    /// For `grpc`: the file with the descriptors of its services, as `protoc --include_imports
    /// --descriptor_set_out` writes it.
    pub descriptors: Option<PathBuf>,
}

/// How a body is read for policy.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Body {
    /// As a form: names and values.
    Form,
    /// As messages of gRPC, by their descriptors.
    Grpc,
    /// As JSON, strictly.
    Json,
    /// As parts: names, files and sizes.
    Multipart,
    /// Not at all.
    None,
}

/// Declares a word of the file for each variant of a term of `route`.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident: $($(#[$variant_doc:meta])* $variant:ident => $term:ident),* $(,)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl From<$name> for terms::$name {
            fn from(word: $name) -> Self {
                match word {
                    $($name::$variant => Self::$term,)*
                }
            }
        }
    };
}

words! {
    /// When an exchange's intent counts as recorded.
    #[derive(Default)]
    Durability:
    /// The disk has it: power may fail.
    Disk => Disk,
    /// The kernel has it: Countersign may be killed.
    #[default]
    Kernel => Kernel,
}

words! {
    /// The shape of Countersign's own answers.
    #[derive(Default)]
    Dialect:
    /// Anthropic's API.
    Anthropic => Anthropic,
    /// AWS' APIs.
    Aws => Aws,
    /// RFC 9457 problems.
    #[default]
    Generic => Generic,
    /// git over HTTP.
    Git => Git,
    /// GitHub's API.
    Github => GitHub,
    /// GraphQL.
    Graphql => GraphQl,
    /// JSON-RPC 2.0.
    Jsonrpc => JsonRpc,
    /// MCP.
    Mcp => Mcp,
    /// OpenAI's API.
    Openai => OpenAi,
}

words! {
    /// What a route does with `%2F` in a path.
    #[derive(Default)]
    EncodedSlash:
    /// It is part of a segment; policy sees the raw segments.
    Keep => Keep,
    /// The request is refused.
    #[default]
    Refuse => Refuse,
}

words! {
    /// What happens to a response that cannot be searched for the credential.
    Unscannable:
    /// The agent may have it.
    Pass => Pass,
    /// The agent gets a 502 instead.
    Refuse => Refuse,
}

words! {
    /// Whether a request may be sent a second time.
    #[derive(Default)]
    Retry:
    /// Where its method is idempotent and no byte of an answer came.
    Idempotent => Idempotent,
    /// Only where it is certain that nothing of it was sent.
    #[default]
    Never => Never,
}

/// A protocol that a request may change to.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Upgrade {
    /// RFC 6455.
    Websocket,
}

impl Route {
    /// What happens to responses that cannot be searched, the default included.
    pub fn unscannable(&self) -> Unscannable {
        self.unscannable.unwrap_or(match self.credential {
            Some(_) => Unscannable::Refuse,
            None => Unscannable::Pass,
        })
    }

    fn check(&self, at: &KeyPath, report: &mut Report) {
        if self.hosts.is_empty() {
            let message = "a route serves at least one host";
            report.check(Problem::key(Code::Value, at.key("hosts"), message));
        }
        if self.methods.as_ref().is_some_and(Vec::is_empty) {
            report.check(
                Problem::key(Code::Value, at.key("methods"), "a route without methods serves none")
                    .help("remove the key to serve the usual ones"),
            );
        }
        self.check_protocol(at, report);
        if let Some(rule) = &self.policy {
            check_rule(rule, at.key("policy"), report);
        }
        if let Some(inspect) = &self.inspect {
            let limit = at.key("inspect").key("limit");
            report.within(limit, &inspect.limit, Size::bytes(1)..=Size::mib(64));
        }
        if self.credential.is_some() && self.unscannable == Some(Unscannable::Pass) {
            let message =
                "a response that cannot be searched may carry the credential to the agent";
            report.check(
                Problem::value(Code::Leak, at.key("unscannable"), message)
                    .help("remove the key: responses that cannot be searched are then refused"),
            );
        }
        if let Some(until) = &self.observe_until {
            let message = format!("until {until}, what policy denies here is let pass");
            report.check(
                Problem::value(Code::Observed, at.key("observe_until"), message)
                    .help("remove the key to have policy enforced"),
            );
        }
    }
}

/// What is wrong with each route, and with two that want the same requests.
pub(super) fn check(routes: &BTreeMap<RouteName, Route>, report: &mut Report) {
    let section = KeyPath::top("routes");
    let mut served: BTreeMap<(String, String), &RouteName> = BTreeMap::new();
    for (name, route) in routes {
        let at = section.key(name.as_str());
        report.name(&section, name.as_str());
        route.check(&at, report);
        let path = route.path.as_ref().map_or_else(|| "/".to_owned(), Text::to_string);
        for (index, host) in route.hosts.iter().enumerate() {
            let wanted = (host.to_string(), path.clone());
            if let Some(other) = served.insert(wanted, name) {
                let message = format!("routes `{other}` and `{name}` both serve {host}{path}");
                let at = at.key("hosts").index(index);
                report.check(Problem::value(Code::Ambiguous, at, message));
            }
        }
    }
}

fn inspect_limit() -> Text<Size> {
    Size::kib(64).into()
}
