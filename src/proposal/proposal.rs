//! The proposal itself, and every transition it can make.
//!
//! What it is about never changes once it is made; only its [`State`] does, and only by the methods
//! here. A transition that is refused leaves it as it was.

use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::proposal::callback::Callback;
use crate::proposal::digest::Digest;
use crate::proposal::origin::Origin;
use crate::proposal::state::{Claim, Execution, Illegal, Outcome, State, Status, Verdict};
use crate::proposal::substance::Substance;
use crate::proposal::terms::Terms;

/// What a proposal is made from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Draft {
    /// Its id.
    pub id: ProposalId,
    /// What it is about.
    pub substance: Substance,
    /// Where it came from.
    pub origin: Origin,
    /// On what terms it may be approved.
    pub terms: Terms,
    /// The agent's own mark for it.
    pub key: Option<IdempotencyKey>,
    /// Where its owner wants to hear of it.
    pub callback: Option<Callback>,
    /// When it was put forward.
    pub created: Timestamp,
    /// It is not carried out before this time.
    pub not_before: Timestamp,
    /// From this time on it is neither approved nor carried out.
    pub expires_at: Timestamp,
}

/// An agent's own mark for one proposal: at most 255 visible ASCII characters.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct IdempotencyKey(String);

/// An exact request, put forward, and where it stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Proposal {
    draft: Draft,
    digest: Digest,
    state: State,
}

impl IdempotencyKey {
    /// Reads a key; `None` if it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Option<Self> {
        let sound = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        sound.then(|| Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Proposal {
    /// A proposal that nobody has decided yet.
    pub fn new(draft: Draft) -> Self {
        let state = State { due: draft.not_before, ..State::default() };
        Self::restore(draft, state)
    }

    /// A proposal as it stood when it was kept. Only for who keeps proposals: it is the one way to
    /// a state that is not a transition.
    pub fn restore(draft: Draft, state: State) -> Self {
        let digest = Digest::of(&draft.substance);
        Self { draft, digest, state }
    }

    /// The same on other terms.
    pub fn under(mut self, terms: Terms) -> Self {
        self.draft.terms = terms;
        self
    }

    /// Its id.
    pub fn id(&self) -> ProposalId {
        self.draft.id
    }

    /// What it was made from.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// What it is about.
    pub fn substance(&self) -> &Substance {
        &self.draft.substance
    }

    /// What people sign.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Where it stands.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether an identical request gets this proposal instead of one of its own: until its time
    /// is over, unless its owner took it back or put another in its place.
    pub fn stands(&self, now: Timestamp) -> bool {
        now < self.draft.expires_at
            && !matches!(self.state.status, Status::Cancelled | Status::Superseded)
    }

    /// People have decided.
    ///
    /// # Errors
    /// [`Illegal`], if it was decided before or its time is over.
    pub fn decide(&mut self, verdict: Verdict, now: Timestamp) -> Result<(), Illegal> {
        self.in_time(now)?;
        let status = match verdict {
            Verdict::Approve => Status::Approved,
            Verdict::Deny => Status::Denied,
        };
        self.state.decide(status, now)
    }

    /// Its owner takes it back.
    ///
    /// # Errors
    /// [`Illegal`], if it was decided before.
    pub fn cancel(&mut self, now: Timestamp) -> Result<(), Illegal> {
        self.state.decide(Status::Cancelled, now)
    }

    /// Another proposal takes its place.
    ///
    /// # Errors
    /// [`Illegal`], if it was decided before.
    pub fn supersede(&mut self, now: Timestamp) -> Result<(), Illegal> {
        self.state.decide(Status::Superseded, now)
    }

    /// Its time is over: undecided it expires, approved and still queued it fails unsent.
    ///
    /// # Errors
    /// [`Illegal`], if its time is not over or it has ended.
    pub fn expire(&mut self, now: Timestamp) -> Result<(), Illegal> {
        if now < self.draft.expires_at {
            return Err(Illegal::Early(self.draft.expires_at));
        }
        match self.state.execution {
            Execution::Queued => self.state.abandon(now),
            _ => self.state.decide(Status::Expired, now),
        }
    }

    /// One executor takes it, to carry it out now.
    ///
    /// # Errors
    /// [`Illegal`], if it is not approved and queued, or not within its time.
    pub fn claim(&mut self, claim: Claim, now: Timestamp) -> Result<(), Illegal> {
        self.in_time(now)?;
        if now < self.state.due {
            return Err(Illegal::Early(self.state.due));
        }
        self.state.run(claim)
    }

    /// The executor gives it back, having sent nothing; it may be claimed again from `later` on.
    ///
    /// # Errors
    /// [`Illegal`], if `executor` does not have it.
    pub fn release(&mut self, executor: &str, later: Timestamp) -> Result<(), Illegal> {
        self.state.release(executor, later)
    }

    /// The executor is done with it.
    ///
    /// # Errors
    /// [`Illegal`], if `executor` does not have it.
    pub fn finish(
        &mut self,
        executor: &str,
        outcome: Outcome,
        now: Timestamp,
    ) -> Result<(), Illegal> {
        self.state.finish(executor, outcome, now)
    }

    /// It is not carried out after all: revoked, taken back, or refused by policy at the last.
    ///
    /// # Errors
    /// [`Illegal`], if it is not approved and queued.
    pub fn abandon(&mut self, now: Timestamp) -> Result<(), Illegal> {
        self.state.abandon(now)
    }

    /// One of those who agreed takes their yes back: nothing is sent.
    ///
    /// # Errors
    /// [`Illegal`], if it is not approved and queued.
    pub fn withdraw(&mut self, person: &str, now: Timestamp) -> Result<(), Illegal> {
        self.state.withdraw(person, now)
    }

    /// Its executor died: what came of it is unknown.
    ///
    /// # Errors
    /// [`Illegal`], if no executor has it.
    pub fn lose(&mut self, now: Timestamp) -> Result<(), Illegal> {
        self.state.lose(now)
    }

    fn in_time(&self, now: Timestamp) -> Result<(), Illegal> {
        match now < self.draft.expires_at {
            true => Ok(()),
            false => Err(Illegal::Expired(self.draft.expires_at)),
        }
    }
}
