//! A host and a port, as an agent names them.

use std::fmt;
use std::net::Ipv6Addr;

use crate::route::ambiguity::Ambiguity;

/// The authority of a request: the host in lower case without a trailing dot, and the port unless
/// it is the scheme's default. At most 255 bytes of host.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Authority {
    /// The host, and the port behind a colon where there is one.
    text: Box<str>,
    /// How much of `text` is the host.
    host: usize,
    port: Option<u16>,
}

impl Authority {
    /// Reads a `Host` header's value, or an `:authority`.
    ///
    /// # Errors
    /// [`Ambiguity::AuthorityMalformed`] for user information, blanks, lists, escapes, a port that
    /// is not a number, or an empty host.
    pub fn parse(text: &str) -> Result<Self, Ambiguity> {
        let (host, port) = split(text).ok_or(Ambiguity::AuthorityMalformed)?;
        let port = match port {
            Some(digits) => Some(parse_port(digits).ok_or(Ambiguity::AuthorityMalformed)?),
            None => None,
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        if !is_host(host) {
            return Err(Ambiguity::AuthorityMalformed);
        }
        let port = port.filter(|port| *port != DEFAULT_PORT);
        let mut text = host.to_ascii_lowercase();
        if let Some(port) = port {
            text.push_str(&format!(":{port}"));
        }
        Ok(Self { text: text.into(), host: host.len(), port })
    }

    /// The host, and the port behind a colon where there is one.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host: a name, an IPv4 address, or an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.text[..self.host]
    }

    /// The port, unless it is 443.
    pub fn port(&self) -> Option<u16> {
        self.port
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Host and port text; an IPv6 literal keeps its brackets, so that its colons are not the port's.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if text.starts_with('[') {
        let (host, rest) = text.split_at(text.find(']')? + 1);
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host, Some(port))),
        None => Some((text, None)),
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let is_label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    host.len() <= MAX_HOST && host.split('.').all(is_label)
}

/// Agents speak TLS to us, so theirs is HTTPS' port.
const DEFAULT_PORT: u16 = 443;
const MAX_HOST: usize = 255;

#[cfg(test)]
mod tests {
    use super::Authority;

    #[test]
    fn spellings_of_one_host_are_one_authority() {
        for text in ["Api.Example.ORG", "api.example.org.", "api.example.org:443"] {
            assert_eq!(Authority::parse(text).unwrap().to_string(), "api.example.org", "{text}");
        }
        assert_eq!(Authority::parse("[::1]:8443").unwrap().to_string(), "[::1]:8443");
        assert_eq!(Authority::parse("127.0.0.1:80").unwrap().port(), Some(80));
    }

    #[test]
    fn anything_but_a_host_and_a_port_is_refused() {
        for text in [
            "",
            ".",
            "a..b",
            "user@host",
            "a b",
            "a,b",
            "host:",
            "host:+80",
            "host:65536",
            "a:1:2",
            "[::1",
            "[::1]x",
            "[zz]",
            "host/path",
            "ho%73t",
            "host..",
            "a\0b",
            "ä.org",
        ] {
            assert!(Authority::parse(text).is_err(), "{text:?}");
        }
    }
}
