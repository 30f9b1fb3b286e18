//! A tool's call that waits for people, and its answer for whoever comes for it.
//!
//! What is put forward is the call as it is at each attempt, and that is what is sent. So its answer
//! bears another id than the message that asks for it now.

use bytes::Bytes;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde_json::{Map, Value};

use crate::enforce::Ask;
use crate::operation::mcp::attempt;
use crate::operation::mcp::call::Kind;
use crate::operation::mcp::method::Subject;
use crate::proposal::Answer;
use crate::proxy::failure::Failure;
use crate::route::Inspected;

/// Whether a request is a call of a tool.
pub(in crate::proxy) fn is_call(ask: &Ask) -> bool {
    let call = ask.operations.call();
    call.is_some_and(|call| call.subject == Subject::Tool && call.kind == Kind::Request)
}

/// Has `ask` and its `body` be the message that it is at each attempt. Any other request stays what it is.
///
/// # Errors
/// [`Failure::Opaque`], for what is no message; it was read as one before.
pub(in crate::proxy) fn settle(ask: &mut Ask, body: Bytes) -> Result<Bytes, Failure> {
    if !is_call(ask) {
        return Ok(body);
    }
    let settled = attempt::settled(&body).ok_or(Failure::Opaque)?;
    ask.body = Some(Inspected::restated(settled.clone()));
    Ok(settled)
}

/// `answer`, with the id of the message `asked` in place of the one that was `sent`. What is no success of
/// HTTP is no message, and stays what it is.
///
/// # Errors
/// [`Failure::Opaque`], if no answer to the message is in it.
pub(in crate::proxy) fn readdressed(
    answer: &Answer,
    sent: &[u8],
    asked: &[u8],
) -> Result<Answer, Failure> {
    if !answer.status().is_success() {
        return Ok(answer.clone());
    }
    let mut message = message(answer, sent)?;
    message.insert("id".to_owned(), attempt::id(asked).ok_or(Failure::Opaque)?);
    let headers = answer.headers().iter().filter(|(name, _)| *name != CONTENT_TYPE).cloned();
    let json = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let body = Bytes::from(Value::Object(message).to_string());
    Ok(Answer::new(answer.status(), headers.chain([json]).collect(), body))
}

/// The message in `answer` that answers the one that was `sent`.
///
/// # Errors
/// [`Failure::Opaque`], if it is not there.
pub(in crate::proxy) fn message(
    answer: &Answer,
    sent: &[u8],
) -> Result<Map<String, Value>, Failure> {
    let kind = answer.headers().iter().find(|(name, _)| *name == CONTENT_TYPE);
    let is_stream = kind.is_some_and(|(_, kind)| kind.as_bytes().starts_with(b"text/event-stream"));
    let sent = attempt::id(sent).ok_or(Failure::Opaque)?;
    attempt::answer(answer.body(), is_stream, &sent).ok_or(Failure::Opaque)
}
