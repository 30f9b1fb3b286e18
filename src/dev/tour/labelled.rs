//! Step: a chain of calls, each of them harmless, that a label stops.

use http::{Method, StatusCode};
use serde_json::json;

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("Personal data in, and then nothing out")?;
    let report = json!({ "text": "all is well" });
    let sent = visit.agent.post("/v1/reports", &report).await?;
    transcript.tell(format_args!("POST /v1/reports  →  {}", sent.status))?;
    expect("the status", StatusCode::OK, sent.status)?;
    let read = visit.agent.call(Method::GET, "/v1/customers/42").await?;
    transcript.tell(format_args!("GET /v1/customers/42  →  {}, labelled `pii`", read.status))?;
    expect("the status", StatusCode::OK, read.status)?;

    let before = visit.deployment.sample.requests();
    let stopped = visit.agent.post("/v1/reports", &report).await?;
    let document = stopped.document();
    let text = |key: &str| document[key].as_str().unwrap_or_default();
    transcript.tell(format_args!("POST /v1/reports  →  {}", stopped.status))?;
    transcript.tell(format_args!("{}: {}", text("code"), text("detail")))?;
    expect("the status", StatusCode::FORBIDDEN, stopped.status)?;
    expect("the code", "personal_data_stays", text("code"))?;
    expect("the API's count of requests", before, visit.deployment.sample.requests())?;
    transcript.check("what the work has read decides what it may send")?;
    Ok(())
}
