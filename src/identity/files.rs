//! Certificates, keys and revocation lists in PEM files.
//!
//! The only file of this part that reads the disk. It says which file was wrong and what to do
//! about it, because nobody finds a bad certificate from "invalid PEM".

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::clock::Timestamp;
use crate::identity::certificate::not_after;

/// Why an identity file could not be used.
#[derive(Debug)]
pub struct FileError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it and what would mend it.
    pub problem: String,
}

/// Our own certificate chain with its key, ready for TLS.
///
/// # Errors
/// [`FileError`], if either file cannot be read, holds nothing usable, or they do not belong
/// together.
pub fn certified_key(cert: &Path, key: &Path) -> Result<Arc<CertifiedKey>, FileError> {
    let chain = certificates(cert)?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|e| error(key, "private key", &e))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    CertifiedKey::from_der(chain, private, &provider).map(Arc::new).map_err(|e| FileError {
        path: key.to_owned(),
        problem: format!("does not fit the certificate in {}: {e}", cert.display()),
    })
}

/// When the first certificate of a chain of our own ends.
pub fn ends(own: &CertifiedKey) -> Timestamp {
    own.cert.first().and_then(|leaf| not_after(leaf)).unwrap_or_default()
}

/// Every certificate in a PEM file, in order; at least one.
///
/// # Errors
/// [`FileError`], if the file cannot be read, is not PEM, or holds no certificate.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, FileError> {
    let found = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| error(path, "certificate", &e))?;
    if found.is_empty() {
        let problem = "holds no `-----BEGIN CERTIFICATE-----`".to_owned();
        return Err(FileError { path: path.to_owned(), problem });
    }
    Ok(found)
}

/// Every revocation list in a PEM file; at least one.
///
/// # Errors
/// [`FileError`], if the file cannot be read, is not PEM, or holds no revocation list.
pub fn revocation_lists(
    path: &Path,
) -> Result<Vec<CertificateRevocationListDer<'static>>, FileError> {
    let found = CertificateRevocationListDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| error(path, "revocation list", &e))?;
    if found.is_empty() {
        let problem = "holds no `-----BEGIN X509 CRL-----`".to_owned();
        return Err(FileError { path: path.to_owned(), problem });
    }
    Ok(found)
}

fn error(path: &Path, what: &str, cause: &rustls::pki_types::pem::Error) -> FileError {
    FileError { path: path.to_owned(), problem: format!("cannot read a {what} from it: {cause}") }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.problem)
    }
}

impl std::error::Error for FileError {}
