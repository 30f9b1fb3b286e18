//! A running Countersign with everything that a test wants to know of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::app::Running;
use countersign::audit::{self, Report, VerifierKey};
use serde_json::Value;
use tempfile::TempDir;

use super::admin::Admin;
use super::agent::Agent;
use super::leak::{assert_no_leak, logs};
use super::pki::{Authority, Identity};
use super::setup::Setup;
use super::wait::until;

/// A site. Dropping it stops it and searches what it left behind for the secret.
pub struct Site {
    running: Option<Running>,
    folder: TempDir,
    setup: Option<Setup>,
    secret: String,
    pub authority: Arc<Authority>,
    pub address: SocketAddr,
    pub admin: SocketAddr,
}

impl Site {
    pub(super) fn new(running: Running, folder: TempDir, setup: Setup) -> Self {
        Self {
            address: running.address("agents").unwrap(),
            admin: running.address("admin").unwrap(),
            authority: Arc::clone(&setup.authority),
            secret: setup.secret.clone(),
            running: Some(running),
            folder,
            setup: Some(setup),
        }
    }

    /// An agent called `spiffe://example.org/agent/NAME`.
    pub fn agent(&self, name: &str) -> Agent {
        self.agent_with(Some(self.authority.agent(name)))
    }

    /// An agent with another certificate, or none.
    pub fn agent_with(&self, identity: Option<Identity>) -> Agent {
        Agent::new(self.address, self.authority.pem(), identity, &self.secret)
    }

    /// Where another listener of the site listens.
    pub fn listener(&self, name: &str) -> SocketAddr {
        self.running.as_ref().unwrap().address(name).unwrap()
    }

    /// Somebody at the control door, with a certificate or none.
    pub fn at_control(&self, identity: Option<Identity>) -> Agent {
        Agent::new(self.listener("control"), self.authority.pem(), identity, &self.secret)
    }

    /// What a bearer credential looks like to the upstream.
    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.secret)
    }

    /// The folder that everything is in.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Changes the setup, writes it, and waits until the change is in force. A change that a test
    /// made to the files by itself counts as well.
    pub async fn reload(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.rewrite(change, "applied").await;
    }

    /// Changes the setup, writes it, and waits until the change is refused.
    pub async fn reload_in_vain(&mut self, change: impl FnOnce(Setup) -> Setup) {
        self.rewrite(change, "refused").await;
    }

    async fn rewrite(&mut self, change: impl FnOnce(Setup) -> Setup, result: &str) {
        let before = self.reloads(result);
        let setup = change(self.setup.take().unwrap());
        setup.write(self.folder.path());
        self.secret.clone_from(&setup.secret);
        self.setup = Some(setup);
        until("a reload", || self.reloads(result) > before).await;
    }

    fn reloads(&self, result: &str) -> u64 {
        let metrics = self.running.as_ref().unwrap().metrics();
        metrics.config.reloads.with_label_values(&[result]).get()
    }

    /// Stops it, and starts it again on what it left behind.
    pub fn restart(&mut self) {
        self.running.take().unwrap().stop();
        let running = self.setup.as_ref().unwrap().run(self.folder.path()).unwrap();
        self.address = running.address("agents").unwrap();
        self.admin = running.address("admin").unwrap();
        self.running = Some(running);
    }

    /// Waits until so many decisions were `kept`, `dropped` or `failed`.
    pub async fn history(&self, result: &str, count: u64) {
        let metrics = self.running.as_ref().unwrap().metrics();
        let counted = metrics.history.records.with_label_values(&[result]);
        until(&format!("{count} decisions {result}"), || counted.get() >= count).await;
    }

    /// The sum of the samples of `name` that have all of `labels`, as the admin door tells it.
    pub async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let door = Admin { address: self.admin, secret: self.secret.clone() };
        door.metric(name, labels).await
    }

    /// The audit records of one type so far, in order.
    pub fn records(&self, kind: &str) -> Vec<Value> {
        let records = records(&self.path("audit"));
        records.into_iter().filter(|record| record["type"] == kind).collect()
    }

    /// The audit records of one type, once there are `count`.
    pub async fn recorded(&self, kind: &str, count: usize) -> Vec<Value> {
        until(&format!("{count} records of {kind}"), || self.records(kind).len() >= count).await;
        self.records(kind)
    }

    /// Stops it, as SIGTERM would, and verifies the trail that it leaves.
    pub fn stop(mut self) -> Report {
        self.running.take().unwrap().stop();
        let report = verify(&self.path("audit"));
        assert!(report.problem.is_none(), "{report}");
        report
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.running.take();
        if std::thread::panicking() {
            return;
        }
        for file in std::fs::read_dir(self.path("audit")).into_iter().flatten() {
            let path = file.unwrap().path();
            if path.is_file() {
                let bytes = std::fs::read(&path).unwrap();
                assert_no_leak(&path.display().to_string(), &self.secret, &bytes);
            }
        }
        assert_no_leak("the log", &self.secret, logs().as_bytes());
    }
}

/// Every record of a trail so far; a torn last line is passed over.
pub fn records(folder: &Path) -> Vec<Value> {
    let lines = audit::lines(folder).unwrap();
    lines.map(|line| serde_json::from_str(line.unwrap().as_str()).unwrap()).collect()
}

/// What `countersign audit verify` finds.
pub fn verify(folder: &Path) -> Report {
    let key = std::fs::read_to_string(folder.join("key.vkey")).unwrap();
    audit::verify(folder, &VerifierKey::parse(key.trim()).unwrap(), None).unwrap()
}
