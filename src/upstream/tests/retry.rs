//! What is sent again, counted by the one who received it.

use http::Method;
use tokio::net::TcpListener;

use super::peer::{OK, Peer, answer_all};
use super::{client, config, get, plain, request, run, text, whole};
use crate::id::UpstreamName;
use crate::route::Body;
use crate::route::terms::Retry;
use crate::upstream::Sent;

/// Sends one request to an upstream whose first connection breaks with `last_words` after it has
/// read the request; gives the requests it saw, and how the exchange ended.
async fn broken(
    method: Method,
    body: Body,
    retry: Retry,
    last_words: &'static str,
) -> (usize, Result<(), (&'static str, Sent)>) {
    let peer = Peer::serve(move |mut talk| async move {
        if talk.number == 0 {
            talk.hear().await;
            talk.say(last_words).await;
            return;
        }
        answer_all(talk).await;
    })
    .await;
    let client = plain(peer.port);
    let sent = client.forward(&UpstreamName::from("orders"), retry, request(method, body)).await;
    (peer.requests(), sent.map(drop).map_err(|error| (error.reason(), error.sent())))
}

#[test]
fn what_may_have_arrived_is_sent_again_only_if_idempotent_and_allowed() {
    run(async {
        let unknown = Err(("closed", Sent::Maybe));
        for (method, body, retry, words, expected) in [
            (Method::GET, Body::Empty, Retry::Never, "", (1, unknown)),
            (Method::GET, Body::Empty, Retry::Idempotent, "", (2, Ok(()))),
            (Method::PUT, whole("x"), Retry::Idempotent, "", (2, Ok(()))),
            (Method::POST, whole("x"), Retry::Idempotent, "", (1, unknown)),
            (Method::PATCH, whole("x"), Retry::Idempotent, "", (1, unknown)),
            (Method::GET, Body::Empty, Retry::Idempotent, "HTTP/1.1 2", (1, unknown)),
        ] {
            let context = format!("{method} {retry:?} {words:?}");
            assert_eq!(broken(method, body, retry, words).await, expected, "{context}");
        }
    });
}

#[test]
fn repetitions_are_bounded() {
    run(async {
        let peer = Peer::serve(|mut talk| async move { drop(talk.hear().await) }).await;
        let client = plain(peer.port);
        let again = request(Method::GET, Body::Empty);
        let sent = client.forward(&UpstreamName::from("orders"), Retry::Idempotent, again).await;
        assert_eq!(sent.unwrap_err().reason(), "closed");
        assert_eq!(peer.requests(), 3);
    });
}

#[test]
fn a_request_without_a_connection_goes_to_another_endpoint_once() {
    run(async {
        let peer = Peer::friendly().await;
        let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let urls = [format!("http://{dead}"), format!("http://127.0.0.1:{}", peer.port)];
        let client = client(config(&urls));
        for sent in 1..=4 {
            let post = request(Method::POST, whole("x"));
            text(super::send(&client, post).await.unwrap()).await;
            assert_eq!(peer.requests(), sent);
        }
    });
}

#[test]
fn an_upstream_that_cannot_be_reached_was_sent_nothing() {
    run(async {
        let dead = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let error = get(&plain(dead.port())).await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("connect", Sent::Nothing));
        let message = error.to_string();
        assert!(message.starts_with("upstream orders at http://127.0.0.1:"), "{message}");
    });
}

#[test]
fn a_connection_closed_between_requests_costs_nobody_anything() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            talk.say(OK).await;
        })
        .await;
        let client = plain(peer.port);
        for sent in 1..=5 {
            text(get(&client).await.unwrap()).await;
            super::until(|| client.connections("orders") == 0).await;
            assert_eq!((peer.requests(), peer.accepted.get()), (sent, sent));
        }
    });
}
