//! The client against real sockets: only the upstreams are made up, and they count what they see.

mod address;
mod body;
mod deadline;
mod http2;
mod peer;
mod pool;
mod retry;
mod tls;

use std::future::Future;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use tokio::task::LocalSet;

use crate::clock::Clock;
use crate::id::UpstreamName;
use crate::metrics::Metrics;
use crate::route::Body;
use crate::route::terms::Retry;
use crate::upstream::config::{Config, Endpoint, Protocol, Timeouts, TlsConfig};
use crate::upstream::{Answer, Client, Error, Upstreams};

/// Runs a test as a worker would: one thread, one `LocalSet`.
fn run(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(LocalSet::new().run_until(test));
}

/// The same, with time that passes only while everyone waits.
fn run_paused(test: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().start_paused(true);
    runtime.build().unwrap().block_on(LocalSet::new().run_until(test));
}

fn config(urls: &[String]) -> Config {
    Config {
        name: UpstreamName::from("orders"),
        endpoints: urls.iter().map(|url| Endpoint::parse(url).unwrap()).collect(),
        protocol: Protocol::Auto,
        tls: TlsConfig::default(),
        host: None,
        allow_addresses: Vec::new(),
        timeouts: Timeouts::default(),
        connections: 8,
    }
}

fn client(config: Config) -> Client {
    let upstreams = Upstreams::load(vec![config]).unwrap();
    Client::new(&upstreams, Metrics::new().unwrap().upstream, Clock::System)
}

fn plain(port: u16) -> Client {
    client(config(&[format!("http://127.0.0.1:{port}")]))
}

fn request(method: Method, body: Body) -> Request<Body> {
    Request::builder().method(method).uri("/v1/orders?limit=1").body(body).unwrap()
}

async fn send(client: &Client, request: Request<Body>) -> Result<Response<Answer>, Error> {
    client.forward(&UpstreamName::from("orders"), Retry::Never, request).await
}

async fn get(client: &Client) -> Result<Response<Answer>, Error> {
    send(client, request(Method::GET, Body::Empty)).await
}

async fn text(response: Response<Answer>) -> String {
    let whole = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(whole.to_vec()).unwrap()
}

fn whole(bytes: impl Into<Bytes>) -> Body {
    Body::Whole(bytes.into())
}

/// Waits for something that other tasks bring about.
async fn until(mut reached: impl FnMut() -> bool) {
    for _ in 0..1_000_000 {
        if reached() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("it never came about");
}
