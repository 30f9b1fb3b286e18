//! Hostile requests, as raw bytes over TLS: each rule of the path, the host, the headers and the
//! framing, and what reached the upstream.

use http::Request;

use crate::harness::{Answer, Setup, Site, Upstream, body, empty, reply};

/// A head with these lines behind the request line; the host is right.
fn head(line: &str, lines: &str) -> Vec<u8> {
    format!("{line}\r\nHost: api.example.org\r\n{lines}\r\n").into_bytes()
}

fn get(target: &str) -> Vec<u8> {
    head(&format!("GET {target} HTTP/1.1"), "")
}

fn post(lines: &str, body: &str) -> Vec<u8> {
    let mut bytes = head("POST /x HTTP/1.1", lines);
    bytes.extend_from_slice(body.as_bytes());
    bytes
}

fn site() -> (Upstream, Site) {
    let upstream = Upstream::answering(|_| reply("reached"));
    let site = Setup::new(&upstream).start();
    (upstream, site)
}

/// Sends each on a connection of its own and holds the answer against what is expected; nothing may
/// reach the upstream.
async fn refused(cases: Vec<(Vec<u8>, u16, &str)>) {
    let (upstream, site) = site();
    let agent = site.agent("mallory");
    let mut wrong = Vec::new();
    for (bytes, status, code) in cases {
        let answer = agent.raw(&bytes).await;
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned();
        if answer.problem() != (status, code.to_owned()) {
            wrong.push(format!("{shown:?}: wanted {status} {code}, got {:?}", answer.problem()));
        }
        assert_ne!(answer.header("countersign-decision"), "", "{shown:?}");
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(upstream.is_untouched(), "{}", String::from_utf8_lossy(&upstream.bytes()));
}

#[tokio::test]
async fn a_path_with_two_readings_is_refused() {
    let cases = [
        ("//admin", "path_empty_segment"),
        ("/a//b", "path_empty_segment"),
        ("/a/../b", "path_dot_segment"),
        ("/a/./b", "path_dot_segment"),
        ("/..", "path_dot_segment"),
        ("/a/%2e%2e/b", "path_dot_segment"),
        ("/a/%2E./b", "path_dot_segment"),
        ("/a/..;/b", "path_dot_segment"),
        ("/a/..;x=1/b", "path_dot_segment"),
        ("/a/.;/b", "path_dot_segment"),
        ("/a/%2e%2e;/b", "path_dot_segment"),
        ("/a%2fb", "path_encoded_slash"),
        ("/a%2Fb", "path_encoded_slash"),
        ("/a/..%2fb", "path_dot_segment"),
        ("/a/%252e%252e/b", "path_double_encoding"),
        ("/a%252fb", "path_double_encoding"),
        ("/a%255cb", "path_double_encoding"),
        ("/a\\b", "path_backslash"),
        ("/a%5cb", "path_backslash"),
        ("/..%5cb", "path_backslash"),
        ("/a%00b", "path_control"),
        ("/a%0d%0ab", "path_control"),
        ("/a%7fb", "path_control"),
        ("/a%ffb", "path_control"),
        ("/a%c0%ae", "path_control"),
        ("/a%", "path_escape"),
        ("/a%2", "path_escape"),
        ("/a%zz", "path_escape"),
        ("/a%u002e", "path_escape"),
        ("/a#b", "path_fragment"),
        ("/#/../..", "path_fragment"),
        ("/a?x=%zz", "query_escape"),
        ("/a?x=%00", "query_escape"),
        ("/a?x;y", "query_semicolon"),
        ("http://api.example.org/a", "target_form"),
        ("https://api.example.org/a", "target_form"),
        ("*", "target_form"),
        ("api.example.org:443", "target_form"),
        ("a/b", "target_form"),
    ];
    refused(cases.map(|(target, code)| (get(target), 400, code)).into()).await;
}

#[tokio::test]
async fn a_request_line_with_two_readings_is_refused() {
    let lines = [
        ("GET  /a HTTP/1.1", "request_line"),
        ("GET /a HTTP/1.1 ", "request_line"),
        ("GET /a HTTP/2.0", "request_line"),
        ("GET /a http/1.1", "request_line"),
        ("GET /a", "request_line"),
        ("G(T /a HTTP/1.1", "request_line"),
        ("GET /a\0b HTTP/1.1", "header_value"),
        ("GET /a\tb HTTP/1.1", "path_control"),
        ("GET /a\u{e9} HTTP/1.1", "path_control"),
        ("CONNECT api.example.org:443 HTTP/1.1", "target_form"),
    ];
    refused(lines.map(|(line, code)| (head(line, ""), 400, code)).into()).await;
}

#[tokio::test]
async fn a_host_with_two_readings_is_refused_and_another_host_is_misdirected() {
    let lines = [
        ("Host: a\r\nHost: a\r\n", 400, "authority_malformed"),
        ("Host: api.example.org\r\nHost: evil.example.org\r\n", 400, "authority_malformed"),
        ("", 400, "authority_malformed"),
        ("Host:\r\n", 400, "authority_malformed"),
        ("Host: api.example.org, evil.example.org\r\n", 400, "authority_malformed"),
        ("Host: user@api.example.org\r\n", 400, "authority_malformed"),
        ("Host: api.example.org:x\r\n", 400, "authority_malformed"),
        ("Host: api.example.org:\r\n", 400, "authority_malformed"),
        ("Host: api.example.org/a\r\n", 400, "authority_malformed"),
        ("Host: api example.org\r\n", 400, "authority_malformed"),
        ("Host: api.example.org..\r\n", 400, "authority_malformed"),
        ("Host: other.example.org\r\n", 421, "misdirected"),
        ("Host: 127.0.0.1\r\n", 421, "misdirected"),
    ];
    let bytes = |lines: &str| format!("GET /a HTTP/1.1\r\n{lines}\r\n").into_bytes();
    refused(lines.map(|(lines, status, code)| (bytes(lines), status, code)).into()).await;
}

#[tokio::test]
async fn a_host_that_no_route_serves_is_misdirected() {
    let (upstream, site) = site();
    let agent = site.agent("mallory").without_sni();
    let answer = agent.raw(b"GET / HTTP/1.1\r\nHost: other.example.org\r\n\r\n").await;
    assert_eq!(answer.problem(), (421, "no_such_host".to_owned()));
    let agent = site.agent("mallory").asking_for("other.example.org");
    let answer = agent.raw(&get("/")).await;
    assert_eq!(answer.problem(), (421, "misdirected".to_owned()), "the handshake named another");
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn one_host_in_another_spelling_is_the_same_host() {
    let (upstream, site) = site();
    for host in ["API.Example.ORG", "api.example.org.", "api.example.org:443"] {
        let bytes = format!("GET /a HTTP/1.1\r\nHost: {host}\r\n\r\n");
        assert_eq!(site.agent("reader").raw(bytes.as_bytes()).await.status, 200, "{host}");
    }
    let expected = upstream.address.to_string();
    assert!(upstream.requests().iter().all(|r| r.header("host") == [expected.as_str()]));
}

#[tokio::test]
async fn a_header_with_two_readings_is_refused() {
    let lines = [
        ("X : y\r\n", "header_syntax"),
        (": y\r\n", "header_syntax"),
        ("no colon\r\n", "header_syntax"),
        ("X: a\r\n folded\r\n", "header_syntax"),
        ("X: a\r\n\tfolded\r\n", "header_syntax"),
        ("X(: y\r\n", "header_syntax"),
        ("X: a\0b\r\n", "header_value"),
        ("X: a\u{1b}b\r\n", "header_value"),
        ("X: a\nY: b\r\n", "line_ending"),
        ("X: a\rY: b\r\n", "line_ending"),
        ("X_Forwarded_For: y\r\n", "header_underscore"),
        ("Authorization_: y\r\n", "header_underscore"),
        ("Content-Type: a/b\r\nContent-Type: c/d\r\n", "header_repeated"),
        ("Authorization: a\r\nAuthorization: b\r\n", "header_repeated"),
    ];
    refused(lines.map(|(lines, code)| (head("GET /a HTTP/1.1", lines), 400, code)).into()).await;
}

#[tokio::test]
async fn a_body_with_two_framings_is_refused() {
    let cases = [
        (
            "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
            "content_length_with_transfer_encoding",
        ),
        (
            "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
            "content_length_with_transfer_encoding",
        ),
        ("Content-Length: 3\r\nContent-Length: 3\r\n", "content_length"),
        ("Content-Length: 3\r\nContent-Length: 4\r\n", "content_length"),
        ("Content-Length: 3, 3\r\n", "content_length"),
        ("Content-Length: +3\r\n", "content_length"),
        ("Content-Length: -3\r\n", "content_length"),
        ("Content-Length: 0x3\r\n", "content_length"),
        ("Content-Length:\r\n", "content_length"),
        ("Content-Length: 99999999999999999999\r\n", "content_length"),
        ("Transfer-Encoding: gzip, chunked\r\n", "transfer_encoding"),
        ("Transfer-Encoding: chunked, chunked\r\n", "transfer_encoding"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "transfer_encoding"),
        ("Transfer-Encoding: identity\r\n", "transfer_encoding"),
        ("Transfer-Encoding: xchunked\r\n", "transfer_encoding"),
        ("Transfer-Encoding:\r\n", "transfer_encoding"),
        ("Transfer-Encoding: \u{b}chunked\r\n", "header_value"),
        ("Transfer_Encoding: chunked\r\n", "header_underscore"),
        ("Content_Length: 3\r\n", "header_underscore"),
    ];
    let mut all: Vec<_> =
        cases.map(|(lines, code)| (post(lines, "3\r\nabc\r\n0\r\n\r\n"), 400, code)).into();
    let old = "POST /x HTTP/1.0\r\nHost: api.example.org\r\nTransfer-Encoding: chunked\r\n\r\n";
    all.push((old.as_bytes().to_vec(), 400, "transfer_encoding"));
    refused(all).await;
}

#[tokio::test]
async fn a_bare_line_feed_ends_nothing() {
    let cases = [
        b"GET /a HTTP/1.1\nHost: api.example.org\n\n".to_vec(),
        b"GET /a HTTP/1.1\r\nHost: api.example.org\nX: y\r\n\r\n".to_vec(),
        b"GET /a HTTP/1.1\r\nHost: api.example.org\r\n\n".to_vec(),
    ];
    refused(cases.map(|bytes| (bytes, 400, "line_ending")).into()).await;
}

/// The head was fine, so it may have been carried out as far as the body was good; what matters is
/// that the broken body never becomes a whole one, and that nothing behind it is a request.
#[tokio::test]
async fn a_chunk_with_two_readings_ends_the_connection() {
    for bad in [
        "3;ext=1\r\nabc\r\n0\r\n\r\n",
        "3 \r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n",
        "3\r\nabcX0\r\n\r\n",
        "g\r\nabc\r\n0\r\n\r\n",
        "\r\nabc\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    ] {
        let (upstream, site) = site();
        let mut wire = site.agent("mallory").wire().await;
        let smuggled = String::from_utf8(get("/smuggled")).unwrap();
        wire.write(&post("Transfer-Encoding: chunked\r\n", &format!("{bad}{smuggled}"))).await;
        let answers = String::from_utf8_lossy(&wire.end().await).into_owned();
        assert!(!answers.contains("reached"), "{bad:?}: {answers}");
        assert!(answers.matches("HTTP/1.1 ").count() <= 1, "{bad:?}: {answers}");
        assert!(upstream.requests().is_empty(), "{bad:?}: {:?}", upstream.requests());
    }
}

#[tokio::test]
async fn an_expectation_that_nobody_knows_fails() {
    refused(vec![(head("GET /a HTTP/1.1", "Expect: 200-ok\r\n"), 417, "expectation")]).await;
}

#[tokio::test]
async fn a_method_that_nobody_should_use_is_not_served() {
    let (upstream, site) = site();
    for method in ["TRACE", "TRACK", "get", "PROPFIND"] {
        let answer = site.agent("mallory").raw(&head(&format!("{method} /a HTTP/1.1"), "")).await;
        assert_eq!(answer.problem(), (405, "method_not_served".to_owned()), "{method}");
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_bad_request_behind_a_good_one_is_refused_by_itself() {
    let (upstream, site) = site();
    let mut wire = site.agent("mallory").wire().await;
    wire.write(&[get("/first"), get("/a/../second"), get("/third")].concat()).await;
    assert_eq!(wire.answer().await.status, 200);
    assert_eq!(wire.answer().await.problem(), (400, "path_dot_segment".to_owned()));
    wire.end().await;
    let targets: Vec<_> = upstream.requests().into_iter().map(|r| r.target).collect();
    assert!(!targets.iter().any(|target| target.contains("second")), "{targets:?}");
    assert_eq!(targets[0], "/first");
}

#[tokio::test]
async fn bytes_behind_a_broken_framing_are_never_a_request() {
    let (upstream, site) = site();
    let mut wire = site.agent("mallory").wire().await;
    let lines = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    let smuggled = String::from_utf8(get("/smuggled")).unwrap();
    wire.write(&post(lines, &format!("0\r\n\r\n{smuggled}"))).await;
    let answers = String::from_utf8_lossy(&wire.end().await).into_owned();
    assert_eq!(answers.matches("HTTP/1.1 ").count(), 1, "{answers}");
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn what_claims_an_authority_never_reaches_the_upstream() {
    let (upstream, site) = site();
    let names = [
        "Authorization",
        "Cookie",
        "Proxy-Authorization",
        "Proxy-Connection",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Client-Cert",
        "Forwarded",
        "X-Real-IP",
        "X-Api-Key",
        "Client-Cert",
        "X-SSL-Client-DN",
        "X-Spiffe-Id",
        "Countersign-Decision",
        "Via",
        "X-Countersign-Principal",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Envoy-Original-Path",
        "Keep-Alive",
        "TE",
        "Trailer",
    ];
    let lines: String = names.iter().map(|name| format!("{name}: forged\r\n")).collect();
    let answer = site.agent("mallory").raw(&head("GET /a HTTP/1.1", &lines)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let bytes = String::from_utf8(upstream.bytes()).unwrap();
    assert!(!bytes.contains("forged"), "{bytes}");
    assert_eq!(upstream.request().header("authorization"), [site.bearer()]);
}

#[tokio::test]
async fn connection_cannot_name_a_header_that_must_stay() {
    let (upstream, site) = site();
    let lines = "Connection: keep-alive, x-kept, authorization\r\nX-Kept: yes\r\n";
    let answer = site.agent("mallory").raw(&head("GET /a HTTP/1.1", lines)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.request().header("x-kept"), ["yes"]);
    assert_eq!(upstream.request().header("authorization"), [site.bearer()]);
}

#[tokio::test]
async fn trailers_of_a_request_are_dropped() {
    let (upstream, site) = site();
    let lines = "Transfer-Encoding: chunked\r\nTrailer: Authorization, X-T\r\n";
    let chunked = "3\r\nabc\r\n0\r\nAuthorization: forged\r\nX-T: forged\r\n\r\n";
    let answer = site.agent("mallory").raw(&post(lines, chunked)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(&upstream.request().body[..], b"abc");
    assert!(!String::from_utf8(upstream.bytes()).unwrap().contains("forged"));
}

const UPGRADES: [&str; 3] = [
    "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
    "Connection: Upgrade\r\nUpgrade: tls/1.0\r\n",
];

#[tokio::test]
async fn an_upgrade_that_is_not_permitted_is_an_ordinary_request() {
    for lines in UPGRADES {
        let (upstream, site) = site();
        let mut wire = site.agent("mallory").wire().await;
        wire.write(&head("GET /a HTTP/1.1", lines)).await;
        let answer = wire.answer().await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "reached".into()), "{lines}");
        assert_eq!((answer.header("upgrade"), answer.header("connection")), ("", ""), "{lines}");
        // What follows is a request as any other, not another protocol's bytes.
        wire.write(&get("/second")).await;
        assert_eq!(wire.answer().await.status, 200, "{lines}");
        let received = upstream.requests();
        let targets: Vec<_> = received.iter().map(|one| one.target.as_str()).collect();
        assert_eq!(targets, ["/a", "/second"], "{lines}");
        for name in ["connection", "upgrade", "http2-settings"] {
            assert_eq!(received[0].header(name), [""; 0], "{lines}");
        }
        let bytes = String::from_utf8(upstream.bytes()).unwrap().to_lowercase();
        assert!(!bytes.contains("upgrade") && !bytes.contains("http2-settings"), "{bytes}");
    }
}

#[tokio::test]
async fn an_upstream_that_upgrades_all_the_same_opens_no_tunnel() {
    let upstream = Upstream::answering(|_| {
        let mut response = reply("");
        *response.status_mut() = http::StatusCode::SWITCHING_PROTOCOLS;
        for (name, value) in [("connection", "upgrade"), ("upgrade", "websocket")] {
            response.headers_mut().insert(name, http::HeaderValue::from_static(value));
        }
        response
    });
    let site = Setup::new(&upstream).start();
    for lines in UPGRADES {
        let answer = site.agent("mallory").raw(&head("GET /a HTTP/1.1", lines)).await;
        assert_eq!(answer.problem(), (502, "protocol".to_owned()), "{lines}");
        assert_eq!(answer.header("upgrade"), "", "{lines}");
    }
}

#[tokio::test]
async fn the_same_rules_hold_in_http_2() {
    let (upstream, site) = site();
    let mut client = site.agent("mallory").h2().await;
    let cases = [
        (Request::get("/a//b"), 400, "path_empty_segment"),
        (Request::get("/a/%2e%2e/b"), 400, "path_dot_segment"),
        (Request::get("/a%2fb"), 400, "path_encoded_slash"),
        (Request::get("/a").header("x_forwarded_for", "1"), 400, "header_underscore"),
        (Request::get("/a").header("host", "evil.example.org"), 400, "authority_mismatch"),
        (Request::get("https://other.example.org/a"), 421, "misdirected"),
        (Request::get("/a").header("expect", "200-ok"), 417, "expectation"),
        (Request::builder().method("TRACE").uri("/a"), 405, "method_not_served"),
    ];
    let mut wrong = Vec::new();
    for (request, status, code) in cases {
        let request = request.body(empty()).unwrap();
        let shown = format!("{request:?}");
        let answer: Answer = client.send(request).await;
        if answer.problem() != (status, code.to_owned()) {
            wrong.push(format!("{shown}: wanted {status} {code}, got {answer:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(upstream.is_untouched());
    let good = Request::post("/a").header("authorization", "Bearer own").body(body("x")).unwrap();
    assert_eq!(client.send(good).await.status, 200);
    assert_eq!(upstream.request().header("authorization"), [site.bearer()]);
}
