//! A made assertion is taken; with any one thing wrong it is not, and the reason says what.

use std::collections::BTreeSet;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::approval::refusal::Refusal;
use crate::approval::webauthn::{Assertion, Passkey, PasskeyKey, RelyingParty, challenge};

const STATEMENT: &[u8] = b"countersign approval v1\nverdict: approve\n";

/// An authenticator with a key of either kind.
enum Authenticator {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
}

impl Authenticator {
    fn both() -> [Self; 2] {
        [
            Self::EdDsa(Ed25519KeyPair::generate().unwrap()),
            Self::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
        ]
    }

    fn passkey(&self) -> Passkey {
        let key = match self {
            Self::EdDsa(pair) => PasskeyKey::EdDsa(pair.public_key().as_ref().try_into().unwrap()),
            Self::Es256(pair) => PasskeyKey::Es256(pair.public_key().as_ref().to_vec()),
        };
        Passkey { id: b"credential".to_vec(), key }
    }

    fn sign(&self, client: &str, data: &[u8]) -> Assertion {
        let signed = [data, digest(&SHA256, client.as_bytes()).as_ref()].concat();
        let signature = match self {
            Self::EdDsa(pair) => pair.sign(&signed).as_ref().to_vec(),
            Self::Es256(pair) => {
                pair.sign(&SystemRandom::new(), &signed).unwrap().as_ref().to_vec()
            }
        };
        Assertion {
            credential: b"credential".to_vec(),
            client_data: client.as_bytes().to_vec(),
            authenticator_data: data.to_vec(),
            signature,
        }
    }
}

fn party() -> RelyingParty {
    RelyingParty {
        id: "console.example.org".to_owned(),
        origins: BTreeSet::from(["https://console.example.org".to_owned()]),
    }
}

fn client() -> String {
    let challenge = URL_SAFE_NO_PAD.encode(challenge(STATEMENT));
    format!(
        r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://console.example.org","crossOrigin":false,"other_keys_can_be_added_here":"x"}}"#
    )
}

fn data(id: &str, flags: u8) -> Vec<u8> {
    [digest(&SHA256, id.as_bytes()).as_ref(), &[flags, 0, 0, 0, 9]].concat()
}

fn answer(client: &str, data: &[u8]) -> Vec<Result<(), Refusal>> {
    let both = Authenticator::both();
    let verify =
        |key: &Authenticator| key.passkey().verify(STATEMENT, &key.sign(client, data), &party());
    both.iter().map(verify).collect()
}

#[test]
fn a_verified_touch_at_our_own_site_is_an_agreement() {
    assert_eq!(answer(&client(), &data("console.example.org", 0x05)), [Ok(()), Ok(())]);
    let extended = [data("console.example.org", 0x85), vec![0xa0]].concat();
    assert_eq!(answer(&client(), &extended), [Ok(()), Ok(())]);
}

#[test]
fn a_wrong_field_of_the_client_data_is_refused() {
    let other = URL_SAFE_NO_PAD.encode(challenge(b"another statement"));
    let ours = URL_SAFE_NO_PAD.encode(challenge(STATEMENT));
    for (what, with, why) in [
        ("webauthn.get", "webauthn.create", Refusal::Type),
        (ours.as_str(), other.as_str(), Refusal::Challenge),
        (ours.as_str(), "", Refusal::Challenge),
        ("https://", "http://", Refusal::Origin),
        ("example.org\"", "example.org.evil.test\"", Refusal::Origin),
        ("false", "true", Refusal::CrossOrigin),
        ("{", "[", Refusal::MalformedProof),
        (r#"{"type""#, r#"{"origin":"https://evil.test","type""#, Refusal::MalformedProof),
    ] {
        let changed = client().replace(what, with);
        assert_ne!(changed, client());
        let found = answer(&changed, &data("console.example.org", 0x05));
        assert_eq!(found, [Err(why), Err(why)], "{changed}");
    }
}

#[test]
fn a_wrong_field_of_the_authenticator_data_is_refused() {
    let ours = "console.example.org";
    for (data, why) in [
        (data("evil.test", 0x05), Refusal::RelyingParty),
        (data(ours, 0x04), Refusal::UserNotPresent),
        (data(ours, 0x01), Refusal::UserNotVerified),
        (data(ours, 0x45), Refusal::MalformedProof),
        (data(ours, 0x85), Refusal::MalformedProof),
        ([data(ours, 0x05), vec![0]].concat(), Refusal::MalformedProof),
        (data(ours, 0x05)[..36].to_vec(), Refusal::MalformedProof),
        (vec![0; 20_000], Refusal::MalformedProof),
    ] {
        assert_eq!(answer(&client(), &data), [Err(why), Err(why)]);
    }
}

#[test]
fn another_key_or_a_changed_byte_is_refused() {
    for key in Authenticator::both() {
        let good = key.sign(&client(), &data("console.example.org", 0x05));
        let verify = |assertion: &Assertion| key.passkey().verify(STATEMENT, assertion, &party());
        assert_eq!(verify(&good), Ok(()));
        let credential = b"another".to_vec();
        assert_eq!(verify(&Assertion { credential, ..good.clone() }), Err(Refusal::WrongKey));
        for other in Authenticator::both() {
            let found = other.passkey().verify(STATEMENT, &good, &party());
            assert_eq!(found, Err(Refusal::Signature));
        }
        for at in [0, 32, 36] {
            let mut changed = good.clone();
            changed.authenticator_data[at] ^= 0x08;
            assert_eq!(verify(&changed), Err(Refusal::Signature));
        }
        let mut changed = good.clone();
        changed.client_data.push(b' ');
        assert_eq!(verify(&changed), Err(Refusal::Signature));
        let found = key.passkey().verify(b"another", &good, &party());
        assert_eq!(found, Err(Refusal::Challenge));
    }
}
