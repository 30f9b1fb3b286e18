//! A query parameter: `?name=secret`. Whatever the agent sent under that name is replaced.
//!
//! The last resort among schemes: upstreams log their query strings.

use zeroize::Zeroizing;

use crate::credential::injection::Injection;
use crate::credential::secret::Secret;

pub(super) fn injection(name: &str, secret: &Secret) -> Injection {
    Injection::Query(name.to_owned(), Zeroizing::new(secret.expose().to_owned()))
}
