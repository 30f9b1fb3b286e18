//! One head, from its request line to its empty line (RFC 9112 §2 to §6).

use crate::listener::config::Limits;
use crate::route::Ambiguity;

/// How the body behind a head is framed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Framing {
    /// Chunks, up to the last one.
    Chunked,
    /// This many bytes; none, most often.
    Length(u64),
}

/// Checks a whole head, whose last four bytes are its empty line, and says how its body is framed.
pub(super) fn check(head: &[u8], limits: &Limits) -> Result<Framing, Ambiguity> {
    let head = str::from_utf8(head).map_err(|_| Ambiguity::HeaderValue)?;
    let mut lines = head.strip_suffix("\r\n\r\n").unwrap_or(head).split("\r\n");
    let version = request_line(lines.next().unwrap_or_default(), limits)?;
    let mut fields = Fields::default();
    for line in lines {
        fields.read(line)?;
        if fields.count > limits.header_fields {
            return Err(Ambiguity::HeaderCount);
        }
    }
    fields.framing(version)
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Version {
    Http10,
    Http11,
}

fn request_line(line: &str, limits: &Limits) -> Result<Version, Ambiguity> {
    check_line_bytes(line)?;
    let mut words = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Ambiguity::RequestLine);
    };
    if method.is_empty() || !method.bytes().all(is_token) {
        return Err(Ambiguity::RequestLine);
    }
    if target.len() > limits.uri_bytes {
        return Err(Ambiguity::TargetTooLong);
    }
    check_target(target)?;
    match version {
        "HTTP/1.1" => Ok(Version::Http11),
        "HTTP/1.0" => Ok(Version::Http10),
        _ => Err(Ambiguity::RequestLine),
    }
}

/// What hyper's parser would cut off or change before anyone could judge it.
fn check_target(target: &str) -> Result<(), Ambiguity> {
    if target.contains('#') {
        return Err(Ambiguity::PathFragment);
    }
    if !target.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Ambiguity::PathControl);
    }
    if !target.starts_with('/') {
        return Err(Ambiguity::TargetForm);
    }
    Ok(())
}

/// What the headers say about the framing.
#[derive(Default)]
struct Fields<'a> {
    count: usize,
    content_length: Option<&'a str>,
    transfer_encoding: Option<&'a str>,
}

impl<'a> Fields<'a> {
    fn read(&mut self, line: &'a str) -> Result<(), Ambiguity> {
        check_line_bytes(line)?;
        let (name, value) = line.split_once(':').ok_or(Ambiguity::HeaderSyntax)?;
        // A blank before the name would be a continuation, one behind it a way to hide the name.
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(Ambiguity::HeaderSyntax);
        }
        let value = value.trim_matches([' ', '\t']);
        if name.eq_ignore_ascii_case("content-length")
            && self.content_length.replace(value).is_some()
        {
            return Err(Ambiguity::ContentLength);
        }
        if name.eq_ignore_ascii_case("transfer-encoding")
            && self.transfer_encoding.replace(value).is_some()
        {
            return Err(Ambiguity::TransferEncoding);
        }
        self.count += 1;
        Ok(())
    }

    fn framing(&self, version: Version) -> Result<Framing, Ambiguity> {
        match (self.content_length, self.transfer_encoding) {
            (Some(_), Some(_)) => Err(Ambiguity::ContentLengthWithTransferEncoding),
            (None, Some(coding))
                if coding.eq_ignore_ascii_case("chunked") && version == Version::Http11 =>
            {
                Ok(Framing::Chunked)
            }
            (None, Some(_)) => Err(Ambiguity::TransferEncoding),
            (Some(length), None) => parse_length(length).map(Framing::Length),
            (None, None) => Ok(Framing::Length(0)),
        }
    }
}

fn parse_length(text: &str) -> Result<u64, Ambiguity> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Ambiguity::ContentLength);
    }
    text.parse().map_err(|_| Ambiguity::ContentLength)
}

/// Lines were split at CR LF, so any CR or LF left stands alone.
fn check_line_bytes(line: &str) -> Result<(), Ambiguity> {
    for byte in line.bytes() {
        match byte {
            b'\r' | b'\n' => return Err(Ambiguity::LineEnding),
            b'\t' => {}
            0..0x20 | 0x7f => return Err(Ambiguity::HeaderValue),
            _ => {}
        }
    }
    Ok(())
}

/// RFC 9110 §5.6.2.
const fn is_token(b: u8) -> bool {
    b.is_ascii_alphanumeric()
        || matches!(
            b,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::{Framing, check};
    use crate::listener::config::Limits;
    use crate::route::Ambiguity;

    fn framing(head: &str) -> Result<Framing, Ambiguity> {
        check(format!("{head}\r\n\r\n").as_bytes(), &Limits::default())
    }

    #[test]
    fn a_plain_head_says_how_its_body_is_framed() {
        let get = "GET /a?b HTTP/1.1\r\nHost: a\r\nX-Empty:\r\nX-Tab: a\tb";
        assert_eq!(framing(get), Ok(Framing::Length(0)));
        let put = "PUT /a HTTP/1.1\r\nContent-Length: 5 ";
        assert_eq!(framing(put), Ok(Framing::Length(5)));
        let post = "POST /a HTTP/1.1\r\nTransfer-Encoding: Chunked";
        assert_eq!(framing(post), Ok(Framing::Chunked));
    }

    #[test]
    fn every_second_reading_is_refused() {
        let line = |line: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{line}");
        for (head, rule) in [
            (
                line("Content-Length: 5\r\nTransfer-Encoding: chunked"),
                Ambiguity::ContentLengthWithTransferEncoding,
            ),
            (line("Content-Length: 5\r\nContent-Length: 5"), Ambiguity::ContentLength),
            (line("Content-Length: +5"), Ambiguity::ContentLength),
            (line("Content-Length: 5, 5"), Ambiguity::ContentLength),
            (line("Content-Length:"), Ambiguity::ContentLength),
            (line("Content-Length: 0x5"), Ambiguity::ContentLength),
            (line("Content-Length: 99999999999999999999"), Ambiguity::ContentLength),
            (line("Transfer-Encoding: gzip, chunked"), Ambiguity::TransferEncoding),
            (
                line("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"),
                Ambiguity::TransferEncoding,
            ),
            (line("Transfer-Encoding: xchunked"), Ambiguity::TransferEncoding),
            (line("Transfer-Encoding:\u{b}chunked"), Ambiguity::HeaderValue),
            (line(" X: folded"), Ambiguity::HeaderSyntax),
            (line("\tX: folded"), Ambiguity::HeaderSyntax),
            (line("X : y"), Ambiguity::HeaderSyntax),
            (line(": y"), Ambiguity::HeaderSyntax),
            (line("no colon"), Ambiguity::HeaderSyntax),
            (line("X: a\nY: b"), Ambiguity::LineEnding),
            (line("X: a\rY: b"), Ambiguity::LineEnding),
            (line("X: a\0b"), Ambiguity::HeaderValue),
            ("GET  / HTTP/1.1".into(), Ambiguity::RequestLine),
            ("GET / HTTP/1.1 ".into(), Ambiguity::RequestLine),
            ("GET /\tx HTTP/1.1".into(), Ambiguity::PathControl),
            ("GET / HTTP/2.0".into(), Ambiguity::RequestLine),
            ("GET / http/1.1".into(), Ambiguity::RequestLine),
            ("GET /".into(), Ambiguity::RequestLine),
            ("G(T / HTTP/1.1".into(), Ambiguity::RequestLine),
            ("\r\nGET / HTTP/1.1".into(), Ambiguity::RequestLine),
            ("GET http://a/ HTTP/1.1".into(), Ambiguity::TargetForm),
            ("OPTIONS * HTTP/1.1".into(), Ambiguity::TargetForm),
            ("CONNECT a:443 HTTP/1.1".into(), Ambiguity::TargetForm),
            ("GET /#/../.. HTTP/1.1".into(), Ambiguity::PathFragment),
            ("GET /\u{e9} HTTP/1.1".into(), Ambiguity::PathControl),
            ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked".into(), Ambiguity::TransferEncoding),
        ] {
            assert_eq!(framing(&head), Err(rule), "{head:?}");
        }
    }

    #[test]
    fn sizes_have_limits() {
        let long = format!("GET /{} HTTP/1.1", "a".repeat(8192));
        assert_eq!(framing(&long), Err(Ambiguity::TargetTooLong));
        let many = format!("GET / HTTP/1.1{}", "\r\nX: y".repeat(101));
        assert_eq!(framing(&many), Err(Ambiguity::HeaderCount));
    }
}
