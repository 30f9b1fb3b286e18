//! What Countersign gets for itself, one document from one server again whenever it changes, and what
//! it hands over: one document after another to one server.
//!
//! No agent's request goes this way and no agent's credential either: that is `upstream`'s, which
//! takes nothing but an authorized request. Redirects are not followed.

use std::fmt;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HOST, HeaderValue, IF_NONE_MATCH,
};
use http::request::Builder;
use http::{HeaderName, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::credential::Source;
use crate::credential::source::SourceError;
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

/// Why there is no document, or why it was not taken.
#[derive(Debug)]
pub enum FetchError {
    /// The connection cannot be made, or broke off.
    Broken(Box<dyn std::error::Error + Send + Sync>),
    /// It took too long.
    Late,
    /// It is larger than this many bytes.
    Large(usize),
    /// The server answered with another status than one that was hoped for.
    Status(StatusCode),
    /// The token cannot be read, or is not one.
    Token(Option<SourceError>),
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
                StatusCode::OK => Some(whole(response.into_body()).await?),
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
        let port = self.config.endpoint.port();
        let socket = match self.config.endpoint.host() {
            Host::Address(address) => TcpStream::connect((*address, port)).await,
            Host::Name(name) => TcpStream::connect((name.as_str(), port)).await,
        };
        let socket = socket.map_err(broken)?;
        if !self.config.endpoint.is_tls() {
            return exchange(socket, request).await;
        }
        let name = self.tls.server_name(&self.config.endpoint);
        let name = name.ok_or_else(|| broken(io::Error::other("its host cannot be verified")))?;
        let stream = self.tls.connector_http1().connect(name, socket).await.map_err(broken)?;
        exchange(stream, request).await
    }
}

/// One request on a connection of its own, which ends with the response.
async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, FetchError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends when the response has been read or dropped.
    tokio::task::spawn(connection);
    sender.send_request(request).await.map_err(broken)
}

async fn whole(mut body: Incoming) -> Result<Bytes, FetchError> {
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(broken)?.into_data() else { continue };
        if whole.len() + data.len() > LARGEST {
            return Err(FetchError::Large(LARGEST));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}

fn broken(error: impl std::error::Error + Send + Sync + 'static) -> FetchError {
    FetchError::Broken(Box::new(error))
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(error) => {
                write!(f, "{error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
            Self::Late => f.write_str("it took too long"),
            Self::Large(limit) => write!(f, "the document is larger than {limit} bytes"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::Token(Some(why)) => write!(f, "the token cannot be had: {why}"),
            Self::Token(None) => f.write_str("the token cannot stand in a header"),
        }
    }
}

impl std::error::Error for FetchError {}

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
const PATIENCE: Duration = Duration::from_secs(60);

/// The largest document, in bytes.
const LARGEST: usize = 16 << 20;
