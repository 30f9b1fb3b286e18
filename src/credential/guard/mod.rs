//! Keeps an injected value out of the answer.
//!
//! Binding a credential to its upstream does not stop an endpoint that echoes what it was sent. So
//! the injected value is looked for in everything that comes back, in the forms in which software
//! writes values down, and replaced by as many asterisks: lengths and framing stay true.

pub mod forms;
pub mod scanner;

use std::sync::Arc;

use aho_corasick::{AhoCorasick, BuildError, MatchKind};
use http::header::{CONTENT_ENCODING, HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use crate::credential::guard::forms::forms;
use crate::credential::guard::scanner::Scanner;
use crate::id::CredentialName;
use crate::route::terms::Unscannable;

/// Watches one answer. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Guard {
    /// `None` where nothing was injected.
    watched: Option<Watched>,
    unscannable: Unscannable,
}

/// An injected value, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) credential: CredentialName,
    pub(super) patterns: Arc<Patterns>,
}

/// Every form of one injected value, compiled.
pub struct Patterns {
    automaton: AhoCorasick,
    forms: Vec<Zeroizing<Vec<u8>>>,
    /// Which bytes begin a form.
    starts: [bool; 256],
    longest: usize,
}

/// An answer that cannot be searched, on a route that refuses those.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Opaque;

impl Patterns {
    /// The patterns for these texts.
    ///
    /// # Errors
    /// If there are more or longer patterns than an automaton holds, which a secret's bound excludes.
    pub(super) fn new(traces: &[Zeroizing<String>]) -> Result<Self, BuildError> {
        let forms: Vec<_> = traces.iter().flat_map(|text| forms(text)).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(forms.iter().map(|form| form.as_slice()))?;
        let mut starts = [false; 256];
        for form in &forms {
            starts[usize::from(form[0])] = true;
        }
        let longest = forms.iter().map(|form| form.len()).max().unwrap_or(0);
        Ok(Self { automaton, forms, starts, longest })
    }
}

impl Guard {
    pub(super) fn new(watched: Option<Watched>, unscannable: Unscannable) -> Self {
        Self { watched, unscannable }
    }

    /// Searches a response's headers, replacing what is found.
    ///
    /// Returns how many occurrences there were.
    ///
    /// # Errors
    /// [`Opaque`], if the body has a coding that cannot be searched and the route refuses those.
    pub fn clean(&self, headers: &mut HeaderMap) -> Result<usize, Opaque> {
        if self.watched.is_none() {
            return Ok(0);
        }
        if is_coded(headers) && self.unscannable == Unscannable::Refuse {
            return Err(Opaque);
        }
        Ok(self.clean_trailers(headers))
    }

    /// The same for trailers, which have no coding of their own.
    pub fn clean_trailers(&self, trailers: &mut HeaderMap) -> usize {
        match &self.watched {
            Some(Watched { patterns, .. }) => {
                trailers.values_mut().map(|value| clean(patterns, value)).sum()
            }
            None => 0,
        }
    }

    /// Whether anything was injected.
    pub fn is_watching(&self) -> bool {
        self.watched.is_some()
    }

    /// The credential that was injected.
    pub fn credential(&self) -> Option<&CredentialName> {
        self.watched.as_ref().map(|watched| &watched.credential)
    }

    /// What searches the body's bytes, where anything has to be looked for.
    pub fn scanner(&self) -> Option<Scanner> {
        self.watched.as_ref().map(|watched| Scanner::new(Arc::clone(&watched.patterns)))
    }
}

/// Whether any header says that the bytes that follow are not the text itself.
fn is_coded(headers: &HeaderMap) -> bool {
    let codings = [CONTENT_ENCODING.as_str(), "grpc-encoding", "sec-websocket-extensions"];
    let mut values = codings.into_iter().flat_map(|name| headers.get_all(name));
    values.any(|value| value != "identity")
}

/// Replaces what is found in one value.
fn clean(patterns: &Patterns, value: &mut HeaderValue) -> usize {
    let mut found = 0;
    let mut bytes = Vec::new();
    for hit in patterns.automaton.find_iter(value.as_bytes()) {
        if found == 0 {
            bytes.extend_from_slice(value.as_bytes());
        }
        bytes[hit.range()].fill(scanner::MASK);
        found += 1;
    }
    if found > 0 {
        // Asterisks in place of bytes that were there: still a header value.
        *value = HeaderValue::from_bytes(&bytes).unwrap_or(HeaderValue::from_static(""));
    }
    found
}

impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Patterns({} forms)", self.forms.len())
    }
}
