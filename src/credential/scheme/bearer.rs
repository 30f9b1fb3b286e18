//! `Authorization: Bearer secret` (RFC 6750 §2.1).

use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::credential::injection::Injection;
use crate::credential::secret::{Secret, sensitive};

pub(super) fn injection(secret: &Secret) -> Option<Injection> {
    let value = sensitive(Zeroizing::new(format!("Bearer {}", secret.expose())))?;
    Some(Injection::Header(AUTHORIZATION, value))
}
