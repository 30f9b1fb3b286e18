//! Where a proposal stands, as the agent is told that asked for the same again.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

use crate::clock::Timestamp;
use crate::id::ProposalId;
use crate::policy::Decision;
use crate::proposal::{Difference, Execution, Proposal, Status};

/// A request that was put forward, and has no answer of the upstream to show for it.
#[derive(Debug)]
pub struct Proposed {
    /// What policy answered.
    pub decision: Decision,
    /// The proposal.
    pub id: ProposalId,
    /// Where it stands.
    pub standing: Standing,
    /// How much of its time is left.
    pub left: Duration,
    /// Whether the agent said that it comes for the answer later (RFC 7240 §4.1).
    pub is_async: bool,
    /// What it is to a client of MCP that knows tasks.
    pub task: Option<Value>,
}

/// Where a proposal stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Standing {
    /// Its upstream has answered.
    Answered,
    /// What would be sent now is not what was agreed to.
    Changed(Vec<Difference>),
    /// Its upstream has answered with so many bytes that they were not kept.
    Cut(StatusCode, u64),
    /// People said no.
    Denied,
    /// Nobody decided, or nobody sent it, in time.
    Expired,
    /// People agreed, and policy does not.
    Insufficient,
    /// People agreed; it is about to be carried out, or is.
    Pending,
    /// Somebody who had agreed took their yes back before it was sent.
    Retracted,
    /// Whether it was carried out, nobody knows.
    Unknown,
    /// The signatures of those who agreed are not enough any more.
    Unsigned,
    /// Nobody has decided yet.
    Waiting,
    /// It was taken back, or never sent.
    Withdrawn,
}

impl Standing {
    /// Where `proposal` stands.
    pub fn of(proposal: &Proposal, now: Timestamp) -> Self {
        let (state, over) = (proposal.state(), proposal.draft().expires_at <= now);
        match (state.status, state.execution) {
            (Status::Pending, _) if !over => Self::Waiting,
            (Status::Pending | Status::Expired, _) => Self::Expired,
            (Status::Denied, _) => Self::Denied,
            (Status::Cancelled | Status::Superseded, _) => Self::Withdrawn,
            (Status::Approved, Execution::Queued) if over => Self::Expired,
            (Status::Approved, Execution::Queued | Execution::Running) => Self::Pending,
            (Status::Approved, Execution::Unknown) => Self::Unknown,
            (Status::Approved, _) => match &state.answer {
                Some(answer) if answer.is_cut() => Self::Cut(answer.status(), answer.length()),
                Some(_) => Self::Answered,
                None if state.withdrawn_by.is_some() => Self::Retracted,
                None if over => Self::Expired,
                None => Self::Withdrawn,
            },
        }
    }

    /// Whether the same request can have another answer soon, without anyone changing it.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Pending | Self::Waiting)
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Pending | Self::Waiting => StatusCode::PRECONDITION_REQUIRED,
            Self::Answered | Self::Cut(..) | Self::Unknown => StatusCode::BAD_GATEWAY,
            Self::Changed(_)
            | Self::Denied
            | Self::Expired
            | Self::Insufficient
            | Self::Retracted
            | Self::Unsigned
            | Self::Withdrawn => StatusCode::FORBIDDEN,
        }
    }

    /// A stable word: the problem's `code` and the record's.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Answered | Self::Cut(..) => "answer_not_kept",
            Self::Changed(_) => "approval_of_another",
            Self::Denied => "approval_denied",
            Self::Expired => "approval_expired",
            Self::Insufficient => "approval_not_enough",
            Self::Pending => "execution_pending",
            Self::Retracted => "approval_withdrawn",
            Self::Unknown => "execution_unknown",
            Self::Unsigned => "approval_not_valid",
            Self::Waiting => "approval_pending",
            Self::Withdrawn => "proposal_withdrawn",
        }
    }

    /// What happened, for who asks after the proposal rather than for the request.
    pub fn told(&self) -> Cow<'static, str> {
        match self {
            Self::Answered => {
                "It was carried out. Send the very same request again for its answer.".into()
            }
            _ => self.detail(),
        }
    }

    /// The same for what its agent put forward by itself: that is asked after, and not sent again.
    pub fn told_of_explicit(&self) -> Cow<'static, str> {
        let answer = "its answer is at `result` below this proposal's path";
        match self {
            Self::Answered => format!("It was carried out: {answer}.").into(),
            Self::Pending => {
                format!("This may go ahead. Once it was carried out, {answer}.").into()
            }
            Self::Waiting => {
                format!("This waits for a person's approval. Once it was carried out, {answer}.")
                    .into()
            }
            _ => self.detail(),
        }
    }

    /// What happened, and what to do next.
    pub fn detail(&self) -> Cow<'static, str> {
        match self {
            Self::Answered => "It was carried out; its answer cannot be shown.".into(),
            Self::Changed(fields) => {
                let fields: Vec<_> = fields.iter().map(ToString::to_string).collect();
                format!("Not executed: {}. Send it again to ask anew.", fields.join(", ")).into()
            }
            Self::Cut(status, length) => format!(
                "It was carried out, and the upstream answered {} with {length} bytes, more than \
                 are kept. Do not send it again.",
                status.as_u16()
            )
            .into(),
            Self::Denied => "A person has said no to this. Do not send it again unchanged.".into(),
            Self::Expired => {
                "Nobody agreed to this in time, so it was not sent. Send it again to ask anew."
                    .into()
            }
            Self::Insufficient => {
                "People agreed to this, and policy still does not allow it. Ask the operator."
                    .into()
            }
            Self::Pending => {
                "This may go ahead, and is being carried out. Send the very same request again for \
                 its answer."
                    .into()
            }
            Self::Retracted => {
                "A person had agreed to this and took their yes back before it was sent. Do not send \
                 it again unchanged."
                    .into()
            }
            Self::Unknown => {
                "This may have been carried out, and nobody knows what came of it. It is not sent \
                 again: find out before you ask for it once more."
                    .into()
            }
            Self::Unsigned => {
                "People agreed to this, and their signatures are not worth enough any more, so it \
                 was not sent. Ask the operator."
                    .into()
            }
            Self::Waiting => {
                "This waits for a person's approval. Send the very same request again later: once \
                 it is approved, it is carried out once, and you get its answer."
                    .into()
            }
            Self::Withdrawn => "This was withdrawn before it was sent.".into(),
        }
    }
}

impl Proposed {
    /// The status of the answer. Only who asked for it gets a 2xx for what was not carried out.
    pub fn status(&self) -> StatusCode {
        match self.is_accepted() {
            true => StatusCode::ACCEPTED,
            false => self.standing.status(),
        }
    }

    /// Whether it goes on without the agent, as the agent wanted.
    pub fn is_accepted(&self) -> bool {
        self.is_async && self.standing.is_open()
    }

    /// When to come again, in seconds.
    pub fn retry_after(&self) -> u64 {
        let longest = match self.standing {
            Standing::Waiting => WAITING,
            _ => PENDING,
        };
        self.left.as_secs().clamp(1, longest)
    }
}

/// Libraries come again twice by themselves: that gives people two minutes, held times included.
const WAITING: u64 = 30;

/// What is being carried out has an answer soon.
const PENDING: u64 = 5;
