//! Step: the agent asks who it is.

use http::{Method, StatusCode};

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("Who am I?")?;
    let answer = visit.agent.call(Method::GET, "/.countersign/v1/whoami").await?;
    let document = answer.document();
    let id = document["spiffe_id"].as_str().unwrap_or_default();
    let until = document["valid_until"].as_str().unwrap_or_default();
    transcript.tell(format_args!("GET /.countersign/v1/whoami  →  {}", answer.status))?;
    transcript.tell(format_args!("{id}, valid until {until}"))?;
    expect("the status", StatusCode::OK, answer.status)?;
    expect("the agent's id", "spiffe://dev.local/agent/demo-agent", id)?;
    expect("the number of routes", Some(5), document["routes"].as_array().map(Vec::len))?;
    transcript.check("its certificate is all it has, and says who it is")?;
    Ok(())
}
