//! The strict reading of HTTP/1.1: what it passes on has one reading, however it arrived.
//!
//! Three things hold for any bytes. Where the borders between reads lie changes nothing. What is
//! passed on reads the same to httparse as to somebody who only splits lines. And hyper, reading it,
//! sees those very requests, in this order, with these bodies, and never one more.
#![no_main]

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use countersign::listener::config::Limits;
use countersign::listener::connection::Pulse;
use countersign::listener::http1::{Front, REFUSED_TARGET};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use libfuzzer_sys::fuzz_target;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::runtime::{Builder, Runtime};

fuzz_target!(|input: &[u8]| {
    let Some((seed, bytes)) = input.split_first_chunk::<4>() else { return };
    let bytes = spelled_out(bytes);
    let (whole, end) = pass(&bytes, 0);
    let (cut, cut_end) = pass(&bytes, u32::from_le_bytes(*seed) | 1);
    assert_eq!(end, cut_end);
    match end {
        // What of a broken body had been passed on before is a matter of chance.
        End::Broken => assert!(whole.starts_with(&cut) || cut.starts_with(&whole)),
        End::Refused | End::Whole => assert!(whole == cut, "borders between reads mattered"),
    }
    let others = if cut == whole { None } else { Some(&cut) };
    for passed in others.into_iter().chain([&whole]) {
        let expected = requests(passed);
        if end == End::Refused {
            assert_eq!(expected.last().expect("the stand-in").target, REFUSED_TARGET.as_bytes());
        }
        let seen = hypers(passed);
        assert!(seen.len() <= expected.len(), "hyper sees {seen:?}, not {expected:?}");
        for (mut seen, mut expected) in seen.into_iter().zip(expected) {
            // hyper keeps the order of one name's values only.
            seen.headers.sort_by(|one, other| one.0.cmp(&other.0));
            expected.headers.sort_by(|one, other| one.0.cmp(&other.0));
            assert_eq!(seen, expected);
        }
    }
});

/// Each of these bytes stands for what it would take a fuzzer long to find.
fn spelled_out(bytes: &[u8]) -> Vec<u8> {
    let piece = |byte: &u8| match byte.checked_sub(1).and_then(|at| PIECES.get(usize::from(at))) {
        Some(piece) if !piece.is_empty() => piece.to_vec(),
        _ => vec![*byte],
    };
    bytes.iter().flat_map(piece).collect()
}

/// What 1 and the bytes after it stand for; line ends and tabs stand for themselves.
const PIECES: [&[u8]; 26] = [
    b"GET / HTTP/1.1\r\nHost: a\r\n",
    b"POST /a?b=c HTTP/1.1\r\n",
    b"PUT /x HTTP/1.0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding",
    b"Content-Length: 5\r\n",
    b"Content-Length: ",
    b"chunked",
    b"",
    b"",
    b"\r\n\r\n",
    b"0\r\n\r\n",
    b"",
    b"5\r\nhello\r\n",
    b"hello",
    b"1f\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n\r\n",
    b"0\r\nX: y\r\n\r\n",
    b";ext=1",
    b"\r\n",
    b"X-Y: z\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: Upgrade\r\nUpgrade: h2c\r\n",
    b"CONNECT",
    b" HTTP/1.1",
    b"fffffffffffff",
];

/// How the passing on ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum End {
    /// Within a body, with an error.
    Broken,
    /// With the stand-in for a head that broke a rule.
    Refused,
    /// With the connection.
    Whole,
}

/// One request; the body only if it is whole.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    method: Vec<u8>,
    target: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Option<Vec<u8>>,
}

/// What the front passes on. Reads are as large as can be if `seed` is 0, else as it has it.
fn pass(bytes: &[u8], seed: u32) -> (Vec<u8>, End) {
    let stream = Pieces { bytes: bytes.to_vec(), at: 0, seed };
    let mut front = Front::http1(stream, Arc::new(Limits::default()), Arc::new(Pulse::new()));
    let mut cx = Context::from_waker(Waker::noop());
    let (mut out, mut space, mut sizes) = (Vec::new(), [0; 4096], seed);
    loop {
        let size = next(&mut sizes, space.len());
        let mut part = ReadBuf::new(&mut space[..size]);
        match Pin::new(&mut front).poll_read(&mut cx, &mut part) {
            Poll::Pending => return (out, End::Refused),
            Poll::Ready(Err(_)) => return (out, End::Broken),
            Poll::Ready(Ok(())) if part.filled().is_empty() => return (out, End::Whole),
            Poll::Ready(Ok(())) => out.extend_from_slice(part.filled()),
        }
    }
}

/// Reads the requests out of what was passed on, which must be nothing else.
fn requests(mut bytes: &[u8]) -> Vec<Seen> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head") + 4;
        let mut seen = lines(&bytes[..end]);
        assert_agrees(&bytes[..end], &seen);
        bytes = &bytes[end..];
        let values = |name: &[u8]| {
            let named = seen.headers.iter().filter(|header| header.0 == name);
            named.map(|header| header.1.as_slice()).collect::<Vec<_>>()
        };
        let (length, coding) = (values(b"content-length"), values(b"transfer-encoding"));
        (seen.body, bytes) = match (length.as_slice(), coding.as_slice()) {
            ([], []) => (Some(Vec::new()), bytes),
            ([length], []) => {
                let length = str::from_utf8(length).unwrap().parse::<u64>().unwrap();
                let length = usize::try_from(length).unwrap();
                let here = length.min(bytes.len());
                ((here == length).then(|| bytes[..here].to_vec()), &bytes[here..])
            }
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => chunked(bytes),
            framing => panic!("two framings: {framing:?}"),
        };
        all.push(seen);
    }
    all
}

/// A head, read by splitting it and nothing else.
fn lines(head: &[u8]) -> Seen {
    let head = str::from_utf8(head).expect("text").strip_suffix("\r\n\r\n").unwrap();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap().split(' ').map(|word| word.as_bytes().to_vec());
    let (method, target) = (words.next().unwrap(), words.next().expect("a target"));
    let version = words.next().expect("a version");
    assert!(version == b"HTTP/1.1" || version == b"HTTP/1.0");
    assert_eq!(words.next(), None);
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').expect("a header");
        let value = value.trim_matches([' ', '\t']);
        (name.to_ascii_lowercase().into_bytes(), value.as_bytes().to_vec())
    });
    Seen { method, target, headers: headers.collect(), body: None }
}

fn assert_agrees(head: &[u8], seen: &Seen) {
    let mut headers = [httparse::EMPTY_HEADER; 100];
    let mut parsed = httparse::Request::new(&mut headers);
    assert_eq!(parsed.parse(head), Ok(httparse::Status::Complete(head.len())));
    assert_eq!(parsed.method.unwrap().as_bytes(), seen.method);
    assert_eq!(parsed.path.unwrap().as_bytes(), seen.target);
    let headers = parsed.headers.iter();
    let headers = headers.map(|h| (h.name.to_ascii_lowercase().into_bytes(), h.value.to_vec()));
    assert_eq!(headers.collect::<Vec<_>>(), seen.headers);
}

/// A chunked body, if all of it is there, and what follows; sizes are httparse's to read.
fn chunked(mut bytes: &[u8]) -> (Option<Vec<u8>>, &[u8]) {
    let mut body = Vec::new();
    loop {
        let status = httparse::parse_chunk_size(bytes).expect("a size");
        let httparse::Status::Complete((at, size)) = status else { return (None, &[]) };
        assert!(!bytes[..at].contains(&b';'), "an extension was passed on");
        bytes = &bytes[at..];
        if size == 0 {
            break;
        }
        let size = usize::try_from(size).unwrap();
        if bytes.len() < size + 2 {
            return (None, &[]);
        }
        body.extend_from_slice(&bytes[..size]);
        assert_eq!(&bytes[size..size + 2], b"\r\n");
        bytes = &bytes[size + 2..];
    }
    // Trailer lines, up to an empty one.
    loop {
        let Some(end) = bytes.windows(2).position(|two| two == b"\r\n") else {
            return (None, &[]);
        };
        bytes = &bytes[end + 2..];
        if end == 0 {
            return (Some(body), bytes);
        }
    }
}

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().build().unwrap();
}

/// The requests that hyper sees. It may stop early: at `Connection: close`, at a target that it
/// cannot hold, at HTTP/1.0.
fn hypers(bytes: &[u8]) -> Vec<Seen> {
    let seen: Rc<RefCell<Vec<Seen>>> = Rc::default();
    let service = {
        let seen = Rc::clone(&seen);
        service_fn(move |request: Request<Incoming>| answer(Rc::clone(&seen), request))
    };
    let stream = Pieces { bytes: bytes.to_vec(), at: 0, seed: 0 };
    let mut http = http1::Builder::new();
    let http = http.header_read_timeout(None).serve_connection(TokioIo::new(stream), service);
    RUNTIME.with(|runtime| runtime.block_on(http)).ok();
    Rc::into_inner(seen).expect("the connection has ended").into_inner()
}

async fn answer(
    seen: Rc<RefCell<Vec<Seen>>>,
    request: Request<Incoming>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let text = |bytes: &[u8]| bytes.to_vec();
    let headers = head.headers.iter();
    let mut one = Seen {
        method: text(head.method.as_str().as_bytes()),
        target: text(head.uri.path_and_query().map_or("", |path| path.as_str()).as_bytes()),
        headers: headers
            .map(|(name, value)| (text(name.as_ref()), text(value.as_bytes())))
            .collect(),
        body: None,
    };
    one.body = body.collect().await.ok().map(|body| body.to_bytes().to_vec());
    seen.borrow_mut().push(one);
    let mut response = Response::new(Empty::new());
    if head.method == Method::CONNECT {
        *response.status_mut() = http::StatusCode::METHOD_NOT_ALLOWED;
    }
    Ok(response)
}

/// A connection that hands its bytes out in pieces, and takes whatever is written.
struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    seed: u32,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let left = self.bytes.len() - self.at;
        let most = left.min(buffer.remaining());
        let here = if most == 0 { 0 } else { next(&mut self.seed, most) };
        buffer.put_slice(&self.bytes[self.at..self.at + here]);
        self.at += here;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// The next size from 1 to `most`, mostly small; always `most` without a seed (xorshift).
fn next(seed: &mut u32, most: usize) -> usize {
    if *seed == 0 {
        return most;
    }
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    let most = if *seed & 0x30 == 0 { most } else { most.min(8) };
    *seed as usize / 64 % most + 1
}
