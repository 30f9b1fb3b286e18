//! Passkeys: the assertions of Web Authentication Level 2, §7.2.
//!
//! The challenge is the SHA-256 of the statement, so an assertion is worth as much as a signature
//! over it. The user must have been verified, not only present: a passkey that anybody at the desk
//! can touch is not a person. Signature counters are not compared: passkeys that are kept in several
//! devices send zero, and a statement's nonce already makes a second use worthless.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use crate::approval::refusal::Refusal;

/// Who we are to a browser.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RelyingParty {
    /// The domain the passkeys were made for: `console.example.org`.
    pub id: String,
    /// The origins they may be used at: `https://console.example.org`.
    pub origins: BTreeSet<String>,
}

/// A registered credential's id and public key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Passkey {
    /// The credential id that the authenticator chose.
    pub id: Vec<u8>,
    /// Its public key.
    pub key: PasskeyKey,
}

/// A public key, and how it signs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PasskeyKey {
    /// COSE `EdDSA` (-8): Ed25519.
    EdDsa([u8; 32]),
    /// COSE `ES256` (-7): an uncompressed point on P-256, 65 bytes beginning with 4.
    Es256(Vec<u8>),
}

/// What the authenticator answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Assertion {
    /// Which credential it says it is.
    pub credential: Vec<u8>,
    /// `clientDataJSON`, as the browser sent it.
    pub client_data: Vec<u8>,
    /// `authenticatorData`.
    pub authenticator_data: Vec<u8>,
    /// The signature over the authenticator data and the digest of the client data.
    pub signature: Vec<u8>,
}

/// `CollectedClientData`; a key that stands there twice is not readable.
#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: String,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
}

impl Passkey {
    /// Whether `assertion` is this passkey's agreement to `statement`, given to `party`.
    ///
    /// # Errors
    /// [`Refusal`], naming the step of §7.2 that failed.
    pub fn verify(
        &self,
        statement: &[u8],
        assertion: &Assertion,
        party: &RelyingParty,
    ) -> Result<(), Refusal> {
        if assertion.credential != self.id {
            return Err(Refusal::WrongKey);
        }
        let long = assertion.client_data.len() + assertion.authenticator_data.len();
        if long > MAX_ASSERTION {
            return Err(Refusal::MalformedProof);
        }
        self.check_signature(assertion)?;
        check_client(&assertion.client_data, statement, party)?;
        check_authenticator(&assertion.authenticator_data, party)
    }

    fn check_signature(&self, assertion: &Assertion) -> Result<(), Refusal> {
        let client = digest(&SHA256, &assertion.client_data);
        let signed = [assertion.authenticator_data.as_slice(), client.as_ref()].concat();
        let result = match &self.key {
            PasskeyKey::EdDsa(key) => {
                UnparsedPublicKey::new(&ED25519, key).verify(&signed, &assertion.signature)
            }
            PasskeyKey::Es256(key) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key)
                .verify(&signed, &assertion.signature),
        };
        result.map_err(|_| Refusal::Signature)
    }
}

/// §7.2, steps 10 to 14.
fn check_client(client: &[u8], statement: &[u8], party: &RelyingParty) -> Result<(), Refusal> {
    let client: ClientData = serde_json::from_slice(client).map_err(|_| Refusal::MalformedProof)?;
    if client.r#type != "webauthn.get" {
        return Err(Refusal::Type);
    }
    if client.challenge != URL_SAFE_NO_PAD.encode(challenge(statement)) {
        return Err(Refusal::Challenge);
    }
    if !party.origins.contains(&client.origin) {
        return Err(Refusal::Origin);
    }
    if client.cross_origin {
        return Err(Refusal::CrossOrigin);
    }
    Ok(())
}

/// §7.2, steps 15 to 17, on the layout of §6.1: a digest, one byte of flags, four of a counter,
/// and extensions if the flags say so. Attested keys come with registrations only.
fn check_authenticator(data: &[u8], party: &RelyingParty) -> Result<(), Refusal> {
    let (identity, rest) = data.split_at_checked(32).ok_or(Refusal::MalformedProof)?;
    let [flags, _, _, _, _, extensions @ ..] = rest else { return Err(Refusal::MalformedProof) };
    let extended = flags & EXTENSIONS != 0;
    if extended == extensions.is_empty() || flags & ATTESTED != 0 {
        return Err(Refusal::MalformedProof);
    }
    if identity != digest(&SHA256, party.id.as_bytes()).as_ref() {
        return Err(Refusal::RelyingParty);
    }
    if flags & USER_PRESENT == 0 {
        return Err(Refusal::UserNotPresent);
    }
    if flags & USER_VERIFIED == 0 {
        return Err(Refusal::UserNotVerified);
    }
    Ok(())
}

/// What a browser is to be asked to sign for `statement`.
pub fn challenge(statement: &[u8]) -> [u8; 32] {
    let mut challenge = [0; 32];
    challenge.copy_from_slice(digest(&SHA256, statement).as_ref());
    challenge
}

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const ATTESTED: u8 = 0x40;
const EXTENSIONS: u8 = 0x80;

/// Browsers send a few hundred bytes.
const MAX_ASSERTION: usize = 16_384;
