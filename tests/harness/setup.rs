//! The configuration of a site: what a test does not say has a default.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use countersign::app::{Running, StartError};
use countersign::audit::{Origin, SigningKey};
use countersign::clock::Clock;
use tempfile::TempDir;

use super::agent::HOST;
use super::leak::{SECRET, capture_logs};
use super::pki::Authority;
use super::site::Site;
use super::upstream::Upstream;

/// What a site is made of. Each method replaces or adds one thing.
pub struct Setup {
    pub authority: Arc<Authority>,
    pub(super) secret: String,
    pub(super) clock: Clock,
    upstream: String,
    upstream_keys: String,
    upstreams: Vec<String>,
    credential: String,
    route: Vec<String>,
    routes: Vec<String>,
    limits: String,
    listeners: Vec<String>,
    sections: Vec<String>,
    policy: String,
    trust: Vec<String>,
    files: BTreeMap<String, String>,
}

/// Reading and writing is allowed, deleting is not.
pub const RULES: &str = r#"package countersign.authz

default decision := {
	"allowed": false,
	"reasons": [{"code": "read_only", "message": "Only reading and writing is allowed here."}],
}

decision := {"allowed": true} if input.attributes.request.http.method in {"GET", "HEAD", "POST", "PUT"}
"#;

impl Setup {
    /// One route for `api.example.org`, to `upstream`, with a bearer credential.
    pub fn new(upstream: &Upstream) -> Self {
        Self::trusting(upstream, Arc::new(Authority::new("example.org")))
    }

    /// The same as another replica of the site with this authority.
    pub fn trusting(upstream: &Upstream, authority: Arc<Authority>) -> Self {
        capture_logs();
        let setup = Self {
            authority,
            secret: SECRET.to_owned(),
            clock: Clock::System,
            upstream: format!("http://{}", upstream.address),
            upstream_keys: String::new(),
            upstreams: Vec::new(),
            credential: "scheme: bearer".to_owned(),
            route: Vec::new(),
            routes: Vec::new(),
            limits: String::new(),
            listeners: Vec::new(),
            sections: Vec::new(),
            policy: "path: rules, tests: off".to_owned(),
            trust: Vec::new(),
            files: BTreeMap::new(),
        };
        let server = setup.authority.server(&[HOST, "other.example.org", "localhost"]);
        let bundle = setup.authority.pem().to_owned();
        setup
            .file("pki/agents.pem", &bundle)
            .file("pki/countersign.pem", &server.cert_pem)
            .file("pki/countersign-key.pem", &server.key_pem)
            .file("secrets/api", SECRET)
            .rules(RULES)
    }

    /// Other rules: the whole of one Rego file.
    pub fn rules(self, rego: &str) -> Self {
        self.file("rules/authz.rego", rego)
    }

    /// Keys of the route, such as `inspect: { body: json }`.
    pub fn route(mut self, keys: &str) -> Self {
        self.route.push(keys.to_owned());
        self
    }

    /// Another route: `name: { hosts: [...], ... }`.
    pub fn another_route(mut self, line: &str) -> Self {
        self.routes.push(line.to_owned());
        self
    }

    /// Another upstream: `name: { url: ... }`. No credential may go there unless a test says so.
    pub fn another_upstream(mut self, line: &str) -> Self {
        self.upstreams.push(line.to_owned());
        self
    }

    /// Keys of the upstream beside its URL, such as `protocol: h2`.
    pub fn upstream(mut self, keys: &str) -> Self {
        self.upstream_keys = keys.to_owned();
        self
    }

    /// The upstream's URL.
    pub fn url(mut self, url: &str) -> Self {
        self.upstream = url.to_owned();
        self
    }

    /// The credential's scheme with its keys, such as `scheme: query, name: key`.
    pub fn credential(mut self, keys: &str) -> Self {
        self.credential = keys.to_owned();
        self
    }

    /// Another secret; it is searched for as the default one is.
    pub fn secret(mut self, secret: &str) -> Self {
        self.secret = secret.to_owned();
        self.file("secrets/api", secret)
    }

    /// The agents' listener's limits, such as `head: 300ms`.
    pub fn limits(mut self, keys: &str) -> Self {
        self.limits = keys.to_owned();
        self
    }

    /// Where the rules are: keys of `policy`, such as `path: rules, tests: off`.
    pub fn policy(mut self, keys: &str) -> Self {
        self.policy = keys.to_owned();
        self
    }

    /// Another listener: `control: { address: … }`.
    pub fn listener(mut self, line: &str) -> Self {
        self.listeners.push(line.to_owned());
        self
    }

    /// Another section at the top: `state: { url: … }`.
    pub fn section(mut self, line: &str) -> Self {
        self.sections.push(line.to_owned());
        self
    }

    /// A section in place of the one with the same key.
    pub fn other_section(mut self, line: &str) -> Self {
        let key = line.split(':').next().unwrap();
        self.sections.retain(|section| !section.starts_with(key));
        self.section(line)
    }

    /// Instead of trusting the authority for `example.org`: lines of `identity.trust`.
    pub fn trust(mut self, line: &str) -> Self {
        self.trust.push(line.to_owned());
        self
    }

    /// A trust domain less.
    pub fn without_trust(mut self, domain: &str) -> Self {
        self.trust.retain(|line| !line.starts_with(domain));
        self
    }

    /// A file in the site's folder; what is in `secrets/` nobody else may read.
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    /// A file less; one that is there already stays.
    pub fn without_file(mut self, path: &str) -> Self {
        self.files.remove(path);
        self
    }

    /// Another clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts it.
    pub fn start(self) -> Site {
        self.try_start().unwrap_or_else(|why| panic!("it does not start: {why}"))
    }

    /// Starts it, or says why it cannot.
    pub fn try_start(self) -> Result<Site, StartError> {
        let folder = self.folder();
        let running = self.run(folder.path())?;
        Ok(Site::new(running, folder, self))
    }

    /// What runs on what was written to `folder`.
    pub(super) fn run(&self, folder: &Path) -> Result<Running, StartError> {
        Running::start(&folder.join(CONFIG), self.clock.clone())
    }

    /// Everything in a folder of its own, with nothing running.
    pub fn folder(&self) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path());
        let key = folder.path().join("secrets/audit");
        SigningKey::make(&key, Origin::parse("countersign").unwrap()).unwrap();
        folder
    }

    /// Writes every file that is not as it should be.
    pub(super) fn write(&self, folder: &Path) {
        let config = (CONFIG.to_owned(), self.config());
        for (path, text) in self.files.clone().into_iter().chain([config]) {
            let at = folder.join(&path);
            if std::fs::read_to_string(&at).is_ok_and(|now| now == text) {
                continue;
            }
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(&at, text).unwrap();
            if path.starts_with("secrets/") {
                std::fs::set_permissions(&at, PermissionsExt::from_mode(0o600)).unwrap();
            }
        }
    }

    /// The configuration's text.
    pub fn config(&self) -> String {
        let Self { upstream, upstream_keys, credential, limits, policy, .. } = self;
        let route = self.route.join(", ");
        let routes = self.routes.iter().map(|line| format!("  {line}\n")).collect::<String>();
        let upstreams = self.upstreams.iter().map(|line| format!("  {line}\n")).collect::<String>();
        let listeners = self.listeners.iter().map(|line| format!("  {line}\n"));
        let listeners = listeners.collect::<String>();
        let sections = self.sections.iter().map(|line| format!("{line}\n")).collect::<String>();
        let trust = match self.trust.as_slice() {
            [] => "    example.org: { bundle: pki/agents.pem }\n".to_owned(),
            lines => lines.iter().map(|line| format!("    {line}\n")).collect(),
        };
        format!(
            "version: 1
workers: 2
identity:
  svid: {{ cert: pki/countersign.pem, key: pki/countersign-key.pem }}
  trust:
{trust}listeners:
  agents: {{ address: 127.0.0.1:0, door: reverse, limits: {{ {limits} }} }}
  admin: {{ address: 127.0.0.1:0 }}
{listeners}policy: {{ {policy}, shadow: 1 }}
upstreams:
  api: {{ url: '{upstream}', {upstream_keys} }}
{upstreams}credentials:
  api: {{ {credential}, secret: {{ file: secrets/api }}, upstreams: [api] }}
routes:
  api: {{ hosts: [{HOST}], upstream: api, credential: api, {route} }}
{routes}audit: {{ path: audit, checkpoint: {{ key: {{ file: secrets/audit }} }} }}
{sections}"
        )
    }
}

/// The configuration's name in its folder.
pub(super) const CONFIG: &str = "countersign.yaml";
