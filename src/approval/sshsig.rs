//! Signatures by OpenSSH: what `ssh-keygen -Y sign -n countersign` makes.
//!
//! The format is OpenSSH's `PROTOCOL.sshsig`; keys are Ed25519, in a file or an agent, or in a
//! security key (`PROTOCOL.u2f`). Whatever is accepted here, `ssh-keygen -Y verify` accepts too:
//! where that program is stricter than the library that reads the format, so is this file.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, LineEnding, PublicKey, SshSig};

use crate::approval::refusal::Refusal;

/// A public key that may sign: Ed25519, or Ed25519 in a security key.
#[derive(Clone, Eq, PartialEq)]
pub struct SshKey(KeyData);

/// Why a line is not a key that may sign.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyError {
    /// A key of another kind: RSA, ECDSA or DSA.
    Algorithm,
    /// Not a public key as `ssh-keygen` writes it.
    Malformed,
}

impl SshKey {
    /// Reads one line of a `.pub` file: `ssh-ed25519 AAAA… comment`.
    ///
    /// # Errors
    /// [`KeyError`], if it is anything else.
    pub fn parse(line: &str) -> Result<Self, KeyError> {
        if OTHER_KEYS.iter().any(|kind| line.starts_with(kind)) {
            return Err(KeyError::Algorithm);
        }
        let key = PublicKey::from_openssh(line).map_err(|_| KeyError::Malformed)?;
        match key.key_data() {
            data @ (KeyData::Ed25519(_) | KeyData::SkEd25519(_)) => Ok(Self(data.clone())),
            _ => Err(KeyError::Algorithm),
        }
    }

    /// Whether `armored` is this key's signature over `statement`.
    ///
    /// # Errors
    /// [`Refusal`], and which: [`Refusal::WrongKey`] says that it may be another key's.
    pub fn verify(&self, statement: &[u8], armored: &str) -> Result<(), Refusal> {
        let signature = read(armored)?;
        if signature.namespace() != NAMESPACE {
            return Err(Refusal::Namespace);
        }
        if *signature.public_key() != self.0 {
            return Err(Refusal::WrongKey);
        }
        let signed = SshSig::signed_data(NAMESPACE, signature.hash_alg(), statement);
        let signed = signed.map_err(|_| Refusal::MalformedProof)?;
        if signature.algorithm() != self.0.algorithm() {
            return Err(Refusal::Signature);
        }
        match &self.0 {
            KeyData::Ed25519(key) => verified(&key.0, &signed, signature.signature_bytes()),
            KeyData::SkEd25519(key) => {
                let application = key.application().as_bytes();
                verified_by_touch(&key.public_key().0, application, &signed, &signature)
            }
            _ => Err(Refusal::WrongKey),
        }
    }

    /// `SHA256:` and Base64, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }
}

impl From<KeyData> for SshKey {
    fn from(data: KeyData) -> Self {
        Self(data)
    }
}

/// Shows the fingerprint: the key itself says nothing to a reader.
impl fmt::Debug for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

/// As `ssh-keygen` writes it, without the comment.
impl fmt::Display for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = PublicKey::new(self.0.clone(), "").to_openssh().map_err(|_| fmt::Error)?;
        f.write_str(line.trim_end())
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Algorithm => "only ssh-ed25519 and sk-ssh-ed25519 keys may approve",
            Self::Malformed => "this is not a public key as ssh-keygen writes it",
        })
    }
}

impl std::error::Error for KeyError {}

/// The library takes text before the armour, other line ends and lengths that do not add up;
/// `ssh-keygen` does not, and what it writes is what writing the parsed form again gives. A reserved
/// field is signed as if it were empty, so anybody could have put something there.
fn read(armored: &str) -> Result<SshSig, Refusal> {
    if armored.len() > MAX_SIGNATURE {
        return Err(Refusal::MalformedProof);
    }
    let signature = SshSig::from_pem(armored).map_err(|_| Refusal::MalformedProof)?;
    let again = signature.to_pem(LineEnding::LF).map_err(|_| Refusal::MalformedProof)?;
    if again.trim_end() != armored.trim_end_matches('\n') || !signature.reserved().is_empty() {
        return Err(Refusal::MalformedProof);
    }
    Ok(signature)
}

fn verified(key: &[u8; 32], signed: &[u8], signature: &[u8]) -> Result<(), Refusal> {
    let key = UnparsedPublicKey::new(&ED25519, key);
    key.verify(signed, signature).map_err(|_| Refusal::Signature)
}

/// A security key signs digests, its flags and its counter (`PROTOCOL.u2f`, "SSH U2F Signatures").
fn verified_by_touch(
    key: &[u8; 32],
    application: &[u8],
    signed: &[u8],
    signature: &SshSig,
) -> Result<(), Refusal> {
    let (signature, trailer) =
        signature.signature_bytes().split_at_checked(64).ok_or(Refusal::MalformedProof)?;
    let [flags, ..] = trailer else { return Err(Refusal::MalformedProof) };
    let application = digest(&SHA256, application);
    let message = digest(&SHA256, signed);
    let signed = [application.as_ref(), trailer, message.as_ref()].concat();
    verified(key, &signed, signature)?;
    // `ssh-keygen -Y verify` does not ask for this; `sshd` does, and so do we.
    if flags & USER_PRESENT == 0 {
        return Err(Refusal::UserNotPresent);
    }
    Ok(())
}

/// What the signature is for, so that one made for Git or a package is worth nothing here.
pub(super) const NAMESPACE: &str = "countersign";

/// How lines of keys begin that OpenSSH knows and that may not approve. The library reads some of
/// them only where it is built for them, and would call the others malformed.
const OTHER_KEYS: [&str; 4] = ["ecdsa-sha2-", "sk-ecdsa-sha2-", "ssh-dss ", "ssh-rsa "];

const USER_PRESENT: u8 = 0x01;

/// An Ed25519 signature takes some 300 bytes.
const MAX_SIGNATURE: usize = 4_096;
