//! Whether a bundle is what its authors signed: OPA's `.signatures.json`.
//!
//! The file holds a JSON Web Token (RFC 7519) whose payload lists every file with its digest. The
//! key and its algorithm come from the configuration alone: what the token says of itself chooses
//! among the configured keys and nothing else.
//! <https://www.openpolicyagent.org/docs/management-bundles#signature-verification>

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{self, digest};
use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::policy::archive::Files;
use crate::policy::canonical;

/// Who may sign a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signing {
    /// The keys by their ids.
    pub keys: BTreeMap<String, Key>,
    /// What the signature must say that it is for, where that matters.
    pub scope: Option<String>,
}

/// One public key, and the one algorithm it is used with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Key {
    /// How it signs.
    pub algorithm: Algorithm,
    /// Its file: `-----BEGIN PUBLIC KEY-----`, in PEM.
    pub file: PathBuf,
}

/// Signature algorithms of RFC 7518 and RFC 8037. None that shares a secret with the verifier.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// ECDSA, P-256, SHA-256.
    Es256,
    /// ECDSA, P-384, SHA-384.
    Es384,
    /// RSASSA-PSS, SHA-256.
    Ps256,
    /// RSASSA-PKCS1-v1_5, SHA-256.
    Rs256,
    /// RSASSA-PKCS1-v1_5, SHA-384.
    Rs384,
    /// RSASSA-PKCS1-v1_5, SHA-512.
    Rs512,
}

impl Algorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Es384 => "ES384",
            Self::Ps256 => "PS256",
            Self::Rs256 => "RS256",
            Self::Rs384 => "RS384",
            Self::Rs512 => "RS512",
        }
    }

    fn verifier(self) -> &'static dyn VerificationAlgorithm {
        match self {
            Self::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Self::Es384 => &signature::ECDSA_P384_SHA384_FIXED,
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        }
    }
}

/// `.signatures.json`
#[derive(Deserialize)]
struct Signatures {
    signatures: Vec<String>,
}

/// A token's head.
#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
}

/// A token's payload.
#[derive(Deserialize)]
struct Payload {
    files: Vec<Signed>,
    keyid: Option<String>,
    scope: Option<String>,
}

/// One file, as it was signed.
#[derive(Deserialize)]
struct Signed {
    name: String,
    hash: String,
    algorithm: String,
}

impl Signing {
    /// Whether `signatures` covers exactly `files`. The error says why not.
    pub(super) fn verify(&self, signatures: Option<&[u8]>, files: &Files) -> Result<(), String> {
        let signatures = signatures.ok_or("it is not signed, and `policy.signing` asks for it")?;
        let unreadable = |error| format!("its signatures cannot be read: {error}");
        let signatures: Signatures = serde_json::from_slice(signatures).map_err(unreadable)?;
        let [token] = signatures.signatures.as_slice() else {
            return Err("it does not have exactly one signature".to_owned());
        };
        let payload = self.opened(token)?;
        if self.scope.is_some() && self.scope != payload.scope {
            return Err("its signature is for another scope".to_owned());
        }
        let mut missing: Vec<_> = files.keys().filter(|name| !is_signature(name)).collect();
        for signed in &payload.files {
            let name = Path::new(signed.name.trim_start_matches('/'));
            let bytes = files.get(name);
            let bytes =
                bytes.ok_or_else(|| format!("`{}` was signed, and is gone", signed.name))?;
            if hash(name, bytes, &signed.algorithm)? != signed.hash {
                return Err(format!("`{}` is not what was signed", signed.name));
            }
            missing.retain(|other| other.as_path() != name);
        }
        match missing.first() {
            Some(name) => Err(format!("`{}` was not signed", name.display())),
            None => Ok(()),
        }
    }

    /// The payload of `token`, once its signature is found to be right.
    fn opened(&self, token: &str) -> Result<Payload, String> {
        let malformed = || "its signature is not a JSON Web Token".to_owned();
        let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed());
        let (signed, proof) = token.rsplit_once('.').ok_or_else(malformed)?;
        let (head, payload) = signed.split_once('.').ok_or_else(malformed)?;
        let head: Head = serde_json::from_slice(&decoded(head)?).map_err(|_| malformed())?;
        let payload: Payload =
            serde_json::from_slice(&decoded(payload)?).map_err(|_| malformed())?;
        let id = head.kid.as_ref().or(payload.keyid.as_ref());
        let id = id.ok_or("its signature does not say by which key")?;
        let key = self.keys.get(id);
        let key = key.ok_or_else(|| format!("it is signed by `{id}`, which is not configured"))?;
        if head.alg != key.algorithm.name() {
            let (theirs, ours) = (&head.alg, key.algorithm.name());
            return Err(format!("it is signed with {theirs}, and `{id}` is for {ours}"));
        }
        let public = key.read().map_err(|why| why.to_string())?;
        let public = UnparsedPublicKey::new(key.algorithm.verifier(), public);
        let right = public.verify(signed.as_bytes(), &decoded(proof)?);
        right.map_err(|_| format!("its signature is not by `{id}`"))?;
        Ok(payload)
    }
}

fn is_signature(name: &Path) -> bool {
    name == Path::new(".signatures.json")
}

/// The digest of a file in hex: of JSON documents in their canonical form, of others as they are.
fn hash(name: &Path, bytes: &[u8], algorithm: &str) -> Result<String, String> {
    let algorithm = match algorithm {
        "SHA-256" => &digest::SHA256,
        "SHA-384" => &digest::SHA384,
        "SHA-512" => &digest::SHA512,
        other => return Err(format!("it is signed with {other}, which is not accepted")),
    };
    let sum = match name.file_name().and_then(|name| name.to_str()) {
        Some("data.json" | ".manifest") => {
            let text = canonical::json(bytes);
            let text = text.ok_or_else(|| format!("`{}` is not JSON", name.display()))?;
            digest(algorithm, text.as_bytes())
        }
        _ => digest(algorithm, bytes),
    };
    Ok(sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Why a file of a public key cannot be used.
#[derive(Debug)]
pub(super) enum KeyError {
    /// It holds no public key in PEM.
    Empty(PathBuf),
    /// It cannot be read.
    Read(PathBuf, std::io::Error),
}

impl Key {
    /// The `SubjectPublicKeyInfo`, in DER.
    pub(super) fn read(&self) -> Result<Vec<u8>, KeyError> {
        let unreadable = |error| KeyError::Read(self.file.clone(), error);
        let text = std::fs::read(&self.file).map_err(unreadable)?;
        match x509_parser::pem::parse_x509_pem(&text) {
            Ok((_, pem)) if pem.label == "PUBLIC KEY" => Ok(pem.contents),
            _ => Err(KeyError::Empty(self.file.clone())),
        }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(file) => write!(
                f,
                "{} holds no public key (PEM, `-----BEGIN PUBLIC KEY-----`)",
                file.display()
            ),
            Self::Read(file, error) => write!(f, "cannot read {}: {error}", file.display()),
        }
    }
}
