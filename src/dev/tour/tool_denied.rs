//! Step: the same tool with another argument, denied where the model reads it.

use http::StatusCode;
use serde_json::json;

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("The same tool, denied by its argument")?;
    let before = visit.deployment.sample.requests();
    let arguments = json!({ "customer": "42", "amount": 5000 });
    let answer = visit.agent.call_tool("/mcp", "refund", arguments).await?;
    let result = &answer.document()["result"];
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    transcript.tell(format_args!("tools/call refund {{ amount: 5000 }}  →  {}", answer.status))?;
    transcript.tell(format_args!("the model reads: {text}"))?;
    // Any other status would look like a broken connection to an MCP client.
    expect("the status", StatusCode::OK, answer.status)?;
    expect("`isError`", Some(true), result["isError"].as_bool())?;
    expect("whether the reason is there", true, text.contains(REASON))?;
    expect("the API's count of requests", before, visit.deployment.sample.requests())?;
    transcript.check("the reason is the tool's result, and the server saw nothing")?;
    Ok(())
}

/// The reason's sentence, as the rules give it.
const REASON: &str = "Agents may refund at most 100 EUR.";
