//! The path of a request, in one spelling.
//!
//! Escapes of unreserved characters are decoded (`%61` is `a`), the others keep their escape with
//! digits in upper case, and nothing else is changed: whatever two servers could read differently
//! is refused. Segments are split on the raw slash and decoded once, afterwards; policy sees both.

use crate::route::ambiguity::Ambiguity;
use crate::route::escape::{decode, decode_one, is_unreserved};

/// A canonical path. Begins with `/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Path {
    text: Box<str>,
    segments: Vec<Segment>,
    encoded_slash: bool,
}

/// What stands between two slashes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Segment {
    raw: Box<str>,
    /// Where it differs from `raw`.
    decoded: Option<Box<str>>,
}

impl Path {
    /// Reads the path of a target, without its query.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn parse(raw: &str) -> Result<Self, Ambiguity> {
        let Some(rest) = raw.strip_prefix('/') else {
            return Err(Ambiguity::TargetForm);
        };
        let text = canonical(raw)?;
        let mut path = Self { segments: Vec::with_capacity(8), encoded_slash: false, text };
        if rest.is_empty() {
            return Ok(path);
        }
        let mut split = path.text[1..].split('/').peekable();
        while let Some(raw) = split.next() {
            let last = split.peek().is_none();
            if raw.is_empty() && !last {
                return Err(Ambiguity::PathEmptySegment);
            }
            let segment = Segment::parse(raw)?;
            path.encoded_slash |= segment.decoded().contains('/');
            path.segments.push(segment);
        }
        Ok(path)
    }

    /// The canonical text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The segments in order; a trailing slash shows as an empty last one, `/` alone has none.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Whether a segment holds an encoded slash, which only some routes accept.
    pub fn has_encoded_slash(&self) -> bool {
        self.encoded_slash
    }
}

impl Segment {
    /// As it stands in the canonical text.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// With its escapes decoded, once.
    pub fn decoded(&self) -> &str {
        self.decoded.as_deref().unwrap_or(&self.raw)
    }

    fn parse(raw: &str) -> Result<Self, Ambiguity> {
        let decoded = match decode(raw).map_err(|_| Ambiguity::PathEscape)? {
            Some(bytes) => Some(String::from_utf8(bytes).map_err(|_| Ambiguity::PathControl)?),
            None => None,
        };
        let segment = Self { raw: raw.into(), decoded: decoded.map(String::into_boxed_str) };
        check(segment.decoded())?;
        Ok(segment)
    }
}

/// One spelling for each byte, or the rule that a byte breaks.
fn canonical(raw: &str) -> Result<Box<str>, Ambiguity> {
    if raw.bytes().all(|b| is_path_byte(b) && b != b'%') {
        return Ok(raw.into());
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first != b'%' {
            text.push(char::from(checked(*first)?));
            rest = tail;
            continue;
        }
        let byte = decode_one(rest).map_err(|_| Ambiguity::PathEscape)?;
        if is_unreserved(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        rest = &rest[3..];
    }
    Ok(text.into())
}

fn checked(byte: u8) -> Result<u8, Ambiguity> {
    match byte {
        b'\\' => Err(Ambiguity::PathBackslash),
        b'#' => Err(Ambiguity::PathFragment),
        0..=0x20 | 0x7f.. => Err(Ambiguity::PathControl),
        b if is_path_byte(b) => Ok(b),
        _ => Err(Ambiguity::PathEscape),
    }
}

/// What a decoded segment may not be or hold.
fn check(decoded: &str) -> Result<(), Ambiguity> {
    if decoded.contains('\\') {
        return Err(Ambiguity::PathBackslash);
    }
    if decoded.chars().any(char::is_control) {
        return Err(Ambiguity::PathControl);
    }
    if is_encoded_again(decoded) {
        return Err(Ambiguity::PathDoubleEncoding);
    }
    // Some servers cut parameters (`;x`) off a segment before they resolve dots.
    for part in decoded.split(['/', ';']) {
        if matches!(part.trim(), "." | "..") {
            return Err(Ambiguity::PathDotSegment);
        }
    }
    if decoded.starts_with(';') {
        return Err(Ambiguity::PathEmptySegment);
    }
    Ok(())
}

/// Whether decoding once more would bring out a dot, a slash, a backslash or a NUL.
fn is_encoded_again(decoded: &str) -> bool {
    let bytes = decoded.as_bytes();
    (0..bytes.len())
        .any(|at| matches!(decode_one(&bytes[at..]), Ok(b'.' | b'/' | b'\\' | b'%' | 0)))
}

/// RFC 3986 §3.3: unreserved, sub-delims, `:`, `@`, and here the slash.
const fn is_path_byte(b: u8) -> bool {
    is_unreserved(b)
        || matches!(
            b,
            b'/' | b'!'
                | b'$'
                | b'&'
                | b'\''
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
        )
}

#[cfg(test)]
mod tests {
    use super::Path;
    use crate::route::ambiguity::Ambiguity;
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    #[test]
    fn one_path_has_one_spelling() {
        for (raw, canonical) in [
            ("/", "/"),
            ("/a/b/", "/a/b/"),
            ("/%61pi/%7Euser", "/api/~user"),
            ("/a%3ab/c%2Bd", "/a%3Ab/c%2Bd"),
            ("/caf%c3%a9", "/caf%C3%A9"),
            ("/v1/models/gpt-4:predict;v=1", "/v1/models/gpt-4:predict;v=1"),
            ("/.../.well-known/a..b", "/.../.well-known/a..b"),
        ] {
            assert_eq!(Path::parse(raw).unwrap().as_str(), canonical);
        }
    }

    #[test]
    fn segments_are_split_raw_and_decoded_once() {
        let path = Path::parse("/a%2Fb/c%20d/").unwrap();
        let decoded: Vec<_> = path.segments().iter().map(|s| s.decoded()).collect();
        assert_eq!(decoded, ["a/b", "c d", ""]);
        assert_eq!(path.segments()[0].raw(), "a%2Fb");
        assert!(path.has_encoded_slash());
        assert!(Path::parse("/").unwrap().segments().is_empty());
    }

    #[test]
    fn what_two_servers_could_read_differently_is_refused() {
        for (raw, rule) in [
            ("", Ambiguity::TargetForm),
            ("*", Ambiguity::TargetForm),
            ("http://a/", Ambiguity::TargetForm),
            ("//admin", Ambiguity::PathEmptySegment),
            ("/a//b", Ambiguity::PathEmptySegment),
            ("/a/../b", Ambiguity::PathDotSegment),
            ("/a/.", Ambiguity::PathDotSegment),
            ("/a/%2e%2E/b", Ambiguity::PathDotSegment),
            ("/a/.%2e", Ambiguity::PathDotSegment),
            ("/a/..;/b", Ambiguity::PathDotSegment),
            ("/a/%2e%2e;x=1/b", Ambiguity::PathDotSegment),
            ("/a/..%3B/b", Ambiguity::PathDotSegment),
            ("/a/;/../b", Ambiguity::PathEmptySegment),
            ("/a/..%2fb", Ambiguity::PathDotSegment),
            ("/a/..%20/b", Ambiguity::PathDotSegment),
            ("/a/%252e%252e/b", Ambiguity::PathDoubleEncoding),
            ("/a%252fb", Ambiguity::PathDoubleEncoding),
            ("/a%25252fb", Ambiguity::PathDoubleEncoding),
            ("/a\\b", Ambiguity::PathBackslash),
            ("/a%5cb", Ambiguity::PathBackslash),
            ("/a%00b", Ambiguity::PathControl),
            ("/a%0d%0ab", Ambiguity::PathControl),
            ("/a\u{7f}", Ambiguity::PathControl),
            ("/a%ff", Ambiguity::PathControl),
            ("/é", Ambiguity::PathControl),
            ("/a b", Ambiguity::PathControl),
            ("/a%2", Ambiguity::PathEscape),
            ("/a%zz", Ambiguity::PathEscape),
            ("/a\"b", Ambiguity::PathEscape),
            ("/a#b", Ambiguity::PathFragment),
        ] {
            assert_eq!(Path::parse(raw).map(|path| path.text), Err(rule), "{raw:?}");
        }
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_its_own_canonical_form(raw in "/[a-z0-9%./;A-F~-]{0,24}") {
            if let Ok(path) = Path::parse(&raw) {
                prop_assert_eq!(&Path::parse(path.as_str()).unwrap(), &path);
                prop_assert!(path.segments().iter().all(|s| s.decoded() != ".."));
            }
        }

        #[test]
        fn no_bytes_panic(raw in "\\PC{0,40}") {
            let _ = Path::parse(&raw);
        }
    }
}
