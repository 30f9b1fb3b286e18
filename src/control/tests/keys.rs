//! Sets of keys.

use serde_json::{Value, json};

use super::{Signer, claims, whose};
use crate::control::config::KeysAt;
use crate::control::keys::{Keys, KeysError};
use crate::control::token::Refused;

fn loaded(document: &str) -> Result<Keys, KeysError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, document).unwrap();
    Keys::load(&KeysAt::File(path))
}

#[test]
fn keys_that_cannot_sign_are_passed_over_and_a_set_without_others_is_none() {
    let signer = Signer::new();
    let with = |name: &str, value: &str| {
        let mut jwk = signer.jwk("a");
        jwk[name] = value.into();
        jwk
    };
    let useless = [
        json!({ "kty": "oct", "kid": "a", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0" }),
        json!({ "kty": "AKP", "kid": "a", "alg": "ML-DSA-44", "pub": "AAAA" }),
        with("use", "enc"),
        with("alg", "HS256"),
        with("alg", "ES384"),
        with("crv", "P-521"),
    ];
    for key in &useless {
        let refused = loaded(&json!({ "keys": [key] }).to_string());
        assert!(matches!(refused, Err(KeysError::Set(_))), "{key}");
    }
    let mut all: Vec<Value> = useless.into();
    all.push(signer.jwk("a"));
    let issuer = super::issuer(&json!({ "keys": all }), "sub");
    let token = signer.sign(Some("a"), &claims(&json!({})));
    assert_eq!(whose(&issuer, &token), Ok("ann".to_owned()));
}

#[test]
fn what_is_no_set_or_too_large_is_refused() {
    let key = Signer::new().jwk("a").to_string();
    for document in [
        "".to_owned(),
        "[]".to_owned(),
        key.clone(),
        "{\"keys\": []}".to_owned(),
        format!("{{\"keys\": [{}]}}", vec![key.as_str(); 101].join(",")),
        format!("{{\"keys\": [{key}]}}{}", " ".repeat(256 << 10)),
    ] {
        assert!(loaded(&document).is_err(), "{}", &document[..document.len().min(80)]);
    }
    assert!(matches!(Keys::load(&KeysAt::File("/nowhere".into())), Err(KeysError::Read(_))));
}

#[test]
fn a_server_that_was_not_asked_yet_lets_nobody_in() {
    let oidc = crate::control::config::Oidc {
        issuer: "https://id.example.org".to_owned(),
        audience: "countersign".to_owned(),
        claim: "sub".to_owned(),
        keys: KeysAt::Server(Box::new(crate::fetch::Config {
            endpoint: crate::upstream::Endpoint::parse("http://127.0.0.1:1").unwrap(),
            tls: crate::upstream::config::TlsConfig {
                roots: crate::upstream::config::Roots::System,
                server_name: None,
                client: None,
            },
            resource: "/jwks".to_owned(),
            token: None,
            every: std::time::Duration::from_secs(60),
            wait: std::time::Duration::ZERO,
        })),
    };
    let issuer = crate::control::token::Issuer::load(oidc).unwrap();
    let token = Signer::new().sign(Some("a"), &claims(&json!({})));
    assert_eq!(whose(&issuer, &token), Err(Refused::NoKeys));
}
