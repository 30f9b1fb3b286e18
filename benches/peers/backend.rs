//! The API behind every proxy: a process of its own that answers each request with 1 KiB.
//!
//! It answers 200 only to a request that carries the credential, so a proxy that injected nothing
//! is never measured as a fast one. It is as plain as it can be, one read and one write a request,
//! because it shares its core with the load. It says its address on its first line of output.

use std::io::{self, Write};
use std::rc::Rc;

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

const HEAD_MAX: usize = 8 * 1024;
const REFUSAL: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

/// Serves on a free loopback port until the process is killed.
///
/// # Errors
///
/// No port could be had.
pub fn serve(credential: &str, body_bytes: usize) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let api = Rc::new(Api { credential: credential.to_owned(), answer: answer(body_bytes) });
    LocalSet::new().block_on(&runtime, accept(api))
}

struct Api {
    credential: String,
    answer: Vec<u8>,
}

async fn accept(api: Rc<Api>) -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    io::stdout().flush()?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A connection that fails concerns only the proxy that holds it, which will notice.
        tokio::task::spawn_local(answer_all(stream, Rc::clone(&api)));
    }
}

async fn answer_all(mut stream: TcpStream, api: Rc<Api>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut head = [0; HEAD_MAX];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut head[filled..]).await?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        if !head[..filled].ends_with(b"\r\n\r\n") {
            continue;
        }
        let carried = memmem::find(&head[..filled], api.credential.as_bytes()).is_some();
        stream.write_all(if carried { &api.answer } else { REFUSAL }).await?;
        filled = 0;
    }
}

/// A whole answer with a JSON body of exactly this length, a list of orders.
fn answer(body_bytes: usize) -> Vec<u8> {
    let orders = (1..).map(|id| format!("{{\"id\":{id},\"state\":\"open\",\"total\":{}}}", id * 7));
    let mut body = String::from("{\"orders\":[");
    for order in orders {
        if body.len() + order.len() + 4 > body_bytes {
            break;
        }
        body = body + &order + ",";
    }
    let body = body.trim_end_matches(',').to_owned() + "]}";
    let body = format!("{body:<body_bytes$}");
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
