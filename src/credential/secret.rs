//! A secret's value: it cannot be printed, compared, copied or serialised, and is wiped when
//! dropped.

use std::fmt;

use bytes::Bytes;
use http::HeaderValue;
use zeroize::Zeroizing;

/// A secret: non-empty text without control characters.
///
/// It has no `Display`, `Clone`, `PartialEq` or `Serialize`:
///
/// ```compile_fail
/// fn print(secret: countersign::credential::Secret) -> String {
///     secret.to_string()
/// }
/// ```
pub struct Secret(Zeroizing<String>);

/// Why a value cannot be a secret.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotASecret {
    /// It holds a control character, which no header may.
    Control,
    /// There is nothing in it.
    Empty,
    /// It is not UTF-8.
    NotText,
}

impl Secret {
    /// From the bytes of a source, without the line ending that editors leave.
    ///
    /// # Errors
    /// [`NotASecret`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, NotASecret> {
        let bytes = Zeroizing::new(bytes);
        let text = str::from_utf8(&bytes).map_err(|_| NotASecret::NotText)?;
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() {
            return Err(NotASecret::Empty);
        }
        if text.chars().any(char::is_control) {
            return Err(NotASecret::Control);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// The value of an `Authorization` header with it as a bearer token (RFC 6750 §2.1); `None` if
    /// it cannot stand in a header.
    pub fn bearer(&self) -> Option<HeaderValue> {
        sensitive(Zeroizing::new(format!("Bearer {}", self.expose())))
    }

    /// The value, for those who put it on a request or look for it in an answer.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

/// A header value that HPACK must not index and that is wiped when its last copy is dropped.
///
/// `text` is the secret with whatever its scheme writes around it.
pub(super) fn sensitive(text: Zeroizing<String>) -> Option<HeaderValue> {
    let bytes = Bytes::from_owner(Wiped(text));
    let mut value = HeaderValue::from_maybe_shared(bytes).ok()?;
    value.set_sensitive(true);
    Some(value)
}

struct Wiped(Zeroizing<String>);

impl AsRef<[u8]> for Wiped {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl fmt::Display for NotASecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "holds a control character",
            Self::Empty => "is empty",
            Self::NotText => "is not UTF-8 text",
        })
    }
}

impl std::error::Error for NotASecret {}

#[cfg(test)]
mod tests {
    use super::{NotASecret, Secret};

    #[test]
    fn the_last_line_ending_is_not_part_of_a_secret() {
        assert_eq!(Secret::new(b"s3cr3t\r\n".to_vec()).unwrap().expose(), "s3cr3t");
    }

    #[test]
    fn what_no_header_can_carry_is_not_a_secret() {
        let refused = |bytes: &[u8]| Secret::new(bytes.to_vec()).unwrap_err();
        assert_eq!(refused(b""), NotASecret::Empty);
        assert_eq!(refused(b"\n"), NotASecret::Empty);
        assert_eq!(refused(b"a\nb"), NotASecret::Control);
        assert_eq!(refused(b"a\0"), NotASecret::Control);
        assert_eq!(refused(b"\xff"), NotASecret::NotText);
    }

    #[test]
    fn debug_output_shows_no_value() {
        let secret = Secret::new(b"s3cr3t".to_vec()).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
