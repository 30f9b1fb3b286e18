//! The split: an agent without credentials gets one approved request executed, and no more.

use http::Request;

use crate::harness::{Authority, Setup, Upstream, body, empty, reply};

#[tokio::test]
async fn an_agent_without_credentials_gets_an_approved_request_executed() {
    let upstream = Upstream::answering(|_| reply("hello"));
    let site = Setup::new(&upstream).start();
    let request = Request::get("/orders/1?full=yes")
        .header("authorization", "Bearer the-agents-own")
        .header("accept", "text/plain");
    let answer = site.agent("reader").send(request.body(empty()).unwrap()).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "hello".to_owned()));
    let received = upstream.request();
    assert_eq!((received.method.as_str(), received.target.as_str()), ("GET", "/orders/1?full=yes"));
    assert_eq!(received.header("authorization"), [site.bearer()]);
    assert_eq!(received.header("accept"), ["text/plain"]);
    assert_eq!(received.header("host"), [upstream.address.to_string()]);
}

#[tokio::test]
async fn a_denied_request_says_why_and_never_reaches_the_upstream() {
    let upstream = Upstream::answering(|_| reply("hello"));
    let site = Setup::new(&upstream).start();
    let agent = site.agent("reader");
    for mut client in [agent.h1().await, agent.h2().await] {
        let request = Request::delete("/orders/1").body(empty()).unwrap();
        let answer = client.send(request).await;
        assert_eq!(answer.problem(), (403, "read_only".to_owned()));
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert_eq!(answer.header("x-should-retry"), "false");
        let problem = answer.json();
        assert_eq!(problem["decision_id"], answer.header("countersign-decision"));
        assert_eq!(problem["reasons"][0]["code"], "read_only");
        assert_eq!(problem["retryable"], false);
        assert!(problem["detail"].as_str().unwrap().contains("Only reading and writing"));
    }
    assert!(upstream.is_untouched());
    let refusals = site.recorded("refusal", 2).await;
    assert_eq!(refusals[0]["code"], "read_only");
    assert_eq!(refusals[0]["method"], "DELETE");
    assert_eq!(refusals[0]["principal"], "spiffe://example.org/agent/reader");
    assert_eq!(site.metric("countersign_decisions_total", &[("decision", "deny")]).await, 2.0);
    assert_eq!(site.stop().refusals, 2);
}

#[tokio::test]
async fn http_2_carries_many_requests_on_one_connection() {
    let upstream = Upstream::answering(|received| reply(received.body.clone()));
    let site = Setup::new(&upstream).start();
    let mut client = site.agent("writer").h2().await;
    for number in 0..20 {
        let request = Request::put("/orders/1").body(body(format!("order {number}"))).unwrap();
        assert_eq!(client.send(request).await.text(), format!("order {number}"));
    }
    assert_eq!(upstream.requests().len(), 20);
    assert_eq!(site.stop().outcomes.answered, 20);
}

#[tokio::test]
async fn an_agent_learns_who_it_is_and_which_routes_there_are() {
    let upstream = Upstream::answering(|_| reply("hello"));
    let site = Setup::new(&upstream).start();
    let answer = site.agent("reader").get("/.countersign/v1/whoami").await;
    let who = answer.json();
    assert_eq!(who["spiffe_id"], "spiffe://example.org/agent/reader");
    assert_eq!(who["routes"][0]["name"], "api");
    assert_eq!(who["routes"][0]["hosts"][0], "api.example.org");
    assert!(who["valid_until"].as_str().unwrap().starts_with("4096"));
    assert_eq!(site.agent("reader").get("/.countersign/v1/nothing").await.status, 404);
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn an_upstream_that_speaks_http_2_gets_the_same_request() {
    let upstream = Upstream::http2(|received| reply(received.body.clone()));
    let site = Setup::new(&upstream).upstream("protocol: h2").start();
    let request = Request::post("/orders").header("authorization", "Bearer own");
    let answer = site.agent("writer").send(request.body(body("an order")).unwrap()).await;
    assert_eq!(answer.text(), "an order");
    assert_eq!(upstream.request().header("authorization"), [site.bearer()]);
}

#[tokio::test]
async fn an_upstream_behind_tls_is_verified() {
    let authority = Authority::new("upstreams");
    let upstream = Upstream::https(authority.server(&["localhost"]), |_| reply("over tls"));
    let port = upstream.address.port();
    let setup = |ca: &str| {
        Setup::new(&upstream)
            .url(&format!("https://127.0.0.1:{port}"))
            .upstream("tls: { ca: pki/upstream.pem, server_name: localhost }")
            .file("pki/upstream.pem", ca)
    };
    let site = setup(authority.pem()).start();
    assert_eq!(site.agent("reader").get("/").await.text(), "over tls");
    let site = setup(Authority::new("another").pem()).start();
    let answer = site.agent("reader").get("/").await;
    assert_eq!(answer.status, 502, "{answer:?}");
    assert_eq!(upstream.requests().len(), 1);
}
