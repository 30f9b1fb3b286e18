//! A request at the control door, taken apart by the same strict rules as an agent's.

use bytes::Bytes;
use http::header::{ACCEPT, HeaderMap, HeaderName, IF_MATCH};
use http::{Method, request};
use hyper::body::Incoming;
use serde::de::DeserializeOwned;

use crate::control::failure::Failure;
use crate::listener::Guest;
use crate::listener::http1::REFUSED_TARGET;
use crate::proposal::Digest;
use crate::route::terms::{Encoding, Inspect};
use crate::route::{Ambiguity, Body, Head};

/// What is asked, with its body not read yet.
#[derive(Debug)]
pub(super) struct Request {
    head: Head,
    body: Body,
    /// What the path has in the places that its pattern leaves open.
    pub(super) open: Vec<String>,
}

impl Request {
    /// Takes a request apart.
    ///
    /// # Errors
    /// [`Failure::Ambiguous`].
    pub(super) fn read(
        parts: request::Parts,
        body: Incoming,
        guest: &Guest,
    ) -> Result<Self, Failure> {
        // Where the bytes broke a rule already, this request is only its stand-in.
        if parts.uri.path() == REFUSED_TARGET
            && let Some(rule) = guest.take_broken_rule()
        {
            return Err(rule.into());
        }
        let limits = guest.limits();
        if parts.headers.len() > limits.header_fields {
            return Err(Ambiguity::HeaderCount.into());
        }
        if parts.uri.path_and_query().is_some_and(|pq| pq.as_str().len() > limits.uri_bytes) {
            return Err(Ambiguity::TargetTooLong.into());
        }
        let head = Head::parse(parts)?;
        Ok(Self { head, body: Body::arriving(body, limits.body_idle), open: Vec::new() })
    }

    pub(super) fn method(&self) -> &Method {
        self.head.method()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.head.headers()
    }

    /// The path's segments, each decoded once.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.head.path().segments().iter().map(|segment| segment.decoded()).collect()
    }

    /// What the path has in its first open place; empty if it has none.
    pub(super) fn id(&self) -> &str {
        self.open.first().map(String::as_str).unwrap_or_default()
    }

    /// The query's pairs, each name among `known` and there once.
    ///
    /// # Errors
    /// [`Failure::Malformed`].
    pub(super) fn check_query(&self, known: &[&str]) -> Result<(), Failure> {
        let mut seen = Vec::new();
        for (name, _) in self.head.query().into_iter().flat_map(|query| query.pairs()) {
            if !known.contains(&&*name) || seen.contains(&name) {
                let known = if known.is_empty() { "nothing".into() } else { known.join(", ") };
                let why = format!("the query may say, each once: {known}");
                return Err(Failure::Malformed(why.into()));
            }
            seen.push(name);
        }
        Ok(())
    }

    /// What the query says for `name`.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let mut pairs = self.head.query().into_iter().flat_map(|query| query.pairs());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Whether text for people is wanted rather than JSON.
    pub(super) fn wants_text(&self) -> bool {
        let accepted = self.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
        let first = accepted.and_then(|text| text.split([',', ';']).next());
        first.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"))
    }

    /// A header that stands there once, or nothing.
    pub(super) fn header(&self, name: &HeaderName) -> Option<&str> {
        let mut all = self.headers().get_all(name).iter();
        let first = all.next()?.to_str().ok()?;
        all.next().is_none().then_some(first)
    }

    /// Whether the caller means the version with `digest`.
    ///
    /// # Errors
    /// [`Failure::NoCondition`], [`Failure::Condition`] and [`Failure::Stale`].
    pub(super) fn means(&self, digest: Digest) -> Result<(), Failure> {
        if !self.headers().contains_key(IF_MATCH) {
            return Err(Failure::NoCondition);
        }
        let tag = self.header(&IF_MATCH).ok_or(Failure::Condition)?;
        // Any version is none that somebody has looked at.
        if tag == "*" {
            return Err(Failure::NoCondition);
        }
        // A weak tag never matches here (RFC 9110 §13.1.1).
        let (is_weak, strong) = match tag.strip_prefix("W/") {
            Some(strong) => (true, strong),
            None => (false, tag),
        };
        let opaque = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let opaque = opaque.filter(|tag| !tag.contains('"')).ok_or(Failure::Condition)?;
        match !is_weak && opaque == digest.to_string() {
            true => Ok(()),
            false => Err(Failure::Stale),
        }
    }

    /// The body, which is strict JSON of this shape; `form` says which.
    ///
    /// # Errors
    /// [`Failure::Body`] and [`Failure::Malformed`].
    pub(super) async fn json<T: DeserializeOwned>(
        &mut self,
        form: &'static str,
    ) -> Result<T, Failure> {
        let inspect = Inspect { encoding: Encoding::Json, limit: LARGEST };
        let inspected = self.body.inspect(self.head.headers(), Some(inspect)).await?;
        let bytes = inspected.as_ref().map(|body| &body.bytes()[..]).unwrap_or_default();
        serde_json::from_slice(bytes).map_err(|_| Failure::Malformed(format!("send {form}").into()))
    }

    /// The body, whatever it is.
    ///
    /// # Errors
    /// [`Failure::Body`].
    pub(super) async fn bytes(&mut self) -> Result<Bytes, Failure> {
        Ok(self.body.gather(LARGEST).await?)
    }

    /// Sees to it that there is no body.
    ///
    /// # Errors
    /// [`Failure::Malformed`].
    pub(super) fn bodiless(&self) -> Result<(), Failure> {
        match self.body {
            Body::Empty => Ok(()),
            _ => Err(Failure::Malformed("nothing here takes a body".into())),
        }
    }

    /// Whether there is a body.
    pub(super) fn has_body(&self) -> bool {
        !matches!(self.body, Body::Empty)
    }
}

/// The most bytes of one body.
pub(super) const LARGEST: usize = 64 << 10;
