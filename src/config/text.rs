//! Values that are written as text in the file and are something else once read.
//!
//! [`Text`] is the one bridge between the file and the types of the other parts: it reads, prints
//! back and describes them for the schema, so that those types need to know nothing of files.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::ops::Deref;

use http::Method;
use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::identity::spiffe_id::TrustDomain;
use crate::route::Authority;
use crate::route::pattern::{HostPattern, PathPrefix};

/// A value that is text in the file.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Text<T>(pub T);

/// What can be written as text.
pub trait Written: Sized + fmt::Display {
    /// What it is, with its article: `a duration`.
    const WHAT: &'static str;
    /// A name for it in the schema.
    const NAME: &'static str;
    /// A regular expression that every such text matches, for editors.
    const PATTERN: &'static str;

    /// Reads it.
    ///
    /// # Errors
    /// What is wrong and how it is written, for the operator.
    fn read(text: &str) -> Result<Self, String>;

    /// What to say about a bare number in its place; `None` if there is nothing special to say.
    fn bare(_number: u64) -> Option<String> {
        None
    }
}

impl<T> Deref for Text<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Display> fmt::Display for Text<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: Written> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader(PhantomData)).map(Self)
    }
}

struct Reader<T>(PhantomData<T>);

impl<T: Written> Visitor<'_> for Reader<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::WHAT)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        T::read(text).map_err(E::custom)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Err(match T::bare(number) {
            Some(message) => E::custom(message),
            None => E::invalid_type(Unexpected::Unsigned(number), &self),
        })
    }
}

impl<T: Written> JsonSchema for Text<T> {
    fn schema_name() -> Cow<'static, str> {
        T::NAME.into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": T::PATTERN })
    }
}

impl Written for SocketAddr {
    const WHAT: &'static str = "an address with a port";
    const NAME: &'static str = "Address";
    const PATTERN: &'static str = r"^(\d+\.\d+\.\d+\.\d+|\[[0-9A-Fa-f:.]+\]):\d{1,5}$";

    fn read(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| {
            "not an IP address with a port; write `127.0.0.1:8443` or `[::1]:8443`, names are not \
             looked up"
                .to_owned()
        })
    }
}

impl Written for IpNet {
    const WHAT: &'static str = "a network";
    const NAME: &'static str = "Network";
    const PATTERN: &'static str = r"^[0-9A-Fa-f:.]+/\d{1,3}$";

    fn read(text: &str) -> Result<Self, String> {
        let network: Self = text
            .parse()
            .map_err(|_| "not a network; write `10.0.0.0/8` or `fd00::/8`".to_owned())?;
        if network != network.trunc() {
            return Err(format!("bits are set behind the prefix; write `{}`", network.trunc()));
        }
        Ok(network)
    }
}

impl Written for TrustDomain {
    const WHAT: &'static str = "a trust domain";
    const NAME: &'static str = "TrustDomain";
    const PATTERN: &'static str = "^[a-z0-9._-]{1,255}$";

    fn read(text: &str) -> Result<Self, String> {
        let domain = Self::parse(text.strip_prefix("spiffe://").unwrap_or(text))
            .map_err(|why| format!("not a SPIFFE trust domain: {why}"))?;
        match domain.as_str() == text {
            true => Ok(domain),
            false => Err(format!("a trust domain is written `{domain}`")),
        }
    }
}

impl Written for HostPattern {
    const WHAT: &'static str = "a host";
    const NAME: &'static str = "HostPattern";
    const PATTERN: &'static str = r"^(\*\.)?([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])$";

    fn read(text: &str) -> Result<Self, String> {
        let host = Self::parse(text).map_err(|why| why.to_string())?;
        match host.to_string() == text {
            true => Ok(host),
            false => Err(format!("this host is written `{host}`")),
        }
    }
}

impl Written for PathPrefix {
    const WHAT: &'static str = "a path";
    const NAME: &'static str = "PathPrefix";
    const PATTERN: &'static str = r"^/[^?#\\]*$";

    fn read(text: &str) -> Result<Self, String> {
        match text.starts_with('/') {
            true => Self::parse(text).map_err(|why| why.to_string()),
            false => Err("a path begins with `/`".to_owned()),
        }
    }
}

impl Written for Authority {
    const WHAT: &'static str = "a host, with a port where it needs one";
    const NAME: &'static str = "Authority";
    const PATTERN: &'static str = r"^[^/?#@\s]+$";

    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text)
            .map_err(|_| "not a host; write `api.example.org` or `api.example.org:8443`".to_owned())
    }
}

impl Written for Method {
    const WHAT: &'static str = "a method";
    const NAME: &'static str = "Method";
    const PATTERN: &'static str = "^[A-Z][A-Z0-9_-]*$";

    fn read(text: &str) -> Result<Self, String> {
        if text != text.to_ascii_uppercase() {
            return Err(format!("methods are upper case; write `{}`", text.to_ascii_uppercase()));
        }
        if matches!(text, "CONNECT" | "TRACE" | "TRACK") {
            return Err(format!("{text} is never let through"));
        }
        Self::from_bytes(text.as_bytes()).map_err(|_| "not a method; write `GET`".to_owned())
    }
}
