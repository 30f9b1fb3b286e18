//! A new mTLS connection, one request and a clean end, over and over.
//!
//! Nothing is resumed, so each turn costs the proxy an accept, a whole handshake with both
//! certificates, and one request.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::{Order, Outcome, WARM_UP, keep_alive, ready_then_go};
use crate::agent::{self, Answer, KeyExchange};
use crate::pki::Pki;

const AT_ONCE: usize = 16;
const ERRORS_MAX: u64 = 100;

/// Warms up and measures.
///
/// # Errors
///
/// The agent's certificate cannot be read.
pub async fn run(order: &Order, pki: &Pki, groups: KeyExchange) -> io::Result<Outcome> {
    let config = agent::with_certificate(pki, "http/1.1", groups)?;
    let connector = TlsConnector::from(Arc::new(config));
    connect_until(&connector, order, Instant::now() + WARM_UP).await?;
    ready_then_go()?;
    let start = Instant::now();
    let mut outcome = connect_until(&connector, order, start + order.length).await?;
    outcome.seconds = start.elapsed().as_secs_f64();
    Ok(outcome)
}

async fn connect_until(
    connector: &TlsConnector,
    order: &Order,
    deadline: Instant,
) -> io::Result<Outcome> {
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (connector, order) = (connector.clone(), order.clone());
        tasks.spawn_local(async move {
            let mut outcome = Outcome::default();
            while Instant::now() < deadline && outcome.errors < ERRORS_MAX {
                outcome.count(connect_and_ask(&connector, &order).await);
            }
            outcome
        });
    }
    let mut total = Outcome::default();
    while let Some(done) = tasks.join_next().await {
        total.add(done.map_err(io::Error::other)?);
    }
    Ok(total)
}

async fn connect_and_ask(connector: &TlsConnector, order: &Order) -> io::Result<()> {
    let mut connection = keep_alive::connect(connector, order).await?;
    keep_alive::ask(&mut connection, &mut Answer::default()).await?;
    connection.shutdown().await
}
