//! Ed25519 keys of Countersign's own: loaded from a file, or made.
//!
//! The file is PKCS#8, PEM or DER, as `openssl genpkey -algorithm ed25519` writes it. A file that
//! others on the machine can read is refused: a key that was readable proves nothing. The private
//! half is never printed, and its text is wiped as soon as it is parsed.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// A private key with its public half.
pub struct Pair {
    pair: Ed25519KeyPair,
    public: [u8; 32],
}

impl Pair {
    /// Loads the key in `path`.
    ///
    /// # Errors
    /// If the file cannot be read, is readable by its group or others, or holds no Ed25519 key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let bytes = read_private(path)?;
        let der = match std::str::from_utf8(&bytes) {
            Ok(text) if text.contains(BEGIN) => {
                unarmor(text).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })?
            }
            _ => bytes,
        };
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(&der)
            .map_err(|_| KeyError::Malformed { path: path.to_owned() })?;
        Self::new(pair).ok_or_else(|| KeyError::Malformed { path: path.to_owned() })
    }

    /// Makes a fresh key and writes it to `path`, which must not exist yet, with mode 0600.
    ///
    /// # Errors
    /// If the file exists or cannot be written, or the machine gives no randomness.
    pub fn make(path: &Path) -> Result<Self, KeyError> {
        let key = Self::generate()?;
        let der: Pkcs8V1Der<'_> = key.pair.as_der().map_err(|_| KeyError::Randomness)?;
        let text = Zeroizing::new(STANDARD.encode(der.as_ref()));
        let pem = Zeroizing::new(format!("{BEGIN}\n{}\n{END}\n", *text));
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let written = made.and_then(|mut file| {
            file.write_all(pem.as_bytes())?;
            file.sync_all()
        });
        written.map_err(|source| KeyError::Io { path: path.to_owned(), source })?;
        Ok(key)
    }

    /// A fresh key that is written nowhere.
    ///
    /// # Errors
    /// If the machine gives no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Randomness)?;
        Self::new(pair).ok_or(KeyError::Randomness)
    }

    fn new(pair: Ed25519KeyPair) -> Option<Self> {
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { pair, public })
    }

    /// The public half (RFC 8032 §5.1.5).
    pub fn public(&self) -> [u8; 32] {
        self.public
    }

    /// The 64 bytes of the signature over `message`.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.pair.sign(message).as_ref().to_vec()
    }
}

impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pair({})", STANDARD.encode(self.public))
    }
}

/// The bytes of a file that nobody but its owner may read.
fn read_private(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let failed = |source| KeyError::Io { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode() & 0o777;
    if mode & 0o027 != 0 {
        return Err(KeyError::Exposed { path: path.to_owned(), mode });
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(KEY_FILE));
    file.take(KEY_FILE as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// What stands between the PEM lines, decoded.
fn unarmor(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let (_, after) = text.split_once(BEGIN)?;
    let (inside, _) = after.split_once(END)?;
    let inside: Zeroizing<String> = Zeroizing::new(inside.split_whitespace().collect());
    STANDARD.decode(inside.as_bytes()).ok().map(Zeroizing::new)
}

/// Why there is no key.
#[derive(Debug)]
pub enum KeyError {
    /// Others than its owner can read the file.
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The file cannot be read or written.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file holds no PKCS#8 Ed25519 private key.
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The machine gave no randomness to make a key from.
    Randomness,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exposed { path, mode } => write!(
                f,
                "the key {0} can be read by others (mode {mode:04o}); make it its owner's \
                 alone with `chmod 600 {0}`, and a new key if others may have read it",
                path.display()
            ),
            Self::Io { path, source } => write!(f, "the key {}: {source}", path.display()),
            Self::Malformed { path } => write!(
                f,
                "{0} holds no Ed25519 private key in PKCS#8; make one with `openssl genpkey \
                 -algorithm ed25519 -out {0}`",
                path.display()
            ),
            Self::Randomness => f.write_str("the machine gave no randomness to make a key from"),
        }
    }
}

impl std::error::Error for KeyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Exposed { .. } | Self::Malformed { .. } | Self::Randomness => None,
        }
    }
}

const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";
/// The longest key file that is read, in bytes; a real one has 119.
const KEY_FILE: usize = 4096;

#[cfg(test)]
mod tests {
    use super::{KeyError, Pair};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_key_that_was_made_loads_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = Pair::make(&path).unwrap();
        let loaded = Pair::load(&path).unwrap();
        assert_eq!(made.public(), loaded.public());
        assert!(matches!(Pair::make(&path), Err(KeyError::Io { .. })));
    }

    /// The private key of RFC 8032 §7.1 test 1, as OpenSSL writes it, and its public half.
    #[test]
    fn an_openssl_key_loads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let pem = "-----BEGIN PRIVATE KEY-----\n\
                   MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
                   -----END PRIVATE KEY-----\n";
        fs::write(&path, pem).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        let key = Pair::load(&path).unwrap();
        assert_eq!(format!("{key:?}"), "Pair(11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=)");
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        Pair::make(&path).unwrap();
        for mode in [0o644, 0o604, 0o660] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let error = Pair::load(&path).unwrap_err();
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
    }

    #[test]
    fn a_file_without_a_key_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        fs::write(&path, "hello").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(Pair::load(&path), Err(KeyError::Malformed { .. })));
    }
}
