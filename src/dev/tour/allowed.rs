//! Step: a call that policy allows. The credential is put on behind the agent's back.

use http::{Method, StatusCode};

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::{Search, Visit};

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("An allowed call, with a credential the agent does not have")?;
    confirmed(visit, transcript).await?;
    echoed(visit, transcript).await?;

    let Search { bytes, found } = visit.search()?;
    expect("the number of times the agent has the credential", 0, found)?;
    transcript.check(format_args!(
        "the credential stands nowhere in the {bytes} bytes the agent holds or was sent"
    ))?;
    Ok(())
}

/// The API says that the right credential arrived.
async fn confirmed(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    let answer = visit.agent.call(Method::GET, "/v1/balance").await?;
    let document = answer.document();
    transcript.tell(format_args!("GET /v1/balance  →  {}", answer.status))?;
    transcript.tell(&document)?;
    expect("the status", StatusCode::OK, answer.status)?;
    expect("`authenticated`", Some(true), document["authenticated"].as_bool())?;
    let digest = visit.deployment.layout.key_digest();
    let digest = digest.map_err(|why| Missed::new("the API's key to be readable", why))?.prefix();
    let seen = document["credential_sha256_prefix"].as_str();
    expect("the credential's digest", Some(digest.as_str()), seen)?;
    transcript.check("the API confirms the credential: Countersign put it on")?;
    Ok(())
}

/// An API that repeats what it was sent does not give the credential away.
async fn echoed(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    let answer = visit.agent.call(Method::GET, "/v1/echo").await?;
    let document = answer.document();
    let shown = document["received"]["headers"]["authorization"].as_str().unwrap_or_default();
    transcript.tell(format_args!("GET /v1/echo  →  {}", answer.status))?;
    transcript.tell(format_args!("authorization as the agent sees it: {shown}"))?;
    expect("the status", StatusCode::OK, answer.status)?;
    let hidden = shown.strip_prefix("Bearer ").unwrap_or_default();
    let is_hidden = !hidden.is_empty() && hidden.bytes().all(|byte| byte == b'*');
    expect("whether the credential is covered", true, is_hidden)?;
    transcript.check("an API that repeats the credential gets it covered on the way back")?;
    Ok(())
}
