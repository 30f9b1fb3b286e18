//! Who is calling.
//!
//! An agent proves itself with an X.509-SVID over mutual TLS. This part knows SPIFFE IDs, the trust
//! bundles they are checked against, and the rules of an SVID; its one product is the
//! [`Principal`], which nothing else can make. What a header says about identity is never read.

pub mod spiffe_id;
pub mod certificate;
pub mod files;
pub mod trust;
pub mod principal;
pub mod caller;
pub mod rejection;

pub use caller::Caller;
pub use certificate::Certificate;
pub use principal::Principal;
pub use rejection::Rejection;
pub use spiffe_id::{SpiffeId, TrustDomain};
pub use trust::Trust;
