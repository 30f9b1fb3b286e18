//! `Authorization: Basic base64(username:secret)` (RFC 7617 §2).

use base64::prelude::{BASE64_STANDARD, Engine};
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::credential::injection::Injection;
use crate::credential::secret::{Secret, sensitive};

pub(super) fn injection(username: &str, secret: &Secret) -> Option<Injection> {
    let encoded = Zeroizing::new(BASE64_STANDARD.encode(pair(username, secret).as_bytes()));
    let value = sensitive(Zeroizing::new(format!("Basic {}", *encoded)))?;
    Some(Injection::Header(AUTHORIZATION, value))
}

/// What is encoded, and what an upstream that decodes it could echo.
pub(super) fn pair(username: &str, secret: &Secret) -> Zeroizing<String> {
    Zeroizing::new(format!("{username}:{}", secret.expose()))
}
