//! Bodies that policy sees: whole or not at all, and to the byte what the upstream gets.

use http::Request;

use crate::harness::{Answer, Setup, Site, Upstream, body, reply};

const RULES: &str = r#"package countersign.authz

default decision := {"allowed": false, "reasons": [{"code": "too_much", "message": "At most 100."}]}

decision := {"allowed": true} if {
	amount := input.parsed_body.amount
	is_number(amount)
	amount <= 100
}
"#;

fn site(upstream: &Upstream) -> Site {
    Setup::new(upstream).rules(RULES).route("inspect: { body: json, limit: 1KiB }").start()
}

async fn pay(site: &Site, kind: &str, bytes: &[u8]) -> Answer {
    let request = Request::post("/payments").header("content-type", kind);
    site.agent("payer").send(request.body(body(bytes.to_vec())).unwrap()).await
}

#[tokio::test]
async fn policy_decides_by_a_field_and_the_upstream_gets_the_very_bytes() {
    let upstream = Upstream::answering(|_| reply("paid"));
    let site = site(&upstream);
    let bytes = "{ \"amount\":\t1.0e2,  \"to\" : \"Zo\\u00eb\" }\n".as_bytes();
    let answer = pay(&site, "application/json", bytes).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "paid".to_owned()));
    assert_eq!(&upstream.request().body[..], bytes);
    for denied in ["{\"amount\":101}", "{\"amount\":null}", "{\"amount\":\"1\"}", "{}", "[]"] {
        let answer = pay(&site, "application/json", denied.as_bytes()).await;
        assert_eq!(answer.problem(), (403, "too_much".to_owned()), "{denied}");
    }
    assert_eq!(upstream.requests().len(), 1);
    let intent = &site.records("intent")[0];
    assert_eq!(intent["body"]["bytes"], bytes.len(), "{intent}");
}

#[tokio::test]
async fn a_body_with_two_readings_is_refused() {
    let upstream = Upstream::answering(|_| reply("paid"));
    let site = site(&upstream);
    let cases: [(&[u8], u16, &str); 11] = [
        (b"{\"amount\":1,\"amount\":1000}", 400, "json_duplicate_key"),
        (b"{\"amount\":1,\"Amount\":1000}", 400, "json_duplicate_key"),
        (b"{\"amount\":1,\"amount \":1000}", 400, "json_duplicate_key"),
        (b"{\"amount\":1,\"a\\u006dount\":1000}", 400, "json_duplicate_key"),
        (b"{\"x\":{\"a\":1,\"a\":2},\"amount\":1}", 400, "json_duplicate_key"),
        (b"{\"amount\":1,\"x\":\"\xff\"}", 400, "json_syntax"),
        (b"\xef\xbb\xbf{\"amount\":1}", 400, "json_syntax"),
        (b"{\"amount\":1} {\"amount\":1000}", 400, "json_syntax"),
        (b"{\"amount\":NaN}", 400, "json_syntax"),
        (b"{\"amount\":1,\"x\":\"\\ud800\"}", 400, "json_syntax"),
        (b"{\"amount\":1", 400, "json_syntax"),
    ];
    for (bytes, status, code) in cases {
        let answer = pay(&site, "application/json", bytes).await;
        assert_eq!(
            answer.problem(),
            (status, code.to_owned()),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    let deep = format!("{{\"amount\":1,\"x\":{}{}}}", "[".repeat(100), "]".repeat(100));
    assert_eq!(pay(&site, "application/json", deep.as_bytes()).await.problem().1, "json_syntax");
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_body_of_another_kind_is_not_inspected_and_so_not_sent() {
    let upstream = Upstream::answering(|_| reply("paid"));
    let site = site(&upstream);
    for kind in
        ["text/plain", "application/json; charset=latin1", "application/x-www-form-urlencoded"]
    {
        let answer = pay(&site, kind, b"{\"amount\":1}").await;
        assert_eq!(answer.problem(), (415, "body_type".to_owned()), "{kind}");
    }
    let coded = Request::post("/payments")
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    let answer = site.agent("payer").send(coded.body(body("{\"amount\":1}")).unwrap()).await;
    assert_eq!(answer.problem(), (415, "body_coding".to_owned()));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_before_policy_is_asked() {
    let upstream = Upstream::answering(|_| reply("paid"));
    let site = site(&upstream);
    let large = format!("{{\"amount\":1,\"x\":\"{}\"}}", "x".repeat(2000));
    let answer = pay(&site, "application/json", large.as_bytes()).await;
    assert_eq!(answer.problem(), (413, "body_too_large".to_owned()));
    assert!(upstream.is_untouched());
    assert_eq!(site.metric("countersign_decisions_total", &[]).await, 0.0);
}
