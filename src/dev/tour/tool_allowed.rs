//! Step: a tool of an MCP server, called with an argument that policy allows.

use http::StatusCode;
use serde_json::json;

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("A tool call over MCP, allowed by its argument")?;
    let arguments = json!({ "customer": "42", "amount": 5 });
    let answer = visit.agent.call_tool("/mcp", "refund", arguments).await?;
    let document = answer.document();
    let text = document["result"]["content"][0]["text"].as_str().unwrap_or_default();
    transcript.tell(format_args!("tools/call refund {{ amount: 5 }}  →  {}", answer.status))?;
    transcript.tell(text)?;
    expect("the status", StatusCode::OK, answer.status)?;
    expect("what the tool says", "Refunded 5 EUR to \"42\".", text)?;
    transcript.check("policy read the message, and the tool did what it was asked")?;
    Ok(())
}
