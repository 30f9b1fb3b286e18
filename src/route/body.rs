//! The body of a request: whole where policy inspects it, a stream where it does not.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::time::{Sleep, sleep};

use crate::route::ambiguity::Ambiguity;
use crate::route::json;
use crate::route::terms::{Encoding, Inspect};

/// A request's body on its way to the upstream. Trailers never pass.
#[derive(Debug)]
pub enum Body {
    /// There is none.
    Empty,
    /// As it arrives from the agent.
    Stream(Stream),
    /// Already read, because policy saw it.
    Whole(Bytes),
}

/// A body that is still arriving, with the longest time it may stand still.
#[derive(Debug)]
pub struct Stream {
    incoming: Incoming,
    idle: Duration,
    /// Made when the agent first keeps us waiting.
    deadline: Option<Pin<Box<Sleep>>>,
    passed: Passed,
}

/// Counts the bytes of a body that were passed on; clones read the same count.
#[derive(Clone, Debug, Default)]
pub struct Passed(Rc<Cell<u64>>);

/// A whole body that policy may see.
#[derive(Clone, Debug)]
pub struct Inspected {
    bytes: Bytes,
    digest: [u8; 32],
    encoding: Encoding,
}

/// Why a body could not be read from the agent.
#[derive(Debug)]
pub enum BodyError {
    /// It breaks a rule.
    Ambiguous(Ambiguity),
    /// The agent went away, or broke the framing.
    Broken(hyper::Error),
    /// Nothing arrived for too long.
    Idle,
    /// Larger than the route inspects; the limit in bytes.
    TooLarge(usize),
}

impl Body {
    /// A body as it arrives; `idle` is the longest time it may stand still.
    pub fn arriving(incoming: Incoming, idle: Duration) -> Self {
        if incoming.is_end_stream() {
            return Self::Empty;
        }
        Self::Stream(Stream { incoming, idle, deadline: None, passed: Passed::default() })
    }

    /// How many bytes of it have been passed on, as long as it is sent.
    pub fn passed(&self) -> Passed {
        match self {
            Self::Empty => Passed::default(),
            Self::Stream(stream) => stream.passed.clone(),
            Self::Whole(bytes) => Passed(Rc::new(Cell::new(bytes.len() as u64))),
        }
    }

    /// Reads the whole body and checks that it has one reading. `None` if there is no body, or the
    /// route does not inspect it.
    ///
    /// # Errors
    /// [`BodyError`]; the request must then be refused, for nobody has judged its body.
    pub async fn inspect(
        &mut self,
        headers: &HeaderMap,
        inspect: Option<Inspect>,
    ) -> Result<Option<Inspected>, BodyError> {
        let Some(inspect) = inspect.filter(|_| !matches!(self, Self::Empty)) else {
            return Ok(None);
        };
        check_type(headers, inspect.encoding).map_err(BodyError::Ambiguous)?;
        let bytes = self.gather(inspect.limit).await?;
        let inspected = Inspected::checked(bytes.clone(), inspect.encoding)?;
        *self = Self::Whole(bytes);
        Ok(Some(inspected))
    }

    /// Reads the whole body, whatever it is, and returns it; it can be sent all the same.
    ///
    /// # Errors
    /// [`BodyError`], also for more than `limit` bytes.
    pub async fn gather(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let bytes = match self {
            Self::Empty => Bytes::new(),
            Self::Stream(stream) => stream.whole(limit).await?,
            Self::Whole(bytes) if bytes.len() > limit => return Err(BodyError::TooLarge(limit)),
            Self::Whole(bytes) => bytes.clone(),
        };
        *self = Self::from(bytes.clone());
        Ok(bytes)
    }

    /// Sends `inspected` in place of what was read.
    pub(crate) fn restate(&mut self, inspected: &Inspected) {
        *self = Self::Whole(inspected.bytes.clone());
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        if bytes.is_empty() { Self::Empty } else { Self::Whole(bytes) }
    }
}

impl Passed {
    /// The count so far.
    pub fn bytes(&self) -> u64 {
        self.0.get()
    }
}

impl Stream {
    async fn whole(&mut self, limit: usize) -> Result<Bytes, BodyError> {
        let declared = self.size_hint().lower();
        if declared > limit as u64 {
            return Err(BodyError::TooLarge(limit));
        }
        let mut whole = BytesMut::new();
        while let Some(frame) = self.frame().await {
            let Ok(data) = frame?.into_data() else { continue };
            if whole.len() + data.len() > limit {
                return Err(BodyError::TooLarge(limit));
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole.freeze())
    }
}

impl Inspected {
    /// A whole body that is at hand, held to the same rules as one that arrives.
    ///
    /// # Errors
    /// [`BodyError`], as [`Body::inspect`] has it.
    pub fn read(bytes: Bytes, headers: &HeaderMap, inspect: Inspect) -> Result<Self, BodyError> {
        check_type(headers, inspect.encoding).map_err(BodyError::Ambiguous)?;
        if bytes.len() > inspect.limit {
            return Err(BodyError::TooLarge(inspect.limit));
        }
        Self::checked(bytes, inspect.encoding)
    }

    fn checked(bytes: Bytes, encoding: Encoding) -> Result<Self, BodyError> {
        if encoding == Encoding::Json {
            json::check(&bytes).map_err(BodyError::Ambiguous)?;
        }
        Ok(Self::new(bytes, encoding))
    }

    fn new(bytes: Bytes, encoding: Encoding) -> Self {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, &bytes).as_ref());
        Self { bytes, digest: sum, encoding }
    }

    /// A body as if it had been read and checked.
    #[cfg(test)]
    pub(crate) fn of_json(text: &str) -> Self {
        Self::checked(Bytes::copy_from_slice(text.as_bytes()), Encoding::Json).unwrap()
    }

    /// A body that was written out anew from what was read: strict JSON.
    pub(crate) fn restated(bytes: Bytes) -> Self {
        Self::new(bytes, Encoding::Json)
    }

    /// How the bytes are to be read.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The bytes: strict JSON where that is the encoding, and exactly what the upstream will
    /// receive.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Their SHA-256.
    pub fn digest(&self) -> &[u8; 32] {
        &self.digest
    }
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        loop {
            let Poll::Ready(frame) = Pin::new(&mut self.incoming).poll_frame(cx) else {
                return self.poll_idle(cx);
            };
            self.deadline = None;
            match frame {
                Some(Ok(frame)) if frame.is_trailers() => {}
                Some(Ok(frame)) => {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    self.passed.0.set(self.passed.0.get() + bytes as u64);
                    return Poll::Ready(Some(Ok(frame)));
                }
                Some(Err(broken)) => return Poll::Ready(Some(Err(BodyError::Broken(broken)))),
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

impl Stream {
    fn poll_idle(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let idle = self.idle;
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(idle)));
        ready!(deadline.as_mut().poll(cx));
        Poll::Ready(Some(Err(BodyError::Idle)))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Stream(stream) => Pin::new(stream).poll_frame(cx),
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Stream(stream) => stream.is_end_stream(),
            Self::Whole(bytes) => bytes.is_empty(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Stream(stream) => stream.size_hint(),
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
        }
    }
}

/// The type of the encoding, in UTF-8, without a coding: anything else has a second reading.
fn check_type(headers: &HeaderMap, encoding: Encoding) -> Result<(), Ambiguity> {
    if headers.get(CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        return Err(Ambiguity::BodyCoding);
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let (kind, parameter) = match kind.unwrap_or_default().split_once(';') {
        Some((kind, parameter)) => (kind.trim(), Some(parameter.trim())),
        None => (kind.unwrap_or_default().trim(), None),
    };
    let utf8 = |text: &str| {
        text.eq_ignore_ascii_case("charset=utf-8") || text.eq_ignore_ascii_case("charset=\"utf-8\"")
    };
    let (expected, plain) = match encoding {
        Encoding::Form => ("application/x-www-form-urlencoded", parameter.is_none_or(utf8)),
        Encoding::Grpc if kind.eq_ignore_ascii_case("application/grpc+proto") => {
            ("application/grpc+proto", parameter.is_none())
        }
        Encoding::Grpc => ("application/grpc", parameter.is_none()),
        Encoding::Json => ("application/json", parameter.is_none_or(utf8)),
        // Its one parameter, the boundary, is read with the parts.
        Encoding::Multipart => ("multipart/form-data", parameter.is_some()),
    };
    if plain && kind.eq_ignore_ascii_case(expected) {
        return Ok(());
    }
    Err(Ambiguity::BodyType)
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ambiguous(rule) => write!(f, "the body is ambiguous: {rule}"),
            Self::Broken(cause) => write!(f, "the body broke off: {cause}"),
            Self::Idle => f.write_str("the agent stopped sending its body"),
            Self::TooLarge(limit) => write!(f, "the body is larger than {limit} bytes"),
        }
    }
}

impl std::error::Error for BodyError {}

#[cfg(test)]
mod tests {
    use super::check_type;
    use crate::route::ambiguity::Ambiguity;
    use crate::route::terms::Encoding;
    use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue};

    #[test]
    fn an_inspected_body_is_plain_json() {
        for (kind, verdict) in [
            ("application/json", Ok(())),
            ("Application/JSON; charset=UTF-8", Ok(())),
            ("application/json; charset=utf-16", Err(Ambiguity::BodyType)),
            ("application/json; charset=utf-8; x=y", Err(Ambiguity::BodyType)),
            ("application/jsonp", Err(Ambiguity::BodyType)),
            ("text/plain", Err(Ambiguity::BodyType)),
            ("", Err(Ambiguity::BodyType)),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(check_type(&headers, Encoding::Json), verdict, "{kind}");
        }
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(check_type(&headers, Encoding::Json), Err(Ambiguity::BodyCoding));
    }
}
