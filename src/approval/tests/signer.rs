//! A person with a key, who signs what a test wants signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::approval::standing::{Standing, StandingProof};
use crate::approval::{Identity, Nonce, Person, Proof, SshKey, SshKeyPair, Statement, Verdict};
use crate::clock::Timestamp;
use crate::proposal::Digest;

/// Somebody with a key of their own.
pub(crate) struct Signer {
    name: &'static str,
    pair: SshKeyPair,
}

impl Signer {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, pair: SshKeyPair::generate().unwrap() }
    }

    /// Them, as an operator configures them.
    pub(crate) fn person(&self) -> Person {
        Person {
            name: Identity::parse(self.name).unwrap(),
            aliases: vec![],
            keys: vec![self.key()],
            owns: vec![],
        }
    }

    pub(crate) fn key(&self) -> SshKey {
        self.pair.public().unwrap()
    }

    /// Their `verdict` on `proposal`, good from `issued` for as long as one may be.
    pub(crate) fn answer(&self, verdict: Verdict, proposal: Digest, issued: Timestamp) -> Proof {
        let expires = issued.plus(crate::approval::MAX_LIFE);
        let approver = Identity::parse(self.name).unwrap();
        let nonce = Nonce::fresh();
        self.sign(&Statement::new(verdict, proposal, approver, nonce, issued, expires).unwrap())
    }

    pub(crate) fn sign(&self, statement: &Statement) -> Proof {
        self.pair.sign(statement).unwrap()
    }

    pub(crate) fn sign_standing(&self, standing: &Standing) -> StandingProof {
        self.pair.sign_standing(standing).unwrap()
    }
}

/// Bytes behind their length (RFC 4251 §5).
pub(super) fn field(bytes: &[u8]) -> Vec<u8> {
    [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
}

pub(super) fn armor(blob: &[u8]) -> String {
    let encoded = STANDARD.encode(blob);
    let lines: Vec<_> =
        encoded.as_bytes().chunks(70).map(|line| str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n", lines.join("\n"))
}
