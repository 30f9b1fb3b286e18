//! The upstreams of one configuration: loaded once, shared by all workers, never changed.

use std::fmt;
use std::sync::Arc;

use crate::id::UpstreamName;
use crate::upstream::config::{Config, Roots};
use crate::upstream::tls::{self, Tls, TlsError};

/// Every upstream of one configuration snapshot.
#[derive(Clone)]
pub struct Upstreams(Arc<[Arc<Upstream>]>);

/// One upstream, with its files read.
pub(super) struct Upstream {
    pub(super) config: Config,
    /// Absent where no endpoint needs it.
    pub(super) tls: Option<Tls>,
}

/// Why the upstreams cannot be loaded: the upstream, and what is wrong with it.
#[derive(Debug)]
pub struct LoadError {
    /// The upstream it is about.
    pub upstream: UpstreamName,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with an upstream's configuration.
#[derive(Debug)]
pub enum Problem {
    /// It may have no connections.
    Connections,
    /// Two upstreams have its name.
    Duplicate,
    /// It has no endpoint.
    Endpoints,
    /// TLS is configured, but no endpoint uses it.
    Plain,
    /// TLS cannot be set up.
    Tls(TlsError),
}

impl Upstreams {
    /// Reads the files that `configs` name and sets everything up. Blocks on the disk.
    ///
    /// # Errors
    /// [`LoadError`] for the first upstream that cannot be used.
    pub fn load(configs: Vec<Config>) -> Result<Self, LoadError> {
        let mut loaded: Vec<Arc<Upstream>> = Vec::with_capacity(configs.len());
        for config in configs {
            let upstream = config.name.clone();
            let problem = |problem| LoadError { upstream, problem };
            if loaded.iter().any(|other| other.config.name == config.name) {
                return Err(problem(Problem::Duplicate));
            }
            loaded.push(Arc::new(Upstream::load(config).map_err(problem)?));
        }
        Ok(Self(loaded.into()))
    }

    /// The names of the upstreams.
    pub fn names(&self) -> impl Iterator<Item = &UpstreamName> {
        self.0.iter().map(|upstream| &upstream.config.name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Upstream>> {
        self.0.iter()
    }
}

impl fmt::Debug for Upstreams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

impl Upstream {
    fn load(config: Config) -> Result<Self, Problem> {
        if config.endpoints.is_empty() {
            return Err(Problem::Endpoints);
        }
        if config.connections == 0 {
            return Err(Problem::Connections);
        }
        let wants_tls = config.endpoints.iter().any(|endpoint| endpoint.is_tls());
        if !wants_tls && (config.tls.client.is_some() || config.tls.roots != Roots::System) {
            return Err(Problem::Plain);
        }
        let tls = match wants_tls {
            true => Some(tls::load(&config.tls, config.protocol).map_err(Problem::Tls)?),
            false => None,
        };
        Ok(Self { config, tls })
    }

    /// Whether connections made for `self` may serve `other`: the configuration is the same, and so
    /// are the files it names.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.config == other.config
            && self.tls.as_ref().map(Tls::digest) == other.tls.as_ref().map(Tls::digest)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}: {}", self.upstream, self.problem)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connections => f.write_str("connections is 0: allow at least 1"),
            Self::Duplicate => f.write_str("its name is taken: give it another"),
            Self::Endpoints => f.write_str("it has no endpoint: give it a url"),
            Self::Plain => {
                f.write_str("tls is configured but no url uses https: change one of the two")
            }
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}
