//! The exact request that a proposal puts forward, as policy judged it.
//!
//! It is complete and bounded: what cannot be kept whole cannot be shown whole, so it cannot be
//! approved. Headers stand in one order, because theirs between different names means nothing.

use std::fmt;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Scheme};
use http::{Method, Uri};

use crate::proposal::encoding::{Reader, Undecodable, Writer};

/// The longest body that can be put forward, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// The most that authority, path, query and headers may take together, in bytes.
pub const MAX_HEAD: usize = 64 << 10;

/// The most of a request that is shown to a person, in bytes. Nobody reads more than that, so a longer
/// one cannot be agreed to.
pub const MAX_SHOWN: usize = 64 << 10;

/// One request, whole.
#[derive(Clone, Eq, PartialEq)]
pub struct Request {
    pub(super) method: Method,
    pub(super) scheme: Scheme,
    pub(super) authority: String,
    pub(super) path: String,
    pub(super) query: Option<String>,
    /// By name, and those of one name in the order in which they came.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// Why a request cannot be put forward.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Oversized {
    /// The body is longer than [`MAX_BODY`].
    Body,
    /// A chain has more links than [`MAX_CHAIN`](super::MAX_CHAIN).
    Chain,
    /// Authority, path, query and headers take more than [`MAX_HEAD`].
    Head,
    /// It takes people's agreement, and is longer than [`MAX_SHOWN`].
    Hidden,
    /// The URI has no scheme or no authority.
    Relative,
}

impl Request {
    /// A request for `uri`, which is absolute and in the form that policy judged.
    ///
    /// # Errors
    /// [`Oversized`], if it cannot be kept whole.
    pub fn new(
        method: Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: Bytes,
    ) -> Result<Self, Oversized> {
        let scheme = uri.scheme().ok_or(Oversized::Relative)?.clone();
        let authority = uri.authority().map(Authority::as_str).ok_or(Oversized::Relative)?;
        let mut headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        headers.sort_by(|a, b| a.0.as_str().cmp(b.0.as_str()));
        let request = Self {
            method,
            scheme,
            authority: authority.to_owned(),
            path: uri.path().to_owned(),
            query: uri.query().map(str::to_owned),
            headers,
            body,
        };
        request.bounded()
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Host and port.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The path, escaped as it goes upstream.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What stands behind `?`; an empty query is not a missing one.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// The path, and the query behind a `?`.
    pub fn target(&self) -> String {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.path)
    }

    /// Where it goes, in one line.
    pub fn url(&self) -> String {
        format!("{}://{}{}", self.scheme, self.authority, self.target())
    }

    /// The judged headers, by name.
    pub fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }

    /// Every byte of the body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether a person can be shown all of it.
    pub fn can_be_shown(&self) -> bool {
        self.head_len() + self.body.len() <= MAX_SHOWN
    }

    fn head_len(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        let query = self.query.as_deref().unwrap_or("").len();
        self.authority.len() + self.path.len() + query + headers.sum::<usize>()
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        writer.text(self.method.as_str());
        writer.text(self.scheme.as_str());
        writer.text(&self.authority);
        writer.text(&self.path);
        writer.option(self.query.as_deref());
        write_headers(&self.headers, writer);
        writer.bytes(&self.body);
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Undecodable> {
        let request = Self {
            method: reader.text()?.parse().map_err(|_| Undecodable)?,
            scheme: reader.text()?.parse().map_err(|_| Undecodable)?,
            authority: reader.text()?.to_owned(),
            path: reader.text()?.to_owned(),
            query: reader.option()?.map(str::to_owned),
            headers: read_headers(reader)?,
            body: Bytes::copy_from_slice(reader.bytes()?),
        };
        request.bounded().map_err(|_| Undecodable)
    }

    fn bounded(self) -> Result<Self, Oversized> {
        if self.head_len() > MAX_HEAD {
            return Err(Oversized::Head);
        }
        if self.body.len() > MAX_BODY {
            return Err(Oversized::Body);
        }
        Ok(self)
    }
}

pub(super) fn write_headers(headers: &[(HeaderName, HeaderValue)], writer: &mut Writer) {
    writer.number(headers.len() as u64);
    for (name, value) in headers {
        writer.text(name.as_str());
        writer.bytes(value.as_bytes());
    }
}

pub(super) fn read_headers(
    reader: &mut Reader<'_>,
) -> Result<Vec<(HeaderName, HeaderValue)>, Undecodable> {
    reader.list(|reader| {
        let name = HeaderName::from_bytes(reader.bytes()?).map_err(|_| Undecodable)?;
        let value = HeaderValue::from_bytes(reader.bytes()?).map_err(|_| Undecodable)?;
        Ok((name, value))
    })
}

/// Says nothing of headers and body, which may hold what no log may.
impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Request({} {}://{}{})", self.method, self.scheme, self.authority, self.path)
    }
}

impl fmt::Display for Oversized {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => write!(f, "the body is longer than {MAX_BODY} bytes; put less forward"),
            Self::Chain => f.write_str("too many links of delegation; hand the task on less often"),
            Self::Head => write!(
                f,
                "address and headers are longer than {MAX_HEAD} bytes; send fewer or shorter ones"
            ),
            Self::Hidden => write!(
                f,
                "a person has to agree to this, and nobody can be shown more than {MAX_SHOWN} bytes; \
                 put less forward"
            ),
            Self::Relative => {
                f.write_str("the request has no scheme or host; name them in its URI")
            }
        }
    }
}

impl std::error::Error for Oversized {}
