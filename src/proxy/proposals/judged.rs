//! What the rules say to a request that is put forward, or that says which proposal it is.

use crate::enforce::{Ask, Cause, Refusal, consider};
use crate::policy::{ApprovalNeed, Decision};
use crate::proposal::Terms;
use crate::proxy::account::Account;
use crate::proxy::failure::Failure;
use crate::proxy::work;

/// What the rules say, where they do not say no.
pub(in crate::proxy) struct Judged {
    pub(in crate::proxy) decision: Decision,
    /// Whose agreement it takes; nobody's, if it is allowed as it is.
    pub(in crate::proxy) needs: Vec<ApprovalNeed>,
}

impl Judged {
    /// What the rules say to `ask`. Where they say no, that has become of its task what they want.
    ///
    /// # Errors
    /// [`Failure::Refused`], if they say no; [`Failure::State`].
    pub(in crate::proxy) async fn of(account: &Account, ask: &Ask) -> Result<Self, Failure> {
        let said = consider(&mut account.view.judge.borrow_mut(), ask.clone());
        match said {
            Ok(decision) => Ok(Self { decision, needs: Vec::new() }),
            Err(refusal) if *refusal.cause() == Cause::NeedsApproval => Ok(Self::from(&*refusal)),
            Err(refusal) => {
                work::refused(&account.plane.shared, &refusal).await?;
                Err(refusal.into())
            }
        }
    }

    /// On what terms people may agree to it.
    pub(in crate::proxy) fn terms(&self) -> Terms {
        Terms::new(&self.needs, self.decision.reasons())
    }
}

impl From<&Refusal> for Judged {
    fn from(refusal: &Refusal) -> Self {
        Self { decision: refusal.decision().clone(), needs: refusal.needs().to_vec() }
    }
}
