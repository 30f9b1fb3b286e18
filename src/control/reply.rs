//! Every answer of the control door; the one place where a failure becomes HTTP.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use http::{Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use serde::Serialize;
use serde_json::json;
use serde_json::ser::{CompactFormatter, Formatter};
use tokio::sync::mpsc;

use crate::control::failure::Failure;
use crate::listener::connection::InProgress;
use crate::proposal::Digest;

/// What is answered.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    kind: &'static str,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Source,
}

/// Where a body comes from.
#[derive(Debug)]
enum Source {
    Events(mpsc::Receiver<Bytes>),
    Whole(Bytes),
}

/// A body on its way. The exchange lasts for as long as it is being sent.
#[derive(Debug)]
pub(super) struct Sending {
    source: Source,
    _progress: InProgress,
}

impl Reply {
    /// A document.
    pub(super) fn json(document: &impl Serialize) -> Self {
        Self::whole("application/json", ascii(document))
    }

    /// Text for people.
    pub(super) fn text(text: String) -> Self {
        Self::whole("text/plain; charset=utf-8", text.into())
    }

    /// Nothing but that it was done.
    pub(super) fn done() -> Self {
        Self { status: StatusCode::NO_CONTENT, ..Self::whole("", Bytes::new()) }
    }

    /// Server-sent events, as they come.
    pub(super) fn events(events: mpsc::Receiver<Bytes>) -> Self {
        let whole = Self::whole("text/event-stream", Bytes::new());
        Self { body: Source::Events(events), ..whole }
    }

    /// The same with another status.
    pub(super) fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    /// The same as a version of the proposal with this digest.
    pub(super) fn tagged(mut self, digest: Digest) -> Self {
        // A digest is printed in ASCII.
        if let Ok(tag) = HeaderValue::from_str(&format!("\"{digest}\"")) {
            self.headers.push((ETAG, tag));
        }
        self
    }

    /// What a failure is answered with: a problem (RFC 9457).
    pub(super) fn problem(failure: &Failure) -> Self {
        let (status, code, detail) = (failure.status(), failure.code(), failure.detail());
        let document = json!({
            "type": format!("urn:countersign:problem:{code}"),
            "title": failure.title(),
            "status": status.as_u16(),
            "detail": detail,
            "code": code,
        });
        let mut reply = Self::whole("application/problem+json", ascii(&document));
        reply.status = status;
        let header = match failure {
            Failure::Method(methods) => Some((ALLOW, methods.join(", "))),
            Failure::Token(_) if status == StatusCode::UNAUTHORIZED => {
                Some((WWW_AUTHENTICATE, format!("{BEARER}, error=\"invalid_token\"")))
            }
            _ if status == StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, BEARER.to_owned())),
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, "5".to_owned())),
            _ => None,
        };
        let header = header.map(|(name, value)| (name, HeaderValue::from_str(&value)));
        if let Some((name, Ok(value))) = header {
            reply.headers.push((name, value));
        }
        reply
    }

    /// As HTTP.
    pub(super) fn into_response(self, progress: InProgress) -> Response<Sending> {
        let mut response = Response::new(Sending { source: self.body, _progress: progress });
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.extend(self.headers);
        if !self.kind.is_empty() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.kind));
        }
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(NO_SNIFF, HeaderValue::from_static("nosniff"));
        response
    }

    fn whole(kind: &'static str, body: Bytes) -> Self {
        Self { status: StatusCode::OK, kind, headers: Vec::new(), body: Source::Whole(body) }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.source {
            Source::Events(events) => {
                events.poll_recv(cx).map(|event| Some(Ok(Frame::data(event?))))
            }
            Source::Whole(body) if body.is_empty() => Poll::Ready(None),
            Source::Whole(body) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(body))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(&self.source, Source::Whole(body) if body.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match &self.source {
            Source::Events(_) => SizeHint::default(),
            Source::Whole(body) => SizeHint::with_exact(body.len() as u64),
        }
    }
}

/// JSON in ASCII: a character that is not shown as itself, or turns others around, cannot hide from
/// whoever prints it as it is; whoever parses it has the very text.
pub(super) fn ascii(document: &impl Serialize) -> Bytes {
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Ascii(CompactFormatter));
    // Texts, numbers and maps of them always become JSON.
    let _ = document.serialize(&mut writer);
    bytes.into()
}

struct Ascii(CompactFormatter);

impl Formatter for Ascii {
    fn write_string_fragment<W: io::Write + ?Sized>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        for part in fragment.split_inclusive(|c: char| !c.is_ascii() || c == '\u{7f}') {
            let plain = part.trim_end_matches(|c: char| !c.is_ascii() || c == '\u{7f}');
            self.0.write_string_fragment(writer, plain)?;
            for unit in part[plain.len()..].encode_utf16() {
                write!(writer, "\\u{unit:04x}")?;
            }
        }
        Ok(())
    }
}

const BEARER: &str = "Bearer realm=\"countersign\"";

const NO_SNIFF: HeaderName = HeaderName::from_static("x-content-type-options");

#[cfg(test)]
mod tests {
    use super::ascii;
    use serde_json::{Value, json};

    #[test]
    fn what_hides_in_a_text_is_written_out_and_parses_back() {
        let document =
            json!({ "note": "a\u{202e}b\u{200b}\u{1f600}\u{7f}ü", "plain": "a/b \"c\"\n" });
        let text = String::from_utf8(ascii(&document).to_vec()).unwrap();
        assert!(text.is_ascii() && !text.contains('\u{7f}'), "{text}");
        assert!(text.contains("a\\u202eb\\u200b\\ud83d\\ude00\\u007f\\u00fc"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), document);
    }
}
