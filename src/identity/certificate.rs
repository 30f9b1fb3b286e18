//! What is read from a leaf certificate, and the rules that make it an X.509-SVID.
//!
//! The rules are those of the X.509-SVID standard, §4 and §5: exactly one URI name, a SPIFFE ID
//! with a path, not an authority, and the key usages of a leaf. Whether the chain leads to a bundle
//! is `trust.rs`' question.

use aws_lc_rs::digest::{SHA256, digest};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::clock::Timestamp;
use crate::identity::rejection::Rejection;
use crate::identity::spiffe_id::SpiffeId;

/// The facts of one leaf that obeys the rules of an X.509-SVID. Read once a connection.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Certificate {
    /// The id in its one URI name.
    pub spiffe_id: SpiffeId,
    /// SHA-256 of the leaf's DER.
    pub thumbprint: [u8; 32],
    /// The first moment at which it is no longer valid.
    pub not_after: Timestamp,
}

impl Certificate {
    /// Reads a leaf from its DER and holds it against the rules.
    ///
    /// # Errors
    /// [`Rejection`], naming the first rule that is broken.
    pub fn read(der: &[u8]) -> Result<Self, Rejection> {
        let Ok(([], leaf)) = X509Certificate::from_der(der) else {
            return Err(Rejection::Unreadable);
        };
        check_usage(&leaf)?;
        let mut thumbprint = [0; 32];
        thumbprint.copy_from_slice(digest(&SHA256, der).as_ref());
        Ok(Self {
            spiffe_id: spiffe_id(&leaf)?,
            thumbprint,
            not_after: Timestamp::from_secs(leaf.validity().not_after.timestamp()),
        })
    }
}

/// When a certificate of a chain ends; `None` if it cannot be read.
pub(super) fn not_after(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(Timestamp::from_secs(certificate.validity().not_after.timestamp()))
}

fn spiffe_id(leaf: &X509Certificate<'_>) -> Result<SpiffeId, Rejection> {
    let names = leaf.subject_alternative_name().map_err(|_| Rejection::Unreadable)?;
    let Some(names) = names else {
        return Err(Rejection::UriNames(0));
    };
    if leaf.subject().iter().next().is_none() && !names.critical {
        return Err(Rejection::SubjectName);
    }
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    let (Some(uri), None) = (uris.next(), uris.next()) else {
        let is_uri = |name: &&GeneralName<'_>| matches!(name, GeneralName::URI(_));
        return Err(Rejection::UriNames(names.value.general_names.iter().filter(is_uri).count()));
    };
    SpiffeId::parse(uri).map_err(Rejection::MalformedId)
}

fn check_usage(leaf: &X509Certificate<'_>) -> Result<(), Rejection> {
    let constraints = leaf.basic_constraints().map_err(|_| Rejection::Unreadable)?;
    if constraints.is_some_and(|constraints| constraints.value.ca) {
        return Err(Rejection::Authority);
    }
    let usage = leaf.key_usage().map_err(|_| Rejection::Unreadable)?;
    let Some(usage) = usage.filter(|usage| usage.critical) else {
        return Err(Rejection::KeyUsage);
    };
    if usage.value.key_cert_sign() || usage.value.crl_sign() {
        return Err(Rejection::Authority);
    }
    if !usage.value.digital_signature() {
        return Err(Rejection::KeyUsage);
    }
    let extended = leaf.extended_key_usage().map_err(|_| Rejection::Unreadable)?;
    if extended.is_some_and(|usage| !(usage.value.client_auth && usage.value.server_auth)) {
        return Err(Rejection::ExtendedKeyUsage);
    }
    Ok(())
}
