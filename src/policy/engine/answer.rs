//! From what a rule said to an answer that can be acted on.
//!
//! Every key is known here or refused: a misspelt `obligation` must not be an allow without it.
//! Both the answer's own keys and those of opa-envoy are read, so that rules written for either
//! work.

use std::time::Duration;

use http::{HeaderName, HeaderValue, StatusCode};
use regorus::Value;
use regorus::value::Object;

use crate::id::CredentialName;
use crate::policy::decision::{Answer, ApprovalNeed, ApprovalStage, Effect, Reason, Terms};
use crate::policy::engine::document::Document;
use crate::policy::engine::task;
use crate::policy::failure::{Cause, Failure};
use crate::policy::obligation::{Duty, Obligation};

/// Reads what the entry point said: a boolean, or an object with `allowed`.
pub(in crate::policy) fn read(said: &Document) -> Result<Answer, Failure> {
    match &said.0 {
        Value::Bool(true) => Ok(Answer::plain(Effect::Allow)),
        Value::Bool(false) => Ok(Answer::plain(Effect::Deny)),
        Value::Object(object) => from_object(object),
        Value::Undefined => Err(Failure::new(Cause::Undefined, "no rule answered")),
        other => Err(wrong("the answer", "a boolean or an object", other)),
    }
}

fn from_object(object: &Object) -> Result<Answer, Failure> {
    let Some(allowed) = object.get(&Value::from("allowed")) else {
        return Err(Failure::new(Cause::Answer, "the answer has no `allowed`"));
    };
    let Value::Bool(allowed) = allowed else {
        return Err(wrong("`allowed`", "a boolean", allowed));
    };
    let effect = if *allowed { Effect::Allow } else { Effect::Deny };
    let mut answer = Answer::plain(effect);
    for (key, value) in object.iter() {
        member(&mut answer, text("a key of the answer", key)?, value)?;
    }
    Ok(answer)
}

/// Takes one member of the answer into account.
fn member(answer: &mut Answer, key: &str, value: &Value) -> Result<(), Failure> {
    let allowed = answer.effect == Effect::Allow;
    let terms = &mut answer.terms;
    match key {
        // Read already, or meant for Envoy alone.
        "allowed" | "dynamic_metadata" => {}
        "amount" => terms.amount = Some(task::amount(value)?),
        "approval" if allowed => {}
        "approval" => answer.effect = Effect::Escalate(vec![approval(value)?]),
        "body" if allowed => {}
        "body" => add(terms, Duty::AnswerBody(text(key, value)?.to_owned())),
        "credential" => terms.credential = Some(credential(value)?),
        "headers" if allowed => headers(terms, key, value, request_header)?,
        "headers" | "response_headers_to_add" => headers(terms, key, value, response_header)?,
        "http_status" if allowed => {}
        "http_status" => add(terms, Duty::AnswerStatus(status(value)?)),
        "labels" => terms.labels = texts(key, value)?,
        "obligations" => {
            for item in items(key, value)? {
                terms.obligations.push(obligation(item)?);
            }
        }
        "query_parameters_to_remove" => {
            let names = texts(key, value)?.into_iter();
            names.for_each(|name| add(terms, Duty::QueryRemove(name)));
        }
        "query_parameters_to_set" => {
            for (name, value) in members(key, value)? {
                let values = one_or_more(key, value)?;
                add(terms, Duty::QuerySet { name: text(key, name)?.to_owned(), values });
            }
        }
        "reasons" => {
            for item in items(key, value)? {
                terms.reasons.push(reason(item)?);
            }
        }
        "request_headers_to_remove" => {
            for name in texts(key, value)? {
                add(terms, Duty::RequestHeaderRemove(header_name(&name)?));
            }
        }
        unknown => {
            let message = format!("the answer has a key that is not known: `{unknown}`");
            return Err(Failure::new(Cause::Answer, message));
        }
    }
    Ok(())
}

fn add(terms: &mut Terms, duty: Duty) {
    terms.obligations.push(Obligation::unnamed(duty));
}

fn reason(value: &Value) -> Result<Reason, Failure> {
    let (mut code, mut message) = (None, None);
    for (key, value) in members("a reason", value)? {
        match text("a key of a reason", key)? {
            "code" => code = Some(text("`code`", value)?.to_owned()),
            "message" => message = Some(text("`message`", value)?.to_owned()),
            unknown => return Err(unknown_key("a reason", unknown)),
        }
    }
    let (Some(code), Some(message)) = (code, message) else {
        return Err(Failure::new(Cause::Answer, "a reason needs `code` and `message`"));
    };
    Ok(Reason { code, message })
}

fn approval(value: &Value) -> Result<ApprovalNeed, Failure> {
    let mut need = ApprovalNeed {
        stages: vec![],
        break_glass: vec![],
        expires_in: None,
        summary: None,
        risk: None,
        risk_reasons: vec![],
    };
    let (mut only, mut is_staged) = (None, false);
    for (key, value) in members("`approval`", value)? {
        match text("a key of `approval`", key)? {
            key @ ("approvers" | "quorum") => {
                stage_member(only.get_or_insert_with(anybody), key, value)?;
            }
            "break_glass" => need.break_glass = texts("`break_glass`", value)?,
            "expires_in" => need.expires_in = Some(duration(text("`expires_in`", value)?)?),
            "risk" => need.risk = Some(text("`risk`", value)?.to_owned()),
            "risk_reasons" => need.risk_reasons = texts("`risk_reasons`", value)?,
            "stages" => (need.stages, is_staged) = (stages(value)?, true),
            "summary" => need.summary = Some(text("`summary`", value)?.to_owned()),
            unknown => return Err(unknown_key("`approval`", unknown)),
        }
    }
    match (only, is_staged) {
        (Some(_), true) => {
            let message = "`approval` has `stages`, so `quorum` and `approvers` stand in those";
            Err(Failure::new(Cause::Answer, message))
        }
        (None, true) => Ok(need),
        (only, false) => Ok(ApprovalNeed { stages: vec![only.unwrap_or_else(anybody)], ..need }),
    }
}

/// Between one stage and [`MAX_STAGES`].
fn stages(value: &Value) -> Result<Vec<ApprovalStage>, Failure> {
    let Value::Array(list) = value else { return Err(wrong("`stages`", "an array", value)) };
    if list.is_empty() || list.len() > MAX_STAGES {
        let message = format!("`stages` has 1 to {MAX_STAGES} stages, not {}", list.len());
        return Err(Failure::new(Cause::Answer, message));
    }
    list.iter().map(stage).collect()
}

fn stage(value: &Value) -> Result<ApprovalStage, Failure> {
    let mut stage = anybody();
    for (key, value) in members("a stage", value)? {
        stage_member(&mut stage, text("a key of a stage", key)?, value)?;
    }
    Ok(stage)
}

fn stage_member(stage: &mut ApprovalStage, key: &str, value: &Value) -> Result<(), Failure> {
    match key {
        "approvers" => stage.approvers = texts("`approvers`", value)?,
        "quorum" => stage.quorum = quorum(value)?,
        unknown => return Err(unknown_key("a stage", unknown)),
    }
    Ok(())
}

/// One of all who may answer.
fn anybody() -> ApprovalStage {
    ApprovalStage { quorum: 1, approvers: vec![] }
}

fn quorum(value: &Value) -> Result<u32, Failure> {
    match value.as_u32() {
        Ok(quorum) if quorum > 0 => Ok(quorum),
        _ => Err(wrong("`quorum`", "a whole number above zero", value)),
    }
}

/// A static credential is what it is: nobody here can narrow its scope or shorten its life.
fn credential(value: &Value) -> Result<CredentialName, Failure> {
    let mut name = None;
    for (key, value) in members("`credential`", value)? {
        match text("a key of `credential`", key)? {
            "name" => name = Some(text("`name`", value)?),
            narrowing @ ("scope" | "ttl") => {
                let message =
                    format!("`credential.{narrowing}`: this credential cannot be narrowed");
                return Err(Failure::new(Cause::Obligation, message));
            }
            unknown => return Err(unknown_key("`credential`", unknown)),
        }
    }
    let missing = || Failure::new(Cause::Answer, "`credential` needs a `name`");
    name.map(CredentialName::from).ok_or_else(missing)
}

fn obligation(value: &Value) -> Result<Obligation, Failure> {
    let object = value.as_object().map_err(|_| wrong("an obligation", "an object", value))?;
    let at = |key: &str| object.get(&Value::from(key));
    let Some(kind) = at("type") else {
        return Err(Failure::new(Cause::Obligation, "an obligation has no `type`"));
    };
    let kind = text("`type`", kind)?;
    let known: &[&str] = match kind {
        "durability" => &["durability"],
        "request_header" | "response_header" => &["name", "value"],
        "task" => task::KEYS,
        _ => {
            let message = format!("nobody here can carry out an obligation of type `{kind}`");
            return Err(Failure::new(Cause::Obligation, message));
        }
    };
    for (key, _) in object.iter() {
        let key = text("a key of an obligation", key)?;
        if key != "id" && key != "type" && !known.contains(&key) {
            return Err(unknown_key("an obligation", key));
        }
    }
    let id = at("id").map(|id| text("`id`", id).map(str::to_owned)).transpose()?;
    let need = |key: &str| at(key).ok_or_else(|| missing(kind, key));
    let duty = match kind {
        "durability" => durability(need("durability")?)?,
        "request_header" => request_header(named(need("name")?)?, valued(need("value")?)?),
        "task" => task::duty(object)?,
        _ => response_header(named(need("name")?)?, valued(need("value")?)?),
    };
    Ok(Obligation { id, duty })
}

fn missing(kind: &str, key: &str) -> Failure {
    Failure::new(Cause::Obligation, format!("an obligation of type `{kind}` needs `{key}`"))
}

fn durability(value: &Value) -> Result<Duty, Failure> {
    match text("`durability`", value)? {
        "disk" => Ok(Duty::DurableOnDisk),
        other => {
            let message = format!("`durability` can be \"disk\", not \"{other}\"");
            Err(Failure::new(Cause::Obligation, message))
        }
    }
}

/// opa-envoy takes one object of headers, or a list of such objects.
fn headers(
    terms: &mut Terms,
    key: &str,
    value: &Value,
    duty: fn(HeaderName, Vec<HeaderValue>) -> Duty,
) -> Result<(), Failure> {
    if let Value::Array(list) = value {
        return list.iter().try_for_each(|object| headers(terms, key, object, duty));
    }
    for (name, value) in members(key, value)? {
        add(terms, duty(named(name)?, valued(value)?));
    }
    Ok(())
}

fn request_header(name: HeaderName, values: Vec<HeaderValue>) -> Duty {
    Duty::RequestHeaderSet { name, values }
}

fn response_header(name: HeaderName, values: Vec<HeaderValue>) -> Duty {
    Duty::ResponseHeaderSet { name, values }
}

fn named(value: &Value) -> Result<HeaderName, Failure> {
    header_name(text("a header's name", value)?)
}

fn header_name(name: &str) -> Result<HeaderName, Failure> {
    let refused = |_| Failure::new(Cause::Answer, format!("`{name}` is not a header's name"));
    HeaderName::from_bytes(name.as_bytes()).map_err(refused)
}

fn valued(value: &Value) -> Result<Vec<HeaderValue>, Failure> {
    let refused = |_| Failure::new(Cause::Answer, "a header's value has a character it must not");
    let values = one_or_more("a header's value", value)?;
    values.iter().map(|value| HeaderValue::from_str(value).map_err(refused)).collect()
}

fn status(value: &Value) -> Result<StatusCode, Failure> {
    let code = value.as_u16().ok().and_then(|code| StatusCode::from_u16(code).ok());
    code.filter(|code| code.is_client_error() || code.is_server_error())
        .ok_or_else(|| wrong("`http_status`", "a status of 400 to 599", value))
}

/// `90s`, `15m`, `2h`, `1d`: a whole number and one unit.
fn duration(text: &str) -> Result<Duration, Failure> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let seconds = match unit {
        "s" => Some(1),
        "m" => Some(60),
        "h" => Some(3600),
        "d" => Some(86_400),
        _ => None,
    };
    let number = number.parse::<u32>().ok().filter(|number| *number > 0);
    let (Some(number), Some(seconds)) = (number, seconds) else {
        let message = format!("`{text}` is not a duration like 90s, 15m, 2h or 1d");
        return Err(Failure::new(Cause::Answer, message));
    };
    Ok(Duration::from_secs(u64::from(number) * seconds))
}

fn one_or_more(what: &str, value: &Value) -> Result<Vec<String>, Failure> {
    match value {
        Value::String(one) => Ok(vec![one.as_ref().to_owned()]),
        other => texts(what, other),
    }
}

pub(super) fn texts(what: &str, value: &Value) -> Result<Vec<String>, Failure> {
    items(what, value)?.into_iter().map(|item| text(what, item).map(str::to_owned)).collect()
}

pub(super) fn text<'a>(what: &str, value: &'a Value) -> Result<&'a str, Failure> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong(what, "a string", other)),
    }
}

/// The elements of an array, or of a set in their order.
fn items<'a>(what: &str, value: &'a Value) -> Result<Vec<&'a Value>, Failure> {
    match value {
        Value::Array(items) => Ok(items.iter().collect()),
        Value::Set(items) => Ok(items.iter_sorted().collect()),
        other => Err(wrong(what, "a list", other)),
    }
}

pub(super) fn members<'a>(
    what: &str,
    value: &'a Value,
) -> Result<impl Iterator<Item = (&'a Value, &'a Value)>, Failure> {
    match value {
        Value::Object(object) => Ok(object.iter_sorted()),
        other => Err(wrong(what, "an object", other)),
    }
}

pub(super) fn unknown_key(what: &str, key: &str) -> Failure {
    Failure::new(Cause::Answer, format!("{what} has a key that is not known: `{key}`"))
}

/// Names the type that was found and never the value, which may be the agent's.
fn wrong(what: &str, wanted: &str, found: &Value) -> Failure {
    let found = match found {
        Value::Array(_) => "an array",
        Value::Bool(_) => "a boolean",
        Value::Null => "null",
        Value::Number(_) => "a number",
        Value::Object(_) => "an object",
        Value::Set(_) => "a set",
        Value::String(_) => "a string",
        Value::Undefined => "nothing",
    };
    Failure::new(Cause::Answer, format!("{what} must be {wanted}, and is {found}"))
}

/// The most stages of one approval.
const MAX_STAGES: usize = 8;
