//! A configuration file becomes everything that runs, or a list of what is wrong.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::app::entrance;
use crate::app::supply::Supply;
use crate::audit;
use crate::callback::{self, Caller, CallerError};
use crate::clock::{Clock, Timestamp};
use crate::config::code::Code;
use crate::config::keypath::KeyPath;
use crate::config::{File, Problem, Problems, parse};
use crate::control::Gate;
use crate::credential::Credentials;
use crate::fetch;
use crate::history;
use crate::id::ListenerName;
use crate::identity::{Trust, files};
use crate::listener::ListenerConfig;
use crate::listener::serve::Security;
use crate::listener::tls::server_config;
use crate::metrics::Metrics;
use crate::policy::{self, Bundle};
use crate::proxy::Snapshot;
use crate::route::{Route, Table};
use crate::signal::{self, Sender, SenderError};
use crate::store;
use crate::upstream::Upstreams;

/// Everything that a configuration leads to, loaded and checked; nothing runs yet.
#[derive(Debug)]
pub struct Assembly {
    /// What exchanges need.
    pub snapshot: Snapshot,
    /// Who is let in at the control door, if there is one.
    pub gate: Option<Gate>,
    /// What stands until a restart, and the files behind it all.
    pub standing: Standing,
    /// How agents are called back, if they are.
    pub caller: Option<Caller>,
    /// How security events are sent, if they are.
    pub sender: Option<Sender>,
    /// The names that upstreams are reached by, with their ports.
    pub upstream_hosts: Vec<(String, u16)>,
    /// What is legal and unwise.
    warnings: Vec<String>,
}

/// What a reload does not change, and what it watches.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The agents' listeners.
    pub listeners: Vec<ListenerConfig>,
    /// People's listeners.
    pub control: Vec<ListenerConfig>,
    /// The admin listener.
    pub admin: Option<(ListenerName, SocketAddr)>,
    /// How many workers serve.
    pub workers: usize,
    /// The audit trail's settings.
    pub audit: audit::Config,
    /// Where decisions are kept, if they are.
    pub history: Option<history::Config>,
    /// Where they are sent, if they are.
    pub receiver: Option<fetch::Config>,
    /// The database of what outlives the process, if there is one.
    pub state: Option<store::Config>,
    /// How agents are called back, if they are.
    pub callbacks: Option<callback::Config>,
    /// Where security events are sent, if they are.
    pub signals: Option<signal::Config>,
    /// Where the policy's archive comes from, if it comes from a server.
    pub supply: Option<Supply>,
    /// Every file and folder whose change may change any of this.
    pub files: Vec<PathBuf>,
}

/// Why a configuration cannot be used: all of it, with its places.
#[derive(Debug)]
pub struct Refused {
    configuration: Problems,
    policy: Vec<policy::Problem>,
    /// What it named, as far as it could be read.
    files: Vec<PathBuf>,
}

impl Standing {
    /// Whether it differs from `other` in what only a restart can change.
    pub fn needs_restart(&self, other: &Self) -> bool {
        (&self.listeners, &self.control, &self.admin, self.workers, &self.audit)
            != (&other.listeners, &other.control, &other.admin, other.workers, &other.audit)
            || (&self.history, &self.receiver, &self.state, &self.callbacks, &self.signals)
                != (&other.history, &other.receiver, &other.state, &other.callbacks, &other.signals)
    }
}

impl Refused {
    /// The files that it named, beside itself.
    pub fn files(&self) -> &[PathBuf] {
        &self.files
    }
}

impl Assembly {
    /// Loads what the file at `config` names. Blocks on the disk.
    ///
    /// # Errors
    /// [`Refused`], with everything that was found wrong.
    pub fn load(config: &Path, clock: &Clock, metrics: &Metrics) -> Result<Self, Refused> {
        let name = config.display().to_string();
        let text = std::fs::read_to_string(config)
            .map_err(|why| Refused::from(Problems::unreadable(&name, why.to_string())))?;
        let (file, problems) = parse(&name, &text)?;
        let mut files = named_files(&file);
        files.push(config.to_owned());
        let mut loading = Loading { problems, policy: Vec::new() };
        let parts = loading.parts(&file, clock, metrics);
        let Some(parts) = parts.filter(|_| !loading.failed()) else {
            return Err(loading.refused(files));
        };
        files.extend_from_slice(parts.snapshot.bundle.watched());
        let warnings = loading.problems.iter().map(|p| p.message.to_string()).collect();
        Ok(Self {
            snapshot: parts.snapshot,
            caller: parts.caller,
            sender: parts.sender,
            gate: parts.gate,
            standing: Standing {
                listeners: file.doors(),
                control: file.control_doors(),
                admin: file.admin(),
                workers: file.worker_count(),
                audit: parts.audit,
                history: file.history(),
                receiver: parts.receiver,
                state: file.state(),
                callbacks: file.callbacks(),
                signals: parts.signals,
                supply: parts.supply,
                files,
            },
            upstream_hosts: upstream_hosts(&file),
            warnings,
        })
    }

    /// What is legal and unwise, in sentences.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

/// What was loaded so far, and what was wrong with it.
struct Loading {
    problems: Problems,
    policy: Vec<policy::Problem>,
}

struct Parts {
    gate: Option<Gate>,
    snapshot: Snapshot,
    audit: audit::Config,
    supply: Option<Supply>,
    receiver: Option<fetch::Config>,
    caller: Option<Caller>,
    signals: Option<signal::Config>,
    sender: Option<Sender>,
}

impl Loading {
    /// Loads every part, noting every problem; `None` if one is missing.
    fn parts(&mut self, file: &File, clock: &Clock, metrics: &Metrics) -> Option<Parts> {
        let security = self.security(file, clock);
        let upstreams = self.upstreams(file);
        let bundle = self.bundle(file, clock);
        let credentials = file.credentials().map_err(|problem| self.problems.add(problem)).ok();
        let audit = file.audit().map_err(|problem| self.problems.add(problem)).ok();
        let receiver = file.receiver().map_err(|problem| self.problems.add(problem)).ok();
        let caller = self.caller(file);
        let signals = file.signals().map_err(|problem| self.problems.add(problem)).ok();
        let sender = self.sender(signals.as_ref().and_then(Option::as_ref));
        let gate = self.gate(file, clock);
        let supply = Supply::of(file).map_err(|problem| self.problems.add(problem)).ok();
        let routes = file.routes().map_err(|problem| self.problems.add(problem)).ok();
        self.observed(routes.as_deref().unwrap_or_default(), clock);
        let (security, svid_ends) = security?;
        let snapshot = Snapshot {
            security,
            svid_ends,
            routes: Table::new(routes?),
            bundle: Arc::new(bundle?),
            credentials: Credentials::load(credentials?, metrics.credential.clone()),
            upstreams: upstreams?,
            waiting: file.waiting(),
            people: file.people(),
        };
        Some(Parts {
            snapshot,
            audit: audit?,
            supply: supply?,
            receiver: receiver?,
            caller: caller?,
            signals: signals?,
            sender: sender?,
            gate: gate?,
        })
    }

    /// Nothing is observed for ever, by whatever name.
    fn observed(&mut self, routes: &[Route], clock: &Clock) {
        let latest = clock.now().plus(LONGEST_OBSERVED);
        for route in routes {
            if route.observe_until.is_some_and(|until| until > latest) {
                let at = KeyPath::top("routes").key(route.name.as_str()).key("observe_until");
                let message = "a route may be observed for at most 90 days from now";
                self.problems.add(Problem::value(Code::Range, at, message));
            }
        }
    }

    fn caller(&mut self, file: &File) -> Option<Option<Caller>> {
        let caller = file.callbacks().map(|config| Caller::new(&config)).transpose();
        let at = |key| KeyPath::top("callbacks").key(key);
        caller
            .map_err(|why| {
                let at = at(if matches!(why, CallerError::Key(_)) { "key" } else { "tls" });
                self.problems.add(Problem::value(Code::Unusable, at, why.to_string()));
            })
            .ok()
    }

    fn sender(&mut self, config: Option<&signal::Config>) -> Option<Option<Sender>> {
        let at = |key| KeyPath::top("signals").key("send").key(key);
        let sender = config.map(Sender::new).transpose();
        sender
            .map_err(|why| {
                let at = at(if matches!(why, SenderError::Key(_)) { "key" } else { "tls" });
                self.problems.add(Problem::value(Code::Unusable, at, why.to_string()));
            })
            .ok()
    }

    fn gate(&mut self, file: &File, clock: &Clock) -> Option<Option<Gate>> {
        let gate = entrance::gate(file, clock);
        gate.map_err(|all| all.into_iter().for_each(|problem| self.problems.add(problem))).ok()
    }

    fn security(&mut self, file: &File, clock: &Clock) -> Option<(Security, Timestamp)> {
        let trust = Trust::load(&file.trust(), clock.clone()).map_err(|failures| {
            for failure in failures {
                self.file_problem(KeyPath::top("identity").key("trust"), &failure);
            }
        });
        let (cert, key) = file.svid();
        let at = || KeyPath::top("identity").key("svid");
        let own = files::certified_key(cert, key).map_err(|why| self.file_problem(at(), &why));
        let (trust, own) = (Arc::new(trust.ok()?), own.ok()?);
        let ends = files::ends(&own);
        match server_config(Arc::clone(&trust), own) {
            Ok(tls) => Some((Security { tls, trust }, ends)),
            Err(why) => {
                self.problems.add(Problem::value(Code::Unusable, at(), why.to_string()));
                None
            }
        }
    }

    fn upstreams(&mut self, file: &File) -> Option<Upstreams> {
        let configs = file.upstreams().map_err(|problem| self.problems.add(problem)).ok()?;
        let loaded = Upstreams::load(configs).map_err(|why| {
            let at = KeyPath::top("upstreams").key(why.upstream.as_str());
            self.problems.add(Problem::key(Code::Unusable, at, why.to_string()));
        });
        loaded.ok()
    }

    /// The rules; that there are some was checked with the file.
    fn bundle(&mut self, file: &File, clock: &Clock) -> Option<Bundle> {
        let config = file.policy()?;
        match Bundle::load(&config, clock) {
            Ok(bundle) => Some(match config.candidate() {
                Some(candidate) => bundle.with_candidate(Bundle::load(&candidate, clock)),
                None => bundle,
            }),
            Err(why) => {
                self.policy.extend_from_slice(why.problems());
                None
            }
        }
    }

    fn file_problem(&mut self, at: KeyPath, why: &files::FileError) {
        self.problems.add(Problem::value(Code::Unusable, at, why.to_string()));
    }

    fn failed(&self) -> bool {
        self.problems.errors() > 0 || !self.policy.is_empty()
    }

    fn refused(self, files: Vec<PathBuf>) -> Refused {
        Refused { configuration: self.problems, policy: self.policy, files }
    }
}

/// Every file that a configuration names, to be watched.
fn named_files(file: &File) -> Vec<PathBuf> {
    let (cert, key) = file.svid();
    let mut files = vec![cert.to_owned(), key.to_owned()];
    for trust in file.trust() {
        files.push(trust.bundle);
        files.extend(trust.crl);
    }
    for credential in file.credentials().unwrap_or_default() {
        files.extend(credential.source.path());
    }
    for upstream in file.upstreams.values() {
        files.extend(upstream.tls.files().cloned());
    }
    if let Some(policy) = file.policy() {
        files.push(policy.path);
        files.extend(policy.candidate);
    }
    files.extend(file.descriptors().map(Path::to_owned));
    files.extend(file.control_files().cloned());
    files
}

fn upstream_hosts(file: &File) -> Vec<(String, u16)> {
    let origins = file.upstreams.values().flat_map(|upstream| upstream.origins());
    origins.map(|origin| (origin.host.clone(), origin.port)).collect()
}

/// The longest that a route may let pass what policy denies.
const LONGEST_OBSERVED: Duration = Duration::from_secs(90 * 86_400);

impl From<Problems> for Refused {
    fn from(configuration: Problems) -> Self {
        Self { configuration, policy: Vec::new(), files: Vec::new() }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.policy {
            writeln!(f, "error[policy]: {problem}\n")?;
        }
        if self.configuration.is_empty() {
            return write!(f, "{} problems in the rules; nothing was changed", self.policy.len());
        }
        write!(f, "{}", self.configuration)
    }
}
