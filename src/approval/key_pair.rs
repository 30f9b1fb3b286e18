//! A person's key pair, for who has none yet: `countersign dev` makes one.

use std::io;

use aws_lc_rs::rand;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use ssh_key::private::{Ed25519Keypair, Ed25519PrivateKey, KeypairData};
use ssh_key::public::{Ed25519PublicKey, KeyData};
use ssh_key::{Algorithm, HashAlg, LineEnding, PrivateKey, Signature, SshSig};
use zeroize::Zeroizing;

use crate::approval::proof::Proof;
use crate::approval::sshsig::{NAMESPACE, SshKey};
use crate::approval::standing::{Standing, StandingProof};
use crate::approval::statement::Statement;

/// An Ed25519 key pair as OpenSSH keeps one in a file.
pub struct SshKeyPair {
    seed: Zeroizing<[u8; 32]>,
    pair: Ed25519KeyPair,
}

impl SshKeyPair {
    /// A fresh one.
    ///
    /// # Errors
    /// If the system has no randomness.
    pub fn generate() -> io::Result<Self> {
        let mut seed = Zeroizing::new([0; 32]);
        rand::fill(seed.as_mut()).map_err(|_| io::Error::other("no randomness"))?;
        Self::from_seed(seed)
    }

    /// Reads a private key's file, as [`to_openssh`](Self::to_openssh) writes it.
    ///
    /// # Errors
    /// If it is no Ed25519 key, or has a passphrase.
    pub fn from_openssh(text: &str) -> io::Result<Self> {
        let key = PrivateKey::from_openssh(text).map_err(unusable)?;
        match key.key_data() {
            KeypairData::Ed25519(pair) => Self::from_seed(Zeroizing::new(*pair.private.as_ref())),
            _ => Err(io::Error::other("only Ed25519 keys without a passphrase sign here")),
        }
    }

    /// The private key's file, without a passphrase.
    ///
    /// # Errors
    /// If it cannot be written down.
    pub fn to_openssh(&self, comment: &str) -> io::Result<Zeroizing<String>> {
        let pair = Ed25519Keypair {
            public: self.bytes()?,
            private: Ed25519PrivateKey::from_bytes(&self.seed),
        };
        let key = PrivateKey::new(KeypairData::Ed25519(pair), comment);
        key.and_then(|key| key.to_openssh(LineEnding::LF)).map_err(unusable)
    }

    /// The public key.
    ///
    /// # Errors
    /// If the pair has none.
    pub fn public(&self) -> io::Result<SshKey> {
        Ok(SshKey::from(KeyData::Ed25519(self.bytes()?)))
    }

    /// The statement with its signature, as `ssh-keygen -Y sign` makes it.
    ///
    /// # Errors
    /// If the statement cannot be signed.
    pub fn sign(&self, statement: &Statement) -> io::Result<Proof> {
        Ok(Proof::new(statement, &self.armored(&statement.to_string())?))
    }

    /// The same with a standing approval.
    ///
    /// # Errors
    /// If the statement cannot be signed.
    pub fn sign_standing(&self, standing: &Standing) -> io::Result<StandingProof> {
        Ok(StandingProof::new(standing, &self.armored(&standing.to_string())?))
    }

    fn armored(&self, text: &str) -> io::Result<String> {
        let signed = SshSig::signed_data(NAMESPACE, HashAlg::Sha512, text.as_bytes());
        let signed = signed.map_err(unusable)?;
        let bytes = self.pair.sign(&signed).as_ref().to_vec();
        let signature = Signature::new(Algorithm::Ed25519, bytes).map_err(unusable)?;
        let key = KeyData::Ed25519(self.bytes()?);
        let signature = SshSig::new(key, NAMESPACE, HashAlg::Sha512, signature);
        signature.and_then(|signature| signature.to_pem(LineEnding::LF)).map_err(unusable)
    }

    fn from_seed(seed: Zeroizing<[u8; 32]>) -> io::Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed.as_ref()).map_err(io::Error::other)?;
        Ok(Self { seed, pair })
    }

    fn bytes(&self) -> io::Result<Ed25519PublicKey> {
        Ed25519PublicKey::try_from(self.pair.public_key().as_ref()).map_err(unusable)
    }
}

fn unusable(why: ssh_key::Error) -> io::Error {
    io::Error::other(why.to_string())
}

#[cfg(test)]
mod tests {
    use super::SshKeyPair;
    use crate::approval::{Identity, MAX_LIFE, Nonce, Statement, Verdict};
    use crate::clock::Timestamp;
    use crate::proposal::Digest;

    #[test]
    fn a_key_that_was_written_down_signs_as_before() {
        let made = SshKeyPair::generate().unwrap();
        let read = SshKeyPair::from_openssh(&made.to_openssh("you").unwrap()).unwrap();
        let (now, approver) = (Timestamp::from_secs(1), Identity::parse("you").unwrap());
        let digest = Digest::parse(&format!("sha-256:{}", "0".repeat(64))).unwrap();
        let (nonce, end) = (Nonce::fresh(), now.plus(MAX_LIFE));
        let statement =
            Statement::new(Verdict::Approve, digest, approver, nonce, now, end).unwrap();
        let proof = read.sign(&statement).unwrap();
        assert_eq!(proof, made.sign(&statement).unwrap());
        let text = statement.to_string();
        let signature = proof.as_str().strip_prefix(&text).unwrap();
        assert_eq!(made.public().unwrap().verify(text.as_bytes(), signature), Ok(()));
        assert!(SshKeyPair::generate().unwrap().public().unwrap() != made.public().unwrap());
    }
}
