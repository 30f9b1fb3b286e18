//! One server that an operator named: a document is got from it again whenever it changes, or one
//! document after another is handed over to it.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HOST, HeaderValue, IF_NONE_MATCH,
};
use http::request::Builder;
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::credential::Source;
use crate::fetch::error::{FetchError, broken};
use crate::fetch::wire;
use crate::upstream::config::{Host, TlsConfig};
use crate::upstream::tls::{self, Tls, TlsError};
use crate::upstream::{Endpoint, Protocol};

/// What an operator says about one document, or about where documents go.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The server.
    pub endpoint: Endpoint,
    /// How an `https` one is verified.
    pub tls: TlsConfig,
    /// The path, and perhaps a query, that begins with `/`.
    pub resource: String,
    /// What to show as a bearer token, read anew each time.
    pub token: Option<Source>,
    /// How often to ask, or to look for something to hand over.
    pub every: Duration,
    /// How long the server may hold a request until the document changes; nothing is handed over so.
    pub wait: Duration,
}

/// Where a document is, or where documents go.
pub struct Place {
    config: Config,
    tls: Tls,
}

/// What the server said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// The document; `None` if it is still the one with the tag that was shown.
    pub document: Option<Bytes>,
    /// The tag to show next time.
    pub tag: Option<HeaderValue>,
    /// Whether the server holds the request until there is something new.
    pub waits: bool,
}

impl Place {
    /// The place that `config` names. Blocks on the disk.
    ///
    /// # Errors
    /// [`TlsError`], if a file for TLS cannot be used.
    pub fn new(config: Config) -> Result<Self, TlsError> {
        let tls = tls::load(&config.tls, Protocol::Http1)?;
        Ok(Self { config, tls })
    }

    /// Gets the document, unless it still has `tag`; `wait` is how long the server may hold the
    /// request until it changes.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get(
        &self,
        tag: Option<&HeaderValue>,
        wait: Duration,
    ) -> Result<Fetched, FetchError> {
        let request = self.request(tag, wait)?;
        let fetching = async {
            let response = self.send(request).await?;
            let waits = response.headers().get(CONTENT_TYPE).is_some_and(|kind| kind == LONG_POLL);
            let tag = response.headers().get(ETAG).cloned();
            let document = match response.status() {
                StatusCode::OK => Some(wire::whole(response.into_body()).await?),
                StatusCode::NOT_MODIFIED => None,
                status => return Err(FetchError::Status(status)),
            };
            Ok(Fetched { document, tag, waits })
        };
        timeout(wait + PATIENCE, fetching).await.unwrap_or(Err(FetchError::Late))
    }

    /// Hands over `body`: JSON, compressed with gzip. Any status from 200 to 299 is a receipt.
    ///
    /// # Errors
    /// [`FetchError`]; the server may have taken it all the same.
    pub async fn post(&self, body: Bytes) -> Result<(), FetchError> {
        let request = self
            .head(Method::POST)?
            .header(CONTENT_TYPE, "application/json")
            .header(CONTENT_ENCODING, "gzip")
            .body(Full::new(body))
            .map_err(broken)?;
        let posted = timeout(PATIENCE, self.send(request)).await;
        match posted.unwrap_or(Err(FetchError::Late))?.status() {
            status if status.is_success() => Ok(()),
            status => Err(FetchError::Status(status)),
        }
    }

    /// Hands over `body` as it is, which is of this media type, and returns what the server says.
    ///
    /// # Errors
    /// [`FetchError`]; the server may have taken it all the same.
    pub async fn push(
        &self,
        kind: &'static str,
        body: Bytes,
    ) -> Result<(StatusCode, Bytes), FetchError> {
        let request = self
            .head(Method::POST)?
            .header(CONTENT_TYPE, kind)
            .header(ACCEPT, "application/json")
            .body(Full::new(body))
            .map_err(broken)?;
        let pushing = async {
            let response = self.send(request).await?;
            let status = response.status();
            Ok((status, wire::whole(response.into_body()).await?))
        };
        timeout(PATIENCE, pushing).await.unwrap_or(Err(FetchError::Late))
    }

    fn request(
        &self,
        tag: Option<&HeaderValue>,
        wait: Duration,
    ) -> Result<Request<Full<Bytes>>, FetchError> {
        let prefer = format!("modes=snapshot;wait={}", wait.as_secs());
        let mut request = self.head(Method::GET)?.header(PREFER, prefer);
        if let Some(tag) = tag {
            request = request.header(IF_NONE_MATCH, tag);
        }
        request.body(Full::default()).map_err(broken)
    }

    /// What every request begins with.
    fn head(&self, method: Method) -> Result<Builder, FetchError> {
        let mut request = Request::builder()
            .method(method)
            .uri(&self.config.resource)
            .header(HOST, self.config.endpoint.authority().as_str());
        if let Some(source) = &self.config.token {
            let secret = source.read().map_err(|why| FetchError::Token(Some(why)))?;
            let value = secret.bearer().ok_or(FetchError::Token(None))?;
            request = request.header(AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, FetchError> {
        let endpoint = &self.config.endpoint;
        let socket = match endpoint.host() {
            Host::Address(address) => TcpStream::connect((*address, endpoint.port())).await,
            Host::Name(name) => TcpStream::connect((name.as_str(), endpoint.port())).await,
        };
        wire::exchange(socket.map_err(broken)?, endpoint, &self.tls, request).await
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Place").field(&self.config).finish()
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.config.endpoint, self.config.resource)
    }
}

/// RFC 7240; `modes` and `wait` are what OPA's bundle servers know.
const PREFER: HeaderName = HeaderName::from_static("prefer");

/// How a server says that it holds requests.
/// <https://www.openpolicyagent.org/docs/management-bundles#http-long-polling>
const LONG_POLL: &str = "application/vnd.openpolicyagent.bundles";

/// How long a server may take, beside what it was asked to wait.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
