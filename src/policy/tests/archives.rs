//! Bundles that come in one file, signed or not.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};
use tempfile::NamedTempFile;

use crate::clock::Clock;
use crate::policy::signing::{Algorithm, Key, Signing};
use crate::policy::{Bundle, Config};

const RULES: &str = "package t.authz\n\ndecision := data.t.yes\n";
const MANIFEST: &str = r#"{"revision": "r7", "roots": ["t"]}"#;
const DATA: &str = "{\"yes\": true}\n";

/// An archive of ordinary files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    packed(files, |_, _| {})
}

/// An archive whose heads are changed before they are written.
fn packed(files: &[(&str, &str)], change: impl Fn(&str, &mut Header)) -> Vec<u8> {
    let mut tar = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, text) in files {
        let mut header = Header::new_ustar();
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(text.len() as u64);
        header.set_entry_type(EntryType::Regular);
        change(name, &mut header);
        header.set_cksum();
        tar.append(&header, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

/// What becomes of a bundle file with these bytes.
fn load(bytes: &[u8], signing: Option<Signing>) -> Result<Bundle, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bundle.tar.gz");
    std::fs::write(&path, bytes).unwrap();
    let query = "data.t.authz.decision".to_owned();
    let config = Config { query, signing, ..Config::new(&path) };
    Bundle::load(&config, &Clock::System).map_err(|error| error.to_string())
}

fn files() -> Vec<(&'static str, &'static str)> {
    vec![("/.manifest", MANIFEST), ("/t/data.json", DATA), ("/t/authz/authz.rego", RULES)]
}

#[test]
fn an_archive_is_a_bundle() {
    let bundle = load(&archive(&files()), None).unwrap();
    let [watched] = bundle.watched() else { panic!("one file is watched") };
    assert_eq!(watched.file_name().unwrap(), "bundle.tar.gz");
    let mut more = files();
    more.extend([("./README.md", "passed over"), ("policy.wasm", "passed over too")]);
    assert_eq!(load(&archive(&more), None).unwrap().revision(), bundle.revision());
}

#[test]
fn what_is_not_a_whole_plain_archive_is_refused() {
    let whole = archive(&files());
    let twice = archive(&[("t.rego", RULES), ("./t.rego", RULES)]);
    let out = packed(&[("../t.rego", RULES)], |_, _| {});
    let link = packed(&[("t.rego", "")], |_, header| {
        header.set_entry_type(EntryType::Symlink);
        header.set_link_name("/etc/passwd").unwrap();
    });
    let large = " ".repeat(17 << 20);
    for (bytes, why) in [
        (&whole[..whole.len() / 2], "not a whole tar.gz"),
        (b"plain text".as_slice(), "not a whole tar.gz"),
        (&archive(&[]), "empty, or not an archive"),
        (&twice, "stands in it twice"),
        (&out, "leads out of it"),
        (&link, "not an ordinary file"),
        (&archive(&[("t.rego", RULES), ("large", &large)]), "more than"),
        (&archive(&[("patch.json", "{}")]), "delta bundle"),
        (&archive(&[(".manifest", MANIFEST)]), "no rules"),
        (&archive(&[(".manifest", "{"), ("t.rego", RULES)]), "correct the manifest"),
        (&archive(&[(".manifest", r#"{"roots": ["u"]}"#), ("t.rego", RULES)]), "data.t.authz"),
    ] {
        let error = load(bytes, None).unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
    }
}

/// Somebody who signs bundles, with the file of their public key.
struct Signer(EcdsaKeyPair, NamedTempFile);

impl Signer {
    fn new() -> Self {
        let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let spki: PublicKeyX509Der<'_> = key.public_key().as_der().unwrap();
        let spki = STANDARD.encode(spki.as_ref());
        let text = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n");
        let file = NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        Self(key, file)
    }

    fn signing(&self, scope: Option<&str>) -> Signing {
        let key = Key { algorithm: Algorithm::Es256, file: self.1.path().to_owned() };
        Signing { keys: BTreeMap::from([("k1".to_owned(), key)]), scope: scope.map(str::to_owned) }
    }

    /// `.signatures.json` over `payload`.
    fn sign(&self, head: &serde_json::Value, payload: &serde_json::Value) -> String {
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(head), part(payload));
        let proof = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(proof.as_ref()));
        serde_json::json!({ "signatures": [token] }).to_string()
    }
}

fn signed_file(name: &str, canonical: &str) -> serde_json::Value {
    let sum = digest(&SHA256, canonical.as_bytes());
    let hex: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    serde_json::json!({ "name": name, "hash": hex, "algorithm": "SHA-256" })
}

fn head() -> serde_json::Value {
    serde_json::json!({ "alg": "ES256", "typ": "JWT", "kid": "k1" })
}

fn payload() -> serde_json::Value {
    let files = [
        signed_file(".manifest", r#"{"revision":"r7","roots":["t"]}"#),
        signed_file("t/data.json", r#"{"yes":true}"#),
        signed_file("t/authz/authz.rego", RULES),
    ];
    serde_json::json!({ "files": files, "scope": "write" })
}

#[test]
fn a_signed_archive_is_what_was_signed() {
    let signer = Signer::new();
    let with = |signatures: String, change: fn(&mut Vec<(&'static str, &'static str)>)| {
        let mut files = files();
        change(&mut files);
        let all = std::iter::once((".signatures.json", signatures.as_str())).chain(files);
        archive(&all.collect::<Vec<_>>())
    };
    let right = || signer.sign(&head(), &payload());
    load(&with(right(), |_| {}), Some(signer.signing(None))).unwrap();
    load(&with(right(), |_| {}), Some(signer.signing(Some("write")))).unwrap();

    let mut none = payload();
    none["files"][2]["algorithm"] = "MD5".into();
    let mut head_none = head();
    head_none["alg"] = "none".into();
    let mut stranger = head();
    stranger["kid"] = "k2".into();
    let by = || Some(signer.signing(None));
    let yes = |_: &mut Vec<_>| {};
    for (bytes, signing, why) in [
        (archive(&files()), by(), "is not signed"),
        (with(right(), yes), Some(Signer::new().signing(None)), "is not by `k1`"),
        (with(right(), yes), Some(signer.signing(Some("read"))), "another scope"),
        (with(signer.sign(&head_none, &payload()), yes), by(), "with none"),
        (with(signer.sign(&stranger, &payload()), yes), by(), "`k2`, which is not configured"),
        (with(signer.sign(&head(), &none), yes), by(), "signed with MD5"),
        (with(r#"{"signatures": []}"#.to_owned(), yes), by(), "exactly one signature"),
        (with(r#"{"signatures": ["a.b"]}"#.to_owned(), yes), by(), "not a JSON Web Token"),
        (with(right(), |files| files[1].1 = "{\"yes\": false}"), by(), "not what was signed"),
        (with(right(), |files| files.truncate(2)), by(), "is gone"),
        (with(right(), |files| files.push(("t/more.rego", RULES))), by(), "was not signed"),
    ] {
        let error = load(&bytes, signing).unwrap_err();
        assert!(error.contains(why), "{why}: {error}");
    }
}

#[test]
fn a_public_key_is_read_from_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let (algorithm, file) = (Algorithm::Es256, folder.path().join("key.pem"));
    let (pair, key) = (rcgen::KeyPair::generate().unwrap(), Key { algorithm, file });
    assert!(key.read().unwrap_err().to_string().contains("cannot read"));
    std::fs::write(&key.file, pair.public_key_pem()).unwrap();
    assert_eq!(key.read().unwrap(), rcgen::PublicKeyData::subject_public_key_info(&pair));
    std::fs::write(&key.file, pair.serialize_pem()).unwrap();
    let error = key.read().unwrap_err().to_string();
    assert!(error.contains("holds no public key") && !error.contains("BEGIN PRIVATE"), "{error}");
}
