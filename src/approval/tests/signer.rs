//! A person with a key, who signs what a test wants signed.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::{HashAlg, SshSig};

use crate::approval::{Identity, Nonce, Person, Proof, SshKey, Statement, Verdict};
use crate::clock::Timestamp;
use crate::proposal::Digest;

/// Somebody with a key of their own.
pub(crate) struct Signer {
    name: &'static str,
    pair: Ed25519KeyPair,
}

impl Signer {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, pair: Ed25519KeyPair::generate().unwrap() }
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
        SshKey::parse(&format!("ssh-ed25519 {}", STANDARD.encode(self.public()))).unwrap()
    }

    /// Their `verdict` on `proposal`, good from `issued` for as long as one may be.
    pub(crate) fn answer(&self, verdict: Verdict, proposal: Digest, issued: Timestamp) -> Proof {
        let expires = issued.plus(crate::approval::MAX_LIFE);
        let approver = Identity::parse(self.name).unwrap();
        let nonce = Nonce::fresh();
        self.sign(&Statement::new(verdict, proposal, approver, nonce, issued, expires).unwrap())
    }

    pub(crate) fn sign(&self, statement: &Statement) -> Proof {
        let text = statement.to_string();
        let signed = SshSig::signed_data("countersign", HashAlg::Sha512, text.as_bytes()).unwrap();
        let signature = [field(b"ssh-ed25519"), field(self.pair.sign(&signed).as_ref())].concat();
        let blob = [
            b"SSHSIG\0\0\0\x01".to_vec(),
            field(&self.public()),
            field(b"countersign"),
            field(b""),
            field(b"sha512"),
            field(&signature),
        ];
        Proof::new(statement, &armor(&blob.concat()))
    }

    fn public(&self) -> Vec<u8> {
        [field(b"ssh-ed25519"), field(self.pair.public_key().as_ref())].concat()
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
