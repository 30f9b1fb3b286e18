//! What people ask the store at its desk: to look through it, to answer, to revoke.

use crate::approval::{People, Proof};
use crate::clock::Timestamp;
use crate::event::Event;
use crate::id::{EventId, ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::proposal::{Background, Proposal};
use crate::revocation::Subject;
use crate::store::desk::Desk;
use crate::store::error::Error;
use crate::store::events::Follower;
use crate::store::listing::{Agent, Listing};
use crate::store::revocations::Revocation;
use crate::store::signals::{Heard, Heeded};
use crate::task::{Labels, Task};

impl Desk {
    /// A page of proposals, as [`Store::list`](super::Store::list) makes one.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn proposals<T: Send + 'static>(
        &self,
        listing: Listing,
        view: impl Fn(&Proposal) -> Option<T> + Send + 'static,
    ) -> Result<(Vec<T>, Option<ProposalId>), Error> {
        self.ask(move |store| async move { store.list(&listing, view).await }).await
    }

    /// A proposal with what is known beside it, as [`Store::dossier`](super::Store::dossier) has it.
    ///
    /// # Errors
    /// As [`Store::dossier`](super::Store::dossier).
    pub async fn dossier(
        &self,
        id: ProposalId,
        people: People,
        now: Timestamp,
    ) -> Result<(Proposal, Background), Error> {
        self.ask(move |store| async move { store.dossier(id, &people, now).await }).await
    }

    /// Takes a person's answer, as [`Store::answer`](super::Store::answer) does.
    ///
    /// # Errors
    /// As [`Store::answer`](super::Store::answer).
    pub async fn answer(
        &self,
        id: ProposalId,
        proof: Proof,
        people: People,
        now: Timestamp,
    ) -> Result<Proposal, Error> {
        self.ask(move |store| async move { store.answer(id, proof, &people, now).await }).await
    }

    /// A page of tasks, as [`Store::list_tasks`](super::Store::list_tasks) has it.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn tasks(
        &self,
        owner: Option<SpiffeId>,
        after: String,
        limit: usize,
    ) -> Result<Vec<Task>, Error> {
        self.ask(move |store| async move { store.list_tasks(owner.as_ref(), &after, limit).await })
            .await
    }

    /// A task's whole tree, as [`Store::tree`](super::Store::tree) has it.
    ///
    /// # Errors
    /// [`Error::NoTask`]; else as [`Error`] says.
    pub async fn tree(&self, task: TaskId) -> Result<(Vec<Task>, Labels), Error> {
        self.ask(move |store| async move { store.tree(task).await }).await
    }

    /// A page of agents, as [`Store::agents`](super::Store::agents) has it.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn agents(&self, after: String, limit: usize) -> Result<Vec<Agent>, Error> {
        self.ask(move |store| async move { store.agents(&after, limit).await }).await
    }

    /// All that is revoked.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn revocations(&self) -> Result<Vec<Revocation>, Error> {
        self.ask(move |store| async move { store.revocations().await }).await
    }

    /// Revokes something, as [`Store::revoke`](super::Store::revoke) does.
    ///
    /// # Errors
    /// As [`Store::revoke`](super::Store::revoke).
    pub async fn revoke(&self, revocation: Revocation) -> Result<Revocation, Error> {
        self.ask(move |store| async move { store.revoke(revocation).await }).await
    }

    /// Acts on a security event, as [`Store::heed`](super::Store::heed) does.
    ///
    /// # Errors
    /// As [`Store::heed`](super::Store::heed).
    pub async fn heed(&self, heard: Heard, now: Timestamp) -> Result<Heeded, Error> {
        self.ask(move |store| async move { store.heed(heard, now).await }).await
    }

    /// Gives back what was revoked, as [`Store::lift`](super::Store::lift) does.
    ///
    /// # Errors
    /// As [`Store::lift`](super::Store::lift).
    pub async fn lift(&self, subject: Subject) -> Result<Option<Revocation>, Error> {
        self.ask(move |store| async move { store.lift(&subject).await }).await
    }

    /// A page of events behind `after`, oldest first.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn events(&self, after: EventId) -> Result<Vec<Event>, Error> {
        self.ask(move |store| async move { store.events(after).await }).await
    }

    /// What is new to `follower`, and the follower that has heard it.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn look(&self, follower: Follower) -> Result<(Follower, Vec<Event>), Error> {
        self.ask(move |store| async move {
            let mut follower = follower;
            let events = follower.look(&store).await?;
            Ok((follower, events))
        })
        .await
    }
}
