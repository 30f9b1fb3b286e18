//! 64 kept HTTP/1.1 connections, each asking again as soon as it was answered.
//!
//! This is what finds the CPU of one request: no connection is made while it is measured.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{IN_FLIGHT, Order, Outcome, WARM_UP, ready_then_go};
use crate::agent::{self, Answer, KeyExchange, REQUEST};
use crate::pki::Pki;

/// Connects, warms up and measures.
///
/// # Errors
///
/// A connection cannot be made.
pub async fn run(order: &Order, pki: &Pki) -> io::Result<Outcome> {
    let config = agent::with_certificate(pki, "http/1.1", KeyExchange::Classic)?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut connections = Vec::with_capacity(IN_FLIGHT);
    for _ in 0..IN_FLIGHT {
        connections.push(connect(&connector, order).await?);
    }
    let (connections, _) = ask_for(connections, WARM_UP).await?;
    ready_then_go()?;
    let start = Instant::now();
    let (_, mut outcome) = ask_for(connections, order.length).await?;
    outcome.seconds = start.elapsed().as_secs_f64();
    Ok(outcome)
}

/// One mTLS connection to the proxy.
///
/// # Errors
///
/// It cannot be made.
pub async fn connect(connector: &TlsConnector, order: &Order) -> io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(order.address).await?;
    stream.set_nodelay(true)?;
    connector.connect(agent::server_name(), stream).await
}

/// One request and its whole answer.
///
/// # Errors
///
/// The connection ends, or the answer is not the backend's.
pub async fn ask(stream: &mut TlsStream<TcpStream>, answer: &mut Answer) -> io::Result<()> {
    stream.write_all(REQUEST).await?;
    stream.flush().await?;
    while !answer.is_whole()? {
        let read = stream.read(answer.room()).await?;
        answer.took(read)?;
    }
    Ok(())
}

async fn ask_for(
    connections: Vec<TlsStream<TcpStream>>,
    length: Duration,
) -> io::Result<(Vec<TlsStream<TcpStream>>, Outcome)> {
    let deadline = Instant::now() + length;
    let mut tasks = JoinSet::new();
    for connection in connections {
        tasks.spawn_local(ask_until(connection, deadline));
    }
    let mut kept = Vec::with_capacity(IN_FLIGHT);
    let mut total = Outcome::default();
    while let Some(done) = tasks.join_next().await {
        let (connection, outcome) = done.map_err(io::Error::other)?;
        kept.extend(connection);
        total.add(outcome);
    }
    Ok((kept, total))
}

/// A connection that had an error is not used again: its state is unknown.
async fn ask_until(
    mut connection: TlsStream<TcpStream>,
    deadline: Instant,
) -> (Option<TlsStream<TcpStream>>, Outcome) {
    let mut outcome = Outcome::default();
    let mut answer = Answer::default();
    while Instant::now() < deadline {
        let answered = ask(&mut connection, &mut answer).await;
        let failed = answered.is_err();
        outcome.count(answered);
        if failed {
            return (None, outcome);
        }
    }
    (Some(connection), outcome)
}
