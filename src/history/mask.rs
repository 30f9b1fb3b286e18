//! What is covered before a decision is written.
//!
//! Members whose names say that they hold a secret are always covered, what the operator points at,
//! and what the bundle's own rule orders. A covered text is covered wherever else it stands in the same input, and the body's raw text
//! and the path's query go with what was read from them: covering one of two copies covers nothing.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::history::told::Order;

/// What stands in the place of what was covered.
pub const COVER: &str = "**masked**";

/// The operator's part of the mask.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Mask {
    /// What to cover beside what always is.
    pub pointers: Vec<Pointer>,
}

/// A place in the input: a JSON pointer (RFC 6901) whose `*` stands for every member or element.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pointer(Vec<String>);

/// Names of members that are covered everywhere, in lower case and with `_` for `-`.
pub(super) const SECRET: [&str; 24] = [
    "access_token",
    "api_key",
    "apikey",
    "authorization",
    "client_secret",
    "cookie",
    "credentials",
    "id_token",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "private_key",
    "proxy_authorization",
    "pwd",
    "refresh_token",
    "secret",
    "secret_key",
    "session_token",
    "set_cookie",
    "sig",
    "signature",
    "token",
    "x_api_key",
];

/// Texts shorter than this are covered only where they stand: they are part of too many others.
const DISTINCT: usize = 6;

impl Pointer {
    /// `/parsed_body/card` or, as OPA's masks write it, `/input/parsed_body/card`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut steps = steps(text)?;
        if steps.first().is_some_and(|first| first == "input") {
            steps.remove(0);
        }
        (!steps.is_empty()).then_some(Self(steps))
    }

    /// From the outermost on.
    pub(super) fn steps(&self) -> &[String] {
        &self.0
    }

    /// `/input/parsed_body/card` or `/result/headers`: a place in an event.
    pub(super) fn of_event(text: &str) -> Option<Self> {
        let known = |steps: &Vec<String>| {
            steps.first().is_some_and(|first| [INPUT, RESULT].contains(&first.as_str()))
        };
        steps(text).filter(known).map(Self)
    }
}

/// The steps of a JSON pointer.
fn steps(text: &str) -> Option<Vec<String>> {
    let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
    Some(text.strip_prefix('/')?.split('/').map(unescaped).collect())
}

/// Where something was covered: JSON pointers from `/input` or `/result` on, sorted.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// Something else stands there.
    pub(super) masked: BTreeSet<String>,
    /// Nothing stands there any more.
    pub(super) erased: BTreeSet<String>,
}

impl Covered {
    /// Whether nothing was.
    pub(super) fn is_empty(&self) -> bool {
        self.masked.is_empty() && self.erased.is_empty()
    }
}

impl Mask {
    /// Covers the `input` and the `result` of an event, and says where. The orders come first: they
    /// may move a value to where the rest of the mask finds it.
    pub(super) fn cover(&self, event: &mut Map<String, Value>, orders: &[Order]) -> Covered {
        let mut covering = Covering::default();
        orders.iter().for_each(|order| order.obey(event, &mut covering));
        if let Some(input) = event.get_mut(INPUT) {
            covering.named(input, "/input");
            for pointer in &self.pointers {
                covering.pointed(input, &pointer.0, "/input");
            }
            covering.copies(input);
            covering.texts.retain(|text| text.len() >= DISTINCT && text != COVER);
            if !covering.texts.is_empty() {
                covering.elsewhere(input, "/input");
            }
        }
        covering.places
    }
}

/// What was covered so far.
#[derive(Default)]
pub(super) struct Covering {
    places: Covered,
    texts: BTreeSet<String>,
}

impl Covering {
    /// Covers every member with a name that says it is a secret.
    fn named(&mut self, value: &mut Value, at: &str) {
        match value {
            Value::Object(members) => {
                for (key, value) in members.iter_mut() {
                    let at = format!("{at}/{}", escaped(key));
                    match is_secret(key) && !value.is_null() {
                        true => self.cover(value, at),
                        false => self.named(value, &at),
                    }
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter_mut().enumerate() {
                    self.named(value, &format!("{at}/{index}"));
                }
            }
            _ => {}
        }
    }

    fn pointed(&mut self, value: &mut Value, steps: &[String], at: &str) {
        let Some((step, rest)) = steps.split_first() else {
            return self.cover(value, at.to_owned());
        };
        let chosen = |key: &str| step == "*" || step == key;
        match value {
            Value::Object(members) => {
                for (key, value) in members.iter_mut().filter(|(key, _)| chosen(key)) {
                    self.pointed(value, rest, &format!("{at}/{}", escaped(key)));
                }
            }
            Value::Array(items) => {
                for (index, value) in items.iter_mut().enumerate() {
                    if chosen(&index.to_string()) {
                        self.pointed(value, rest, &format!("{at}/{index}"));
                    }
                }
            }
            _ => {}
        }
    }

    /// Covers one value.
    pub(super) fn cover(&mut self, value: &mut Value, at: String) {
        self.replace(value, Value::String(COVER.to_owned()), at);
    }

    /// Puts `with` in its place.
    pub(super) fn replace(&mut self, value: &mut Value, with: Value, at: String) {
        let before = std::mem::replace(value, with);
        self.found(&before, &at);
        self.places.masked.insert(at);
    }

    /// Texts of the input are looked for elsewhere in it. A result is made of the rules' own words.
    fn found(&mut self, value: &Value, at: &str) {
        if at.starts_with("/input/") {
            self.remember(value);
        }
    }

    /// Notes that what stood at `at` went.
    pub(super) fn erased(&mut self, before: &Value, at: String) {
        self.found(before, &at);
        self.places.erased.insert(at);
    }

    fn remember(&mut self, value: &Value) {
        match value {
            Value::String(text) => {
                self.texts.insert(text.clone());
            }
            Value::Array(items) => items.iter().for_each(|item| self.remember(item)),
            Value::Object(members) => members.values().for_each(|value| self.remember(value)),
            _ => {}
        }
    }

    /// The raw text of a body, and the query in a path, go with what was read from them.
    fn copies(&mut self, input: &mut Value) {
        let all = self.places.masked.iter().chain(&self.places.erased);
        let under = |place: &str| all.clone().any(|at| at.starts_with(place));
        let (body, query) = (under("/input/parsed_body"), under("/input/parsed_query"));
        if body && let Some(value) = input.pointer_mut(BODY).filter(|value| value.is_string()) {
            *value = Value::String(COVER.to_owned());
            self.places.masked.insert(format!("/input{BODY}"));
        }
        for place in [PATH, PSEUDO_PATH] {
            let path = input.pointer_mut(place).filter(|_| query);
            let Some(Value::String(path)) = path else { continue };
            if let Some((before, _)) = path.split_once('?') {
                *path = format!("{before}?{COVER}");
                self.places.masked.insert(format!("/input{place}"));
            }
        }
    }

    /// Covers the same texts wherever else they stand, also inside of others.
    fn elsewhere(&mut self, value: &mut Value, at: &str) {
        match value {
            Value::String(text) => {
                let before = text.len();
                for secret in &self.texts {
                    if text.contains(secret.as_str()) {
                        *text = text.replace(secret.as_str(), COVER);
                        self.places.masked.insert(at.to_owned());
                    }
                }
                debug_assert!(before <= text.len() || !self.places.is_empty());
            }
            Value::Array(items) => {
                for (index, value) in items.iter_mut().enumerate() {
                    self.elsewhere(value, &format!("{at}/{index}"));
                }
            }
            Value::Object(members) => {
                for (key, value) in members.iter_mut() {
                    self.elsewhere(value, &format!("{at}/{}", escaped(key)));
                }
            }
            _ => {}
        }
    }
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace('-', "_");
    SECRET.binary_search(&name.as_str()).is_ok()
}

/// A step of a JSON pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The parts of an event that are covered.
const INPUT: &str = "input";
const RESULT: &str = "result";

const BODY: &str = "/attributes/request/http/body";
const PATH: &str = "/attributes/request/http/path";
const PSEUDO_PATH: &str = "/attributes/request/http/headers/:path";
