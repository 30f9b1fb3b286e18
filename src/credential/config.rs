//! A credential as the operator configured it.

use crate::credential::scheme::Scheme;
use crate::credential::source::Source;
use crate::id::{CredentialName, UpstreamName};

/// One entry of `credentials:`.
#[derive(Clone, Debug, PartialEq)]
pub struct CredentialConfig {
    /// Its key in the configuration.
    pub name: CredentialName,
    /// How it is put on a request.
    pub scheme: Scheme,
    /// Where its secret is.
    pub source: Source,
    /// The only upstreams it may ever be sent to.
    pub upstreams: Vec<UpstreamName>,
}
