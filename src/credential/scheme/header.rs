//! Any header, with an optional prefix: `X-Api-Key: secret`, `Authorization: Token secret`.

use http::HeaderName;
use zeroize::Zeroizing;

use crate::credential::injection::Injection;
use crate::credential::secret::{Secret, sensitive};

pub(super) fn injection(name: &HeaderName, prefix: &str, secret: &Secret) -> Option<Injection> {
    let value = sensitive(Zeroizing::new(format!("{prefix}{}", secret.expose())))?;
    Some(Injection::Header(name.clone(), value))
}
