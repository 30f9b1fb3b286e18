//! What an agent got.

use std::fmt;

use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// A whole answer. That it does not hold the site's secret was checked when it was read.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    pub trailers: HeaderMap,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// A header that stands there once, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status and the problem's `code`, which is empty if it is no problem.
    pub fn problem(&self) -> (u16, String) {
        let document = serde_json::from_slice::<Value>(&self.body).unwrap_or_default();
        let code = document["code"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), code)
    }

    /// Everything in it, for searching.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut all = format!("{:?}\n", self.status).into_bytes();
        for (name, value) in self.headers.iter().chain(&self.trailers) {
            all.extend_from_slice(name.as_str().as_bytes());
            all.extend_from_slice(b": ");
            all.extend_from_slice(value.as_bytes());
            all.push(b'\n');
        }
        all.extend_from_slice(&self.body);
        all
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.bytes()))
    }
}
