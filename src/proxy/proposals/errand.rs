//! What people agreed to, and no agent comes for: Countersign carries it out by itself.
//!
//! The request is read, judged and recorded from its kept form as it was from the wire. Whoever it
//! was proves itself once more with what it showed when it put the request forward, held against the
//! trust of this moment. What cannot be sent now is tried again later, until its time is over; what
//! was sent never is.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::{Request, Version};
use tokio::time::sleep;

use crate::enforce::{Ask, Cause, consider};
use crate::id::{DecisionId, ProposalId};
use crate::identity::Caller;
use crate::proposal::{Proposal, Terms};
use crate::proxy::failure::Failure;
use crate::proxy::plane::{Plane, View};
use crate::proxy::problem::Problem;
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::execution::Executor;
use crate::proxy::proposals::offline;
use crate::proxy::proposals::standing::Standing;
use crate::store::{self, Desk, Errand, Setback};

/// Carries out what is due on this worker, until the process is to end.
pub async fn run(plane: Rc<Plane>) {
    let shared = Arc::clone(&plane.shared);
    let Some(docket) = &shared.docket else { return };
    let errands = Errands { plane, docket };
    let mut pause = LOOK;
    loop {
        tokio::select! {
            () = docket.closing() => return,
            () = sleep(pause) => {}
        }
        pause = if errands.look().await { SOON } else { LOOK };
    }
}

struct Errands<'a> {
    plane: Rc<Plane>,
    docket: &'a Docket,
}

impl Errands<'_> {
    /// Begins what is due and has a place; returns whether there may be more soon.
    async fn look(&self) -> bool {
        let (now, free) = (self.plane.shared.clock.now(), self.docket.errands.free());
        if free == 0 {
            return true;
        }
        match self.docket.desk.take(now.minus(GRACE), now, free.min(BATCH)).await {
            Ok(taken) => {
                let are_more = !taken.is_empty();
                taken.into_iter().for_each(|errand| self.begin(errand));
                are_more
            }
            Err(why) => {
                tracing::error!("what is due cannot be looked up: {why}");
                false
            }
        }
    }

    fn begin(&self, errand: Errand) {
        let (plane, desk) = (Rc::clone(&self.plane), self.docket.desk.clone());
        let place = self.docket.errands.take(&errand.authority);
        let one = plane.underway.begin();
        tokio::task::spawn_local(async move {
            let (_one, clock) = (one, plane.shared.clock.clone());
            let (pause, setback) = match place {
                None => (CROWDED, None),
                Some(_place) => match carry_out(plane, desk.clone(), errand.id).await {
                    Ok(None) => return,
                    Ok(Some(standing)) => (LONGEST, Some(stands(&standing))),
                    Err(failure) => (pause(errand.tries), Some(failed(&failure))),
                },
            };
            if let Some(Setback { why, .. }) = &setback {
                tracing::warn!(proposal = %errand.id, tries = errand.tries, "it was not sent: {why}");
            }
            if let Err(why) = desk.put_off(errand, clock.now().plus(pause), setback).await {
                tracing::error!("a proposal that was not sent cannot be put off: {why}");
            }
        });
    }
}

/// Nothing that people or the agent did since lets it be sent.
fn stands(standing: &Standing) -> Setback {
    let detail = standing.detail().to_string();
    Setback { why: detail.clone(), told: detail }
}

fn failed(failure: &Failure) -> Setback {
    let told = Problem::of(failure, DecisionId::new()).detail.into_owned();
    Setback { why: failure.to_string(), told }
}

/// How long after so many tries it is tried again.
fn pause(tries: u32) -> Duration {
    (FIRST * 2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST)
}

async fn carry_out(
    plane: Rc<Plane>,
    desk: Desk,
    id: ProposalId,
) -> Result<Option<Standing>, Failure> {
    let (view, proposal) = (plane.view(), desk.load(id).await?);
    match ask(&plane, &view, &proposal).await? {
        Some((ask, terms)) => {
            let body = proposal.substance().request().body().clone();
            Executor { plane, view, desk, ask, body, id, terms }.run().await
        }
        // The rules ask nobody any more: they are not the ones that people answered.
        None => Ok(Some(Standing::Unsigned)),
    }
}

/// The request as it would be asked for now, and on what terms the rules let people agree to it;
/// nothing, if they let it pass as it is.
async fn ask(
    plane: &Rc<Plane>,
    view: &Rc<View>,
    proposal: &Proposal,
) -> Result<Option<(Ask, Terms)>, Failure> {
    let ask = read(plane, view, proposal).await?;
    match consider(&mut view.judge.borrow_mut(), ask.clone()) {
        Err(refusal) if *refusal.cause() == Cause::NeedsApproval => {
            Ok(Some((ask, Terms::new(refusal.needs(), refusal.reasons()))))
        }
        Err(refusal) => Err(refusal.into()),
        Ok(_) if proposal.draft().terms.needs.is_empty() => Ok(Some((ask, Terms::default()))),
        Ok(_) => Ok(None),
    }
}

async fn read(plane: &Plane, view: &View, proposal: &Proposal) -> Result<Ask, Failure> {
    let draft = proposal.draft();
    let (origin, kept) = (&draft.origin, draft.substance.request());
    let principal = view.snapshot.security.trust.recall(&origin.chain, draft.created)?;
    let caller = Caller {
        principal,
        listener: origin.listener.clone(),
        peer: origin.peer,
        local: origin.local,
    };
    let tether = plane.shared.tether(caller.principal.spiffe_id());
    let request = Request::builder().method(kept.method());
    let request = match origin.is_http2 {
        true => request.version(Version::HTTP_2).uri(kept.url()),
        false => request.uri(kept.target()).header(HOST, kept.authority()),
    };
    let headers = kept.headers().iter();
    let request = headers.fold(request, |request, (name, value)| request.header(name, value));
    let (parts, ()) = request.body(()).map_err(|_| store::Error::Undecodable)?.into_parts();
    let who = (Rc::new(caller), draft.substance.task(), tether);
    offline::ask(plane, view, who, (parts, kept.body().clone())).await
}

/// How often a worker looks for what is due.
const LOOK: Duration = Duration::from_secs(1);

/// How soon it looks again while there is something.
const SOON: Duration = Duration::from_millis(20);

/// How long an agent has to come for what was approved, before it is carried out without it: the
/// one that is held, or comes again, hears at once what came of it.
const GRACE: Duration = Duration::from_secs(5);

/// How many a worker takes at once: the others shall have some too.
const BATCH: usize = 8;

/// How soon what could not be sent is tried again; twice as long each time.
const FIRST: Duration = Duration::from_secs(2);

/// The longest between two tries, and after people's answers did not carry it.
const LONGEST: Duration = Duration::from_secs(60);

/// How soon it is taken again after its upstream had no place.
const CROWDED: Duration = Duration::from_secs(1);
