//! A call that needs people's approval: put forward, held, and carried out once they agreed.
//!
//! The same call by the same agent always finds the same proposal, and so does every later one until
//! its time is over: whichever comes when it was approved has it carried out, and all of them get
//! the one answer. An agent that goes away leaves the proposal standing.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName};
use tokio::time::{Instant, sleep};

use crate::enforce::{Ask, Cause, Refusal, substance};
use crate::id::ProposalId;
use crate::identity::Caller;
use crate::operation::mcp::attempt;
use crate::proposal::{Answer, Draft, Execution, MAX_BODY, Origin, Oversized, Proposal};
use crate::proxy::account::Account;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::execution::Executor;
use crate::proxy::proposals::judged::Judged;
use crate::proxy::proposals::standing::{Proposed, Standing};
use crate::proxy::proposals::waiting::Waiting;
use crate::proxy::proposals::{kept_message, mcp_tasks};
use crate::route::Body;
use crate::store::Put;

/// Whether `refusal` asks for people, and they can be asked.
pub(in crate::proxy) fn can_wait(account: &Account, refusal: &Refusal) -> bool {
    *refusal.cause() == Cause::NeedsApproval
        && account.plane.shared.docket.is_some()
        && can_wait_for(refusal.ask())
}

/// Whether a request can wait. A tunnel or a call of gRPC has an answer that cannot be kept; of MCP,
/// only calls of tools are the same at each attempt.
pub(in crate::proxy) fn can_wait_for(ask: &Ask) -> bool {
    can_be_kept(ask) || kept_message::is_call(ask)
}

/// Whether a request and its answer can be kept as they are.
pub(in crate::proxy) fn can_be_kept(ask: &Ask) -> bool {
    let is_grpc =
        ask.target.head().headers().get(CONTENT_TYPE).is_some_and(|kind| {
            kind.as_bytes().to_ascii_lowercase().starts_with(b"application/grpc")
        });
    ask.target.upgrade().is_none() && !is_grpc && ask.operations.call().is_none()
}

/// Puts a call forward, and stays with it until it is answered or was held for long enough.
///
/// # Errors
/// [`Failure::Proposed`] says where it stands; anything else, what went wrong.
pub(in crate::proxy) async fn carry_out(
    account: &Account,
    refusal: Box<Refusal>,
    body: Body,
) -> Result<Carried, Failure> {
    let Some(docket) = &account.plane.shared.docket else { return Err(refusal.into()) };
    let judged = Judged::from(&*refusal);
    let call = Call::new(account, docket, refusal.ask().clone(), body, judged).await?;
    let proposal = call.put().await?;
    call.stay(proposal).await
}

/// A call that waits for what becomes of its proposal.
pub(in crate::proxy) struct Call<'a> {
    account: &'a Account,
    docket: &'a Docket,
    pub(in crate::proxy) ask: Ask,
    pub(in crate::proxy) body: Bytes,
    pub(in crate::proxy) judged: Judged,
    /// How long it stays.
    hold: Duration,
    /// Whether it comes for the answer later.
    is_async: bool,
}

impl<'a> Call<'a> {
    /// `ask` with the whole of its `body`, without what differs from one attempt to the next.
    ///
    /// # Errors
    /// As [`Body::gather`] says.
    pub(in crate::proxy) async fn new(
        account: &'a Account,
        docket: &'a Docket,
        mut ask: Ask,
        mut body: Body,
        judged: Judged,
    ) -> Result<Self, Failure> {
        let body = kept_message::settle(&mut ask, body.gather(MAX_BODY).await?)?;
        let headers = ask.target.head().headers();
        let is_async = prefers(headers, "respond-async");
        let hold = hold(headers, account.view.snapshot.waiting);
        for name in per_attempt(headers) {
            ask.target.head_mut().leave_out(&name);
        }
        Ok(Self { account, docket, ask, body, judged, hold, is_async })
    }

    /// The proposal that it is: one that stands already, or else a new one.
    async fn put(&self) -> Result<Proposal, Failure> {
        let Account { plane, view, id: decision, .. } = self.account;
        let now = plane.shared.clock.now();
        let expiry = self.judged.needs.iter().filter_map(|need| need.expires_in).min();
        let expiry = expiry.unwrap_or(view.snapshot.waiting.expires_after);
        let draft = Draft {
            id: ProposalId::new(),
            substance: substance(&self.ask, &self.judged.decision, self.body.clone())?,
            origin: origin(self.account, &self.ask),
            terms: self.judged.terms(),
            key: None,
            callback: None,
            created: now,
            not_before: now,
            expires_at: now.plus(expiry),
        };
        // Nobody could agree to it, so nobody is to wait for that.
        if !draft.substance.request().can_be_shown() {
            return Err(Oversized::Hidden.into());
        }
        let amount = self.judged.decision.amount().cloned();
        let put = self.docket.desk.put(Proposal::new(draft), amount, &view.snapshot.people, now);
        match put.await? {
            Put::Fresh(proposal) => {
                let (id, digest) = (proposal.id(), proposal.digest());
                tracing::info!(proposal = %id, %digest, %decision, "put forward");
                Ok(proposal)
            }
            Put::Standing(proposal) => Ok(proposal),
        }
    }

    /// Stays with `proposal` until it is answered, or for as long as the call is held.
    ///
    /// # Errors
    /// [`Failure::Proposed`] says where it stands; anything else, what went wrong.
    pub(in crate::proxy) async fn stay(self, proposal: Proposal) -> Result<Carried, Failure> {
        let (id, place, knows_tasks) = (proposal.id(), self.docket.place(), self.knows_tasks());
        let hold = if place.is_some() && !knows_tasks { self.hold } else { Duration::ZERO };
        let (proposal, standing) = self.follow(proposal, hold).await?;
        if let Some(answer) = proposal.state().answer.clone()
            && standing == Standing::Answered
        {
            return Ok(Carried::Kept { id, answer: self.addressed(answer)? });
        }
        let now = self.account.plane.shared.clock.now();
        let is_task = knows_tasks && standing.is_open();
        Err(Failure::Proposed(Box::new(Proposed {
            decision: self.judged.decision,
            id,
            task: is_task.then(|| mcp_tasks::created(&proposal, now)),
            standing,
            left: proposal.draft().expires_at.since(now),
            is_async: self.is_async,
        })))
    }

    /// Stays with `proposal` until there is nothing more to wait for.
    async fn follow(
        &self,
        mut proposal: Proposal,
        hold: Duration,
    ) -> Result<(Proposal, Standing), Failure> {
        let (end, mut tried) = (Instant::now() + hold, false);
        loop {
            let standing = self.standing(&proposal);
            if !standing.is_open() {
                return Ok((proposal, standing));
            }
            if proposal.state().execution == Execution::Queued && !tried {
                tried = true;
                // By other rules it would be another proposal, which a new request becomes.
                if !Arc::ptr_eq(&self.account.view.snapshot, &self.account.plane.view().snapshot) {
                    return Ok((proposal, standing));
                }
                if let Some(standing) = self.execute(&proposal).await? {
                    return Ok((proposal, standing));
                }
            } else {
                let left = end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Ok((proposal, standing));
                }
                tokio::select! {
                    () = sleep(left.min(POLL)) => {}
                    () = self.docket.closing() => return Ok((proposal, standing)),
                }
            }
            proposal = self.docket.desk.load(proposal.id()).await?;
        }
    }

    /// Has `proposal` carried out, unless somebody else does. It goes on if this call goes away.
    /// Returns why it may not be, if that is so.
    async fn execute(&self, proposal: &Proposal) -> Result<Option<Standing>, Failure> {
        let Account { plane, view, connection, .. } = self.account;
        // The call may have been held for minutes.
        let caller = connection.caller(&view.snapshot.security.trust)?;
        let executor = Executor {
            plane: Rc::clone(plane),
            view: Rc::clone(view),
            desk: self.docket.desk.clone(),
            ask: Ask { caller, ..self.ask.clone() },
            body: self.body.clone(),
            id: proposal.id(),
            terms: self.judged.terms(),
        };
        let one = plane.underway.begin();
        let running = tokio::task::spawn_local(async move {
            let _one = one;
            executor.run().await
        });
        running.await.unwrap_or(Err(Failure::Panicked))
    }

    /// Whether it is a call of a tool whose client asks after it by itself.
    fn knows_tasks(&self) -> bool {
        let asked = self.account.inspected.as_ref().filter(|_| kept_message::is_call(&self.ask));
        asked.is_some_and(|asked| attempt::knows_tasks(asked.bytes()))
    }

    /// The answer, to the message that asks for it now.
    fn addressed(&self, answer: Answer) -> Result<Answer, Failure> {
        let asked = self.account.inspected.as_ref().filter(|_| kept_message::is_call(&self.ask));
        match asked {
            Some(asked) => kept_message::readdressed(&answer, &self.body, asked.bytes()),
            None => Ok(answer),
        }
    }

    fn standing(&self, proposal: &Proposal) -> Standing {
        Standing::of(proposal, self.account.plane.shared.clock.now())
    }
}

/// The connection that a call came by.
pub(in crate::proxy) fn origin(account: &Account, ask: &Ask) -> Origin {
    let Caller { listener, peer, local, .. } = &*ask.caller;
    Origin {
        listener: listener.clone(),
        peer: *peer,
        local: *local,
        is_http2: ask.target.head().protocol() == HTTP2,
        chain: account.connection.chain().iter().map(|der| der.to_vec()).collect(),
    }
}

/// How long to hold the call: as long as it asks for (RFC 7240 §4.3), within bounds.
fn hold(headers: &HeaderMap, waiting: Waiting) -> Duration {
    preferred(headers).unwrap_or(waiting.hold)
}

/// How long an answer may be waited for, if the request says so.
pub(in crate::proxy) fn preferred(headers: &HeaderMap) -> Option<Duration> {
    let mut hold = None;
    for preference in preferences(headers) {
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        match (name.trim(), value.trim().parse()) {
            ("wait", Ok(seconds)) => hold = Some(Duration::from_secs(seconds)),
            ("respond-async", _) => hold = Some(Duration::ZERO),
            _ => {}
        }
    }
    hold.map(|hold: Duration| hold.min(Waiting::LONGEST))
}

/// The headers that differ from one attempt to the next, and are no part of what people agree to:
/// they are not sent either.
fn per_attempt(headers: &HeaderMap) -> Vec<HeaderName> {
    let is_for_us = prefers(headers, "wait") || prefers(headers, "respond-async");
    let own = is_for_us.then_some("prefer");
    PER_ATTEMPT.into_iter().chain(own).map(HeaderName::from_static).collect()
}

fn prefers(headers: &HeaderMap, name: &str) -> bool {
    preferences(headers).any(|one| one.split('=').next().unwrap_or_default().trim() == name)
}

fn preferences(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let all = headers.get_all("prefer").into_iter();
    all.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).map(str::trim)
}

/// Counters, ids and times that libraries and meshes put on each attempt.
const PER_ATTEMPT: [&str; 9] = [
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "baggage",
    "traceparent",
    "tracestate",
    "x-request-id",
    "x-stainless-read-timeout",
    "x-stainless-retry-count",
    "x-stainless-timeout",
];

/// As policy is told it.
const HTTP2: &str = "HTTP/2";

/// How often a call that is held looks whether people have decided.
pub(in crate::proxy) const POLL: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::{hold, per_attempt};
    use crate::proxy::Waiting;
    use http::HeaderMap;
    use http::header::{HeaderName, HeaderValue};
    use std::time::Duration;

    fn prefer(value: &'static str) -> HeaderMap {
        let name = HeaderName::from_static("prefer");
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn a_call_is_held_as_it_prefers_and_never_for_longer_than_the_bound() {
        let usual = Duration::from_secs(20);
        let waiting = Waiting { hold: usual, expires_after: Duration::from_secs(900) };
        for (value, seconds) in [
            ("wait=3", 3),
            ("return=minimal, wait = 3", 3),
            ("respond-async", 0),
            ("wait=99999", 240),
            ("wait=-1", 20),
            ("wait=soon", 20),
            ("return=minimal", 20),
        ] {
            assert_eq!(hold(&prefer(value), waiting), Duration::from_secs(seconds), "{value}");
        }
        assert_eq!(hold(&HeaderMap::new(), waiting), usual);
    }

    #[test]
    fn a_preference_that_is_the_upstreams_is_part_of_the_request() {
        let names = |value| per_attempt(&prefer(value)).iter().any(|name| name == "prefer");
        assert!(names("wait=3") && names("respond-async"));
        assert!(!names("return=minimal"));
    }
}
