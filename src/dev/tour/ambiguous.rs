//! Step: requests that could be read in two ways, sent as raw bytes.

use http::StatusCode;

use crate::dev::tour::transcript::{Missed, Transcript, expect};
use crate::dev::tour::visit::Visit;

pub(super) async fn walk(visit: &Visit, transcript: &mut Transcript<'_>) -> Result<(), Missed> {
    transcript.step("Ambiguous requests, refused before anything else")?;
    let before = visit.deployment.sample.requests();
    for Trick { shown, head, rule } in TRICKS {
        let host = visit.agent.gateway();
        let bytes = head.replace("\n", "\r\n").replace("@HOST@", &host.to_string());
        let answer = visit.agent.send_raw(bytes.as_bytes()).await?;
        let document = answer.document();
        let code = document["code"].as_str().unwrap_or_default();
        transcript.tell(format_args!("{shown}  →  {}  {code}", answer.status))?;
        expect("the status", StatusCode::BAD_REQUEST, answer.status)?;
        expect("the rule", rule, code)?;
    }
    expect("the API's count of requests", before, visit.deployment.sample.requests())?;
    transcript.check("each refusal names its rule, and the API saw nothing")?;
    Ok(())
}

/// A request that some proxy and the server behind it would read differently.
struct Trick {
    /// The gist of it.
    shown: &'static str,
    /// All of it, with short line ends.
    head: &'static str,
    /// The rule that it breaks.
    rule: &'static str,
}

const TRICKS: [Trick; 2] = [
    Trick {
        shown: "GET /v1/../admin",
        head: "GET /v1/../admin HTTP/1.1\nHost: @HOST@\nConnection: close\n\n",
        rule: "path_dot_segment",
    },
    Trick {
        shown: "POST with Content-Length and Transfer-Encoding",
        head: "POST /v1/refunds HTTP/1.1\nHost: @HOST@\nContent-Length: 4\n\
               Transfer-Encoding: chunked\n\n0\n\n",
        rule: "content_length_with_transfer_encoding",
    },
];
