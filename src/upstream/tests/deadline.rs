//! Upstreams that keep us waiting, in every phase.

use std::time::Duration;

use http_body_util::BodyExt;

use super::peer::{OK, Peer, Talk};
use super::{client, config, get, run_paused, text, until};
use crate::upstream::config::Timeouts;
use crate::upstream::{Client, Sent};

const SECOND: Duration = Duration::from_secs(1);

fn hasty(url: String, change: impl FnOnce(&mut Timeouts)) -> Client {
    let mut config = config(&[url]);
    change(&mut config.timeouts);
    client(config)
}

async fn half(mut talk: Talk) {
    talk.hear().await;
    talk.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
    talk.until_closed().await;
}

#[test]
fn an_upstream_that_does_not_begin_to_answer_is_given_up() {
    run_paused(async {
        let peer = Peer::serve(|mut talk| async move { talk.until_closed().await }).await;
        let url = format!("http://127.0.0.1:{}", peer.port);
        let client = hasty(url, |timeouts| timeouts.first_byte = SECOND);
        let error = get(&client).await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("timeout_first_byte", Sent::Maybe));
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}

#[test]
fn a_body_that_stands_still_is_cut() {
    run_paused(async {
        let peer = Peer::serve(half).await;
        let url = format!("http://127.0.0.1:{}", peer.port);
        let client = hasty(url, |timeouts| timeouts.idle = SECOND);
        let error = get(&client).await.unwrap().into_body().collect().await.unwrap_err();
        assert_eq!(error.reason(), "timeout_idle");
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}

#[test]
fn a_slow_reader_does_not_make_the_upstream_idle() {
    run_paused(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            talk.say(OK).await;
            talk.until_closed().await;
        })
        .await;
        let url = format!("http://127.0.0.1:{}", peer.port);
        let client = hasty(url, |timeouts| timeouts.idle = SECOND);
        let response = get(&client).await.unwrap();
        tokio::time::sleep(10 * SECOND).await;
        assert_eq!(text(response).await, "ok");
    });
}

#[test]
fn an_exchange_ends_with_its_whole_deadline_however_busy_it_is() {
    run_paused(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            talk.say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await;
            for _ in 0..20 {
                tokio::time::sleep(SECOND / 2).await;
                if talk.stream.try_write(b"1\r\nx\r\n").is_err() {
                    return;
                }
            }
        })
        .await;
        let url = format!("http://127.0.0.1:{}", peer.port);
        let client = hasty(url, |timeouts| timeouts.whole = 3 * SECOND);
        let error = get(&client).await.unwrap().into_body().collect().await.unwrap_err();
        assert_eq!(error.reason(), "timeout_whole");
    });
}

#[test]
fn a_handshake_that_never_ends_is_a_connection_that_took_too_long() {
    run_paused(async {
        let peer = Peer::serve(|mut talk| async move { talk.until_closed().await }).await;
        let url = format!("https://127.0.0.1:{}", peer.port);
        let client = hasty(url, |timeouts| timeouts.connect = SECOND);
        let error = get(&client).await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("timeout_connect", Sent::Nothing));
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}
