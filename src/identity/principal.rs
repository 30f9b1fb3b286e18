//! The first proof value: a caller whose identity was verified.

use std::fmt;

use crate::clock::Timestamp;
use crate::identity::certificate::Certificate;
use crate::identity::spiffe_id::SpiffeId;

/// A verified caller. Only [`Trust`](crate::identity::Trust) makes one.
///
/// It cannot be made by hand:
///
/// ```compile_fail
/// use countersign::clock::Timestamp;
/// use countersign::identity::{Certificate, Principal};
/// fn forge(certificate: Certificate, valid_until: Timestamp) -> Principal {
///     Principal { certificate, valid_until, trusted_by: 0 }
/// }
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Principal {
    certificate: Certificate,
    /// When this proof has to be made anew: the earliest end of anything it rests on.
    valid_until: Timestamp,
    /// The generation of the trust that verified it.
    trusted_by: u64,
}

impl Principal {
    pub(super) fn new(certificate: Certificate, valid_until: Timestamp, trusted_by: u64) -> Self {
        Self { certificate, valid_until, trusted_by }
    }

    /// The caller's name.
    pub fn spiffe_id(&self) -> &SpiffeId {
        &self.certificate.spiffe_id
    }

    /// What its leaf certificate says.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The first moment at which something this proof rests on has ended: the leaf, another
    /// certificate of the chain, or a revocation list.
    pub fn valid_until(&self) -> Timestamp {
        self.valid_until
    }

    pub(super) fn trusted_by(&self) -> u64 {
        self.trusted_by
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Principal({})", self.spiffe_id())
    }
}
