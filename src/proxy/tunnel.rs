//! A WebSocket, once both sides have agreed to it.
//!
//! It was judged at its handshake and may live for hours, so it is held to what it was allowed under:
//! it is cut when the agent's certificate ends, and judged again whenever the configuration changes.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::BytesMut;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf, split};
use tracing::info;

use crate::audit::{Outcome, Trail};
use crate::credential::guard::scanner::Scanner;
use crate::enforce::{Ask, authorize};
use crate::listener::Connection;
use crate::listener::connection::InProgress;
use crate::proxy::plane::Plane;
use crate::proxy::relay::REVOKED;
use crate::proxy::reply::SWITCHING;

/// Everything that a tunnel holds.
pub struct Tunnel {
    /// The worker's half.
    pub plane: Rc<Plane>,
    /// The agent's connection.
    pub connection: Rc<Connection>,
    /// What was allowed, to be asked again.
    pub ask: Ask,
    /// The agent's side.
    pub agent: OnUpgrade,
    /// The upstream's side.
    pub upstream: OnUpgrade,
    /// Searches what comes back.
    pub scanner: Option<Scanner>,
    /// Its record.
    pub trail: Trail,
    /// The exchange lasts for as long as the tunnel.
    pub progress: InProgress,
}

/// What ended a tunnel.
enum End {
    Closed(u64, u64),
    Cut(&'static str),
}

impl Tunnel {
    /// Carries bytes both ways until either side closes or the tunnel has to be cut.
    pub async fn run(self) {
        let started = tokio::time::Instant::now();
        let Self { plane, connection, ask, agent, upstream, scanner, trail, progress } = self;
        let (Ok(agent), Ok(upstream)) = (agent.await, upstream.await) else {
            return trail.close(Outcome::Aborted { why: "upgrade" });
        };
        let end = tokio::select! {
            carried = carry(agent, upstream, scanner) => match carried {
                Ok((request, response)) => End::Closed(request, response),
                Err(_) => End::Cut("closed"),
            },
            why = withdrawn(&plane, &connection, &ask) => End::Cut(why),
            _ = ask.tether.clone().cut() => {
                plane.shared.metrics.state.cut.inc();
                End::Cut(REVOKED)
            }
        };
        drop(progress);
        trail.close(match end {
            End::Closed(request_bytes, response_bytes) => Outcome::Answered {
                status: SWITCHING.as_u16(),
                request_bytes,
                response_bytes,
                duration: started.elapsed(),
            },
            End::Cut(why) => {
                info!(decision = %ask.id, why, "a tunnel was cut");
                Outcome::Aborted { why }
            }
        });
    }
}

/// Resolves when the tunnel is no longer allowed, with the word for why.
async fn withdrawn(plane: &Plane, connection: &Connection, ask: &Ask) -> &'static str {
    let mut changes = plane.shared.changes();
    loop {
        let view = plane.view();
        let Ok(caller) = connection.caller(&view.snapshot.security.trust) else {
            return "identity";
        };
        let now = plane.shared.clock.now();
        let left = caller.principal.valid_until().since(now).max(SHORTEST);
        tokio::select! {
            () = tokio::time::sleep(left) => {}
            changed = changes.changed() => {
                if changed.is_err() {
                    return "shutdown";
                }
                if !still_allowed(plane, connection, ask) {
                    return "policy";
                }
            }
        }
    }
}

/// Asks policy about the handshake again, under the configuration of this moment.
fn still_allowed(plane: &Plane, connection: &Connection, ask: &Ask) -> bool {
    let view = plane.view();
    let Ok(caller) = connection.caller(&view.snapshot.security.trust) else { return false };
    let Ok(target) = view.snapshot.routes.resolve(ask.target.head().clone()) else { return false };
    let same = target.route().name == ask.target.route().name && target.upgrade().is_some();
    let ask = Ask { caller, target, now: plane.shared.clock.now(), ..ask.clone() };
    same && authorize(&mut view.judge.borrow_mut(), ask, &plane.shared.metrics.policy).is_ok()
}

/// Copies until both directions have ended; returns the bytes of each.
async fn carry(
    agent: Upgraded,
    upstream: Upgraded,
    scanner: Option<Scanner>,
) -> io::Result<(u64, u64)> {
    let (mut from_agent, to_agent) = split(TokioIo::new(agent));
    let (from_upstream, mut to_upstream) = split(TokioIo::new(upstream));
    let there = async {
        let bytes = tokio::io::copy(&mut from_agent, &mut to_upstream).await?;
        to_upstream.shutdown().await?;
        Ok(bytes)
    };
    tokio::try_join!(there, back(from_upstream, to_agent, scanner))
}

async fn back(
    mut from: ReadHalf<TokioIo<Upgraded>>,
    mut to: WriteHalf<TokioIo<Upgraded>>,
    mut scanner: Option<Scanner>,
) -> io::Result<u64> {
    let mut bytes = 0;
    let mut buffer = BytesMut::with_capacity(BUFFER);
    while from.read_buf(&mut buffer).await? > 0 {
        let chunk = buffer.split().freeze();
        let chunk = match &mut scanner {
            Some(scanner) => scanner.push(chunk),
            None => chunk,
        };
        bytes += chunk.len() as u64;
        to.write_all(&chunk).await?;
        to.flush().await?;
        buffer.reserve(BUFFER);
    }
    if let Some(scanner) = &mut scanner {
        to.write_all(&scanner.finish()).await?;
    }
    to.shutdown().await?;
    Ok(bytes)
}

/// How often to look, at the most, at a certificate that has just ended.
const SHORTEST: Duration = Duration::from_secs(1);

/// What is carried at a time.
const BUFFER: usize = 16 * 1024;
