//! The go-ahead for one exchange.

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderValue, UPGRADE};

use crate::audit::{Body, Entry, Hash, Intent};
use crate::enforce::ask::Ask;
use crate::enforce::obligation;
use crate::enforce::substance;
use crate::enforce::terms::Terms;
use crate::id::CredentialName;
use crate::policy::{Approval, Decision, Duty, Reason};
use crate::proposal::{Oversized, Substance};
use crate::revocation::Tether;
use crate::route::head::Upgrade;
use crate::route::terms::{Durability, Retry, Unscannable};
use crate::task::{Amount, Change, Label, Labels};

/// Policy said yes to this exact request, and everything the yes demands can be done.
///
/// Only [`authorize()`](crate::enforce::authorize()) makes one, and it is worth one exchange: using it
/// consumes it.
///
/// ```compile_fail
/// use countersign::enforce::{Ask, Grant};
/// fn forge(ask: Ask, decision: countersign::policy::Decision) -> Grant {
///     Grant { ask, decision }
/// }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Grant {
    ask: Ask,
    decision: Decision,
    /// The revision as the record spells it.
    revision: String,
    /// What people agreed to, as the record spells it.
    approved: Option<String>,
}

impl Grant {
    pub(super) fn issue(ask: Ask, decision: Decision) -> Self {
        let approved = ask.approval.as_deref().map(|approval| {
            let Approval { proposal, digest, approvers, standing, break_glass, .. } = approval;
            let names = (!standing.is_empty()).then(|| format!(" standing={}", standing.join(",")));
            let alone = break_glass.as_ref().map(|broken| {
                format!(" break_glass={} reason={:?}", broken.approver, broken.reason)
            });
            let (names, alone) = (names.unwrap_or_default(), alone.unwrap_or_default());
            let approvers = approvers.join(",");
            format!("proposal={proposal} digest={digest} approvers={approvers}{names}{alone}")
        });
        Self { revision: decision.revision().to_string(), approved, ask, decision }
    }

    /// What policy answered. Consumes the grant.
    pub(super) fn into_decision(self) -> Decision {
        self.decision
    }

    /// When its intent counts as recorded: as the route says, or later where policy says so or
    /// people were asked.
    pub fn durability(&self) -> Durability {
        let on_disk = self.decision.obligations().iter().any(|o| o.duty == Duty::DurableOnDisk);
        if on_disk || self.approved.is_some() {
            Durability::Disk
        } else {
            self.ask.target.route().durability
        }
    }

    /// What this comes down to as a proposal, with `body` as the whole body.
    ///
    /// # Errors
    /// [`Oversized`], if it cannot be kept whole.
    pub fn substance(&self, body: Bytes) -> Result<Substance, Oversized> {
        substance::of(&self.ask, &self.decision, body)
    }

    /// The request.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// What the work has touched, once this is sent: what the route says, and what policy says.
    pub fn labels(&self) -> Labels {
        let said = self.decision.labels().iter().filter_map(|label| Label::parse(label));
        said.chain(self.ask.target.route().labels.iter().cloned()).collect()
    }

    /// What it costs, where policy says so.
    pub fn amount(&self) -> Option<&Amount> {
        self.decision.amount()
    }

    /// What is to become of the task that it is a part of.
    pub fn changes(&self) -> Vec<Change> {
        obligation::changes(&self.decision).cloned().collect()
    }

    /// What the exchange hangs on.
    pub fn tether(&self) -> &Tether {
        &self.ask.tether
    }

    /// The headers that policy wants on the answer.
    pub fn answer_headers(&self) -> HeaderMap {
        obligation::answer_headers(&self.decision)
    }

    /// The credential that will be used: policy's choice, or else the route's.
    fn credential(&self) -> Option<&CredentialName> {
        self.decision.credential().or(self.ask.target.route().credential.as_ref())
    }

    /// What it comes down to, with policy's demands carried out. Consumes the grant.
    pub(crate) fn into_terms(self) -> Terms {
        let credential = self.credential().cloned();
        let usual = match credential {
            Some(_) => Unscannable::Refuse,
            None => Unscannable::Pass,
        };
        // What people agreed to once is sent once, whatever the route says.
        let once = self.approved.is_some();
        let upgrade = self.ask.target.upgrade();
        let (head, route) = self.ask.target.into_parts();
        let mut terms = Terms {
            method: head.method().clone(),
            target: head.target(),
            headers: head.into_headers(),
            credential,
            upstream: route.upstream.clone(),
            retry: if once { Retry::Never } else { route.retry },
            unscannable: route.unscannable.unwrap_or(usual),
        };
        if let Some(Upgrade::WebSocket) = upgrade {
            terms.headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
            terms.headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        }
        for obligation in self.decision.obligations() {
            obligation::carry_out(&obligation.duty, &mut terms);
        }
        terms
    }
}

impl Entry for Grant {
    fn intent(&self) -> Intent<'_> {
        let head = self.ask.target.head();
        let route = self.ask.target.route();
        Intent {
            principal: self.ask.caller.principal.spiffe_id().as_str(),
            listener: &self.ask.caller.listener,
            peer: self.ask.caller.peer,
            route: &route.name,
            method: head.method().as_str(),
            scheme: "https",
            authority: head.authority().as_str(),
            path: head.path().as_str(),
            query: head.query().map(|query| query.raw()),
            body: self.ask.body.as_ref().map(|body| Body {
                sha256: Hash::from_bytes(*body.digest()),
                bytes: body.bytes().len() as u64,
            }),
            headers: None,
            upstream: &route.upstream,
            credential: self.credential(),
            effect: self.decision.label(),
            revision: &self.revision,
            terms: self.approved.as_deref(),
        }
    }

    fn reasons(&self) -> impl Iterator<Item = &str> {
        self.decision.reasons().iter().map(|Reason { code, .. }| code.as_str())
    }

    fn obligations(&self) -> impl Iterator<Item = &str> {
        self.decision.obligations().iter().filter_map(|obligation| obligation.id.as_deref())
    }

    fn proofs(&self) -> impl Iterator<Item = &str> {
        let proofs = self.ask.approval.iter().flat_map(|approval| &approval.proofs);
        proofs.map(String::as_str)
    }
}
