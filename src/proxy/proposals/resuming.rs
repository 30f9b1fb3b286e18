//! A request that says which proposal it is, with `Countersign-Proposal`: it goes ahead as that one,
//! or not at all, and hears in what it differs.

use std::time::Duration;

use crate::enforce::{Ask, substance};
use crate::id::ProposalId;
use crate::proposal::{Difference, Proposal};
use crate::proxy::account::Account;
use crate::proxy::carried::Carried;
use crate::proxy::failure::Failure;
use crate::proxy::proposals::docket::Docket;
use crate::proxy::proposals::judged::Judged;
use crate::proxy::proposals::proposing::{Call, can_wait_for};
use crate::proxy::proposals::standing::{Proposed, Standing};
use crate::route::Body;
use crate::store;

/// Goes on with the proposal `id`, if `ask` is what was put forward.
///
/// # Errors
/// [`Failure::NoProposal`]; [`Failure::Refused`], if the rules say no by now; [`Failure::Proposed`]
/// says where it stands, or in what this request differs from it.
pub(in crate::proxy) async fn carry_out(
    account: &Account,
    id: ProposalId,
    ask: Ask,
    body: Body,
) -> Result<Carried, Failure> {
    let docket = account.plane.shared.docket.as_ref().ok_or(Failure::NoProposal)?;
    if !can_wait_for(&ask) {
        return Err(Failure::NoProposal);
    }
    let proposal = load(docket, id).await?;
    let judged = Judged::of(account, &ask).await?;
    let call = Call::new(account, docket, ask, body, judged).await?;
    let differences = differences(&proposal, &call)?;
    if differences.is_empty() {
        return call.stay(proposal).await;
    }
    let (decision, standing) = (call.judged.decision, Standing::Changed(differences));
    let (left, is_async, task) = (Duration::ZERO, false, None);
    Err(Failure::Proposed(Box::new(Proposed { decision, id, standing, left, is_async, task })))
}

/// In what the call is not the proposal. Whose it is not learns nothing else of it.
fn differences(proposal: &Proposal, call: &Call<'_>) -> Result<Vec<Difference>, Failure> {
    let now = substance(&call.ask, &call.judged.decision, call.body.clone())?;
    match proposal.substance().owner() == now.owner() {
        true => Ok(Difference::between(proposal.substance(), &now)),
        false => Ok(vec![Difference::Owner]),
    }
}

async fn load(docket: &Docket, id: ProposalId) -> Result<Proposal, Failure> {
    match docket.desk.load(id).await {
        Err(store::Error::Unknown(_)) => Err(Failure::NoProposal),
        loaded => Ok(loaded?),
    }
}
