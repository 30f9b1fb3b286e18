//! Trails in a folder of their own: written, damaged, crashed and read back.

mod crash;
mod damage;
mod grouping;
mod outage;

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::task::LocalSet;

use crate::audit::{
    Body, Config, Entry, Error, Hash, Intent, Log, Origin, Outcome, Recorder, Refusal, Report,
    SigningKey, Trail, VerifierKey, verify,
};
use crate::clock::Clock;
use crate::id::{CredentialName, DecisionId, ListenerName, RouteName, UpstreamName};
use crate::metrics::{AuditMetrics, Metrics};
use crate::route::terms::Durability;

/// A folder with a key and, beside it, a trail.
struct Place {
    folder: tempfile::TempDir,
    metrics: AuditMetrics,
}

impl Place {
    fn new() -> Self {
        // In memory where there is such a place: these tests sync thousands of times.
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let folder = tempfile::tempdir_in(base).unwrap();
        let place = Self { folder, metrics: Metrics::new().unwrap().audit };
        SigningKey::make(&place.key(), origin()).unwrap();
        place
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key.pem")
    }

    fn trail(&self) -> PathBuf {
        self.folder.path().join("trail")
    }

    fn config(&self) -> Config {
        let mut config = Config::new(self.trail(), self.key(), origin());
        config.sync = Duration::from_millis(1);
        config
    }

    fn open(&self) -> Result<Log, Error> {
        Log::open(self.config(), Clock::System, self.metrics.clone())
    }

    /// The trail with segments of `bytes`.
    fn open_small(&self, bytes: u64) -> Log {
        let mut config = self.config();
        config.segment = bytes;
        Log::open(config, Clock::System, self.metrics.clone()).unwrap()
    }

    fn verifier(&self) -> VerifierKey {
        let text = std::fs::read_to_string(self.trail().join("key.vkey")).unwrap();
        VerifierKey::parse(&text).unwrap()
    }

    fn verify(&self) -> Report {
        self.verify_at(&self.trail())
    }

    fn verify_at(&self, folder: &Path) -> Report {
        verify(folder, &self.verifier(), None).unwrap()
    }
}

fn origin() -> Origin {
    Origin::parse("example.org/audit").unwrap()
}

/// Something to put on record.
struct Order {
    listener: ListenerName,
    route: RouteName,
    upstream: UpstreamName,
    credential: CredentialName,
    path: String,
    reasons: Vec<String>,
}

impl Order {
    fn new(path: &str) -> Self {
        Self {
            listener: "agents".into(),
            route: "orders".into(),
            upstream: "orders".into(),
            credential: "orders-api".into(),
            path: path.to_owned(),
            reasons: vec!["within_scope".to_owned()],
        }
    }
}

impl Entry for Order {
    fn intent(&self) -> Intent<'_> {
        Intent {
            principal: "spiffe://example.org/agent/a",
            listener: &self.listener,
            peer: ([127, 0, 0, 1], 4711).into(),
            route: &self.route,
            method: "POST",
            scheme: "https",
            authority: "orders.internal:9443",
            path: &self.path,
            query: Some("a=b"),
            body: Some(Body { sha256: Hash::of(b"body"), bytes: 4 }),
            headers: None,
            upstream: &self.upstream,
            credential: Some(&self.credential),
            effect: "allow",
            revision: "r1",
            terms: None,
        }
    }

    fn reasons(&self) -> impl Iterator<Item = &str> {
        self.reasons.iter().map(String::as_str)
    }

    fn obligations(&self) -> impl Iterator<Item = &str> {
        ["redact"].into_iter()
    }

    fn proofs(&self) -> impl Iterator<Item = &str> {
        std::iter::empty()
    }
}

fn answered() -> Outcome {
    Outcome::Answered {
        status: 200,
        request_bytes: 4,
        response_bytes: 1024,
        duration: Duration::from_micros(1500),
    }
}

fn refuse(trail: Trail, path: &[u8]) {
    let refusal = Refusal {
        principal: None,
        listener: &"agents".into(),
        peer: ([127, 0, 0, 1], 4711).into(),
        route: None,
        method: Some(b"GET"),
        authority: None,
        path: Some(path),
        code: "ambiguous_request",
        effect: None,
        revision: None,
    };
    trail.refuse(&refusal, std::iter::empty());
}

/// Commits and answers one exchange.
async fn exchange(recorder: &Recorder, path: &str) -> DecisionId {
    let mut trail = recorder.open(DecisionId::new());
    let recorded = trail.commit(Order::new(path), Durability::Kernel).await.unwrap();
    assert_eq!(recorded.into_inner().path, path);
    let id = trail.id();
    trail.close(answered());
    id
}

/// Runs `work` as a worker would, with a recorder for `log`.
fn worker<T, F: Future<Output = T>>(log: &Log, work: impl FnOnce(Recorder) -> F) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let local = LocalSet::new();
    let work = async { work(Recorder::new(log.clone())).await };
    local.block_on(&runtime, work)
}

/// The lines of all segments in order.
fn read_lines(folder: &Path) -> Vec<String> {
    let lines = crate::audit::lines(folder).unwrap();
    lines.map(|line| line.unwrap().as_str().to_owned()).collect()
}
