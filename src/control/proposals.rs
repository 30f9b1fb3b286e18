//! `/v1/proposals`: what agents have put forward, read by whom it asks, and taken back by operators.

use crate::control::failure::Failure;
use crate::control::page::{Page, Wanted};
use crate::control::proposal_view::{Brief, Whole};
use crate::control::reply::Reply;
use crate::control::service::Visit;
use crate::id::ProposalId;
use crate::identity::SpiffeId;
use crate::proposal::{Card, Proposal, Status};
use crate::store::Listing;

/// One page, oldest first. Whoever is no operator sees those that ask them.
pub(super) async fn list(visit: Visit<'_>) -> Result<Reply, Failure> {
    let Wanted { after, limit } = Wanted::of(visit.request)?;
    let status = visit.request.query("status").map(|word| {
        Status::parse(&word).ok_or(Failure::Malformed("`status` is no status of a proposal".into()))
    });
    let listing = Listing {
        status: status.transpose()?,
        owner: agent(&visit)?,
        after: match after.is_empty() {
            true => None,
            false => Some(ProposalId::parse(&after).ok_or(Failure::Missing("page"))?),
        },
        limit,
    };
    let person = match visit.caller.is_operator() {
        true => None,
        false => visit.caller.person().cloned(),
    };
    let people = visit.snapshot.people.clone();
    let view = move |proposal: &Proposal| {
        let terms = &proposal.draft().terms;
        let is_seen = person.as_ref().is_none_or(|person| people.concerns(terms, person));
        is_seen.then(|| Brief::of(proposal))
    };
    let (briefs, last) = visit.service.desk.proposals(listing, view).await?;
    Ok(Reply::json(&Page::new(briefs, last.map(|last| last.to_string()).as_deref())))
}

/// One, whole; as text, it is what `countersign proposal show` prints.
pub(super) async fn show(visit: Visit<'_>) -> Result<Reply, Failure> {
    let proposal = seen(&visit).await?;
    let reply = match visit.request.wants_text() {
        true => Reply::text(format!("{}\n", card(&visit, &proposal).await?)),
        false => Reply::json(&whole(&visit, &proposal).await?),
    };
    Ok(reply.tagged(proposal.digest()))
}

/// What `countersign proposal show` prints.
async fn card(visit: &Visit<'_>, proposal: &Proposal) -> Result<String, Failure> {
    let (people, now) = (visit.snapshot.people.clone(), visit.now);
    let dossier = visit.service.desk.dossier(proposal.id(), people, now).await?;
    let (proposal, mut background) = dossier;
    // What others were asked about is not for whom it did not concern.
    background.precedent = background.precedent.filter(|one| may_see(visit, one));
    Ok(Card::new(&proposal, &background, now).to_string())
}

/// Takes one back, until it is sent.
pub(super) async fn cancel(visit: Visit<'_>) -> Result<Reply, Failure> {
    visit.request.bodiless()?;
    let proposal = seen(&visit).await?;
    visit.request.means(proposal.digest())?;
    let cancelled = visit.service.desk.cancel(proposal.id(), visit.now).await?;
    tracing::warn!(operator = %visit.caller.name(), proposal = %cancelled.id(), "taken back");
    Ok(Reply::json(&whole(&visit, &cancelled).await?).tagged(cancelled.digest()))
}

/// The proposal that the path names, if the caller may see it.
///
/// # Errors
/// [`Failure::Missing`]; [`Failure::NotPermitted`], if it does not ask them.
pub(super) async fn seen(visit: &Visit<'_>) -> Result<Proposal, Failure> {
    let id = ProposalId::parse(visit.request.id()).ok_or(Failure::Missing("proposal"))?;
    let proposal = visit.service.desk.load(id).await?;
    match may_see(visit, &proposal) {
        true => Ok(proposal),
        false => Err(Failure::NotPermitted("this proposal does not ask you")),
    }
}

/// What the caller sees of it.
pub(super) async fn whole(visit: &Visit<'_>, proposal: &Proposal) -> Result<Whole, Failure> {
    let approvals = visit.service.desk.approvals(proposal.id()).await?;
    let trouble = visit.service.desk.trouble(proposal.id()).await?;
    let reader = (visit.caller, &visit.snapshot.people);
    Ok(Whole::of(proposal, (&approvals, trouble), reader, visit.now))
}

/// The agent that the query names.
pub(super) fn agent(visit: &Visit<'_>) -> Result<Option<SpiffeId>, Failure> {
    let agent = visit.request.query("agent").map(|id| {
        SpiffeId::parse(&id).map_err(|_| Failure::Malformed("`agent` is a SPIFFE ID".into()))
    });
    agent.transpose()
}

fn may_see(visit: &Visit<'_>, proposal: &Proposal) -> bool {
    let terms = &proposal.draft().terms;
    let asks = |person| visit.snapshot.people.concerns(terms, person);
    visit.caller.is_operator() || visit.caller.person().is_some_and(asks)
}
