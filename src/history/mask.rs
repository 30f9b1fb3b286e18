//! What is covered before a decision is written.
//!
//! Members whose names say that they hold a secret are always covered, and what the operator points
//! at. A covered text is covered wherever else it stands in the same input, and the body's raw text
//! and the path's query go with what was read from them: covering one of two copies covers nothing.

use std::collections::BTreeSet;

use serde_json::Value;

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
const SECRET: [&str; 24] = [
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
        let rest = text.strip_prefix('/')?;
        let unescaped = |step: &str| step.replace("~1", "/").replace("~0", "~");
        let mut steps: Vec<String> = rest.split('/').map(unescaped).collect();
        if steps.first().is_some_and(|first| first == "input") {
            steps.remove(0);
        }
        (!steps.is_empty()).then_some(Self(steps))
    }
}

impl Mask {
    /// Covers `input`, and says where: JSON pointers from `/input` on, sorted.
    pub fn cover(&self, input: &mut Value) -> Vec<String> {
        let mut covering = Covering::default();
        covering.named(input, "/input");
        for pointer in &self.pointers {
            covering.pointed(input, &pointer.0, "/input");
        }
        covering.copies(input);
        covering.texts.retain(|text| text.len() >= DISTINCT && text != COVER);
        if !covering.texts.is_empty() {
            covering.elsewhere(input, "/input");
        }
        covering.places.into_iter().collect()
    }
}

/// What was covered so far.
#[derive(Default)]
struct Covering {
    places: BTreeSet<String>,
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

    fn cover(&mut self, value: &mut Value, at: String) {
        self.remember(value);
        *value = Value::String(COVER.to_owned());
        self.places.insert(at);
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
        let under = |place: &str| self.places.iter().any(|at| at.starts_with(place));
        let (body, query) = (under("/input/parsed_body"), under("/input/parsed_query"));
        if body && let Some(value) = input.pointer_mut(BODY).filter(|value| value.is_string()) {
            *value = Value::String(COVER.to_owned());
            self.places.insert(format!("/input{BODY}"));
        }
        for place in [PATH, PSEUDO_PATH] {
            let path = input.pointer_mut(place).filter(|_| query);
            let Some(Value::String(path)) = path else { continue };
            if let Some((before, _)) = path.split_once('?') {
                *path = format!("{before}?{COVER}");
                self.places.insert(format!("/input{place}"));
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
                        self.places.insert(at.to_owned());
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

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

const BODY: &str = "/attributes/request/http/body";
const PATH: &str = "/attributes/request/http/path";
const PSEUDO_PATH: &str = "/attributes/request/http/headers/:path";

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{COVER, Mask, Pointer, SECRET};

    #[test]
    fn the_names_are_in_the_order_that_a_search_needs() {
        assert!(SECRET.is_sorted());
    }

    #[test]
    fn a_secret_by_name_is_covered_wherever_it_stands() {
        let mut input = json!({
            "attributes": {"request": {"http": {
                "path": "/login?Token=hunter22&a=1",
                "body": "{\"user\":\"u\",\"Password\":\"hunter22\"}",
                "headers": {":path": "/login?Token=hunter22&a=1", "x-api-key": "k-123456"},
            }}},
            "parsed_query": {"Token": ["hunter22"], "a": ["1"]},
            "parsed_body": {"user": "u", "Password": "hunter22"},
            "countersign": {"operations": [{"arguments": {"note": "my password is hunter22!"}}]},
        });
        let masked = Mask::default().cover(&mut input);
        let text = input.to_string();
        assert!(!text.contains("hunter22") && !text.contains("k-123456"), "{text}");
        assert_eq!(input["parsed_body"]["user"], "u");
        assert_eq!(input["attributes"]["request"]["http"]["path"], format!("/login?{COVER}"));
        assert!(masked.contains(&"/input/parsed_body/Password".to_owned()), "{masked:?}");
        assert!(masked.contains(&"/input/countersign/operations/0/arguments/note".to_owned()));
    }

    #[test]
    fn a_pointer_covers_what_it_points_at_and_its_raw_copy() {
        let pointers = ["/input/parsed_body/cards/*/number", "/parsed_body/missing"];
        let mask = Mask { pointers: pointers.map(|text| Pointer::parse(text).unwrap()).to_vec() };
        let mut input = json!({
            "attributes": {"request": {"http": {"body": "{\"cards\":[{\"number\":4111}]}"}}},
            "parsed_body": {"cards": [{"number": 4111, "name": "n"}]},
        });
        let masked = mask.cover(&mut input);
        assert_eq!(input["parsed_body"]["cards"][0], json!({"number": COVER, "name": "n"}));
        assert!(!input.to_string().contains("4111"));
        assert_eq!(
            masked,
            ["/input/attributes/request/http/body", "/input/parsed_body/cards/0/number"]
        );
    }

    #[test]
    fn an_input_without_secrets_stays_as_it_is() {
        let mut input = json!({"parsed_body": {"amount": 5, "tokens": 7}, "parsed_path": ["a"]});
        let before = input.clone();
        assert!(Mask::default().cover(&mut input).is_empty());
        assert_eq!(input, before);
    }

    #[test]
    fn what_is_no_pointer_is_refused() {
        for text in ["", "/", "parsed_body", "/input"] {
            let parsed = Pointer::parse(text);
            assert!(parsed.is_none() || text == "/", "{text}");
        }
    }
}
