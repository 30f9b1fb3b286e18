//! An upstream that speaks raw bytes, as a script tells it to.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A plain answer.
pub(super) const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a scripted upstream has seen.
#[derive(Clone, Default)]
pub(super) struct Peer {
    pub(super) port: u16,
    pub(super) accepted: Rc<Cell<usize>>,
    pub(super) open: Rc<Cell<usize>>,
    pub(super) seen: Rc<RefCell<Vec<String>>>,
}

/// One connection of a scripted upstream.
pub(super) struct Talk {
    pub(super) stream: TcpStream,
    /// Which connection this is, from 0.
    pub(super) number: usize,
    peer: Peer,
}

impl Peer {
    /// Serves each connection with `script` until it returns.
    pub(super) async fn serve<F, T>(script: F) -> Self
    where
        F: Fn(Talk) -> T + 'static,
        T: Future<Output = ()> + 'static,
    {
        Self::serve_on(TcpListener::bind("127.0.0.1:0").await.unwrap(), script)
    }

    pub(super) fn serve_on<F, T>(listener: TcpListener, script: F) -> Self
    where
        F: Fn(Talk) -> T + 'static,
        T: Future<Output = ()> + 'static,
    {
        let port = listener.local_addr().unwrap().port();
        let peer = Self { port, ..Self::default() };
        let counted = peer.clone();
        tokio::task::spawn_local(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let number = counted.accepted.replace(counted.accepted.get() + 1);
                counted.open.set(counted.open.get() + 1);
                let talk = Talk { stream, number, peer: counted.clone() };
                tokio::task::spawn_local(script(talk));
            }
        });
        peer
    }

    /// An upstream that answers everything.
    pub(super) async fn friendly() -> Self {
        Self::serve(answer_all).await
    }

    pub(super) fn requests(&self) -> usize {
        self.seen.borrow().len()
    }
}

impl Talk {
    /// Reads one request with its body (`content-length` only); `None` at the end.
    pub(super) async fn hear(&mut self) -> Option<String> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(self.stream.read_u8().await.ok()?);
        }
        let head = String::from_utf8(bytes).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.stream.read_exact(&mut body).await.ok()?;
        let whole = head + &String::from_utf8_lossy(&body);
        self.peer.seen.borrow_mut().push(whole.clone());
        Some(whole)
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    /// Reads whatever comes until the other side closes.
    pub(super) async fn until_closed(&mut self) {
        let mut scrap = [0; 1024];
        while self.stream.read(&mut scrap).await.is_ok_and(|read| read > 0) {}
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.peer.open.set(self.peer.open.get() - 1);
    }
}

pub(super) async fn answer_all(mut talk: Talk) {
    while talk.hear().await.is_some() {
        talk.say(OK).await;
    }
}
