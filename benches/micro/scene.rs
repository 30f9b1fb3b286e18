//! What the benchmarks need: an agent, a route, rules, a credential and a trail.

use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use countersign::audit::{self, Log, Origin, SigningKey};
use countersign::clock::{Clock, Timestamp};
use countersign::credential::{CredentialConfig, Credentials, Guard, Scheme, Source};
use countersign::enforce::{Ask, authorize};
use countersign::id::DecisionId;
use countersign::identity::trust::TrustConfig;
use countersign::identity::{Caller, Principal, Trust, TrustDomain, files};
use countersign::listener::tls::server_config;
use countersign::metrics::Metrics;
use countersign::operation::Operations;
use countersign::policy::config::Memory;
use countersign::policy::{Bundle, Checker, Judge};
use countersign::revocation::Tether;
use countersign::route::pattern::{HostPattern, PathPrefix};
use countersign::route::protocol::Protocol;
use countersign::route::terms::{Dialect, Durability, EncodedSlash, Retry};
use countersign::route::{Body, Head, Route, Table};
use http::Request;
use http::request::Parts;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, SanType,
};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};
use tempfile::TempDir;

use crate::policy::Policy;

/// Everything, in a folder that goes with it.
pub(crate) struct Scene {
    folder: TempDir,
    caller: Rc<Caller>,
    routes: Table,
    credentials: Rc<Credentials>,
}

impl Scene {
    /// Makes it all.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address: SocketAddr = "127.0.0.1:1".parse().unwrap();
        let caller = Caller {
            principal: principal(folder.path()),
            listener: "agents".into(),
            peer: address,
            local: address,
        };
        let secret = folder.path().join("secret");
        fs::write(&secret, "sk_live_0123456789abcdef0123456789").unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
        let credential = CredentialConfig {
            name: "orders-api".into(),
            scheme: Scheme::Bearer,
            source: Source::File(secret),
            upstreams: vec!["orders".into()],
        };
        let metrics = Metrics::new().unwrap();
        let credentials = Rc::new(Credentials::load(vec![credential], metrics.credential));
        Self { folder, caller: Rc::new(caller), routes: Table::new(vec![route()]), credentials }
    }

    /// The folder, for what else is needed.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// One request that waits for its decision.
    pub(crate) fn ask(&self) -> Ask {
        self.ask_on(&self.routes)
    }

    /// The same on a route that names this rule.
    pub(crate) fn ask_by(&self, rule: Option<&str>) -> Ask {
        self.ask_on(&Table::new(vec![Route { policy: rule.map(Into::into), ..route() }]))
    }

    fn ask_on(&self, routes: &Table) -> Ask {
        let target = routes.resolve(Head::parse(parts()).unwrap()).unwrap();
        let now = Timestamp::from_secs(1_795_461_720);
        let operations = Operations::read(&target, None).unwrap();
        let caller = Rc::clone(&self.caller);
        let id = DecisionId::new();
        let agent = caller.principal.spiffe_id().clone();
        let tether = Tether::new(None, Clock::System, agent);
        let (approval, situation) = (None, None);
        Ask { id, caller, target, body: None, operations, now, approval, situation, tether }
    }

    /// The credential, with its secret read.
    pub(crate) fn credentials(&self) -> Rc<Credentials> {
        Rc::clone(&self.credentials)
    }

    /// A trail of its own.
    pub(crate) fn log(&self) -> Log {
        let place = tempfile::tempdir_in(self.folder.path()).unwrap().keep();
        let key = place.join("key.pem");
        let origin = Origin::parse("countersign.bench").unwrap();
        SigningKey::make(&key, origin.clone()).unwrap();
        let config = audit::Config::new(place.join("trail"), key, origin);
        Log::open(config, Clock::System, Metrics::new().unwrap().audit).unwrap()
    }

    /// A guard that looks for the secret.
    pub(crate) fn guard(&self) -> Guard {
        let metrics = Metrics::new().unwrap();
        let mut judge = judge(Policy::ONE_LINE.bundle(self.folder(), Memory::Off));
        let grant = authorize(&mut judge, self.ask(), &metrics.policy).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let recorder = audit::Recorder::new(self.log());
            let mut trail = recorder.open(DecisionId::new());
            let durability = grant.durability();
            let grant = trail.commit(grant, durability).await.unwrap();
            self.credentials.inject(grant, Body::Empty).unwrap().1
        })
    }
}

/// An ordinary head, as hyper hands it over.
pub(crate) fn parts() -> Parts {
    let request = Request::get("/api/orders?limit=20&cursor=abc")
        .header("host", "api.example.org")
        .header("user-agent", "python-httpx/0.28.1")
        .header("accept", "application/json")
        .header("accept-encoding", "gzip, deflate")
        .header("connection", "keep-alive")
        .header("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
        .header("authorization", "Bearer countersign");
    request.body(()).unwrap().into_parts().0
}

/// How many decisions a second one thread makes, over two seconds.
pub(crate) fn evaluations_a_second(policy: Policy, bundle: Arc<Bundle>) -> f64 {
    let scene = Scene::new();
    let mut judge = judge(bundle);
    let ask = scene.ask_by(policy.rule);
    let (started, mut count) = (Instant::now(), 0u32);
    while started.elapsed() < Duration::from_secs(2) {
        for _ in 0..100 {
            let _ = std::hint::black_box(judge.decide(&ask.query()));
        }
        count += 100;
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

/// One worker's judge.
pub(crate) fn judge(bundle: Arc<Bundle>) -> Judge {
    let metrics = Metrics::new().unwrap();
    let checker = Checker::start(metrics.policy.clone()).unwrap();
    Judge::new(bundle, checker, metrics.policy, Clock::System)
}

fn route() -> Route {
    Route {
        name: "orders".into(),
        hosts: vec![HostPattern::parse("api.example.org").unwrap()],
        path: PathPrefix::parse("/api/").unwrap(),
        methods: None,
        upstream: "orders".into(),
        credential: Some("orders-api".into()),
        protocol: Protocol::Http,
        inspect: None,
        durability: Durability::Kernel,
        dialect: Dialect::Generic,
        encoded_slash: EncodedSlash::Refuse,
        upgrades: Vec::new(),
        unscannable: None,
        retry: Retry::Never,
        policy: None,
        observe_until: None,
        labels: Vec::new(),
    }
}

/// A principal, as only a handshake makes one.
fn principal(folder: &Path) -> Principal {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let bundle = folder.join("ca.pem");
    fs::write(&bundle, issuer.pem()).unwrap();
    let (server, server_key) = leaf(&issuer, "spiffe://example.org/countersign");
    let (agent, agent_key) = leaf(&issuer, "spiffe://example.org/agent/bench");
    let (cert, key) = (folder.join("server.pem"), folder.join("server.key"));
    fs::write(&cert, server.pem()).unwrap();
    fs::write(&key, server_key.serialize_pem()).unwrap();

    let domain = TrustDomain::parse("example.org").unwrap();
    let config = TrustConfig { domain, bundle, crl: None };
    let trust = Arc::new(Trust::load(&[config], Clock::System).unwrap());
    let own = files::certified_key(&cert, &key).unwrap();
    let mut server =
        ServerConnection::new(server_config(Arc::clone(&trust), own).unwrap()).unwrap();

    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let agent_key = PrivateKeyDer::try_from(agent_key.serialize_der()).unwrap();
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![agent.der().clone()], agent_key)
        .unwrap();
    let name = "localhost".try_into().unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut wire = Vec::new();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut &wire[..]).unwrap();
        server.process_new_packets().unwrap();
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut &wire[..]).unwrap();
        client.process_new_packets().unwrap();
    }
    trust.authenticate(&server).unwrap()
}

fn leaf(issuer: &CertifiedIssuer<'_, KeyPair>, id: &str) -> (rcgen::Certificate, KeyPair) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::URI(id.try_into().unwrap()));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.signed_by(&key, issuer).unwrap();
    (certificate, key)
}
