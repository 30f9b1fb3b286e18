//! What an upstream answered to a proposal's request, kept for its owner.
//!
//! Bounded: of a longer body the beginning is kept, and that it is only that is never hidden.

use std::fmt;

use bytes::Bytes;
use http::StatusCode;
use http::header::{HeaderName, HeaderValue};

use crate::proposal::encoding::{Reader, Undecodable, Writer};
use crate::proposal::request::{read_headers, write_headers};

/// The most of a body that is kept, in bytes.
pub const MAX_ANSWER_BODY: usize = 1 << 20;

/// An upstream's answer.
#[derive(Clone, Eq, PartialEq)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    /// How long the whole body was.
    length: u64,
}

impl Answer {
    /// An answer whose body was `body`, of which at most [`MAX_ANSWER_BODY`] bytes are kept.
    pub fn new(
        status: StatusCode,
        headers: Vec<(HeaderName, HeaderValue)>,
        mut body: Bytes,
    ) -> Self {
        let length = body.len() as u64;
        body.truncate(MAX_ANSWER_BODY);
        Self { status, headers, body, length }
    }

    /// This answer, of whose body of `length` bytes less was kept, or nothing.
    pub fn of_length(self, length: u64) -> Self {
        Self { length, ..self }
    }

    /// Whether the body is not whole.
    pub fn is_cut(&self) -> bool {
        self.length != self.body.len() as u64
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The headers, in the order in which they came.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// The body, or its beginning.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// How long the whole body was, in bytes; more than [`body`](Self::body) if that is cut.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The one form in bytes, which [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(DOMAIN);
        writer.number(u64::from(self.status.as_u16()));
        write_headers(&self.headers, &mut writer);
        writer.bytes(&self.body);
        writer.number(self.length);
        writer.finish()
    }

    /// Reads back what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Undecodable`], for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut reader = Reader::new(bytes, DOMAIN)?;
        let status = u16::try_from(reader.number()?).map_err(|_| Undecodable)?;
        let status = StatusCode::from_u16(status).map_err(|_| Undecodable)?;
        let headers = read_headers(&mut reader)?;
        let body = Bytes::copy_from_slice(reader.bytes()?);
        let length = reader.number()?;
        reader.finish()?;
        Ok(Self { status, headers, body, length })
    }
}

/// Says nothing of headers and body, which may hold what no log may.
impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Answer({}, {} bytes)", self.status, self.length)
    }
}

const DOMAIN: &str = "countersign/answer/v1";
