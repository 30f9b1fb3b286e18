//! What of an input one worker builds, for one entry point.
//!
//! It says what [`Reads`] says, with names that are ready to be put into inputs: they are counted
//! references, and so belong to one worker.

use http::{HeaderMap, HeaderName};
use regorus::Value;
use regorus::value::{Array, Object};

use crate::policy::engine::reads::{Names, Part, Reads};

/// The parts to build.
#[derive(Debug)]
pub(in crate::policy) struct Wanted {
    reads: Reads,
    joined: Headers,
    every: Headers,
}

/// The headers to build.
#[derive(Debug)]
pub(super) enum Headers {
    All,
    Only(Vec<Name>),
}

/// A header by name; pseudo-headers are no header to HTTP.
#[derive(Debug)]
pub(super) struct Name {
    text: String,
    key: Value,
    header: Option<HeaderName>,
}

impl Wanted {
    /// What is to be built for rules that read this much.
    pub(in crate::policy) fn new(reads: &Reads) -> Self {
        let (joined, every) = (Headers::new(reads.headers()), Headers::new(reads.every_header()));
        Self { reads: reads.clone(), joined, every }
    }

    /// The whole input.
    pub(in crate::policy) fn everything() -> Self {
        Self::new(&Reads::everything())
    }

    /// What the rules read.
    pub(in crate::policy) fn reads(&self) -> &Reads {
        &self.reads
    }

    pub(super) fn has(&self, part: Part) -> bool {
        self.reads.has(part)
    }

    pub(super) fn joined(&self) -> &Headers {
        &self.joined
    }

    pub(super) fn every(&self) -> &Headers {
        &self.every
    }
}

impl Headers {
    fn new(names: &Names) -> Self {
        let Names::Only(names) = names else { return Self::All };
        Self::Only(names.iter().map(|name| Name::new(name)).collect())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|one| one.text == name),
        }
    }

    /// The wanted headers among `headers`: `show` is given every value of each. They are text.
    pub(super) fn of(&self, headers: &HeaderMap, show: impl Fn(Array) -> Value) -> Object {
        let mut found = Object::new();
        let mut add = |header: &HeaderName, key: Value| {
            let mut all = Array::new();
            for value in headers.get_all(header) {
                let text = std::str::from_utf8(value.as_bytes()).unwrap_or_default();
                all.push(Value::from(text));
            }
            if !all.is_empty() {
                found.insert(key, show(all));
            }
        };
        match self {
            Self::All => headers.keys().for_each(|name| add(name, Value::from(name.as_str()))),
            Self::Only(names) => {
                for name in names {
                    name.header.iter().for_each(|header| add(header, name.key.clone()));
                }
            }
        }
        found
    }
}

impl Name {
    /// Names in inputs are lower case, so that a name which is not finds nothing.
    fn new(text: &str) -> Self {
        let header = HeaderName::from_lowercase(text.as_bytes()).ok();
        Self { text: text.to_owned(), key: Value::from(text), header }
    }
}
