//! What people agreed to, and no agent comes for: Countersign carries it out by itself.
//!
//! The request is read, judged and recorded from its kept form as it was from the wire. Whoever it
//! was proves itself once more with what it showed when it put the request forward, held against the
//! trust of this moment. What cannot be sent now is tried again later, until its time is over; what
//! was sent never is.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::header::HOST;
use http::{Request, Version};
use tokio::time::{Instant, sleep};

use crate::enforce::{Ask, Cause, consider};
use crate::id::ProposalId;
use crate::identity::Caller;
use crate::proposal::{Proposal, Terms};
use crate::proxy::docket::Docket;
use crate::proxy::execution::Executor;
use crate::proxy::failure::Failure;
use crate::proxy::offline;
use crate::proxy::plane::{Plane, View};
use crate::proxy::standing::Standing;
use crate::store::{self, Desk};

/// Carries out what is due on this worker, until the process is to end.
pub async fn run(plane: Rc<Plane>) {
    let shared = Arc::clone(&plane.shared);
    let Some(docket) = &shared.docket else { return };
    let mut errands = Errands { plane, docket, tried: HashMap::new() };
    let mut pause = LOOK;
    loop {
        tokio::select! {
            () = docket.closing() => return,
            () = sleep(pause) => {}
        }
        pause = match errands.look().await {
            0 => LOOK,
            _ => SOON,
        }
    }
}

struct Errands<'a> {
    plane: Rc<Plane>,
    docket: &'a Docket,
    /// What could not be sent, how often that was, and when to try again.
    tried: HashMap<ProposalId, (u32, Instant)>,
}

impl Errands<'_> {
    /// Begins whatever is due and has a place; returns how many there were.
    async fn look(&mut self) -> usize {
        let now = self.plane.shared.clock.now();
        let (mut after, mut begun) = (None, 0);
        loop {
            let due = match self.docket.desk.due(now.minus(GRACE), now, after).await {
                Ok(due) => due,
                Err(why) => {
                    tracing::error!("what is due cannot be looked up: {why}");
                    return begun;
                }
            };
            let Some(last) = due.last() else { break };
            after = Some(*last);
            begun += due.into_iter().filter(|id| self.begin(*id)).count();
        }
        let now = Instant::now();
        self.tried.retain(|_, (_, next)| *next + FORGOTTEN > now);
        begun
    }

    /// Carries the proposal `id` out, unless it was tried a short while ago or too many others are.
    /// Returns whether it does.
    fn begin(&mut self, id: ProposalId) -> bool {
        let (times, next) = self.tried.get(&id).copied().unwrap_or((0, Instant::now()));
        if next > Instant::now() {
            return false;
        }
        let Some(place) = self.docket.errand() else { return false };
        let pause = (FIRST * 2_u32.saturating_pow(times)).min(LONGEST);
        self.tried.insert(id, (times.saturating_add(1), Instant::now() + pause));
        let (plane, desk) = (Rc::clone(&self.plane), self.docket.desk.clone());
        let one = plane.underway.begin();
        tokio::task::spawn_local(async move {
            let (_one, _place) = (one, place);
            match carry_out(plane, desk, id).await {
                Ok(None) => {}
                Ok(Some(standing)) => tracing::warn!(proposal = %id, "{}", standing.detail()),
                Err(failure) => tracing::warn!(proposal = %id, "it was not sent: {failure}"),
            }
        });
        true
    }
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
const SOON: Duration = Duration::from_millis(100);

/// How long an agent has to come for what was approved, before it is carried out without it: the
/// one that is held, or comes again, hears at once what came of it.
const GRACE: Duration = Duration::from_secs(5);

/// How soon what could not be sent is tried again; twice as long each time.
const FIRST: Duration = Duration::from_secs(2);

/// The longest between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// How long a try is remembered behind its next one.
const FORGOTTEN: Duration = Duration::from_secs(300);
