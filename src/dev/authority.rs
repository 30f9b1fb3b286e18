//! The development authority: makes certificates on this machine, for this machine.
//!
//! What it signs obeys the same rules as a certificate from a real SPIFFE deployment, because
//! Countersign makes no exception for development. Its key lies on the disk, in the owner's folder;
//! nothing outside development may ever trust it.

use std::net::IpAddr;
use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType,
};
use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::clock::Timestamp;

/// An authority that can sign.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// When its own certificate ends; nothing that it signs lasts longer.
    ends: Timestamp,
}

/// A certificate and its private key, both in PEM.
pub(super) struct Issued {
    /// The certificate.
    pub(super) certificate: String,
    /// PKCS#8.
    pub(super) key: Zeroizing<String>,
}

/// Whom a certificate is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Subject<'a> {
    /// A word for people; nothing depends on it.
    pub(super) name: &'a str,
    /// The path of the SPIFFE ID, with its leading slash.
    pub(super) path: &'a str,
    /// The hosts a server answers to; none for an agent.
    pub(super) hosts: &'a [&'a str],
}

impl Authority {
    /// A fresh authority, valid for [`LIFE`], with its certificate and key.
    ///
    /// # Errors
    /// If the machine gives no randomness.
    pub(super) fn make(now: Timestamp) -> Result<(Self, Issued), rcgen::Error> {
        let ends = now.plus(LIFE);
        let mut params = params("Countersign development CA", now, ends);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.subject_alt_names = vec![spiffe_id("")?];
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.self_signed(&key)?.pem();
        let issued = Issued { certificate, key: Zeroizing::new(key.serialize_pem()) };
        Ok((Self { issuer: Issuer::new(params, key), ends }, issued))
    }

    /// An authority that was made earlier; its certificate is valid until `ends`.
    ///
    /// # Errors
    /// If either text is not what [`make`](Self::make) made.
    pub(super) fn load(issued: &Issued, ends: Timestamp) -> Result<Self, rcgen::Error> {
        let key = KeyPair::from_pem(&issued.key)?;
        Ok(Self { issuer: Issuer::from_ca_cert_pem(&issued.certificate, key)?, ends })
    }

    /// An X.509-SVID for `subject`, usable on both ends of mTLS.
    ///
    /// # Errors
    /// If a name cannot stand in a certificate.
    pub(super) fn issue(
        &self,
        subject: Subject<'_>,
        now: Timestamp,
    ) -> Result<Issued, rcgen::Error> {
        let mut params = params(subject.name, now, self.ends);
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        params.subject_alt_names = vec![spiffe_id(subject.path)?];
        for host in subject.hosts {
            params.subject_alt_names.push(host_name(host)?);
        }
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let certificate = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { certificate, key: Zeroizing::new(key.serialize_pem()) })
    }
}

fn params(name: &str, now: Timestamp, ends: Timestamp) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date(Timestamp::from_micros(now.micros().saturating_sub(SKEW_MICROS)));
    params.not_after = date(ends);
    params
}

/// A time that no calendar holds becomes the epoch: such a certificate is never valid.
fn date(at: Timestamp) -> OffsetDateTime {
    let seconds = i64::try_from(at.secs()).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn spiffe_id(path: &str) -> Result<SanType, rcgen::Error> {
    Ok(SanType::URI(format!("spiffe://{TRUST_DOMAIN}{path}").as_str().try_into()?))
}

fn host_name(host: &str) -> Result<SanType, rcgen::Error> {
    match host.parse::<IpAddr>() {
        Ok(ip) => Ok(SanType::IpAddress(ip)),
        Err(_) => Ok(SanType::DnsName(host.try_into()?)),
    }
}

/// The trust domain of everything it signs.
pub(super) const TRUST_DOMAIN: &str = "dev.local";

/// How long an authority lasts.
pub(super) const LIFE: Duration = Duration::from_secs(30 * 24 * 3600);

/// How far behind another clock on this machine (a container's, a virtual machine's) may be.
const SKEW_MICROS: u64 = 300_000_000;

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::{Authority, Issued, LIFE, Subject};
    use crate::clock::Timestamp;
    use crate::identity::Certificate;
    use crate::identity::rejection::Rejection;

    const NOW: Timestamp = Timestamp::from_micros(1_795_461_720_000_000);

    fn read(issued: &Issued) -> Result<Certificate, Rejection> {
        Certificate::read(&CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap())
    }

    #[test]
    fn a_leaf_is_an_svid_and_ends_with_its_authority() {
        let (authority, _) = Authority::make(NOW).unwrap();
        let subject = Subject { name: "agent", path: "/agent/demo", hosts: &[] };
        let leaf = read(&authority.issue(subject, NOW).unwrap()).unwrap();
        assert_eq!(leaf.spiffe_id.as_str(), "spiffe://dev.local/agent/demo");
        assert_eq!(leaf.not_after, NOW.plus(LIFE));
    }

    #[test]
    fn a_loaded_authority_signs_as_the_one_that_was_made() {
        let (_, issued) = Authority::make(NOW).unwrap();
        let authority = Authority::load(&issued, NOW.plus(LIFE)).unwrap();
        let hosts = &["localhost", "127.0.0.1"];
        let subject = Subject { name: "server", path: "/countersign", hosts };
        let leaf = read(&authority.issue(subject, NOW).unwrap()).unwrap();
        assert_eq!(leaf.spiffe_id.as_str(), "spiffe://dev.local/countersign");
    }

    #[test]
    fn the_authoritys_own_certificate_is_no_agents() {
        let (_, issued) = Authority::make(NOW).unwrap();
        assert_eq!(read(&issued), Err(Rejection::Authority));
    }
}
