//! A proposal as people see it: whole, with what was said about it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::Serialize;

use crate::approval::{People, Proof};
use crate::clock::Timestamp;
use crate::control::caller::Caller;
use crate::policy;
use crate::proposal::{self, Proposal};
use crate::proxy::proposals::standing::Standing;
use crate::store::{self, Trouble};

/// A proposal in a list.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "ProposalBrief")]
pub(super) struct Brief {
    /// `prp_…`
    id: String,
    /// What people sign: `sha-256:` and 64 hexadecimal digits.
    digest: String,
    /// What was decided: `pending`, `approved`, `denied`, `expired`, `cancelled` or `superseded`.
    status: &'static str,
    /// What came of carrying it out: `none`, `queued`, `running`, `succeeded`, `failed` or `unknown`.
    execution: &'static str,
    /// Policy's sentence about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    summary: Option<String>,
    /// How grave it is, in the rules' own word.
    #[serde(skip_serializing_if = "Option::is_none")]
    risk: Option<String>,
    /// The agent that put it forward.
    agent: String,
    /// On whose behalf, from the first who handed the work on to the last.
    chain: Vec<String>,
    /// The task that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// The request's method.
    method: String,
    /// Where it goes.
    url: String,
    /// When it was put forward.
    created_at: String,
    /// From when on it is neither approved nor carried out.
    expires_at: String,
}

/// A proposal, whole.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Proposal")]
pub(super) struct Whole {
    #[serde(flatten)]
    brief: Brief,
    /// Where it stands, in a sentence.
    detail: String,
    /// Why it needs an approval.
    reasons: Vec<Reason>,
    /// What must be met before it is approved: each of them.
    needs: Vec<Need>,
    /// The request, every byte of it.
    request: Request,
    /// The credential that is put on it when it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<String>,
    /// The rules that asked for an approval.
    policy_revision: String,
    /// It is not carried out before this time.
    not_before: String,
    /// When it was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<String>,
    /// When its execution ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
    /// What people said, in the order in which they did.
    answers: Vec<Answer>,
    /// Whether it asks the caller, who has not answered.
    asks_you: bool,
    /// What the upstream answered, without its body.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<Outcome>,
    /// What keeps it from being sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    trouble: Option<Kept>,
}

/// One reason that policy gave.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Reason {
    /// A stable word.
    code: String,
    /// A sentence.
    message: String,
}

/// Whose yes it takes.
#[derive(Debug, JsonSchema, Serialize)]
struct Need {
    /// In the order in which they are met.
    stages: Vec<Stage>,
    /// The groups of which one person may decide alone, in an emergency.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    break_glass: Vec<String>,
}

/// How many of whom must say yes.
#[derive(Debug, JsonSchema, Serialize)]
struct Stage {
    /// As many as the rule says, or more where a group does.
    quorum: usize,
    /// The groups; everybody, where there is none.
    groups: Vec<String>,
}

/// The request that would be sent.
#[derive(Debug, JsonSchema, Serialize)]
struct Request {
    /// Its method.
    method: String,
    /// Where it goes, as it is sent.
    url: String,
    /// Its judged headers, by name.
    headers: Vec<Header>,
    /// Its body.
    body: Content,
}

/// One header.
#[derive(Debug, JsonSchema, Serialize)]
struct Header {
    /// Its name.
    name: String,
    #[serde(flatten)]
    value: Content,
}

/// Some bytes: as text, or in base64 where they are none.
#[derive(Debug, JsonSchema, Serialize)]
struct Content {
    /// How many.
    bytes: usize,
    /// As text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// In base64, where they are not UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    base64: Option<String>,
}

/// What one person said.
#[derive(Debug, JsonSchema, Serialize)]
struct Answer {
    /// Who.
    approver: String,
    /// When.
    at: String,
    /// `approve`, `break-glass`, `deny` or `withdraw`; not there, if the signature is worth nothing any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<String>,
    /// The statement and the signature over it, as `ssh-keygen -Y verify` takes them apart.
    proof: String,
}

/// What an upstream answered.
#[derive(Debug, JsonSchema, Serialize)]
struct Outcome {
    /// Its status.
    status: u16,
    /// How long its body was, in bytes.
    bytes: u64,
}

/// What keeps a proposal from being sent.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Trouble")]
struct Kept {
    /// How often it was tried without its agent.
    tries: u32,
    /// What happened the last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<String>,
    /// When it may be tried again.
    next: String,
}

impl Brief {
    pub(super) fn of(proposal: &Proposal) -> Self {
        let (draft, substance) = (proposal.draft(), proposal.substance());
        let (state, request) = (proposal.state(), substance.request());
        Self {
            id: draft.id.to_string(),
            digest: proposal.digest().to_string(),
            status: state.status.as_str(),
            execution: state.execution.as_str(),
            summary: draft.terms.summary.clone(),
            risk: draft.terms.risk.clone(),
            agent: substance.owner().as_str().to_owned(),
            chain: substance.chain().iter().map(|link| link.as_str().to_owned()).collect(),
            task: substance.task().map(|task| task.to_string()),
            method: request.method().to_string(),
            url: request.url(),
            created_at: draft.created.to_string(),
            expires_at: draft.expires_at.to_string(),
        }
    }
}

impl Whole {
    /// `proposal` with what was said about it, as `caller` sees it at the time `now`.
    pub(super) fn of(
        proposal: &Proposal,
        (approvals, trouble): (&[store::Approval], Option<Trouble>),
        (caller, people): (&Caller, &People),
        now: Timestamp,
    ) -> Self {
        let (draft, substance) = (proposal.draft(), proposal.substance());
        let state = proposal.state();
        let answers: Vec<_> =
            approvals.iter().map(|one| Answer::of(one, proposal, people, now)).collect();
        let has_answered = |name: &str| {
            let last = answers.iter().rfind(|answer| answer.approver == name);
            last.is_some_and(|last| last.verdict.as_deref() != Some("withdraw"))
        };
        let asks_you = caller.person().is_some_and(|person| {
            Standing::of(proposal, now) == Standing::Waiting
                && people.concerns(&draft.terms, person)
                && !person.is_behind(substance)
                && !has_answered(person.name.as_str())
        });
        let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
        Self {
            brief: Brief::of(proposal),
            detail: Standing::of(proposal, now).told().into_owned(),
            reasons: draft.terms.reasons.iter().map(Reason::of).collect(),
            needs: draft.terms.needs.iter().map(|need| Need::of(need, people)).collect(),
            request: Request::of(substance.request()),
            credential: substance.credential().map(ToString::to_string),
            policy_revision: substance.policy_revision().to_string(),
            not_before: draft.not_before.to_string(),
            decided_at: time(state.decided_at),
            finished_at: time(state.finished_at),
            answers,
            asks_you,
            outcome: state.answer.as_ref().map(Outcome::of),
            trouble: trouble.map(Kept::of),
        }
    }
}

impl Reason {
    pub(super) fn of(reason: &policy::Reason) -> Self {
        Self { code: reason.code.clone(), message: reason.message.clone() }
    }
}

impl Need {
    fn of(need: &proposal::Need, people: &People) -> Self {
        let stage = |stage: &proposal::Stage| Stage {
            quorum: people.quorum(stage),
            groups: stage.approvers.clone(),
        };
        Self {
            stages: need.stages.iter().map(stage).collect(),
            break_glass: need.break_glass.clone(),
        }
    }
}

impl Request {
    fn of(request: &proposal::Request) -> Self {
        let headers = request.headers().iter().map(|(name, value)| Header {
            name: name.to_string(),
            value: Content::of(value.as_bytes()),
        });
        Self {
            method: request.method().to_string(),
            url: request.url(),
            headers: headers.collect(),
            body: Content::of(request.body()),
        }
    }
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        let text = str::from_utf8(bytes).ok().map(str::to_owned);
        let base64 = text.is_none().then(|| STANDARD.encode(bytes));
        Self { bytes: bytes.len(), text, base64 }
    }
}

impl Answer {
    fn of(
        approval: &store::Approval,
        proposal: &Proposal,
        people: &People,
        now: Timestamp,
    ) -> Self {
        let store::Approval { approver, proof, at } = approval;
        let proved = Proof::verify(proof, proposal, people, now).ok();
        Self {
            approver: approver.clone(),
            at: at.to_string(),
            verdict: proved.map(|answer| answer.verdict().to_string()),
            proof: proof.as_str().to_owned(),
        }
    }
}

impl Outcome {
    fn of(answer: &proposal::Answer) -> Self {
        Self { status: answer.status().as_u16(), bytes: answer.length() }
    }
}

impl Kept {
    fn of(trouble: Trouble) -> Self {
        Self { tries: trouble.tries, last: trouble.last, next: trouble.next.to_string() }
    }
}
