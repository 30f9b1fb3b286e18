//! The headers of a request, cleaned before anyone judges them.
//!
//! Three kinds never pass: those that speak for one hop only, those that claim an authority an agent
//! does not have (its own credentials, and whatever proxies put on a request to vouch for someone),
//! and those that ask a server to read the request as one for another path. A header that names
//! another method ends the request: its agent means something else than it says. What is left is what policy sees
//! and what the upstream receives.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::route::ambiguity::Ambiguity;

/// Removes what an agent may not say.
///
/// # Errors
/// [`Ambiguity`], for a name with an underscore, a value that is not text, a single-valued header
/// that stands there twice, or one that names another method. Also headers that would be removed are held to these rules.
pub(super) fn clean(headers: HeaderMap) -> Result<HeaderMap, Ambiguity> {
    let mut kept = HeaderMap::with_capacity(headers.len());
    let mut current: Option<HeaderName> = None;
    for (name, value) in headers {
        let repeated = name.is_none();
        let Some(name) = name.or_else(|| current.clone()) else { continue };
        check(&name, &value)?;
        if repeated && is_single_valued(name.as_str()) {
            return Err(Ambiguity::HeaderRepeated);
        }
        if may_pass(name.as_str(), &value) {
            kept.append(name.clone(), value);
        }
        current = Some(name);
    }
    Ok(kept)
}

fn check(name: &HeaderName, value: &HeaderValue) -> Result<(), Ambiguity> {
    if name.as_str().contains('_') {
        return Err(Ambiguity::HeaderUnderscore);
    }
    if names_method(name.as_str()) {
        return Err(Ambiguity::MethodOverride);
    }
    let text = str::from_utf8(value.as_bytes()).map_err(|_| Ambiguity::HeaderValue)?;
    if text.chars().any(|c| c.is_control() && c != '\t') {
        return Err(Ambiguity::HeaderValue);
    }
    Ok(())
}

fn may_pass(name: &str, value: &HeaderValue) -> bool {
    match name {
        // gRPC needs this one value to be said; it asks for nothing but what we always do.
        "te" => value == "trailers",
        _ => !is_per_hop(name) && !is_authority(name) && !is_disguise(name),
    }
}

/// RFC 9110 §7.6.1, and what concerns only the framing on this connection.
pub(crate) fn is_per_hop(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "content-length"
            | "expect"
            | "host"
            | "http2-settings"
            | "keep-alive"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Headers by which a request claims to come from someone.
fn is_authority(name: &str) -> bool {
    const NAMES: [&str; 24] = [
        "api-key",
        "authorization",
        "cf-connecting-ip",
        "client-cert",
        "client-cert-chain",
        "cookie",
        "cookie2",
        "forwarded",
        "private-token",
        "remote-user",
        "true-client-ip",
        "via",
        "x-access-token",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
        "x-client-ip",
        "x-cluster-client-ip",
        "x-goog-api-key",
        "x-real-ip",
        "x-remote-user",
        "x-user",
        "x-webauth-user",
        "x-vault-token",
    ];
    const PREFIXES: [&str; 11] = [
        "countersign-",
        "l5d-",
        "proxy-",
        "x-auth-request-",
        "x-client-cert",
        "x-countersign-",
        "x-envoy-",
        "x-forwarded",
        "x-spiffe-",
        "x-ssl-",
        "x-wif-",
    ];
    NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Headers that ask a server to take the request for another one than the one that is judged.
fn is_disguise(name: &str) -> bool {
    name.starts_with("x-original-") || name.starts_with("x-rewrite-")
}

/// Headers by which several frameworks let a request stand for one with another method.
fn names_method(name: &str) -> bool {
    matches!(name, "x-http-method" | "x-http-method-override" | "x-method-override")
}

/// Headers whose meaning changes with which of two values a server takes.
fn is_single_valued(name: &str) -> bool {
    matches!(
        name,
        "authorization"
            | "content-encoding"
            | "content-length"
            | "content-location"
            | "content-range"
            | "content-type"
            | "date"
            | "expect"
            | "from"
            | "host"
            | "idempotency-key"
            | "if-modified-since"
            | "if-range"
            | "if-unmodified-since"
            | "last-modified"
            | "location"
            | "max-forwards"
            | "origin"
            | "range"
            | "referer"
            | "sec-websocket-key"
            | "sec-websocket-version"
            | "traceparent"
            | "transfer-encoding"
            | "upgrade"
            | "user-agent"
    )
}

#[cfg(test)]
mod tests {
    use super::clean;
    use crate::route::ambiguity::Ambiguity;
    use http::header::{HeaderMap, HeaderName, HeaderValue};

    fn headers(lines: &[(&str, &[u8])]) -> HeaderMap {
        let line = |(name, value): &(&str, &[u8])| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_bytes(value).unwrap())
        };
        let mut map = HeaderMap::new();
        for (name, value) in lines.iter().map(line) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn whatever_claims_authority_is_removed() {
        for name in [
            "Authorization",
            "Cookie",
            "Proxy-Authorization",
            "Proxy-Foo",
            "X-Forwarded-For",
            "X-Forwarded-Client-Cert",
            "Forwarded",
            "X-Real-IP",
            "X-Api-Key",
            "Client-Cert",
            "X-SSL-Client-DN",
            "X-Spiffe-Id",
            "Countersign-Decision",
            "X-Countersign-Principal",
            "X-Original-URL",
            "X-Rewrite-URL",
            "X-Envoy-Original-Path",
            "Connection",
            "Keep-Alive",
            "Upgrade",
            "Host",
            "Content-Length",
            "TE",
            "Via",
        ] {
            assert!(clean(headers(&[(name, b"v")])).unwrap().is_empty(), "{name}");
        }
    }

    #[test]
    fn ordinary_headers_pass_with_every_value() {
        let kept = clean(headers(&[
            ("accept", b"text/html"),
            ("accept", b"*/*"),
            ("x-stainless-lang", b"python"),
            ("te", b"trailers"),
            ("x-name", "Zoë".as_bytes()),
        ]));
        assert_eq!(kept.unwrap().len(), 5);
    }

    #[test]
    fn headers_with_two_readings_are_refused() {
        for (lines, rule) in [
            (&[("x_forwarded_for", &b"v"[..])][..], Ambiguity::HeaderUnderscore),
            (&[("authorization_", b"v")], Ambiguity::HeaderUnderscore),
            (&[("content-type", b"a/b"), ("content-type", b"c/d")], Ambiguity::HeaderRepeated),
            (&[("authorization", b"a"), ("authorization", b"b")], Ambiguity::HeaderRepeated),
            (&[("x-http-method-override", b"DELETE")], Ambiguity::MethodOverride),
            (&[("x-http-method", b"DELETE")], Ambiguity::MethodOverride),
            (&[("x-method-override", b"GET")], Ambiguity::MethodOverride),
            (&[("x-a", b"\xff")], Ambiguity::HeaderValue),
            (&[("x-a", "\u{85}".as_bytes())], Ambiguity::HeaderValue),
        ] {
            assert_eq!(clean(headers(lines)), Err(rule), "{lines:?}");
        }
    }
}
