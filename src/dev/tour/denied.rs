//! Step: a call that policy denies, with a reason that a model or a person can act on.

use http::{Method, StatusCode};

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;
use crate::id::DecisionId;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("A denied call, with its reason")?;
    let before = visit.deployment.sample.requests();
    let answer = visit.agent.call(Method::DELETE, "/v1/customers/42").await?;
    let document = answer.document();
    let text = |key: &str| document[key].as_str().unwrap_or_default();
    transcript.tell(format_args!("DELETE /v1/customers/42  →  {}", answer.status))?;
    transcript.tell(format_args!("{}: {}", text("code"), text("detail")))?;
    transcript.tell(format_args!("decision {}", text("decision_id")))?;
    expect("the status", StatusCode::FORBIDDEN, answer.status)?;
    expect("the code", CODE, text("code"))?;
    expect("`retryable`", Some(false), document["retryable"].as_bool())?;
    let has_id = DecisionId::parse(text("decision_id")).is_some();
    expect("whether there is a decision id", true, has_id)?;
    expect("the API's count of requests", before, visit.deployment.sample.requests())?;
    transcript.check("the agent knows why, and the API saw nothing")?;
    Ok(())
}

/// The reason's code, as the rules give it.
pub(super) const CODE: &str = "customer_delete_forbidden";
