//! `/v1/policy`: which rules are in force, what is odd about them, and what they say about an input.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::control::failure::Failure;
use crate::control::reply::Reply;
use crate::control::service::Visit;
use crate::policy::{Bundle, EntryPoint, Explainer, Problem};

/// The rules in force.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Policy")]
pub(super) struct InForce {
    /// Which they are.
    revision: String,
    /// Where they were read from: every file and folder that is watched.
    paths: Vec<String>,
    /// Whether decisions come from the interpreter, which is slower.
    interpreted: bool,
    /// What is legal and unwise, and why they are interpreted.
    problems: Vec<Odd>,
    /// The other rules that are asked the same and decide nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate: Option<Candidate>,
}

/// Something odd about rules.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "PolicyProblem")]
struct Odd {
    /// Where.
    place: String,
    /// What.
    message: String,
}

/// Rules that decide nothing.
#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "PolicyCandidate")]
struct Candidate {
    /// Which they are.
    revision: String,
}

/// What is to be evaluated.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PolicyQuestion")]
pub(super) struct Question {
    /// The input, as rules see one.
    input: Value,
    /// The full path of the rule that answers: `data.countersign.authz.decision`.
    rule: String,
    /// The full path of the rule above it, where there is one.
    #[serde(default)]
    guardrails: Option<String>,
}

/// Which rules are in force.
pub(super) fn show(visit: &Visit<'_>) -> Reply {
    let bundle = &visit.snapshot.bundle;
    let problems = bundle.warnings().iter().chain(bundle.differences());
    Reply::json(&InForce {
        revision: bundle.revision().to_string(),
        paths: bundle.watched().iter().map(|path| path.display().to_string()).collect(),
        interpreted: bundle.is_interpreted(),
        problems: problems.map(Odd::of).collect(),
        candidate: bundle
            .candidate()
            .map(|candidate| Candidate { revision: candidate.revision().to_string() }),
    })
}

/// What the rules in force say about an input, and why. Nothing is done.
pub(super) async fn evaluate(visit: Visit<'_>) -> Result<Reply, Failure> {
    let question: Question = visit.request.json(FORM).await?;
    let turn = Arc::clone(&visit.service.evaluations).try_acquire_owned();
    let turn = turn.map_err(|_| Failure::Busy)?;
    let bundle = Arc::clone(&visit.snapshot.bundle);
    let asked = tokio::task::spawn_blocking(move || {
        // It ends with the work, also where nobody waits any more for what it says.
        let _turn = turn;
        explained(&bundle, &question)
    });
    asked.await.unwrap_or(Err(Failure::Unavailable("an evaluation")))
}

fn explained(bundle: &Bundle, question: &Question) -> Result<Reply, Failure> {
    let point = EntryPoint {
        rule: question.rule.as_str().into(),
        guardrails: question.guardrails.as_deref().map(Into::into),
    };
    let malformed = |why: crate::policy::LoadError| Failure::Malformed(why.to_string().into());
    let explainer = Explainer::new(bundle.edition(), &point).map_err(malformed)?;
    let explanation = explainer.explain(&question.input.to_string()).map_err(malformed)?;
    Ok(Reply::json(&explanation))
}

impl Odd {
    fn of(problem: &Problem) -> Self {
        Self { place: problem.place.to_string(), message: problem.message.clone() }
    }
}

const FORM: &str = "a JSON object with `input`, `rule` and, if wanted, `guardrails`";
