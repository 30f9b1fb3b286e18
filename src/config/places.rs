//! The servers that Countersign itself talks to, as used.

use std::time::Duration;

use crate::config::bundle::Server;
use crate::config::code::Code;
use crate::config::control::{Control, Keys, Oidc};
use crate::config::history::Receiver;
use crate::config::keypath::KeyPath;
use crate::config::parts::trusted;
use crate::config::problem::Problem;
use crate::config::signals::{self, Signals, Transmitter};
use crate::config::source::Source;
use crate::control::{self, config::KeysAt};
use crate::fetch;
use crate::signal;
use crate::upstream;

impl Server {
    pub(super) fn used(&self) -> Result<fetch::Config, Problem> {
        let endpoint = upstream::Endpoint::parse(&self.url.to_string()).map_err(|why| {
            let at = KeyPath::top("policy").key("server").key("url");
            Problem::value(Code::Value, at, why.to_string())
        })?;
        Ok(fetch::Config {
            endpoint,
            tls: self.tls.used(),
            resource: self.resource.clone(),
            token: self.token.as_ref().map(Source::used),
            every: self.every.0.duration(),
            wait: self.wait.0.duration(),
        })
    }
}

impl Control {
    pub(super) fn used(&self) -> Result<control::Config, Problem> {
        Ok(control::Config {
            trust: trusted(&self.trust),
            oidc: self.oidc.as_ref().map(Oidc::used).transpose()?,
            operators: self.operators.iter().map(|name| name.0.clone()).collect(),
            transmitters: Vec::new(),
        })
    }
}

impl Oidc {
    fn used(&self) -> Result<control::config::Oidc, Problem> {
        Ok(control::config::Oidc {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            claim: self.name.clone(),
            keys: self.keys.used(&KeyPath::top("control").key("oidc").key("keys"))?,
        })
    }
}

impl Signals {
    /// Whose events are heard.
    pub(super) fn transmitters(&self) -> Result<Vec<control::config::Transmitter>, Problem> {
        let at = KeyPath::top("signals").key("receive");
        let used = |(name, one): (&String, &Transmitter)| {
            Ok(control::config::Transmitter {
                name: name.clone(),
                issuer: one.issuer.clone(),
                audience: one.audience.clone(),
                keys: one.keys.used(&at.key(name).key("keys"))?,
                trust_domains: one.trust_domains.iter().map(|domain| domain.0.clone()).collect(),
                agents: one.agents.iter().map(|agent| agent.0.clone()).collect(),
            })
        };
        self.receive.iter().map(used).collect()
    }
}

impl signals::Receiver {
    pub(super) fn used(&self) -> Result<signal::Config, Problem> {
        let endpoint = upstream::Endpoint::parse(&self.url.to_string()).map_err(|why| {
            let at = KeyPath::top("signals").key("send").key("url");
            Problem::value(Code::Value, at, why.to_string())
        })?;
        Ok(signal::Config {
            issuer: self.issuer.clone(),
            audience: self.audience.clone(),
            key: self.key.file.clone(),
            receiver: fetch::Config {
                endpoint,
                tls: self.tls.used(),
                resource: self.resource.clone(),
                token: self.token.as_ref().map(Source::used),
                every: Duration::ZERO,
                wait: Duration::ZERO,
            },
        })
    }
}

impl Keys {
    fn used(&self, at: &KeyPath) -> Result<KeysAt, Problem> {
        let url = match (&self.file, &self.url) {
            (Some(path), _) => return Ok(KeysAt::File(path.clone())),
            (None, Some(url)) => url,
            (None, None) => {
                let message = "`keys` has one of `file` and `url`";
                return Err(Problem::key(Code::Pair, at.clone(), message));
            }
        };
        let endpoint = upstream::Endpoint::parse(&url.to_string())
            .map_err(|why| Problem::value(Code::Value, at.key("url"), why.to_string()))?;
        Ok(KeysAt::Server(Box::new(fetch::Config {
            endpoint,
            tls: self.tls.used(),
            resource: self.resource.clone(),
            token: None,
            every: self.every.0.duration(),
            wait: Duration::ZERO,
        })))
    }
}

impl Receiver {
    pub(super) fn used(&self) -> Result<fetch::Config, Problem> {
        let endpoint = upstream::Endpoint::parse(&self.url.to_string()).map_err(|why| {
            let at = KeyPath::top("policy").key("history").key("send").key("url");
            Problem::value(Code::Value, at, why.to_string())
        })?;
        Ok(fetch::Config {
            endpoint,
            tls: self.tls.used(),
            resource: self.resource.clone(),
            token: self.token.as_ref().map(Source::used),
            every: self.every.0.duration(),
            wait: Duration::ZERO,
        })
    }
}
