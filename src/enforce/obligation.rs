//! What a yes demands, and how it is done.
//!
//! A demand that cannot be met turns the yes into a no; nothing is skipped. A new kind of demand is
//! a variant of [`Duty`]; the compiler then leads here.

use std::fmt;

use http::header::{HeaderMap, HeaderName};

use crate::enforce::ask::Ask;
use crate::enforce::terms::Terms;
use crate::policy::{Decision, Duty};
use crate::route::headers::is_per_hop;
use crate::route::query;
use crate::task::{Change, Label};

/// A demand that nobody can carry out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Unmet {
    /// This header belongs to the connection, not to policy.
    FramingHeader(HeaderName),
    /// This is no label.
    Label(String),
    /// There is nowhere to keep labels.
    NoStore,
    /// The request is a part of no task.
    NoTask,
}

/// Whether everything that `decision` demands can be done.
///
/// # Errors
/// The first demand that cannot.
pub fn check(decision: &Decision) -> Result<(), Unmet> {
    if let Some(wrong) = decision.labels().iter().find(|label| Label::parse(label).is_none()) {
        return Err(Unmet::Label(wrong.clone()));
    }
    for obligation in decision.obligations() {
        let name = match &obligation.duty {
            Duty::RequestHeaderRemove(name)
            | Duty::RequestHeaderSet { name, .. }
            | Duty::ResponseHeaderSet { name, .. } => name,
            _ => continue,
        };
        if is_per_hop(name.as_str()) {
            return Err(Unmet::FramingHeader(name.clone()));
        }
    }
    Ok(())
}

/// Whether the work can be marked with what `decision` and the route say that it touches.
///
/// # Errors
/// [`Unmet::NoStore`].
pub(super) fn check_labels(ask: &Ask, decision: &Decision) -> Result<(), Unmet> {
    let marks = !decision.labels().is_empty() || !ask.target.route().labels.is_empty();
    match marks && ask.situation.is_none() {
        true => Err(Unmet::NoStore),
        false => Ok(()),
    }
}

/// Whether there is a task, if `decision` wants something to become of it.
///
/// # Errors
/// [`Unmet::NoTask`].
pub(super) fn check_task(ask: &Ask, decision: &Decision) -> Result<(), Unmet> {
    let lineage = ask.situation.as_ref().and_then(|known| known.lineage.as_ref());
    match changes(decision).next().is_some() && lineage.is_none() {
        true => Err(Unmet::NoTask),
        false => Ok(()),
    }
}

/// What is to become of the task.
pub(super) fn changes(decision: &Decision) -> impl Iterator<Item = &Change> {
    decision.obligations().iter().filter_map(|obligation| match &obligation.duty {
        Duty::Task(change) => Some(change),
        _ => None,
    })
}

/// Does what concerns the upstream request.
pub(super) fn carry_out(duty: &Duty, terms: &mut Terms) {
    match duty {
        Duty::QueryRemove(name) => terms.target = query::set::<&str>(&terms.target, name, &[]),
        Duty::QuerySet { name, values } => terms.target = query::set(&terms.target, name, values),
        Duty::RequestHeaderRemove(name) => {
            terms.headers.remove(name);
        }
        Duty::RequestHeaderSet { name, values } => {
            terms.headers.remove(name);
            for value in values {
                terms.headers.append(name.clone(), value.clone());
            }
        }
        // Done where the record is written, where the agent is answered, and in the store.
        Duty::AnswerBody(_)
        | Duty::AnswerStatus(_)
        | Duty::DurableOnDisk
        | Duty::ResponseHeaderSet { .. }
        | Duty::Task(_) => {}
    }
}

/// Does what concerns the answer's headers.
pub(super) fn answer_headers(decision: &Decision) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for obligation in decision.obligations() {
        if let Duty::ResponseHeaderSet { name, values } = &obligation.duty {
            headers.remove(name);
            for value in values {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    headers
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FramingHeader(name) => write!(
                f,
                "policy wants header `{name}` changed, which belongs to the connection; take it out \
                 of the answer's headers"
            ),
            Self::Label(label) => write!(
                f,
                "policy marks the work with `{label}`, which is no label: 1 to 64 lower-case letters, \
                 digits, `_` and `-`"
            ),
            Self::NoStore => f.write_str(
                "policy marks the work with labels, and there is no store to keep them in; add `state`",
            ),
            Self::NoTask => f.write_str(
                "policy wants something to become of the request's task, and it is a part of none; have the \
                 rule ask for `input.countersign.task`",
            ),
        }
    }
}
