//! Whether a request could be sent once people agreed: looked at before anybody is bothered with it.

use std::rc::Rc;

use crate::enforce::{Ask, consider};
use crate::id::ProposalId;
use crate::policy::Approval;
use crate::proposal::{Digest, Draft, Oversized};
use crate::proxy::account::Account;
use crate::proxy::failure::Failure;

/// Looks whether what `draft` is about could be sent: people can be shown it whole, its credential is
/// there, its upstream's name leads somewhere, and the rules would let it pass if everybody agreed who
/// may.
///
/// # Errors
/// [`Failure::Oversized`], [`Failure::Unsigned`], [`Failure::Upstream`] or [`Failure::Refused`], and why
/// not; nothing is then put forward.
pub(super) async fn check(account: &Account, ask: &Ask, draft: &Draft) -> Result<(), Failure> {
    if !draft.terms.needs.is_empty() && !draft.substance.request().can_be_shown() {
        return Err(Oversized::Hidden.into());
    }
    let upstream = &ask.target.route().upstream;
    if let Some(credential) = draft.substance.credential() {
        account.view.snapshot.credentials.check(credential, upstream)?;
    }
    account.plane.client.resolve(upstream).await?;
    let approvers = account.view.snapshot.people.who_could_agree(&draft.terms, &draft.substance);
    // Where nobody could agree yet, there is no telling what the rules would say to who will.
    if draft.terms.needs.is_empty() || approvers.is_empty() {
        return Ok(());
    }
    let approval = Approval {
        proposal: ProposalId::new(),
        approvers,
        standing: Vec::new(),
        break_glass: None,
        digest: Digest::of(&draft.substance).to_string(),
        decided_at: ask.now,
        proofs: Vec::new(),
    };
    let agreed = Ask { approval: Some(Rc::new(approval)), ..ask.clone() };
    let _allowed = consider(&mut account.view.judge.borrow_mut(), agreed)?;
    Ok(())
}
