//! The headers that repeat a message: `Mcp-Method`, `Mcp-Name`, `MCP-Protocol-Version`.
//!
//! A value that a header cannot carry stands there as `=?base64?…?=`. They are compared with the
//! body by what they mean, and written anew for the upstream.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue};

/// A header of MCP that stands there twice, or that is not what the revision's encoding allows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unclear;

/// What a header says; `None` if it is absent.
///
/// # Errors
/// [`Unclear`].
pub fn read<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<Cow<'a, str>>, Unclear> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Unclear);
    }
    let text = value.to_str().map_err(|_| Unclear)?;
    decode(text.trim_matches([' ', '\t'])).map(Some)
}

fn decode(text: &str) -> Result<Cow<'_, str>, Unclear> {
    let Some(coded) = text.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) else {
        return Ok(text.into());
    };
    let bytes = STANDARD.decode(coded).map_err(|_| Unclear)?;
    String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Unclear)
}

/// The value that says `text`.
pub fn write(text: &str) -> HeaderValue {
    let is_plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !(text.starts_with(PREFIX) && text.ends_with(SUFFIX));
    let plain = if is_plain { HeaderValue::from_str(text).ok() } else { None };
    plain.unwrap_or_else(|| {
        let coded = format!("{PREFIX}{}{SUFFIX}", STANDARD.encode(text));
        // Base64 in printable marks is always a header's value.
        HeaderValue::try_from(coded).unwrap_or(HeaderValue::from_static(""))
    })
}

/// The method that the body asks for.
pub const METHOD: HeaderName = HeaderName::from_static("mcp-method");

/// What the body's request acts on.
pub const NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The revision that the message is written in.
pub const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// The session, before the modern revisions.
pub const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// Where a broken stream goes on, before the modern revisions.
pub const LAST_EVENT: HeaderName = HeaderName::from_static("last-event-id");

const PREFIX: &str = "=?base64?";
const SUFFIX: &str = "?=";

#[cfg(test)]
mod tests {
    use super::{NAME, Unclear, decode, read, write};
    use http::{HeaderMap, HeaderValue};
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn a_coded_value_is_what_it_stands_for() {
        assert_eq!(decode("=?base64?SGVsbG8=?=").unwrap(), "Hello");
        // The markers are case-sensitive, and both have to be there.
        assert_eq!(decode("=?BASE64?SGVsbG8=?=").unwrap(), "=?BASE64?SGVsbG8=?=");
        assert_eq!(decode("=?base64?SGVsbG8=").unwrap(), "=?base64?SGVsbG8=");
        assert_eq!(decode("=?base64?SGVsbG8?="), Err(Unclear));
        assert_eq!(decode("=?base64?SGVs!G8=?="), Err(Unclear));
    }

    #[test]
    fn a_header_is_said_once_and_blanks_around_it_mean_nothing() {
        let mut headers = HeaderMap::new();
        assert_eq!(read(&headers, &NAME), Ok(None));
        headers.append(NAME, HeaderValue::from_static(" \techo "));
        assert_eq!(read(&headers, &NAME).unwrap().unwrap(), "echo");
        headers.append(NAME, HeaderValue::from_static("echo"));
        assert_eq!(read(&headers, &NAME), Err(Unclear));
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in "\\PC{0,12}|=\\?base64\\?[a-z]{0,4}\\?=|[ \\ta-z]{0,5}") {
            let value = write(&text);
            prop_assert_eq!(decode(value.to_str().unwrap()).unwrap(), text);
        }
    }
}
