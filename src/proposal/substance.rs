//! What a proposal is about: everything that people sign, and nothing else.
//!
//! Its bytes are kept as they are, so that the digest can be taken anew from what the store holds.
//! A field belongs here if another value of it would be another thing to agree to.

use crate::id::{CredentialName, TaskId};
use crate::identity::SpiffeId;
use crate::policy::Revision;
use crate::proposal::encoding::{Reader, Undecodable, Writer};
use crate::proposal::request::{Oversized, Request};

/// The most links that a chain of delegation may have.
pub const MAX_CHAIN: usize = 16;

/// Who wants which request made, on whose behalf, with which credential, under which rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Substance {
    pub(super) owner: SpiffeId,
    pub(super) chain: Vec<SpiffeId>,
    pub(super) task: Option<TaskId>,
    pub(super) request: Request,
    pub(super) credential: Option<CredentialName>,
    pub(super) policy_revision: Revision,
}

impl Substance {
    /// What `owner` puts forward by itself, under the rules of `policy_revision`.
    pub fn new(owner: SpiffeId, request: Request, policy_revision: Revision) -> Self {
        Self { owner, chain: Vec::new(), task: None, request, credential: None, policy_revision }
    }

    /// The same on behalf of `chain`, from the first who handed the work on to the last.
    ///
    /// # Errors
    /// [`Oversized::Chain`], if it is longer than [`MAX_CHAIN`].
    pub fn on_behalf_of(mut self, chain: Vec<SpiffeId>) -> Result<Self, Oversized> {
        if chain.len() > MAX_CHAIN {
            return Err(Oversized::Chain);
        }
        self.chain = chain;
        Ok(self)
    }

    /// The same as a part of `task`.
    pub fn within(mut self, task: TaskId) -> Self {
        self.task = Some(task);
        self
    }

    /// The same with `credential` on the request.
    pub fn with_credential(mut self, credential: CredentialName) -> Self {
        self.credential = Some(credential);
        self
    }

    /// The principal that puts it forward.
    pub fn owner(&self) -> &SpiffeId {
        &self.owner
    }

    /// On whose behalf, from the first who handed the work on to the last.
    pub fn chain(&self) -> &[SpiffeId] {
        &self.chain
    }

    /// The task that it belongs to.
    pub fn task(&self) -> Option<TaskId> {
        self.task
    }

    /// The request.
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The credential that is to go on the request; `None` if it goes without.
    pub fn credential(&self) -> Option<&CredentialName> {
        self.credential.as_ref()
    }

    /// The rules that asked for agreement.
    pub fn policy_revision(&self) -> Revision {
        self.policy_revision
    }

    /// The one form in bytes, which [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(DOMAIN);
        writer.text(self.owner.as_str());
        writer.number(self.chain.len() as u64);
        for link in &self.chain {
            writer.text(link.as_str());
        }
        writer.option(self.task.map(|task| task.to_string()).as_deref());
        self.request.write(&mut writer);
        writer.option(self.credential.as_ref().map(CredentialName::as_str));
        writer.text(&self.policy_revision.to_string());
        writer.finish()
    }

    /// Reads back what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Undecodable`], for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut reader = Reader::new(bytes, DOMAIN)?;
        let id = |reader: &mut Reader<'_>| SpiffeId::parse(reader.text()?).map_err(|_| Undecodable);
        let owner = id(&mut reader)?;
        let chain = reader.list(id)?;
        let task = match reader.option()? {
            Some(text) => Some(TaskId::parse(text).ok_or(Undecodable)?),
            None => None,
        };
        let request = Request::read(&mut reader)?;
        let credential = reader.option()?.map(CredentialName::from);
        let policy_revision = Revision::parse(reader.text()?).ok_or(Undecodable)?;
        reader.finish()?;
        let read = Self { owner, chain: Vec::new(), task, request, credential, policy_revision };
        let read = read.on_behalf_of(chain).map_err(|_| Undecodable)?;
        // Whatever parsing forgives (a case, an order) would be a second form with another digest.
        if read.to_bytes() != bytes {
            return Err(Undecodable);
        }
        Ok(read)
    }
}

/// What the bytes are, and the version of their form; also parts the digest from any other hash.
const DOMAIN: &str = "countersign/proposal/v1";
