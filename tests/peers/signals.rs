//! Security events that Countersign sends, heard by a server that has a JWT library check them.

use std::path::Path;

use countersign::callback::Key;
use countersign::ed25519::Pair;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::program::Server;
use crate::harness::{Setup, Site, Upstream, countersign, reply, until};

const READER: &str = "spiffe://example.org/agent/reader";
const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";

/// A site that tells a receiver of its revocations.
struct Scene {
    site: Site,
    _upstream: Upstream,
    _server: Server,
    folder: TempDir,
    jwk: Value,
}

impl Scene {
    fn new(resource: &str) -> Self {
        let upstream = Upstream::answering(|_| reply("done"));
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name).into_os_string().into_string().unwrap();
        let setup = Setup::new(&upstream);
        let identity = setup.authority.server(&["localhost"]);
        std::fs::write(at("cert.pem"), identity.cert_pem).unwrap();
        std::fs::write(at("key.pem"), identity.key_pem).unwrap();
        let key = at("signals");
        let jwk = Key::from(Pair::make(Path::new(&key)).unwrap()).jwk();
        let told = [at("cert.pem"), at("key.pem"), jwk.to_string(), at("heard")];
        let server = Server::python("security_events.py", &told.each_ref().map(String::as_str));
        let site = setup
            .file("secrets/receiver", "a-token")
            .section("state: { url: sqlite:state/countersign.db }")
            .section(&format!(
                "signals: {{ send: {{ url: 'https://localhost:{}', resource: {resource}, issuer: \
                 'https://us.example.org', audience: 'https://them.example.org', key: {{ file: \
                 '{key}' }}, token: {{ file: secrets/receiver }}, tls: {{ ca: pki/agents.pem }} }} }}",
                server.port
            ))
            .start();
        Self { site, _upstream: upstream, _server: server, folder, jwk }
    }

    fn revoke(&self, arguments: &[&str]) {
        let mut command = countersign(&self.site.path(""));
        let output = command.arg("revoke").args(arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    fn heard(&self) -> Vec<Value> {
        let heard = std::fs::read_to_string(self.folder.path().join("heard")).unwrap_or_default();
        heard.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn told(&self, result: &str, count: f64) {
        let name = "countersign_signals_sent_total";
        let mut told = 0.0;
        while told < count {
            told = self.site.metric(name, &[("result", result)]).await;
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_is_revoked_is_told_once_and_signed() {
    let scene = Scene::new("/events");
    scene.revoke(&["agent", READER, "--reason", "it was taken over"]);
    scene.revoke(&["credential", "api"]);
    // What is revoked already is not told again.
    scene.revoke(&["agent", READER]);
    scene.told("sent", 2.0).await;
    let heard = scene.heard();
    assert_eq!(heard.len(), 2, "{heard:?}");
    for one in &heard {
        let kind = "application/secevent+jwt";
        assert_eq!((&one["path"], &one["kind"]), (&"/events".into(), &kind.into()));
        assert_eq!(one["authorization"], "Bearer a-token");
        let header = json!({ "alg": "EdDSA", "kid": scene.jwk["kid"], "typ": "secevent+jwt" });
        assert_eq!(one["header"], header);
        let claims = &one["claims"];
        assert_eq!(claims["iss"], "https://us.example.org");
        assert_eq!(claims["aud"], "https://them.example.org");
        assert!(claims["jti"].as_str().unwrap().starts_with("evt_"), "{claims}");
    }
    let of = |word: &str| {
        let kind = format!("{CAEP}{word}");
        let find = |one: &&Value| one["claims"]["events"].get(&kind).is_some();
        let one = heard.iter().find(find).unwrap();
        (one["claims"].clone(), one["claims"]["events"][&kind].clone())
    };
    let (claims, event) = of("session-revoked");
    assert_eq!(claims["sub_id"], json!({ "format": "uri", "uri": READER }));
    let reason = json!({ "en": "it was taken over" });
    let said = json!({
        "event_timestamp": claims["iat"], "initiating_entity": "admin", "reason_admin": reason,
    });
    assert_eq!(event, said);
    let (claims, event) = of("credential-change");
    assert_eq!(claims["sub_id"], json!({ "format": "opaque", "id": "api" }));
    let said = json!({
        "event_timestamp": claims["iat"], "initiating_entity": "admin", "change_type": "revoke",
        "credential_type": "countersign-credential", "friendly_name": "api",
    });
    assert_eq!(event, said);
}

#[tokio::test]
async fn a_receiver_that_cannot_take_it_gets_the_same_again() {
    let scene = Scene::new("/later");
    scene.revoke(&["trust-domain", "elsewhere.org"]);
    scene.told("sent", 1.0).await;
    scene.told("failed", 1.0).await;
    let heard = scene.heard();
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0]["token"], heard[1]["token"]);
}

#[tokio::test]
async fn a_receiver_that_refuses_it_is_not_asked_again() {
    let scene = Scene::new("/never");
    scene.revoke(&["agent", READER]);
    scene.told("refused", 1.0).await;
    scene.revoke(&["credential", "api"]);
    scene.told("refused", 2.0).await;
    until("both were heard", || scene.heard().len() == 2).await;
    let ids = [0, 1].map(|number| scene.heard()[number]["claims"]["jti"].clone());
    assert_ne!(ids[0], ids[1]);
}
