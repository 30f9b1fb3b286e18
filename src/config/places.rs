//! The servers that Countersign itself talks to, as used.

use std::time::Duration;

use crate::config::bundle::Server;
use crate::config::code::Code;
use crate::config::history::Receiver;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::source::Source;
use crate::fetch;
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
