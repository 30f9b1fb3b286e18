//! The split: an agent without credentials gets one approved request executed, and no more.

use http::Request;

use crate::harness::{Setup, Upstream, body, empty, reply};

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
    assert_eq!(received.target, "/orders/1?full=yes");
    assert_eq!(received.header("authorization"), [site.bearer()]);
    assert_eq!(received.header("accept"), ["text/plain"]);
    assert_eq!(received.header("host"), [upstream.address.to_string()]);
}
