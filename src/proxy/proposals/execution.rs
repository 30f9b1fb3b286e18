//! An approved proposal, carried out once.
//!
//! The store gives it to one executor; what people signed is checked again, and they may still
//! answer; policy is asked again, with the approval as a fact; the intent is on disk; only then is it
//! sent. Whatever may have been sent and has no answer is unknown
//! for good, and never sent again.

use std::rc::Rc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Response;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt;
use tokio::time::{Instant, sleep, timeout};

use crate::audit::{self, Trail};
use crate::clock::Timestamp;
use crate::credential::{Authorized, Guard};
use crate::enforce::{Ask, Cause, authorize};
use crate::id::{DecisionId, ProposalId};
use crate::policy::{Approval, BreakGlass};
use crate::proposal::{Answer, Difference, MAX_ANSWER_BODY, Outcome, Proposal, Terms};
use crate::proxy::cleaning::{self, Finds};
use crate::proxy::failure::Failure;
use crate::proxy::plane::{Plane, View};
use crate::proxy::proposals::agreement::Agreement;
use crate::proxy::proposals::standing::Standing;
use crate::proxy::work;
use crate::route::Body;
use crate::store::{Desk, Error};
use crate::upstream;

/// What it takes to carry a proposal out.
pub(in crate::proxy) struct Executor {
    pub(in crate::proxy) plane: Rc<Plane>,
    pub(in crate::proxy) view: Rc<View>,
    pub(in crate::proxy) desk: Desk,
    /// The request that the proposal was made from, or one just like it.
    pub(in crate::proxy) ask: Ask,
    pub(in crate::proxy) body: Bytes,
    pub(in crate::proxy) id: ProposalId,
    /// On what terms the rules let people agree to it now, whatever was kept.
    pub(in crate::proxy) terms: Terms,
}

/// A request that may go out now.
struct Ready {
    request: Authorized,
    guard: Guard,
    trail: Trail,
}

/// Why a request may not go out.
enum Refused {
    /// Something failed.
    Failed(Failure),
    /// What was agreed to does not carry it.
    Not(Standing),
}

impl Executor {
    /// Carries it out, unless somebody else does or did. Returns why it may not be, if that is so.
    ///
    /// # Errors
    /// [`Failure`], if it was not sent; it can then be tried again.
    pub(in crate::proxy) async fn run(self) -> Result<Option<Standing>, Failure> {
        let now = self.plane.shared.clock.now();
        let claimed = match self.desk.claim(self.id, now, now.plus(CLAIM)).await {
            Ok(proposal) => proposal,
            // Somebody else was first, or its time is over: the proposal itself says which.
            Err(Error::Illegal(_)) => return Ok(None),
            Err(why) => return Err(why.into()),
        };
        match self.prepare(&claimed).await {
            Ok(ready) => self.send(ready).await.map(|()| None),
            Err(refused) => {
                self.release().await;
                match refused {
                    Refused::Failed(failure) => Err(failure),
                    Refused::Not(standing) => Ok(Some(standing)),
                }
            }
        }
    }

    /// Policy, the record and the credential, as for any other request.
    async fn prepare(&self, claimed: &Proposal) -> Result<Ready, Refused> {
        let (shared, snapshot) = (&self.plane.shared, &self.view.snapshot);
        let now = shared.clock.now();
        let approval = match self.terms.needs.is_empty() {
            true => None,
            false => Some(self.agreed(claimed, now).await?),
        };
        let (id, approval) = (DecisionId::new(), approval.map(Rc::new));
        let who = (self.ask.caller.principal.spiffe_id(), claimed.substance().task());
        let read = (&self.ask.target, self.ask.body.as_ref(), &self.ask.operations);
        let situation = work::look(shared, &self.view, who, read, &self.ask.tether).await?;
        let ask = Ask { id, now, approval, situation, ..self.ask.clone() };
        let grant = authorize(&mut self.view.judge.borrow_mut(), ask, &shared.metrics.policy);
        let grant = match grant {
            Ok(grant) => grant,
            Err(refusal) if *refusal.cause() == Cause::NeedsApproval => {
                return Err(Refused::Not(Standing::Insufficient));
            }
            Err(refusal) => {
                work::refused(shared, &refusal).await?;
                return Err(Refused::Failed(refusal.into()));
            }
        };
        let substance = grant.substance(self.body.clone()).map_err(Failure::from)?;
        let differences = Difference::between(claimed.substance(), &substance);
        if !differences.is_empty() {
            return Err(Refused::Not(Standing::Changed(differences)));
        }
        // What comes back is taken off when it is kept.
        work::enter(shared, &grant, Some(self.body.len() as u64), Some(self.id)).await?;
        let mut trail = self.plane.recorder.open(id);
        let durability = grant.durability();
        let grant = trail.commit(grant, durability).await.map_err(Failure::from)?;
        let approval = grant.entry().ask().approval.as_ref();
        approval.and_then(|one| one.break_glass.as_ref()).iter().for_each(|one| self.alert(one));
        match snapshot.credentials.inject(grant, Body::from(self.body.clone())) {
            Ok((request, guard)) => Ok(Ready { request, guard, trail }),
            Err(why) => {
                let failure = Failure::from(why);
                trail.close(failure.outcome());
                Err(failure.into())
            }
        }
    }

    /// One person decided alone: whoever is on duty shall hear of it.
    fn alert(&self, broken: &BreakGlass) {
        let BreakGlass { approver, reason } = broken;
        tracing::error!(proposal = %self.id, %approver, %reason, "break-glass: one person decided alone");
        self.plane.shared.metrics.state.break_glass.inc();
    }

    /// What people agreed to, checked once more.
    async fn agreed(&self, claimed: &Proposal, now: Timestamp) -> Result<Approval, Refused> {
        let asked = claimed.clone().under(self.terms.clone());
        let agreement = Agreement::gather(&self.desk, asked).await.map_err(Failure::from)?;
        let approval = agreement.checked(&self.view.snapshot.people, now);
        approval.ok_or(Refused::Not(Standing::Unsigned))
    }

    /// Sends it, and keeps what comes of it.
    async fn send(&self, ready: Ready) -> Result<(), Failure> {
        let Ready { request, guard, trail } = ready;
        let started = Instant::now();
        let answered = tokio::select! {
            answered = timeout(LONGEST, self.answer(request, &guard)) => answered,
            why = self.ask.tether.clone().cut() => {
                self.plane.shared.metrics.state.cut.inc();
                Ok(Err(Failure::Cut(why)))
            }
        };
        let (outcome, recorded) = match answered {
            Ok(Ok((answer, response_bytes))) => {
                let recorded = audit::Outcome::Answered {
                    status: answer.status().as_u16(),
                    request_bytes: self.body.len() as u64,
                    response_bytes,
                    duration: started.elapsed(),
                };
                (outcome(answer), recorded)
            }
            Ok(Err(failure)) if is_unsent(&failure) => {
                trail.close(failure.outcome());
                self.release().await;
                return Err(failure);
            }
            Ok(Err(failure)) => (Outcome::Unknown, failure.outcome()),
            Err(_) => (Outcome::Unknown, audit::Outcome::Unknown),
        };
        trail.close(recorded);
        self.finish(outcome).await;
        Ok(())
    }

    /// The upstream's answer, whole and clean, and how many bytes it had.
    async fn answer(&self, request: Authorized, guard: &Guard) -> Result<(Answer, u64), Failure> {
        let name = guard.credential().map_or("-", |name| name.as_str());
        let replaced = &self.plane.shared.metrics.credential.replaced;
        let finds = Finds::new(replaced.with_label_values(&[name]));
        let response = self.plane.client.send(request).await?;
        let response = cleaning::readable(response, guard, &finds)?;
        if response.status().is_informational() {
            return Err(Failure::Unasked);
        }
        let (parts, body) = gathered(response).await?;
        let (length, body) = match body {
            Gathered::Whole(body) => (None, cleaning::searched(body, guard, &finds)),
            Gathered::TooLong(length) => (Some(length), Bytes::new()),
        };
        let bytes = length.unwrap_or(body.len() as u64);
        // Searching may have changed how long it is.
        let headers = parts.headers.iter().filter(|(name, _)| **name != CONTENT_LENGTH);
        let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
        let answer = Answer::new(parts.status, headers, body);
        Ok((length.into_iter().fold(answer, Answer::of_length), bytes))
    }

    /// Nothing of it was sent: the same request may have it carried out another time.
    async fn release(&self) {
        let released = self.desk.release(self.id, self.plane.shared.clock.now()).await;
        if let Err(why) = released {
            tracing::error!(proposal = %self.id, "it was not sent, which cannot be kept: {why}");
        }
    }

    /// Keeps what came of it. The store may be away for a moment; without this it is unknown.
    async fn finish(&self, outcome: Outcome) {
        for _ in 0..FINISHES {
            let now = self.plane.shared.clock.now();
            match self.desk.finish(self.id, outcome.clone(), now).await {
                Ok(_) => return,
                Err(why) => {
                    tracing::error!(proposal = %self.id, "what came of it cannot be kept: {why}");
                    if matches!(why, Error::Illegal(_) | Error::Gone) {
                        return;
                    }
                }
            }
            sleep(PAUSE).await;
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A body that was read to its end.
enum Gathered {
    Whole(Bytes),
    /// It had so many bytes, which nobody keeps.
    TooLong(u64),
}

async fn gathered(
    response: Response<upstream::Answer>,
) -> Result<(http::response::Parts, Gathered), Failure> {
    let (parts, mut body) = response.into_parts();
    let (mut whole, mut length) = (BytesMut::new(), 0);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length += data.len() as u64;
        if whole.len() + data.len() <= MAX_ANSWER_BODY {
            whole.extend_from_slice(&data);
        }
    }
    match length == whole.len() as u64 {
        true => Ok((parts, Gathered::Whole(whole.freeze()))),
        false => Ok((parts, Gathered::TooLong(length))),
    }
}

/// What an answer is to its proposal.
fn outcome(answer: Answer) -> Outcome {
    let status = answer.status();
    match status.is_client_error() || status.is_server_error() {
        true => Outcome::Failed(Some(answer)),
        false => Outcome::Succeeded(answer),
    }
}

/// Whether it is certain that the upstream has not acted.
fn is_unsent(failure: &Failure) -> bool {
    matches!(failure, Failure::Upstream(error) if error.sent() == upstream::Sent::Nothing)
}

/// The longest that the upstream may take, its answer included.
const LONGEST: Duration = Duration::from_secs(600);

/// How long an executor that says nothing is taken to be alive; longer than all that it does.
const CLAIM: Duration = Duration::from_secs(900);

/// How often the outcome is offered to a store that does not take it.
const FINISHES: u32 = 10;

/// Between two of them.
const PAUSE: Duration = Duration::from_secs(1);
