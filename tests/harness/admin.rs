//! The admin door, as an operator's tools use it.

use std::net::SocketAddr;

use http::Request;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::answer::Answer;
use super::leak::assert_no_leak;
use super::wait::soon;

/// The admin door at one address.
pub struct Admin {
    pub address: SocketAddr,
    pub(super) secret: String,
}

impl Admin {
    /// What it answers.
    pub async fn get(&self, path: &str) -> Answer {
        let request = Request::get(path).header("host", "admin").body(Empty::<bytes::Bytes>::new());
        soon("the admin door", async {
            let stream = TcpStream::connect(self.address).await.unwrap();
            let (mut sender, http) = http1::handshake(TokioIo::new(stream)).await.unwrap();
            tokio::spawn(http);
            let (head, body) = sender.send_request(request.unwrap()).await.unwrap().into_parts();
            let body = body.collect().await.unwrap().to_bytes().into();
            let (status, headers) = (head.status, head.headers);
            let answer = Answer { status, headers, body, trailers: Default::default() };
            assert_no_leak("the admin door", &self.secret, &answer.bytes());
            answer
        })
        .await
    }

    /// The sum of the samples of `name` that have all of `labels`.
    pub async fn metric(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let text = self.get("/metrics").await.text();
        let wanted: Vec<_> =
            labels.iter().map(|(key, value)| format!("{key}=\"{value}\"")).collect();
        let samples = text.lines().filter(|line| {
            let rest = line.strip_prefix(name).unwrap_or("no");
            rest.starts_with(['{', ' ']) && wanted.iter().all(|label| line.contains(label))
        });
        samples.map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()).sum()
    }
}
