//! What must be done for a decision to hold.
//!
//! An obligation that is not in this list does not exist: an answer that asks for another is a
//! denial, because nobody could carry it out.

use std::fmt;

use http::{HeaderName, HeaderValue, StatusCode};

use crate::task::Change;

/// One thing to do, and the name policy gave it.
#[derive(Clone, Debug, PartialEq)]
pub struct Obligation {
    /// What the record calls it, where policy gave it a name.
    pub id: Option<String>,
    /// What to do.
    pub duty: Duty,
}

impl Obligation {
    /// A duty without a name of its own.
    pub(super) fn unnamed(duty: Duty) -> Self {
        Self { id: None, duty }
    }
}

/// The kinds of thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Duty {
    /// Put this text in the body of the denial.
    AnswerBody(String),
    /// Answer the denial with this status: 400 or above.
    AnswerStatus(StatusCode),
    /// Have the intent on disk, not only with the kernel, before the first upstream byte.
    DurableOnDisk,
    /// Take these parameters off the upstream query.
    QueryRemove(String),
    /// Set this parameter of the upstream query to exactly these values.
    QuerySet {
        /// The parameter's decoded name.
        name: String,
        /// Its decoded values, in order.
        values: Vec<String>,
    },
    /// Take this header off the upstream request.
    RequestHeaderRemove(HeaderName),
    /// Set this header of the upstream request to exactly these values.
    RequestHeaderSet {
        /// The header.
        name: HeaderName,
        /// Its values, in order.
        values: Vec<HeaderValue>,
    },
    /// Set this header of the answer to exactly these values.
    ResponseHeaderSet {
        /// The header.
        name: HeaderName,
        /// Its values, in order.
        values: Vec<HeaderValue>,
    },
    /// Have this become of the task that the request is a part of.
    Task(Change),
}

/// One line, as cases in YAML name it: `request_header x-team: payments`.
impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AnswerBody(text) => write!(f, "body {text}"),
            Self::AnswerStatus(status) => write!(f, "http_status {}", status.as_u16()),
            Self::DurableOnDisk => f.write_str("durability disk"),
            Self::QueryRemove(name) => write!(f, "query_parameter {name} removed"),
            Self::QuerySet { name, values } => {
                write!(f, "query_parameter {name}: {}", values.join(", "))
            }
            Self::RequestHeaderRemove(name) => write!(f, "request_header {name} removed"),
            Self::RequestHeaderSet { name, values } => {
                write!(f, "request_header {name}: {}", joined(values))
            }
            Self::ResponseHeaderSet { name, values } => {
                write!(f, "response_header {name}: {}", joined(values))
            }
            Self::Task(change) => write!(f, "task {change}"),
        }
    }
}

impl Duty {
    /// Roughly what its texts take in memory.
    pub(super) fn text_bytes(&self) -> usize {
        match self {
            Self::AnswerBody(text) | Self::QueryRemove(text) => text.len(),
            Self::AnswerStatus(_) | Self::DurableOnDisk => 0,
            Self::Task(change) => change.text_bytes(),
            Self::QuerySet { name, values } => {
                name.len() + values.iter().map(String::len).sum::<usize>()
            }
            Self::RequestHeaderRemove(name) => name.as_str().len(),
            Self::RequestHeaderSet { name, values } | Self::ResponseHeaderSet { name, values } => {
                name.as_str().len() + values.iter().map(HeaderValue::len).sum::<usize>()
            }
        }
    }
}

fn joined(values: &[HeaderValue]) -> String {
    let texts = values.iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    texts.collect::<Vec<_>>().join(", ")
}
