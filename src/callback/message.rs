//! One call: a CloudEvent (1.0.2, structured mode), with its digest (RFC 9530) and a signature over
//! both and the address (RFC 9421).

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST};
use http::{HeaderName, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::callback::endpoint::Endpoint;
use crate::callback::key::Key;
use crate::clock::Timestamp;
use crate::event::Event;

/// The request that tells `event` to `endpoint`; `state` is the agent's own word. `None`, if the
/// address cannot stand in a request.
pub(super) fn message(
    event: &Event,
    state: Option<&str>,
    source: &str,
    (endpoint, key): (&Endpoint, &Key),
    now: Timestamp,
) -> Option<Request<Full<Bytes>>> {
    let body = document(event, state, source).to_string();
    let content_digest = format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, body.as_bytes())));
    let input = format!(
        "(\"@method\" \"@target-uri\" \"content-type\" \"content-digest\")\
         ;created={};keyid=\"{}\";alg=\"ed25519\";tag=\"{TAG}\"",
        now.secs(),
        key.id(),
    );
    let base = base(&endpoint.url(), &content_digest, &input);
    let signature = STANDARD.encode(key.sign(base.as_bytes()));
    Request::post(&endpoint.resource)
        .header(HOST, endpoint.server.authority().as_str())
        .header(CONTENT_TYPE, KIND)
        .header(CONTENT_DIGEST, content_digest)
        .header(SIGNATURE_INPUT, format!("{LABEL}={input}"))
        .header(SIGNATURE, format!("{LABEL}=:{signature}:"))
        .body(Full::new(Bytes::from(body)))
        .ok()
}

fn document(event: &Event, state: Option<&str>, source: &str) -> Value {
    let subject = event.subject.to_string();
    json!({
        "specversion": "1.0",
        "id": event.id,
        "source": source,
        "type": format!("{TYPES}{}", event.kind),
        "subject": subject,
        "time": event.id.made().to_string(),
        "datacontenttype": "application/json",
        "data": {
            "proposal": subject,
            "event": event.kind.as_str(),
            "status_endpoint": format!("/.countersign/v1/proposals/{subject}"),
            "state": state,
        },
    })
}

/// What is signed (RFC 9421 §2.5).
fn base(url: &str, content_digest: &str, input: &str) -> String {
    format!(
        "\"@method\": POST\n\"@target-uri\": {url}\n\"content-type\": {KIND}\n\
         \"content-digest\": {content_digest}\n\"@signature-params\": {input}"
    )
}

/// The media type of a CloudEvent in structured mode.
const KIND: &str = "application/cloudevents+json";

/// What every type of event begins with.
const TYPES: &str = "dev.countersign.";

/// The signature's label.
const LABEL: &str = "countersign";

/// What the signature is for, so that it is good for nothing else.
const TAG: &str = "countersign-callback";

const CONTENT_DIGEST: HeaderName = HeaderName::from_static("content-digest");
const SIGNATURE: HeaderName = HeaderName::from_static("signature");
const SIGNATURE_INPUT: HeaderName = HeaderName::from_static("signature-input");
