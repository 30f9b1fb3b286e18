//! `Authorization: Bearer secret` (RFC 6750 §2.1).

use http::header::AUTHORIZATION;

use crate::credential::injection::Injection;
use crate::credential::secret::Secret;

pub(super) fn injection(secret: &Secret) -> Option<Injection> {
    Some(Injection::Header(AUTHORIZATION, secret.bearer()?))
}
