//! The response guard: an upstream that repeats what it was sent does not tell the agent. That no
//! answer holds the secret in any spelling is checked wherever an answer is read.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderValue, Response};
use http_body_util::BodyExt;

use crate::harness::{Feed, Payload, SECRET, Setup, Upstream, chunks, reply};

fn hex(text: &str) -> String {
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn percent(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

#[tokio::test]
async fn an_upstream_that_repeats_the_secret_does_not_tell_the_agent() {
    let echoes = [
        SECRET.to_owned(),
        format!("{{\"authorization\":\"Bearer {SECRET}\"}}"),
        SECRET.replace('/', "\\/"),
        STANDARD.encode(SECRET),
        STANDARD.encode(format!("Bearer {SECRET}")),
        STANDARD.encode(format!("x{SECRET}y")),
        URL_SAFE_NO_PAD.encode(SECRET),
        hex(SECRET),
        hex(SECRET).to_uppercase(),
        percent(SECRET),
        percent(SECRET).to_lowercase(),
        SECRET.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D").replace('?', "%3F"),
        SECRET.replace('/', "%2f").replace('+', "%2b").replace('=', "%3d").replace('?', "%3f"),
    ];
    for echo in echoes {
        let text = format!("before {echo} after");
        let upstream = Upstream::answering(move |_| reply(text.clone()));
        let site = Setup::new(&upstream).start();
        let answer = site.agent("reader").get("/").await;
        let text = answer.text();
        assert_eq!(answer.status, 200);
        assert!(text.starts_with("before ") && text.ends_with(" after"), "{echo}: {text}");
        assert!(text.contains('*'), "{echo}: {text}");
    }
}

#[tokio::test]
async fn the_secret_is_found_across_chunks() {
    for size in [1, 2, 3, 7, 16] {
        let upstream = Upstream::answering(move |_| {
            let text = format!("before {SECRET} between {} after", hex(SECRET));
            let parts = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect::<Vec<_>>();
            Response::new(chunks(parts))
        });
        let site = Setup::new(&upstream).start();
        let text = site.agent("reader").get("/").await.text();
        // The scanner lets up to three letters go rather than hold a stream up for them.
        let whole = SECRET.len() + hex(SECRET).len();
        assert!(text.starts_with("before ") && text.ends_with("* after"), "{size}: {text}");
        assert!(text.matches('*').count() >= whole - 6, "{size}: {text}");
    }
}

#[tokio::test]
async fn the_secret_is_found_in_headers_and_trailers() {
    let upstream = Upstream::http2(|_| {
        let (sender, feed) = Feed::channel(8);
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-trailer", HeaderValue::from_static(SECRET));
        sender.try_send(http_body::Frame::data("body".into())).unwrap();
        sender.try_send(http_body::Frame::trailers(trailers)).unwrap();
        let body: Payload = feed.map_err(|never| match never {}).boxed();
        let mut response = Response::new(body);
        let echo = format!("Bearer {SECRET}; {}", STANDARD.encode(SECRET));
        response.headers_mut().insert("x-echo", HeaderValue::try_from(echo).unwrap());
        response
    });
    let site = Setup::new(&upstream).upstream("protocol: h2").start();
    let answer = site.agent("reader").h2().await.get("/").await;
    assert_eq!(answer.text(), "body");
    assert!(answer.header("x-echo").contains('*'), "{answer:?}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_searched_is_withheld_unless_the_route_passes_it() {
    let coded = || {
        Upstream::answering(|_| {
            let mut response = reply("pretend this is compressed");
            response.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
            response
        })
    };
    let upstream = coded();
    let site = Setup::new(&upstream).start();
    let answer = site.agent("reader").get("/").await;
    assert_eq!(answer.problem(), (502, "response_unscannable".to_owned()));
    assert_eq!(upstream.request().header("accept-encoding"), ["identity"]);
    let upstream = coded();
    let site = Setup::new(&upstream).route("unscannable: pass").start();
    assert_eq!(site.agent("reader").get("/").await.text(), "pretend this is compressed");
}

#[tokio::test]
async fn what_an_upstream_says_to_a_proxy_does_not_pass() {
    let upstream = Upstream::answering(|_| {
        let mut response = reply("hello");
        for (name, value) in [("set-cookie", "session=1"), ("alt-svc", "h3"), ("x-own", "kept")] {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    });
    let site = Setup::new(&upstream).start();
    let answer = site.agent("reader").get("/").await;
    assert_eq!(answer.header("set-cookie"), "", "a session is an authority of its own");
    assert_eq!(answer.header("alt-svc"), "");
    assert_eq!(answer.header("x-own"), "kept");
}

#[tokio::test]
async fn a_redirect_is_the_agents_to_follow() {
    let upstream = Upstream::answering(|_| {
        let mut response = reply("");
        *response.status_mut() = http::StatusCode::FOUND;
        let elsewhere = HeaderValue::from_static("https://elsewhere.example/");
        response.headers_mut().insert("location", elsewhere);
        response
    });
    let site = Setup::new(&upstream).start();
    let answer = site.agent("reader").get("/").await;
    assert_eq!(answer.status, 302);
    assert_eq!(upstream.requests().len(), 1);
}
