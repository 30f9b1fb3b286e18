//! Step: what an operator's Prometheus would read.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("A metric, as Prometheus reads it")?;
    let Some(address) = visit.deployment.running.address("admin") else {
        return Err(Missed::new("an admin listener", "none"));
    };
    let late = |_| io::Error::other("/metrics did not answer in time");
    let text = tokio::time::timeout(PATIENCE, read(address)).await.map_err(late)??;
    let lines: Vec<_> = text.lines().filter(|line| line.starts_with(NAME)).collect();
    transcript.tell("GET /metrics")?;
    for line in &lines {
        transcript.tell(line)?;
    }
    expect("the decisions counted", EXPECTED.to_vec(), lines)?;
    transcript.check("every allowed and every denied call is counted, once")?;
    Ok(())
}

/// The body that `/metrics` answers with.
async fn read(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let head = format!("GET /metrics HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    let mut text = String::new();
    stream.take(LARGEST).read_to_string(&mut text).await?;
    Ok(text)
}

const NAME: &str = "countersign_decisions_total{";

/// What the steps before have brought about.
const EXPECTED: [&str; 9] = [
    "countersign_decisions_total{decision=\"allow\",route=\"customers\"} 1",
    "countersign_decisions_total{decision=\"allow\",route=\"payments\"} 2",
    "countersign_decisions_total{decision=\"allow\",route=\"refunds\"} 1",
    "countersign_decisions_total{decision=\"allow\",route=\"reports\"} 1",
    "countersign_decisions_total{decision=\"allow\",route=\"tools\"} 1",
    "countersign_decisions_total{decision=\"deny\",route=\"customers\"} 1",
    "countersign_decisions_total{decision=\"deny\",route=\"reports\"} 1",
    "countersign_decisions_total{decision=\"deny\",route=\"tools\"} 1",
    "countersign_decisions_total{decision=\"escalate\",route=\"refunds\"} 2",
];

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The most bytes that are read.
const LARGEST: u64 = 4 << 20;
