//! The certificates of one run: a CA, the proxy's and the agent's X.509-SVIDs, all ECDSA P-256,
//! and the Ed25519 key that signs Countersign's checkpoints.
//!
//! They are made on the spot and live in the run's own folder, private keys readable by their
//! owner only, because Countersign refuses others. They must never be used for anything else.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ED25519, SanType, date_time_ymd,
};

/// The name under which agents reach every proxy.
pub const HOST: &str = "api.example.org";
/// The trust domain of the agent and the proxy.
pub const TRUST_DOMAIN: &str = "example.org";
/// Who calls.
pub const AGENT_ID: &str = "spiffe://example.org/agent/bench";
const PROXY_ID: &str = "spiffe://example.org/countersign";

/// Where the certificates and keys of a run are.
#[derive(Clone, Debug)]
pub struct Pki {
    /// The folder that holds them all.
    pub folder: PathBuf,
}

impl Pki {
    /// Names the files of a folder that [`Pki::make`] has filled.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes a CA, both SVIDs and the audit key in `folder`.
    ///
    /// # Errors
    ///
    /// A key that cannot be made, or a file that cannot be written.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let pki = Self::at(folder);
        let ca = authority().map_err(io::Error::other)?;
        write_secret(&pki.ca(), &ca.pem())?;
        let proxy = svid(&ca, PROXY_ID).map_err(io::Error::other)?;
        write_secret(&pki.proxy_cert(), &proxy.cert)?;
        write_secret(&pki.proxy_key(), &proxy.key)?;
        write_secret(&pki.proxy_both(), &format!("{}{}", proxy.cert, proxy.key))?;
        let agent = svid(&ca, AGENT_ID).map_err(io::Error::other)?;
        write_secret(&pki.agent_cert(), &agent.cert)?;
        write_secret(&pki.agent_key(), &agent.key)?;
        let audit = KeyPair::generate_for(&PKCS_ED25519).map_err(io::Error::other)?;
        write_secret(&pki.audit_key(), &audit.serialize_pem())?;
        Ok(pki)
    }

    /// The CA's certificate: the whole trust of the run.
    pub fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// The proxy's certificate.
    pub fn proxy_cert(&self) -> PathBuf {
        self.folder.join("proxy.pem")
    }

    /// The proxy's private key.
    pub fn proxy_key(&self) -> PathBuf {
        self.folder.join("proxy-key.pem")
    }

    /// The proxy's certificate and key in one file, as HAProxy wants them.
    pub fn proxy_both(&self) -> PathBuf {
        self.folder.join("proxy-both.pem")
    }

    /// The agent's certificate.
    pub fn agent_cert(&self) -> PathBuf {
        self.folder.join("agent.pem")
    }

    /// The agent's private key.
    pub fn agent_key(&self) -> PathBuf {
        self.folder.join("agent-key.pem")
    }

    /// The Ed25519 key of the audit trail, PKCS#8.
    pub fn audit_key(&self) -> PathBuf {
        self.folder.join("audit-ed25519.pem")
    }
}

/// Writes `text` to a new file that only its owner may read.
///
/// # Errors
///
/// A file that exists already or cannot be written.
pub fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

struct Svid {
    cert: String,
    key: String,
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = lasting(CertificateParams::default());
    params.distinguished_name.push(DnType::CommonName, "Countersign bench CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn svid(ca: &Issuer<'_, KeyPair>, spiffe_id: &str) -> Result<Svid, rcgen::Error> {
    let mut params = lasting(CertificateParams::default());
    params.distinguished_name.push(DnType::CommonName, spiffe_id);
    params.subject_alt_names =
        vec![SanType::URI(spiffe_id.try_into()?), SanType::DnsName(HOST.try_into()?)];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    let key = KeyPair::generate()?;
    let cert = params.signed_by(&key, ca)?;
    Ok(Svid { cert: cert.pem(), key: key.serialize_pem() })
}

fn lasting(mut params: CertificateParams) -> CertificateParams {
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}
