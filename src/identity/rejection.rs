//! Why a peer is not accepted.

use std::fmt;

use crate::identity::spiffe_id::Malformed;

/// Why a certificate chain did not make a [`Principal`](crate::identity::Principal).
///
/// The agent learns only that its certificate was not accepted (a TLS alert, or a closed
/// connection); this is for the operator's log and metrics.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Rejection {
    /// The leaf is a certificate authority, or may sign certificates or revocation lists.
    Authority,
    /// The leaf's extended key usage lacks client or server authentication.
    ExtendedKeyUsage,
    /// The leaf has no critical key usage with digital signature.
    KeyUsage,
    /// A SPIFFE ID is malformed.
    MalformedId(Malformed),
    /// The chain did not lead to the trust domain's bundle, is expired or is revoked.
    Path(String),
    /// The peer sent no certificate.
    NoCertificate,
    /// The leaf does not have exactly one URI subject alternative name; it has this many.
    UriNames(usize),
    /// The subject is empty and the subject alternative name is not critical.
    SubjectName,
    /// No bundle is configured for the leaf's trust domain.
    UnknownTrustDomain(String),
    /// The leaf is not a well-formed X.509 certificate.
    Unreadable,
}

impl Rejection {
    /// A stable word for metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::ExtendedKeyUsage => "extended_key_usage",
            Self::KeyUsage => "key_usage",
            Self::MalformedId(_) => "malformed_id",
            Self::Path(_) => "path",
            Self::NoCertificate => "no_certificate",
            Self::UriNames(_) => "uri_names",
            Self::SubjectName => "subject_name",
            Self::UnknownTrustDomain(_) => "unknown_trust_domain",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authority => f.write_str("the leaf certificate may act as an authority"),
            Self::ExtendedKeyUsage => f.write_str(
                "extended key usage, where present, must have clientAuth and serverAuth",
            ),
            Self::KeyUsage => f.write_str(
                "key usage must be present, critical, and have digitalSignature only of the \
                 signing usages",
            ),
            Self::MalformedId(why) => write!(f, "the URI name is not a SPIFFE ID: {why}"),
            Self::Path(why) => write!(f, "the chain does not verify: {why}"),
            Self::NoCertificate => f.write_str("no client certificate was presented"),
            Self::UriNames(n) => write!(f, "an SVID has exactly one URI name, this one has {n}"),
            Self::SubjectName => {
                f.write_str("the subject is empty and the alternative name is not critical")
            }
            Self::UnknownTrustDomain(domain) => {
                write!(f, "no bundle for trust domain `{domain}`; add it under the door's `trust`")
            }
            Self::Unreadable => f.write_str("the leaf is not a well-formed X.509 certificate"),
        }
    }
}

impl std::error::Error for Rejection {}
