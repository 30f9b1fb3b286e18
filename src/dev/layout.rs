//! What lies where under the development folder, and how it gets there.
//!
//! What is there already is kept: somebody may have changed it. Everything is its owner's alone, and
//! a file appears whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use zeroize::Zeroizing;

use crate::approval::SshKeyPair;
use crate::audit::{Origin, SigningKey, VerifierKey};
use crate::dev::error::Error;

/// The places under a development folder.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

/// The digest of the sample API's key: enough to recognise the key, of no use to anyone else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct KeyDigest(pub(super) [u8; 32]);

impl Layout {
    /// The layout under `root`, which need not exist yet.
    pub(super) fn under(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// The folder itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// `countersign.yaml`
    pub(super) fn configuration(&self) -> PathBuf {
        self.root.join("countersign.yaml")
    }

    /// Where the audit trail is, unless the configuration was changed.
    pub(super) fn trail(&self) -> PathBuf {
        self.root.join("state/audit")
    }

    /// A file of the authority's or of Countersign's own.
    pub(super) fn pki(&self, name: &str) -> PathBuf {
        self.root.join("pki").join(name)
    }

    /// What the demo agent holds: all of it.
    pub(super) fn agent(&self) -> PathBuf {
        self.root.join("agents").join(AGENT)
    }

    /// The rules' folder.
    pub(super) fn rules(&self) -> PathBuf {
        self.root.join("rules")
    }

    /// The sample API's key, which the agent never gets.
    pub(super) fn api_key(&self) -> PathBuf {
        self.root.join("secrets/payments-api-key")
    }

    /// The private key of the person who may agree; the public one stands beside it.
    pub(super) fn approver(&self) -> PathBuf {
        self.root.join("approver/key")
    }

    /// The person's key pair.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn approver_keys(&self) -> Result<SshKeyPair, Error> {
        let path = self.approver();
        let text = fs::read_to_string(&path).map(Zeroizing::new).map_err(Error::io(&path))?;
        SshKeyPair::from_openssh(&text).map_err(Error::io(&path))
    }

    fn audit_key(&self) -> PathBuf {
        self.root.join("secrets/audit-ed25519")
    }

    /// Makes the folders, the rules and the secrets that are missing.
    ///
    /// # Errors
    /// [`Error::Io`], and [`Error::Key`].
    pub(super) fn prepare(&self) -> Result<(), Error> {
        let agent = self.agent();
        for folder in [&self.root, &self.pki(""), &agent, &self.root.join("secrets")] {
            make_folder(folder)?;
        }
        // All of the rules or none: a file that somebody removed stays removed.
        if !self.rules().exists() {
            make_folder(&self.rules())?;
            for (name, text) in RULES {
                write(&self.rules().join(name), text.as_bytes())?;
            }
        }
        if !self.api_key().exists() {
            write(&self.api_key(), fresh_key()?.as_bytes())?;
        }
        if !self.approver().exists() {
            make_folder(&self.root.join("approver"))?;
            let keys = SshKeyPair::generate()?;
            write(
                &self.approver().with_extension("pub"),
                format!("{}\n", keys.public()?).as_bytes(),
            )?;
            write(&self.approver(), keys.to_openssh("you")?.as_bytes())?;
        }
        if !self.audit_key().exists() {
            SigningKey::make(&self.audit_key(), origin()?)?;
        }
        Ok(())
    }

    /// What the sample API recognises its key by.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub(super) fn key_digest(&self) -> Result<KeyDigest, Error> {
        let path = self.api_key();
        let key = Zeroizing::new(fs::read(&path).map_err(Error::io(&path))?);
        Ok(KeyDigest::of(key.trim_ascii_end()))
    }

    /// The public half of the audit key, from the key itself and not from what the trail says.
    ///
    /// # Errors
    /// [`Error::Key`].
    pub(super) fn verifier(&self) -> Result<VerifierKey, Error> {
        Ok(SigningKey::load(&self.audit_key(), origin()?)?.verifier().clone())
    }
}

impl KeyDigest {
    /// The digest of a key.
    pub(super) fn of(key: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, key).as_ref());
        Self(bytes)
    }

    /// The beginning of it, for people to compare.
    pub(super) fn prefix(self) -> String {
        hex(self.0.get(..4).unwrap_or_default())
    }
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file that nobody but its owner can read; whoever looks sees all of it or none.
///
/// # Errors
/// [`Error::Io`].
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut draft| {
        draft.write_all(bytes)?;
        draft.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(Error::io(path))
}

fn make_folder(path: &Path) -> Result<(), Error> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(Error::io(path))
}

fn fresh_key() -> Result<Zeroizing<String>, Error> {
    let mut bytes = Zeroizing::new([0; 20]);
    rand::fill(bytes.as_mut()).map_err(|_| io::Error::other("no randomness"))?;
    let mut key = Zeroizing::new(String::with_capacity(64));
    key.push_str("demo_");
    key.push_str(&Zeroizing::new(hex(bytes.as_ref())));
    Ok(key)
}

/// The trail's name, as the configuration has it by default.
fn origin() -> Result<Origin, Error> {
    Origin::parse("countersign").ok_or_else(|| io::Error::other("no such origin").into())
}

/// The one agent there is.
pub(super) const AGENT: &str = "demo-agent";

/// The quickstart example's rules are the demo's: one text, tested once. What the example lacks has
/// its own.
const RULES: [(&str, &str); 8] = [
    ("authz.rego", include_str!("../../examples/quickstart/rules/authz.rego")),
    ("authz_test.rego", include_str!("../../examples/quickstart/rules/authz_test.rego")),
    ("refunds.rego", include_str!("template/refunds.rego")),
    ("refunds_test.rego", include_str!("template/refunds_test.rego")),
    ("reports.rego", include_str!("template/reports.rego")),
    ("reports_test.rego", include_str!("template/reports_test.rego")),
    ("tools.rego", include_str!("template/tools.rego")),
    ("tools_test.rego", include_str!("template/tools_test.rego")),
];

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::Layout;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn what_is_made_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(&folder.path().join("dev"));
        layout.prepare().unwrap();
        assert_eq!(mode(layout.root()), 0o700);
        assert_eq!(mode(&layout.api_key()), 0o600);
        assert_eq!(mode(&layout.audit_key()), 0o600);
    }

    #[test]
    fn a_second_start_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::under(folder.path());
        layout.prepare().unwrap();
        let (key, verifier) = (layout.key_digest().unwrap(), layout.verifier().unwrap());
        let rules = layout.rules().join("authz.rego");
        fs::write(&rules, "package mine\n").unwrap();
        fs::remove_file(layout.rules().join("authz_test.rego")).unwrap();
        layout.prepare().unwrap();
        assert_eq!(layout.key_digest().unwrap(), key);
        assert_eq!(layout.verifier().unwrap(), verifier);
        assert_eq!(fs::read_to_string(&rules).unwrap(), "package mine\n");
        assert!(!layout.rules().join("authz_test.rego").exists());
    }

    #[test]
    fn two_folders_have_two_keys() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let layouts = [one, other].map(|folder| {
            let layout = Layout::under(folder.path());
            layout.prepare().unwrap();
            layout.key_digest().unwrap()
        });
        assert_ne!(layouts[0], layouts[1]);
    }
}
