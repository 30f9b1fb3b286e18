//! Every path and method of the control door, in one table: who may ask, what for, and what is answered.
//!
//! Requests are routed by it, and the document of the API is made from it.

use schemars::{JsonSchema, Schema, SchemaGenerator};

use crate::control::page::Page;
use crate::control::{agents, answers, credentials, policy, proposal_view, revocations, tasks};

/// One path with one method.
pub(super) struct Endpoint {
    pub(super) method: &'static str,
    /// Segments; those in braces are open.
    pub(super) path: &'static str,
    pub(super) call: Call,
    /// Whose it is.
    pub(super) who: Who,
    /// What it does.
    pub(super) summary: &'static str,
    /// What its query may say.
    pub(super) query: &'static [(&'static str, &'static str)],
    /// Whether `If-Match` must name the proposal's digest.
    pub(super) is_conditional: bool,
    /// What its body is, if it takes one.
    pub(super) body: Option<Shape>,
    /// What it answers.
    pub(super) answers: Answers,
}

/// A part of the document.
type Shape = fn(&mut SchemaGenerator) -> Schema;

/// Who may ask.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Who {
    /// Whoever is let in; the answer is theirs.
    Everybody,
    /// Operators.
    Operators,
    /// Whoever signed what they bring, and is one of `signals.receive`.
    Transmitters,
}

/// What is answered where all goes well.
pub(super) struct Answers {
    pub(super) status: u16,
    pub(super) kinds: &'static [&'static str],
    pub(super) shape: Option<Shape>,
}

/// Which part answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    AddRevocation,
    Agents,
    Cancel,
    Checkpoint,
    Credentials,
    Decision,
    Document,
    Evaluate,
    Events,
    HandIn,
    Lift,
    Policy,
    Proposal,
    Proposals,
    RevokeTask,
    Revocations,
    Signal,
    Statement,
    Task,
    Tasks,
}

fn shape<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// A document of this shape.
const fn document<T: JsonSchema>(status: u16) -> Answers {
    Answers { status, kinds: &["application/json"], shape: Some(shape::<T>) }
}

/// Something that no shape describes.
const fn plain(status: u16, kinds: &'static [&'static str]) -> Answers {
    Answers { status, kinds, shape: None }
}

const PAGE: (&str, &str) = ("after", "The `next` of the page before.");
const LIMIT: (&str, &str) = ("limit", "How many, from 1 to 100; 50 unless it says.");
const AGENT: (&str, &str) = ("agent", "Only those of the agent with this SPIFFE ID.");

/// What operators read, with nothing in its query; the others say how they differ.
const fn get(path: &'static str, call: Call, summary: &'static str, answers: Answers) -> Endpoint {
    Endpoint {
        method: "GET",
        path,
        call,
        who: Who::Operators,
        summary,
        query: &[],
        is_conditional: false,
        body: None,
        answers,
    }
}

/// Everything that there is.
pub(super) static ENDPOINTS: [Endpoint; 20] = [
    Endpoint {
        who: Who::Everybody,
        query: &[("status", "Only those with this status."), AGENT, PAGE, LIMIT],
        ..get(
            "/v1/proposals",
            Call::Proposals,
            "Proposals, oldest first; whoever is no operator sees those that ask them",
            document::<Page<proposal_view::Brief>>(200),
        )
    },
    Endpoint {
        who: Who::Everybody,
        answers: Answers {
            kinds: &["application/json", "text/plain"],
            ..document::<proposal_view::Whole>(200)
        },
        ..get(
            "/v1/proposals/{id}",
            Call::Proposal,
            "One proposal, whole; as text, the card that `countersign proposal show` prints",
            document::<proposal_view::Whole>(200),
        )
    },
    Endpoint {
        who: Who::Everybody,
        query: &[
            ("verdict", "`approve`, `deny`, `withdraw` or `break-glass`."),
            ("reason", "Why, in one line; never with `approve`, always with `break-glass`."),
        ],
        ..get(
            "/v1/proposals/{id}/statement",
            Call::Statement,
            "The exact text for the caller to sign: `ssh-keygen -Y sign -n countersign`",
            plain(200, &["text/plain"]),
        )
    },
    Endpoint {
        method: "POST",
        who: Who::Everybody,
        is_conditional: true,
        body: Some(shape::<answers::HandedIn>),
        ..get(
            "/v1/proposals/{id}/approvals",
            Call::HandIn,
            "Hand in the caller's own signed answer",
            document::<proposal_view::Whole>(201),
        )
    },
    Endpoint {
        method: "POST",
        is_conditional: true,
        ..get(
            "/v1/proposals/{id}/cancel",
            Call::Cancel,
            "Take a proposal back, until it is sent",
            document::<proposal_view::Whole>(200),
        )
    },
    Endpoint {
        query: &[AGENT, PAGE, LIMIT],
        ..get("/v1/tasks", Call::Tasks, "Tasks, oldest first", document::<Page<tasks::One>>(200))
    },
    get("/v1/tasks/{id}", Call::Task, "A task in its whole tree", document::<tasks::Tree>(200)),
    Endpoint {
        method: "POST",
        body: Some(shape::<tasks::Why>),
        ..get(
            "/v1/tasks/{id}/revoke",
            Call::RevokeTask,
            "End a task for good, with all that was handed on of it",
            document::<revocations::Told>(200),
        )
    },
    Endpoint {
        query: &[PAGE, LIMIT],
        ..get(
            "/v1/agents",
            Call::Agents,
            "Agents that have put something forward or have a task, by id",
            document::<Page<agents::One>>(200),
        )
    },
    get(
        "/v1/credentials",
        Call::Credentials,
        "Credentials by name, and whether they can be used; never a value",
        document::<Page<credentials::One>>(200),
    ),
    get(
        "/v1/policy",
        Call::Policy,
        "The rules in force on the replica that answers",
        document::<policy::InForce>(200),
    ),
    Endpoint {
        method: "POST",
        body: Some(shape::<policy::Question>),
        ..get(
            "/v1/policy/evaluate",
            Call::Evaluate,
            "What the rules in force say about an input, and why; nothing is done",
            plain(200, &["application/json"]),
        )
    },
    Endpoint {
        query: &[PAGE, LIMIT],
        ..get(
            "/v1/revocations",
            Call::Revocations,
            "What is revoked, by kind and name",
            document::<Page<revocations::Told>>(200),
        )
    },
    Endpoint {
        method: "POST",
        body: Some(shape::<revocations::Wish>),
        ..get(
            "/v1/revocations",
            Call::AddRevocation,
            "Revoke an agent, a credential, a task or a trust domain, on every replica",
            document::<revocations::Told>(201),
        )
    },
    Endpoint {
        method: "DELETE",
        ..get(
            "/v1/revocations/{kind}/{name}",
            Call::Lift,
            "Give back what was revoked; a task is over for good",
            plain(204, &[]),
        )
    },
    Endpoint {
        method: "POST",
        who: Who::Transmitters,
        ..get(
            "/v1/signals",
            Call::Signal,
            "Hand in a security event (RFC 8417) by push (RFC 8935): it revokes agents",
            plain(202, &[]),
        )
    },
    get(
        "/v1/audit/checkpoint",
        Call::Checkpoint,
        "The newest signed checkpoint of the replica that answers",
        plain(200, &["text/plain"]),
    ),
    get(
        "/v1/decisions/{id}",
        Call::Decision,
        "A decision that the replica that answers has kept, and why it was made",
        plain(200, &["application/json"]),
    ),
    Endpoint {
        who: Who::Everybody,
        ..get(
            "/v1/events",
            Call::Events,
            "What changes, as server-sent events, from now on or since `Last-Event-ID`",
            plain(200, &["text/event-stream"]),
        )
    },
    Endpoint {
        who: Who::Everybody,
        ..get(
            "/v1/openapi.json",
            Call::Document,
            "This document",
            plain(200, &["application/json"]),
        )
    },
];
