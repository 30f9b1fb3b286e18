//! One request on a connection of its own.

use std::io;

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::fetch::error::{FetchError, broken};
use crate::upstream::Endpoint;
use crate::upstream::tls::Tls;

/// Sends `request` to `endpoint`, to which `socket` leads, and returns the head of the answer.
pub(super) async fn exchange(
    socket: TcpStream,
    endpoint: &Endpoint,
    tls: &Tls,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, FetchError> {
    if !endpoint.is_tls() {
        return speak(socket, request).await;
    }
    let name = tls.server_name(endpoint);
    let name = name.ok_or_else(|| broken(io::Error::other("its host cannot be verified")))?;
    let stream = tls.connector_http1().connect(name, socket).await.map_err(broken)?;
    speak(stream, request).await
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, FetchError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    // It ends when the response has been read or dropped.
    tokio::task::spawn(connection);
    sender.send_request(request).await.map_err(broken)
}

/// All of an answer's body.
pub(super) async fn whole(mut body: Incoming) -> Result<Bytes, FetchError> {
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

/// The largest document, in bytes.
const LARGEST: usize = 16 << 20;
