//! Against the real `ssh-keygen`, in both directions.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ssh_key::{HashAlg, SshSig};
use tempfile::TempDir;

use crate::approval::refusal::Refusal;
use crate::approval::sshsig::{KeyError, SshKey};
use crate::approval::tests::signer::{armor, field};

const STATEMENT: &str = "countersign approval v1\nverdict: approve\n";

/// A folder with a key, and what `ssh-keygen` says of it.
struct Keygen(TempDir);

impl Keygen {
    fn new(kind: &str) -> Self {
        let keygen = Self(tempfile::tempdir().unwrap());
        let file = keygen.file("key");
        let made = run(Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", "", "-C", "maria", "-f"])
            .arg(file));
        assert!(made.status.success(), "{made:?}");
        keygen
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn public(&self) -> String {
        fs::read_to_string(self.file("key.pub")).unwrap()
    }

    fn key(&self) -> SshKey {
        SshKey::parse(&self.public()).unwrap()
    }

    fn sign(&self, statement: &str, arguments: &[&str]) -> String {
        fs::write(self.file("statement"), statement).unwrap();
        let _ = fs::remove_file(self.file("statement.sig"));
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-f"]).arg(self.file("key")).args(arguments);
        let signed = run(command.arg(self.file("statement")));
        assert!(signed.status.success(), "{signed:?}");
        fs::read_to_string(self.file("statement.sig")).unwrap()
    }
}

fn run(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().expect("ssh-keygen (Debian: openssh-client) is installed")
}

/// Whether `ssh-keygen -Y verify` takes `signature` by `public` over `statement`.
fn accepted_by_openssh(public: &str, statement: &str, signature: &str) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let file = |name| folder.path().join(name);
    fs::write(file("signers"), format!("maria {public}\n")).unwrap();
    fs::write(file("statement"), statement).unwrap();
    fs::write(file("signature"), signature).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-Y", "verify", "-I", "maria", "-n", "countersign", "-f"]).arg(file("signers"));
    command.arg("-s").arg(file("signature")).stdin(fs::File::open(file("statement")).unwrap());
    command.output().unwrap().status.success()
}

/// A security key of one's own: nothing is plugged into the machine that runs this.
fn by_touch(flags: u8, statement: &str) -> (String, String) {
    let pair = Ed25519KeyPair::generate().unwrap();
    let (kind, application) = (b"sk-ssh-ed25519@openssh.com".as_slice(), b"ssh:".as_slice());
    let public = [field(kind), field(pair.public_key().as_ref()), field(application)].concat();
    let signed = SshSig::signed_data("countersign", HashAlg::Sha512, statement.as_bytes()).unwrap();
    let trailer = [flags, 0, 0, 0, 7];
    let hash = |bytes: &[u8]| digest(&SHA256, bytes).as_ref().to_vec();
    let signature = pair.sign(&[hash(application), trailer.to_vec(), hash(&signed)].concat());
    let signature = [field(kind), field(signature.as_ref()), trailer.to_vec()].concat();
    let blob = [
        b"SSHSIG\0\0\0\x01".to_vec(),
        field(&public),
        field(b"countersign"),
        field(b""),
        field(b"sha512"),
        field(&signature),
    ];
    let line = format!("{} {} maria", str::from_utf8(kind).unwrap(), STANDARD.encode(&public));
    (line, armor(&blob.concat()))
}

fn blob(armored: &str) -> Vec<u8> {
    STANDARD
        .decode(armored.lines().filter(|line| !line.starts_with('-')).collect::<String>())
        .unwrap()
}

/// The same signature, whose public key is said to be one byte longer than it is.
fn lying_length(armored: &str) -> Vec<u8> {
    let mut blob = blob(armored);
    blob[13] += 1;
    blob
}

#[test]
fn what_ssh_keygen_signs_is_verified() {
    let keygen = Keygen::new("ed25519");
    for arguments in [&["-n", "countersign"][..], &["-n", "countersign", "-O", "hashalg=sha256"]] {
        let signature = keygen.sign(STATEMENT, arguments);
        assert_eq!(keygen.key().verify(STATEMENT.as_bytes(), &signature), Ok(()));
        assert!(accepted_by_openssh(&keygen.public(), STATEMENT, &signature));
    }
}

#[test]
fn another_namespace_key_statement_or_signature_is_refused_for_what_it_is() {
    let (keygen, other) = (Keygen::new("ed25519"), Keygen::new("ed25519"));
    let good = keygen.sign(STATEMENT, &["-n", "countersign"]);
    let git = keygen.sign(STATEMENT, &["-n", "git"]);
    let verify = |text: &str, signature: &str| keygen.key().verify(text.as_bytes(), signature);
    assert_eq!(verify(STATEMENT, &git), Err(Refusal::Namespace));
    assert_eq!(other.key().verify(STATEMENT.as_bytes(), &good), Err(Refusal::WrongKey));
    for text in ["", &STATEMENT.replace("approve", "deny"), STATEMENT.trim_end()] {
        assert_eq!(verify(text, &good), Err(Refusal::Signature));
    }
    let mut changed = blob(&good);
    *changed.last_mut().unwrap() ^= 1;
    assert_eq!(verify(STATEMENT, &armor(&changed)), Err(Refusal::Signature));
}

#[test]
fn the_armour_is_as_strict_as_that_of_ssh_keygen() {
    let keygen = Keygen::new("ed25519");
    let good = keygen.sign(STATEMENT, &["-n", "countersign"]);
    assert_eq!(armor(&blob(&good)), good);
    for text in [
        String::new(),
        format!("text\n{good}"),
        format!("{good}text"),
        good.replace('\n', "\r\n"),
        good.replace("SSH SIGNATURE", "SIGNATURE"),
        armor(&[blob(&good), vec![0]].concat()),
        armor(&blob(&good)[..100]),
        good.repeat(20),
    ] {
        let found = keygen.key().verify(STATEMENT.as_bytes(), &text);
        assert_eq!(found, Err(Refusal::MalformedProof), "{text}");
    }
    let at = blob(&good).windows(11).position(|part| part == b"countersign").unwrap() + 11;
    let mut reserved = blob(&good);
    reserved.splice(at..at + 4, [0, 0, 0, 1, b'x']);
    for changed in [reserved, lying_length(&good)] {
        let text = armor(&changed);
        let found = keygen.key().verify(STATEMENT.as_bytes(), &text);
        assert_eq!(found, Err(Refusal::MalformedProof));
    }
    assert!(!accepted_by_openssh(&keygen.public(), STATEMENT, &armor(&lying_length(&good))));
}

#[test]
fn a_security_key_counts_when_it_was_touched() {
    let (public, signature) = by_touch(0x01, STATEMENT);
    let key = SshKey::parse(&public).unwrap();
    assert_eq!(key.verify(STATEMENT.as_bytes(), &signature), Ok(()));
    assert!(accepted_by_openssh(&public, STATEMENT, &signature));
    assert_eq!(key.verify(b"another", &signature), Err(Refusal::Signature));

    let (public, signature) = by_touch(0x00, STATEMENT);
    let found = SshKey::parse(&public).unwrap().verify(STATEMENT.as_bytes(), &signature);
    assert_eq!(found, Err(Refusal::UserNotPresent));

    let mut claimed = blob(&signature);
    let flags = claimed.len() - 5;
    claimed[flags] = 0x01;
    let found = SshKey::parse(&public).unwrap().verify(STATEMENT.as_bytes(), &armor(&claimed));
    assert_eq!(found, Err(Refusal::Signature), "the touch itself is signed");
}

#[test]
fn only_ed25519_keys_may_approve() {
    assert_eq!(SshKey::parse(&Keygen::new("ecdsa").public()), Err(KeyError::Algorithm));
    assert_eq!(SshKey::parse(&Keygen::new("rsa").public()), Err(KeyError::Algorithm));
    for line in ["", "ssh-ed25519", "ssh-ed25519 AAAA", "maria"] {
        assert_eq!(SshKey::parse(line), Err(KeyError::Malformed), "{line}");
    }
}

#[test]
fn a_key_is_shown_as_ssh_keygen_shows_it() {
    let keygen = Keygen::new("ed25519");
    let listed = run(Command::new("ssh-keygen").arg("-lf").arg(keygen.file("key.pub")));
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(&keygen.key().fingerprint()), "{listed}");
}
