//! One request and its response, with the few repetitions that are certainly safe.
//!
//! A request is sent again in exactly two cases: nothing of it was sent (there was no connection,
//! or the one from the pool had closed and hyper gave the request back untouched); or the route
//! allows it, its method is idempotent (RFC 9110 §9.2.2), its body is at hand, the connection broke
//! and not one byte of an answer came. A deadline that has passed is never a reason to ask again
//! once the request is out. Anything else ends the exchange, and [`Error::sent`] says what may have
//! come of it.

use std::rc::Rc;

use http::header::UPGRADE;
use http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use crate::route::terms::Retry;
use crate::upstream::answer::Answer;
use crate::upstream::cluster::Cluster;
use crate::upstream::connect::Need;
use crate::upstream::deadline::{Alarm, Phase};
use crate::upstream::error::{Cause, Error, Sent};
use crate::upstream::outgoing::{self, Outgoing};
use crate::upstream::pool::{Lease, Line, Pool};

/// Times that a request may be sent again.
const RETRIES: u32 = 2;

/// Sends `request` to an endpoint of `cluster`.
///
/// # Errors
/// [`Error`], when no endpoint answered.
pub(super) async fn exchange(
    cluster: &Rc<Cluster>,
    mut request: Request<Outgoing>,
    retry: Retry,
    alarm: &Alarm,
) -> Result<Response<Answer>, Error> {
    let asked = request.headers().get(UPGRADE).cloned();
    let repeatable = retry == Retry::Idempotent && request.method().is_idempotent();
    let mut avoid = None;
    for left in (0..=RETRIES).rev() {
        let Some(pool) = cluster.choose(avoid.as_ref()).cloned() else { break };
        let spare = if repeatable && left > 0 { outgoing::copy(&request) } else { None };
        let mut failed = match attempt(cluster, &pool, request, asked.as_ref(), alarm).await {
            Ok(response) => return Ok(response),
            Err(failed) => failed,
        };
        let Some(again) = failed.again(spare, cluster.pools().len()).filter(|_| left > 0) else {
            return Err(Error::new(cluster.name(), Some(&pool.name), failed.sent, failed.cause));
        };
        request = again;
        avoid = (cluster.pools().len() > 1).then_some(pool);
    }
    Err(Error::new(cluster.name(), None, Sent::Nothing, Cause::Overloaded))
}

/// An attempt that came to nothing.
struct Failed {
    cause: Cause,
    sent: Sent,
    /// Whether a byte of an answer had come.
    heard: Heard,
    /// The request, if nothing of it was sent.
    request: Option<Box<Request<Outgoing>>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Heard {
    Nothing,
    Something,
}

impl Failed {
    /// The request to send again, if that is safe and could help.
    fn again(
        &mut self,
        spare: Option<Request<Outgoing>>,
        endpoints: usize,
    ) -> Option<Request<Outgoing>> {
        match (&self.cause, self.sent) {
            // Another endpoint may be reachable; the same one is not.
            (cause, Sent::Nothing) if cause.blames_endpoint() && endpoints < 2 => None,
            (Cause::Overloaded | Cause::Timeout(Phase::Whole), Sent::Nothing) => None,
            (_, Sent::Nothing) => self.request.take().map(|request| *request),
            (Cause::Closed(_), Sent::Maybe) if self.heard == Heard::Nothing => spare,
            (_, Sent::Maybe) => None,
        }
    }

    fn unsent(cause: Cause, request: Request<Outgoing>) -> Self {
        Self { cause, sent: Sent::Nothing, heard: Heard::Nothing, request: Some(Box::new(request)) }
    }

    fn sent(cause: Cause, heard: Heard) -> Self {
        Self { cause, sent: Sent::Maybe, heard, request: None }
    }
}

async fn attempt(
    cluster: &Rc<Cluster>,
    pool: &Rc<Pool>,
    mut request: Request<Outgoing>,
    asked: Option<&HeaderValue>,
    alarm: &Alarm,
) -> Result<Response<Answer>, Failed> {
    let need = if asked.is_some() { Need::Upgrade } else { Need::Any };
    let mut lease = match pool.lease(need, alarm).await {
        Ok(lease) => lease,
        Err(cause) => {
            if cause.blames_endpoint() {
                pool.failed();
            }
            return Err(Failed::unsent(cause, request));
        }
    };
    let version = match lease.line {
        Line::Exclusive(_) => Version::HTTP_11,
        Line::Shared(_) => Version::HTTP_2,
    };
    if let Err(cause) = pool.addressing.write(&mut request, version) {
        return Err(Failed::unsent(cause, request));
    }
    match request.body().is_stream() {
        true => alarm.arm(Phase::Idle, cluster.timeouts().idle),
        false => alarm.sent(cluster.timeouts().first_byte),
    }
    let response = match alarm.within(send(&mut lease, request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(refused(&lease, error)),
        Err(phase) => {
            if phase == Phase::FirstByte {
                pool.failed();
            }
            return Err(Failed::sent(Cause::Timeout(phase), Heard::Nothing));
        }
    };
    alarm.answered();
    pool.succeeded();
    answered(cluster, lease, response, asked, alarm)
}

async fn send(
    lease: &mut Lease,
    request: Request<Outgoing>,
) -> Result<Response<Incoming>, TrySendError<Request<Outgoing>>> {
    match &mut lease.line {
        Line::Exclusive(connection) => connection.send(request).await,
        Line::Shared(stream) => stream.send(request).await,
    }
}

fn refused(lease: &Lease, mut error: TrySendError<Request<Outgoing>>) -> Failed {
    if let Some(request) = error.take_message() {
        return Failed::unsent(Cause::of(error.into_error()), request);
    }
    let heard = match &lease.line {
        Line::Exclusive(connection) if connection.has_heard() => Heard::Something,
        Line::Exclusive(_) | Line::Shared(_) => Heard::Nothing,
    };
    Failed::sent(Cause::of(error.into_error()), heard)
}

/// Takes over the head of the response. A switch of protocols is one only if it was asked for, and
/// to what was asked for; its connection belongs to the tunnel and never returns to the pool.
fn answered(
    cluster: &Rc<Cluster>,
    lease: Lease,
    response: Response<Incoming>,
    asked: Option<&HeaderValue>,
    alarm: &Alarm,
) -> Result<Response<Answer>, Failed> {
    let endpoint = lease.pool.name.clone();
    let mut lease = Some(lease);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        let given = response.headers().get(UPGRADE);
        let is_wanted = asked
            .zip(given)
            .is_some_and(|(asked, given)| asked.as_bytes().eq_ignore_ascii_case(given.as_bytes()));
        let Some(Lease { line: Line::Exclusive(connection), .. }) = lease.take_if(|_| is_wanted)
        else {
            let cause = Cause::rule("it switched to a protocol it was not asked for");
            return Err(Failed::sent(cause, Heard::Something));
        };
        connection.let_go();
    }
    let answer = |body| Answer::new(body, lease, alarm.clone(), cluster.clone(), endpoint);
    Ok(response.map(answer))
}
