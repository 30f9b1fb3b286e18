//! Percent-escapes (RFC 3986 §2.1), decoded exactly once.

/// A malformed escape: `%` without two hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct BadEscape;

/// The byte that an escape at the start of `bytes` stands for.
pub(super) fn decode_one(bytes: &[u8]) -> Result<u8, BadEscape> {
    let [b'%', high, low, ..] = bytes else {
        return Err(BadEscape);
    };
    let digit = |b: &u8| char::from(*b).to_digit(16).ok_or(BadEscape);
    u8::try_from(digit(high)? << 4 | digit(low)?).map_err(|_| BadEscape)
}

/// All escapes of `text` decoded; `None` where there are none, so that nothing is copied.
pub(super) fn decode(text: &str) -> Result<Option<Vec<u8>>, BadEscape> {
    if !text.contains('%') {
        return Ok(None);
    }
    let mut rest = text.as_bytes();
    let mut decoded = Vec::with_capacity(rest.len());
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            decoded.push(decode_one(rest)?);
            rest = &rest[3..];
        } else {
            decoded.push(*first);
            rest = tail;
        }
    }
    Ok(Some(decoded))
}

/// Everything but unreserved characters escaped.
pub(crate) fn escaped(text: &str) -> String {
    // Reserved at its largest, so that growing leaves no copy of a secret behind.
    let mut escaped = String::with_capacity(text.len() * 3);
    for byte in text.bytes() {
        if is_unreserved(byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// RFC 3986 §2.3: the characters whose escape means the same as themselves.
pub(super) const fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~')
}
