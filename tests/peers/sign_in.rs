//! People who sign in at an OpenID Connect provider, and come with its tokens; with curl.

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::{Said, Server, run, run_python};
use crate::harness::{Authority, Human, Setup, Site, Upstream, reply, svid};

/// A provider, and the files that it is reached with.
struct Provider {
    server: Server,
    folder: TempDir,
}

impl Provider {
    fn new(setup: &Setup, seconds: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let own = setup.authority.server(&["localhost"]);
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let certificate = file("id.pem", &own.cert_pem);
        let key = file("id-key.pem", &own.key_pem);
        file("ca.pem", setup.authority.pem());
        let server = Server::python("issuer.py", &[&certificate, &key, seconds]);
        Self { server, folder }
    }

    fn issuer(&self) -> String {
        format!("https://localhost:{}", self.server.port)
    }

    /// The token of `subject`, made for `client`.
    fn token(&self, client: &str, subject: &str) -> String {
        let ca = self.folder.path().join("ca.pem").display().to_string();
        let said = run_python("sign_in.py", &[&self.issuer(), &ca, client, subject]);
        said.ok().trim().to_owned()
    }
}

/// A site whose people come from `provider`, or show a certificate.
fn site(setup: Setup, provider: &Provider, people: &Authority, ann: &Human) -> Site {
    let issuer = provider.issuer();
    setup
        .listener("control: { address: 127.0.0.1:0 }")
        .file("pki/people.pem", people.pem())
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&format!("approvals: {{ people: {{ {} }} }}", ann.entry("")))
        .section(&format!(
            "control: {{ trust: {{ people.example.org: {{ bundle: pki/people.pem }} }}, operators: \
             [ops, spiffe://people.example.org/ops], oidc: {{ issuer: '{issuer}', audience: \
             console, keys: {{ url: '{issuer}', resource: /jwks, tls: {{ ca: pki/agents.pem }} }} }} }}"
        ))
        .start()
}

/// `curl` at the control door: the status, and what it answered.
fn curl(site: &Site, arguments: &[&str]) -> (u16, Value) {
    let url = format!("https://localhost:{}/v1/proposals", site.listener("control").port());
    let ca = site.path("pki/agents.pem").display().to_string();
    let mut command = Command::new("curl");
    command.args(["-sS", "--cacert", &ca, "-w", "\n%{http_code}"]).args(arguments).arg(&url);
    let Said { code, out, err } = run(&command);
    assert_eq!(code, Some(0), "{err}");
    let (body, status) = out.rsplit_once('\n').unwrap();
    (status.parse().unwrap(), serde_json::from_str(body).unwrap())
}

fn with(site: &Site, token: &str) -> (u16, String) {
    let header = format!("authorization: Bearer {token}");
    let (status, document) = curl(site, &["-H", &header]);
    (status, document["code"].as_str().unwrap_or_default().to_owned())
}

/// Once the provider's keys are known.
fn ready(site: &Site, token: &str) {
    for _ in 0..200 {
        if with(site, token).0 != 503 {
            return;
        }
    }
    panic!("the keys are never known");
}

#[test]
fn who_signs_in_is_let_in_by_name_and_nobody_with_anothers_token() {
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream);
    let (provider, other) = (Provider::new(&setup, "300"), Provider::new(&setup, "300"));
    let (people, ann) = (Authority::new("people.example.org"), Human::new("ann"));
    let site = site(setup, &provider, &people, &ann);
    let good = provider.token("console", "ops");
    ready(&site, &good);
    assert_eq!(with(&site, &good), (200, String::new()));
    assert_eq!(with(&site, &provider.token("console", "ann")), (200, String::new()));
    let stranger = (403, "stranger".to_owned());
    assert_eq!(with(&site, &provider.token("console", "mallory")), stranger);
    let refused = (401, "token_not_valid".to_owned());
    assert_eq!(with(&site, &provider.token("another", "ops")), refused);
    assert_eq!(with(&site, &other.token("console", "ops")), refused);
    assert_eq!(with(&site, &provider.token("console", "spiffe://people.example.org/ops")), refused);
    for forged in forged(&good) {
        assert_eq!(with(&site, &forged), refused, "{forged}");
    }
    // Without anything, and with two things at once.
    let (status, document) = curl(&site, &[]);
    assert_eq!((status, &document["code"]), (401, &json!("not_authenticated")));
    let basic = curl(&site, &["-u", "ops:ops"]);
    assert_eq!((basic.0, &basic.1["code"]), (401, &json!("not_authenticated")));
    let ops = people.issue(svid("spiffe://people.example.org/ops"));
    let agent = site.authority.agent("writer");
    let files = [("ops", ops), ("agent", agent)].map(|(name, identity)| {
        let [cert, key] = ["pem", "key"].map(|end| site.path(&format!("pki/{name}.{end}")));
        std::fs::write(&cert, identity.cert_pem).unwrap();
        std::fs::write(&key, identity.key_pem).unwrap();
        [cert.display().to_string(), key.display().to_string()]
    });
    let [[cert, key], [agent_cert, agent_key]] = &files;
    assert_eq!(curl(&site, &["--cert", cert, "--key", key]).0, 200);
    let header = format!("authorization: Bearer {good}");
    let both = curl(&site, &["--cert", cert, "--key", key, "-H", &header]);
    assert_eq!((both.0, &both.1["code"]), (400, &json!("two_identities")));
    // A good token does not help whoever shows an agent's certificate beside it.
    let url = format!("https://localhost:{}/v1/proposals", site.listener("control").port());
    let ca = site.path("pki/agents.pem").display().to_string();
    let mut command = Command::new("curl");
    command.args(["-sS", "--cacert", &ca, "--cert", agent_cert, "--key", agent_key, "-H", &header]);
    let said = run(command.arg(&url));
    assert_ne!(said.code, Some(0), "{said:?}");
    // What the provider said last counts while it is gone.
    drop(provider);
    assert_eq!(with(&site, &good), (200, String::new()));
}

#[test]
fn a_token_of_yesterday_is_nobodys() {
    let upstream = Upstream::answering(|_| reply("done"));
    let setup = Setup::new(&upstream);
    let provider = Provider::new(&setup, "-120");
    let (people, ann) = (Authority::new("people.example.org"), Human::new("ann"));
    let site = site(setup, &provider, &people, &ann);
    let token = provider.token("console", "ops");
    ready(&site, &token);
    let header = format!("authorization: Bearer {token}");
    let (status, document) = curl(&site, &["-H", &header]);
    assert_eq!((status, &document["code"]), (401, &json!("token_not_valid")), "{document}");
    assert!(document["detail"].as_str().unwrap().contains("expired"), "{document}");
}

/// What somebody could make of a good token without the provider's key.
fn forged(good: &str) -> Vec<String> {
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let with = |name: &str, value: &str| {
        let mut header = header.clone();
        header[name] = value.into();
        URL_SAFE_NO_PAD.encode(header.to_string())
    };
    let mut boss = claims.clone();
    boss["exp"] = json!(boss["exp"].as_i64().unwrap() + 3600);
    let boss = URL_SAFE_NO_PAD.encode(boss.to_string());
    let secret = EncodingKey::from_secret(head.as_bytes()).unwrap();
    let shared = encode(&Header::new(Algorithm::HS256), &claims, &secret).unwrap();
    vec![
        shared,
        format!("{}.{payload}.", with("alg", "none")),
        format!("{}.{payload}.{signature}", with("alg", "HS256")),
        format!("{}.{payload}.{signature}", with("alg", "PS256")),
        format!("{}.{payload}.{signature}", with("kid", "unknown")),
        format!("{head}.{boss}.{signature}"),
        format!("{head}.{payload}."),
        format!("{head}.{payload}"),
    ]
}
