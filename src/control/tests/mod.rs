//! Tokens that are good, and every way in which they are not.

mod keys;
mod token;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::control::config::{KeysAt, Oidc};
use crate::control::token::{Issuer, Refused};

/// When all of it happens.
const NOW: Timestamp = Timestamp::from_micros(1_795_461_720_000_000);

/// An issuer's key.
struct Signer {
    pkcs8: Vec<u8>,
    public: Vec<u8>,
}

impl Signer {
    fn new() -> Self {
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let pair = EcdsaKeyPair::generate(algorithm).unwrap();
        let pkcs8 = pair.to_pkcs8v1().unwrap().as_ref().to_vec();
        Self { public: pair.public_key().as_ref().to_vec(), pkcs8 }
    }

    /// It in a key set, as `id`.
    fn jwk(&self, id: &str) -> Value {
        let [x, y] = [&self.public[1..33], &self.public[33..65]].map(|b| URL_SAFE_NO_PAD.encode(b));
        json!({ "kty": "EC", "crv": "P-256", "kid": id, "use": "sig", "x": x, "y": y })
    }

    /// A token of these claims, which says that `id` signed it.
    fn sign(&self, id: Option<&str>, claims: &Value) -> String {
        let header = Header { kid: id.map(str::to_owned), ..Header::new(Algorithm::ES256) };
        encode(&header, claims, &EncodingKey::from_ec_der(&self.pkcs8)).unwrap()
    }
}

/// An issuer with this key set, which names callers by `claim`.
fn issuer(set: &Value, claim: &str) -> Issuer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jwks.json");
    std::fs::write(&path, set.to_string()).unwrap();
    let oidc = Oidc {
        issuer: "https://id.example.org".to_owned(),
        audience: "countersign".to_owned(),
        claim: claim.to_owned(),
        keys: KeysAt::File(path),
    };
    Issuer::load(oidc).unwrap()
}

/// The claims of a good token, with some of them changed.
fn claims(change: &Value) -> Value {
    let now = NOW.secs();
    let mut claims = json!({
        "iss": "https://id.example.org",
        "aud": "countersign",
        "sub": "ann",
        "email": "ann@example.org",
        "iat": now,
        "exp": now + 300,
    });
    for (name, value) in change.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
            value => claims[name] = value.clone(),
        }
    }
    claims
}

/// Whose it is, or why it is nobody's.
fn whose(issuer: &Issuer, token: &str) -> Result<String, Refused> {
    issuer.verify(token, NOW).map(|name| name.as_str().to_owned())
}
