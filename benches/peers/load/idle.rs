//! 1,000 mTLS connections that have asked once and then rest, as kept connections of agents do.
//!
//! They are held until the comparison has read the proxy's memory and closes our input.

use std::io;
use std::sync::Arc;

use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use super::{Order, Outcome, keep_alive, ready_then_go};
use crate::agent::{self, Answer, KeyExchange};
use crate::pki::Pki;

/// How many connections are held.
pub const CONNECTIONS: usize = 1_000;
const AT_ONCE: usize = 20;

/// Opens the connections, says so and holds them.
///
/// # Errors
///
/// One of them cannot be made or is not served.
pub async fn run(order: &Order, pki: &Pki) -> io::Result<Outcome> {
    let config = agent::with_certificate(pki, "http/1.1", KeyExchange::Classic)?;
    let connector = TlsConnector::from(Arc::new(config));
    let mut held = Vec::with_capacity(CONNECTIONS);
    let mut tasks = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (connector, order) = (connector.clone(), order.clone());
        tasks.spawn_local(async move {
            let mut share = Vec::with_capacity(CONNECTIONS / AT_ONCE);
            for _ in 0..CONNECTIONS / AT_ONCE {
                let mut connection = keep_alive::connect(&connector, &order).await?;
                keep_alive::ask(&mut connection, &mut Answer::default()).await?;
                share.push(connection);
            }
            io::Result::Ok(share)
        });
    }
    while let Some(share) = tasks.join_next().await {
        held.extend(share.map_err(io::Error::other)??);
    }
    ready_then_go()?;
    Ok(Outcome { requests: held.len() as u64, ..Outcome::default() })
}
