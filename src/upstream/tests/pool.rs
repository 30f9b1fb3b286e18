//! Which connections are used again, and which never.

use std::time::Duration;

use http::header::{CONNECTION, HOST, LOCATION, UPGRADE};
use http::{HeaderValue, Method, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::peer::{OK, Peer, answer_all};
use super::{client, config, get, plain, request, run, run_paused, send, text, until, whole};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::route::Body;
use crate::upstream::{Client, Sent, Upstreams};

#[test]
fn a_connection_is_used_again_after_a_clean_end() {
    run(async {
        let peer = Peer::friendly().await;
        let client = plain(peer.port);
        for _ in 0..5 {
            assert_eq!(text(get(&client).await.unwrap()).await, "ok");
        }
        assert_eq!((peer.accepted.get(), peer.requests()), (1, 5));
        assert_eq!(client.connections("orders"), 1);
    });
}

#[test]
fn where_a_request_goes_is_written_from_the_configuration() {
    run(async {
        let peer = Peer::friendly().await;
        let mut config = config(&[format!("http://127.0.0.1:{}", peer.port)]);
        config.host = Some("orders.example".parse().unwrap());
        let client = client(config);
        let mut lying = request(Method::POST, whole("abc"));
        lying.headers_mut().insert(HOST, HeaderValue::from_static("evil.example"));
        lying.headers_mut().insert("content-length", HeaderValue::from_static("1"));
        lying.headers_mut().insert("transfer-encoding", HeaderValue::from_static("chunked"));
        send(&client, lying).await.unwrap();
        let seen = peer.seen.borrow()[0].clone();
        assert!(seen.starts_with("POST /v1/orders?limit=1 HTTP/1.1\r\n"), "{seen}");
        assert!(seen.contains("\r\nhost: orders.example\r\n"), "{seen}");
        assert!(seen.contains("\r\ncontent-length: 3\r\n") && seen.ends_with("abc"), "{seen}");
        assert!(!seen.contains("evil") && !seen.contains("chunked"), "{seen}");
    });
}

#[test]
fn a_connection_is_closed_after_an_early_answer() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            if talk.number == 0 {
                talk.say(OK).await;
                talk.until_closed().await;
            }
            answer_all(talk).await;
        })
        .await;
        let client = plain(peer.port);
        // More than every buffer on the way together, so that part of it is still here.
        let response = send(&client, request(Method::POST, whole(vec![b'x'; 64 << 20]))).await;
        assert_eq!(text(response.unwrap()).await, "ok");
        assert_eq!(text(get(&client).await.unwrap()).await, "ok");
        assert_eq!(peer.accepted.get(), 2);
        until(|| peer.open.get() == 1).await;
    });
}

#[test]
fn a_connection_with_anything_behind_the_response_is_closed() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            while talk.hear().await.is_some() {
                let poison = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\npoison";
                talk.say(&format!("{OK}{poison}")).await;
            }
        })
        .await;
        let client = plain(peer.port);
        for _ in 0..3 {
            assert_eq!(text(get(&client).await.unwrap()).await, "ok");
        }
        assert_eq!(peer.accepted.get(), 3);
    });
}

#[test]
fn dropping_an_answer_half_way_closes_its_connection() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            talk.say("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf").await;
            talk.until_closed().await;
        })
        .await;
        let client = plain(peer.port);
        drop(get(&client).await.unwrap());
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}

#[test]
fn no_more_connections_are_opened_than_allowed() {
    run(async {
        let peer = Peer::friendly().await;
        let mut config = config(&[format!("http://127.0.0.1:{}", peer.port)]);
        config.connections = 2;
        let client = client(config);
        let tasks: Vec<_> = (0..20)
            .map(|_| {
                let client = client.clone();
                tokio::task::spawn_local(async move { text(get(&client).await.unwrap()).await })
            })
            .collect();
        for task in tasks {
            assert_eq!(task.await.unwrap(), "ok");
        }
        assert_eq!((peer.accepted.get(), peer.requests()), (2, 20));
    });
}

#[test]
fn waiting_too_long_for_a_connection_is_overload_and_sends_nothing() {
    run_paused(async {
        let peer = Peer::serve(|mut talk| async move { talk.until_closed().await }).await;
        let mut config = config(&[format!("http://127.0.0.1:{}", peer.port)]);
        config.connections = 1;
        config.timeouts.connect = Duration::from_secs(1);
        let client = client(config);
        let (other, first) = (client.clone(), request(Method::GET, Body::Empty));
        let first = tokio::task::spawn_local(async move { send(&other, first).await });
        until(|| peer.accepted.get() == 1).await;
        let error = get(&client).await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("overloaded", Sent::Nothing));
        first.abort();
    });
}

#[test]
fn a_redirect_is_an_answer() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            let head = "HTTP/1.1 307 Temporary Redirect\r\nlocation: http://elsewhere/\r\n";
            talk.say(&format!("{head}content-length: 0\r\n\r\n")).await;
        })
        .await;
        let response = get(&plain(peer.port)).await.unwrap();
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(response.headers()[LOCATION], "http://elsewhere/");
        assert_eq!(peer.requests(), 1);
    });
}

const SWITCH: &str =
    "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n";

#[test]
fn a_tunnel_keeps_its_place_until_it_ends() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            talk.say(SWITCH).await;
            let byte = talk.stream.read_u8().await.unwrap();
            talk.stream.write_u8(byte + 1).await.unwrap();
            talk.until_closed().await;
        })
        .await;
        let client = plain(peer.port);
        let mut handshake = request(Method::GET, Body::Empty);
        handshake.headers_mut().insert(CONNECTION, HeaderValue::from_static("upgrade"));
        handshake.headers_mut().insert(UPGRADE, HeaderValue::from_static("websocket"));
        let response = send(&client, handshake).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let mut tunnel = TokioIo::new(hyper::upgrade::on(response).await.unwrap());
        tunnel.write_u8(41).await.unwrap();
        assert_eq!(tunnel.read_u8().await.unwrap(), 42);
        assert_eq!(client.connections("orders"), 1);
        drop(tunnel);
        until(|| client.connections("orders") == 0).await;
    });
}

#[test]
fn a_switch_of_protocols_that_nobody_asked_for_is_refused() {
    run(async {
        let peer = Peer::serve(|mut talk| async move {
            talk.hear().await;
            talk.say(SWITCH).await;
            talk.until_closed().await;
        })
        .await;
        let client = plain(peer.port);
        let error = get(&client).await.unwrap_err();
        assert_eq!((error.reason(), error.sent()), ("protocol", Sent::Maybe));
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}

#[test]
fn a_new_snapshot_keeps_the_connections_of_what_did_not_change() {
    run(async {
        let peer = Peer::friendly().await;
        let first = config(&[format!("http://127.0.0.1:{}", peer.port)]);
        let client = client(first.clone());
        text(get(&client).await.unwrap()).await;
        client.adopt(&Upstreams::load(vec![first.clone()]).unwrap());
        text(get(&client).await.unwrap()).await;
        assert_eq!(peer.accepted.get(), 1);
        let mut changed = first;
        changed.connections = 3;
        client.adopt(&Upstreams::load(vec![changed]).unwrap());
        text(get(&client).await.unwrap()).await;
        assert_eq!(peer.accepted.get(), 2);
        until(|| peer.open.get() == 1).await;
        client.adopt(&Upstreams::load(Vec::new()).unwrap());
        assert_eq!(get(&client).await.unwrap_err().reason(), "unknown");
        until(|| peer.open.get() == 0).await;
    });
}

#[test]
fn connections_that_nobody_needs_are_closed() {
    run_paused(async {
        let peer = Peer::friendly().await;
        let client = plain(peer.port);
        text(get(&client).await.unwrap()).await;
        tokio::time::sleep(Duration::from_secs(40)).await;
        until(|| peer.open.get() == 0 && client.connections("orders") == 0).await;
    });
}

#[test]
fn a_failing_endpoint_is_left_out_and_comes_back() {
    run_paused(async {
        let good = Peer::friendly().await;
        let bad = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let urls = [format!("http://{bad}"), format!("http://127.0.0.1:{}", good.port)];
        let client = client(config(&urls));
        for _ in 0..20 {
            text(get(&client).await.unwrap()).await;
        }
        assert_eq!(good.requests(), 20);
        let back = Peer::serve_on(TcpListener::bind(bad).await.unwrap(), answer_all);
        for _ in 0..4 {
            text(get(&client).await.unwrap()).await;
        }
        assert_eq!(back.requests(), 0, "it is still left out");
        tokio::time::sleep(Duration::from_secs(61)).await;
        for _ in 0..4 {
            text(get(&client).await.unwrap()).await;
        }
        assert_eq!(back.requests(), 2, "equals take turns");
    });
}

#[test]
fn metrics_count_connections_answers_and_errors() {
    run(async {
        let peer = Peer::friendly().await;
        let metrics = Metrics::new().unwrap();
        let urls = [format!("http://127.0.0.1:{}", peer.port)];
        let upstreams = Upstreams::load(vec![config(&urls)]).unwrap();
        let client = Client::new(&upstreams, metrics.upstream.clone(), Clock::System);
        text(get(&client).await.unwrap()).await;
        let text = String::from_utf8(metrics.encode().unwrap()).unwrap();
        let counted =
            "upstream_request_duration_seconds_count{code_class=\"2xx\",upstream=\"orders\"} 1";
        assert!(text.contains(counted), "{text}");
        assert!(text.contains("upstream_connections{upstream=\"orders\"} 1"), "{text}");
    });
}
