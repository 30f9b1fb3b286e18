//! The key that signs callbacks, as others know it.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::ed25519::{KeyError, Pair};

/// An Ed25519 key with its id.
#[derive(Debug)]
pub struct Key {
    pair: Pair,
    id: String,
}

impl Key {
    /// Loads the key in `path`.
    ///
    /// # Errors
    /// As [`Pair::load`].
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        Ok(Self::from(Pair::load(path)?))
    }

    /// What it is known by: its JWK thumbprint (RFC 7638).
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half as a JWK (RFC 8037 §2).
    pub fn jwk(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.pair.public());
        json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": self.id, "use": "sig", "alg": "EdDSA" })
    }

    /// The signature over `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message)
    }
}

impl From<Pair> for Key {
    fn from(pair: Pair) -> Self {
        let x = URL_SAFE_NO_PAD.encode(pair.public());
        // The members that a thumbprint takes, in its order (RFC 7638 §3.2, RFC 8037 §2).
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let id = URL_SAFE_NO_PAD.encode(digest(&SHA256, members.as_bytes()));
        Self { pair, id }
    }
}

#[cfg(test)]
mod tests {
    use super::Key;
    use crate::ed25519::Pair;
    use std::os::unix::fs::PermissionsExt;

    /// The key and the thumbprint of RFC 8037, appendices A.1 and A.3.
    #[test]
    fn its_id_is_the_standards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
        std::fs::write(&path, pem).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let key = Key::from(Pair::load(&path).unwrap());
        assert_eq!(key.id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert_eq!(key.jwk()["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    }
}
