//! An address that an agent wants to be called at.

use http::Uri;

use crate::upstream;

/// An `https` URL, with one reading.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Endpoint {
    /// The server.
    pub server: upstream::Endpoint,
    /// The path and perhaps a query there, beginning with `/`.
    pub resource: String,
}

impl Endpoint {
    /// Reads a URL; `None` if it is not `https`, names a user or a fragment, is too long, or has a
    /// host that could be read in two ways.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_URL || text.contains('#') {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let server = upstream::Endpoint::parse(&format!("{scheme}://{authority}")).ok()?;
        let resource = uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        (server.is_tls() && resource.starts_with('/')).then_some(Self { server, resource })
    }

    /// The URL in its one form.
    pub fn url(&self) -> String {
        format!("{}{}", self.server, self.resource)
    }
}

/// The longest URL, in bytes.
const MAX_URL: usize = 2_048;

#[cfg(test)]
mod tests {
    use super::Endpoint;

    #[test]
    fn an_endpoint_is_https_with_one_reading() {
        for (text, url) in [
            ("https://agent.example.org/hook?a=1", "https://agent.example.org/hook?a=1"),
            ("https://Agent.Example.org:443", "https://agent.example.org/"),
            ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().url(), url);
        }
        for text in [
            "http://agent.example.org/",
            "https://user@agent.example.org/",
            "https://agent.example.org/#x",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "file:///etc/passwd",
            "//agent.example.org/",
            "",
        ] {
            assert_eq!(Endpoint::parse(text), None, "{text}");
        }
        assert_eq!(Endpoint::parse(&format!("https://a.example.org/{}", "x".repeat(3_000))), None);
    }
}
