//! One cookie (RFC 6265 §4.2): `Cookie: name=secret`. The agent's own cookies are gone already, so
//! it is the only one.

use http::header::COOKIE;
use zeroize::Zeroizing;

use crate::credential::injection::Injection;
use crate::credential::secret::{Secret, sensitive};

pub(super) fn injection(name: &str, secret: &Secret) -> Option<Injection> {
    // A separator in the value would make it two cookies.
    if secret.expose().contains([';', ',', ' ', '"', '\\']) {
        return None;
    }
    let value = sensitive(Zeroizing::new(format!("{name}={}", secret.expose())))?;
    Some(Injection::Header(COOKIE, value))
}
