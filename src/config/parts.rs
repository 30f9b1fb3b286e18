//! The configuration as used: each section in the type of the part that it is for.
//!
//! What the sections' own checks have passed converts; what still does not is a problem with its
//! place, never a default.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread::available_parallelism;

use http::uri;

use crate::approval;
use crate::audit;
use crate::callback;
use crate::config::bundle::{Key, Server, Signing};
use crate::config::callbacks::Callbacks;
use crate::config::code::Code;
use crate::config::control::Control;
use crate::config::credentials::Credential;
use crate::config::file::{File, Workers};
use crate::config::history::Receiver;
use crate::config::identity::Trust;
use crate::config::keypath::KeyPath;
use crate::config::listeners::{Door, Limits};
use crate::config::policy::{Memory, Policy, Tests};
use crate::config::problem::Problem;
use crate::config::routes::{Route, Upgrade};
use crate::config::signals::{self, Signals};
use crate::config::source::Source;
use crate::config::state::State;
use crate::config::text::Text;
use crate::config::upstreams::{Protocol, Tls, Upstream};
use crate::control;
use crate::credential::{self, CredentialConfig};
use crate::fetch;
use crate::history;
use crate::id::{CredentialName, ListenerName, RouteName, RuleName, UpstreamName};
use crate::identity::spiffe_id::TrustDomain;
use crate::identity::trust::TrustConfig;
use crate::listener::{self, ListenerConfig};
use crate::policy;
use crate::proxy;
use crate::route::head;
use crate::route::pattern::PathPrefix;
use crate::{route, signal, store, upstream};

impl File {
    /// How many threads serve agents.
    pub fn worker_count(&self) -> usize {
        match self.workers {
            Workers::Cores(_) => available_parallelism().map_or(1, usize::from),
            Workers::Count(count) => usize::from(count).max(1),
        }
    }

    /// The listeners for agents.
    pub fn doors(&self) -> Vec<ListenerConfig> {
        self.listening(Door::Reverse)
    }

    /// The listeners for people.
    pub fn control_doors(&self) -> Vec<ListenerConfig> {
        self.listening(Door::Control)
    }

    fn listening(&self, door: Door) -> Vec<ListenerConfig> {
        let doors = self.listeners.iter().filter(|(n, l)| l.door(n) == Some(door));
        doors
            .map(|(name, listener)| ListenerConfig {
                name: name.clone(),
                address: listener.address.0,
                limits: listener.limits.used(),
            })
            .collect()
    }

    /// The listener for probes and metrics.
    pub fn admin(&self) -> Option<(ListenerName, SocketAddr)> {
        let admin = self.listeners.iter().find(|(n, l)| l.door(n) == Some(Door::Admin));
        admin.map(|(name, listener)| (name.clone(), listener.address.0))
    }

    /// The trust domains with their bundles.
    pub fn trust(&self) -> Vec<TrustConfig> {
        trusted(&self.identity.trust)
    }

    /// Who is let in at the control door, if anybody is.
    ///
    /// # Errors
    /// A problem for an address that is no endpoint.
    pub fn control(&self) -> Result<Option<control::Config>, Problem> {
        let Some(control) = self.control.as_ref().map(Control::used).transpose()? else {
            return Ok(None);
        };
        let transmitters = self.signals.as_ref().map(Signals::transmitters).transpose()?;
        Ok(Some(control::Config { transmitters: transmitters.unwrap_or_default(), ..control }))
    }

    /// The files that say so.
    pub fn control_files(&self) -> impl Iterator<Item = &PathBuf> {
        let transmitters = self.signals.iter().flat_map(Signals::files);
        self.control.iter().flat_map(Control::files).chain(transmitters)
    }

    /// The routes. Reads their descriptors from the disk.
    ///
    /// # Errors
    /// A problem for descriptors that cannot be read or used.
    pub fn routes(&self) -> Result<Vec<route::Route>, Problem> {
        self.routes.iter().map(|(name, route)| route.used(name)).collect()
    }

    /// Whether policy sees bodies on any route.
    pub fn inspects(&self) -> bool {
        self.routes.values().any(|route| route.inspected().is_some())
    }

    /// The files with the descriptors of gRPC messages.
    pub fn descriptors(&self) -> impl Iterator<Item = &Path> {
        self.routes.values().filter_map(|route| route.inspect.as_ref()?.descriptors.as_deref())
    }

    /// The upstreams.
    ///
    /// # Errors
    /// A problem for an address that is no endpoint.
    pub fn upstreams(&self) -> Result<Vec<upstream::Config>, Problem> {
        self.upstreams.iter().map(|(name, upstream)| upstream.used(name)).collect()
    }

    /// The credentials.
    ///
    /// # Errors
    /// A problem for one whose keys do not fit its scheme.
    pub fn credentials(&self) -> Result<Vec<CredentialConfig>, Problem> {
        let used = |(name, credential): (&CredentialName, &Credential)| {
            let at = || KeyPath::top("credentials").key(name.as_str());
            let scheme = credential.placement().map_err(|misfit| {
                Problem::value(misfit.code, at().key(misfit.key), misfit.message)
            })?;
            Ok(CredentialConfig {
                name: name.clone(),
                scheme,
                source: credential.secret.used(),
                upstreams: credential.upstreams.clone(),
            })
        };
        self.credentials.iter().map(used).collect()
    }

    /// The audit trail.
    ///
    /// # Errors
    /// A problem for an origin that no checkpoint can carry.
    pub fn audit(&self) -> Result<audit::Config, Problem> {
        let written = &self.audit;
        let Some(origin) = audit::Origin::parse(&written.checkpoint.origin) else {
            let at = KeyPath::top("audit").key("checkpoint").key("origin");
            let message = "an origin has no blanks and no `+`";
            return Err(Problem::value(Code::Value, at, message));
        };
        let key = written.checkpoint.key.file.clone();
        let mut config = audit::Config::new(written.path.clone(), key, origin);
        config.sync = written.sync.0.duration();
        config.checkpoint.every = written.checkpoint.every.0.duration();
        config.segment = written.segment.0.get();
        Ok(config)
    }

    /// The rules; none are in force without the section.
    pub fn policy(&self) -> Option<policy::Config> {
        let mut config = self.policy.as_ref().map(Policy::used)?;
        config.routes = self.routes.values().filter_map(Route::rule).collect();
        Some(config)
    }

    /// Where decisions are kept, if they are.
    pub fn history(&self) -> Option<history::Config> {
        self.policy.as_ref().and_then(|policy| Some(policy.history.as_ref()?.used()))
    }

    /// Where decisions are sent, if they are.
    ///
    /// # Errors
    /// A problem for an address that is no endpoint.
    pub fn receiver(&self) -> Result<Option<fetch::Config>, Problem> {
        let history = self.policy.as_ref().and_then(|policy| policy.history.as_ref());
        history.and_then(|history| history.send.as_ref()).map(Receiver::used).transpose()
    }

    /// The database of what outlives the process, if there is one.
    pub fn state(&self) -> Option<store::Config> {
        self.state.as_ref().map(State::used)
    }

    /// How agents are told what becomes of their proposals, if they are.
    pub fn callbacks(&self) -> Option<callback::Config> {
        self.callbacks.as_ref().map(Callbacks::used)
    }

    /// Where security events are sent, if they are.
    ///
    /// # Errors
    /// A problem for an address that is no endpoint.
    pub fn signals(&self) -> Result<Option<signal::Config>, Problem> {
        let send = self.signals.as_ref().and_then(|signals| signals.send.as_ref());
        send.map(signals::Receiver::used).transpose()
    }

    /// How agents wait for people.
    pub fn waiting(&self) -> proxy::Waiting {
        self.approvals.clone().unwrap_or_default().used()
    }

    /// Who may answer them.
    pub fn people(&self) -> approval::People {
        self.approvals.clone().unwrap_or_default().people()
    }

    /// The server of the policy's archive, if it has one.
    ///
    /// # Errors
    /// A problem for an address that is no endpoint.
    pub fn bundle_server(&self) -> Result<Option<fetch::Config>, Problem> {
        let server = self.policy.as_ref().and_then(|policy| policy.server.as_ref());
        server.map(Server::used).transpose()
    }

    /// The certificate that Countersign shows agents, and its key.
    pub fn svid(&self) -> (&Path, &Path) {
        (&self.identity.svid.cert, &self.identity.svid.key)
    }
}

pub(super) fn trusted(trust: &BTreeMap<Text<TrustDomain>, Trust>) -> Vec<TrustConfig> {
    let config = |(domain, trust): (&Text<TrustDomain>, &Trust)| TrustConfig {
        domain: domain.0.clone(),
        bundle: trust.bundle.clone(),
        crl: trust.crl.clone(),
    };
    trust.iter().map(config).collect()
}

impl Limits {
    fn used(&self) -> listener::Limits {
        listener::Limits {
            connections: count(self.connections),
            connections_per_principal: count(self.connections_per_principal),
            header_bytes: self.header_bytes.0.in_memory(),
            header_fields: count(self.header_fields),
            uri_bytes: self.uri_bytes.0.in_memory(),
            streams: self.streams,
            handshake: self.handshake.0.duration(),
            head: self.head.0.duration(),
            body_idle: self.body_idle.0.duration(),
            idle: self.idle.0.duration(),
        }
    }
}

impl Policy {
    fn used(&self) -> policy::Config {
        let mut config = policy::Config::new(self.path.clone());
        config.signing = self.signing.as_ref().map(Signing::used);
        config.query = self.query.as_str().into();
        config.guardrails = self.guardrails.as_deref().map(Into::into);
        config.instructions = self.instructions;
        config.shadow = policy::config::Shadow::one_in(self.shadow);
        config.memory = match self.memory {
            Memory::Lasting => policy::config::Memory::Lasting,
            Memory::Off => policy::config::Memory::Off,
        };
        config.candidate.clone_from(&self.candidate);
        config.tests = match self.tests {
            Tests::Off => policy::config::Tests::Off,
            Tests::Required => policy::config::Tests::Required,
        };
        config
    }
}

impl Signing {
    fn used(&self) -> policy::Signing {
        let key = |(id, key): (&String, &Key)| {
            let algorithm = key.algorithm.into();
            (id.clone(), policy::signing::Key { algorithm, file: key.file.clone() })
        };
        policy::Signing { keys: self.keys.iter().map(key).collect(), scope: self.scope.clone() }
    }
}

impl Route {
    fn rule(&self) -> Option<RuleName> {
        self.policy.as_deref().map(Into::into)
    }

    fn used(&self, name: &RouteName) -> Result<route::Route, Problem> {
        let at = || KeyPath::top("routes").key(name.as_str()).key("inspect").key("descriptors");
        let descriptors = self.descriptors();
        let descriptors = descriptors.map_err(|why| Problem::value(Code::Unusable, at(), why))?;
        Ok(route::Route {
            name: name.clone(),
            hosts: self.hosts.iter().map(|host| host.0.clone()).collect(),
            path: self.path.as_ref().map_or_else(PathPrefix::root, |path| path.0.clone()),
            methods: self.methods.as_ref().map(|all| all.iter().map(|m| m.0.clone()).collect()),
            upstream: self.upstream.clone(),
            credential: self.credential.clone(),
            protocol: self.protocol(descriptors),
            inspect: self.inspected(),
            durability: self.durability.into(),
            dialect: self.dialect(),
            encoded_slash: self.encoded_slash.into(),
            upgrades: self
                .upgrade
                .iter()
                .map(|Upgrade::Websocket| head::Upgrade::WebSocket)
                .collect(),
            unscannable: self.unscannable.map(Into::into),
            retry: self.retry.into(),
            policy: self.rule(),
            observe_until: self.observe_until.as_ref().map(|until| until.0),
            labels: self.labels.iter().map(|label| label.0.clone()).collect(),
        })
    }
}

impl Upstream {
    fn used(&self, name: &UpstreamName) -> Result<upstream::Config, Problem> {
        let at = || KeyPath::top("upstreams").key(name.as_str());
        let unfit = |key: &str, why: String| Problem::value(Code::Value, at().key(key), why);
        let endpoints = self.origins().map(|origin| {
            let endpoint = upstream::Endpoint::parse(&origin.to_string());
            endpoint.map_err(|why| unfit("url", why.to_string()))
        });
        let host = self.host.as_ref().map(|host| {
            let host = uri::Authority::try_from(host.0.as_str());
            host.map_err(|why| unfit("host", why.to_string()))
        });
        Ok(upstream::Config {
            name: name.clone(),
            endpoints: endpoints.collect::<Result<_, _>>()?,
            protocol: match self.protocol {
                Protocol::Auto => upstream::Protocol::Auto,
                Protocol::H2 => upstream::Protocol::Http2,
                Protocol::Http1 => upstream::Protocol::Http1,
            },
            tls: self.tls.used(),
            host: host.transpose()?,
            allow_addresses: self.allow_addresses.iter().map(|network| network.0).collect(),
            timeouts: upstream::Timeouts {
                connect: self.timeouts.connect.0.duration(),
                first_byte: self.timeouts.first_byte.0.duration(),
                idle: self.timeouts.idle.0.duration(),
                whole: self.timeouts.whole.0.duration(),
                ..upstream::Timeouts::default()
            },
            connections: count(self.connections),
        })
    }
}

impl Tls {
    pub(super) fn used(&self) -> upstream::config::TlsConfig {
        let client = self.cert.clone().zip(self.key.clone());
        upstream::config::TlsConfig {
            roots: self
                .ca
                .clone()
                .map_or(upstream::config::Roots::System, upstream::config::Roots::File),
            server_name: self.server_name.clone(),
            client: client.map(|(cert, key)| upstream::config::ClientIdentity { cert, key }),
        }
    }
}

impl Source {
    pub(super) fn used(&self) -> credential::Source {
        match self {
            Self::Env(name) => credential::Source::Environment(name.clone()),
            Self::File(path) => credential::Source::File(path.clone()),
            Self::Systemd(name) => credential::Source::Systemd(name.clone()),
        }
    }
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
