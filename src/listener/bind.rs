//! Listening sockets.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

/// A socket that listens, and the address it really has.
#[derive(Debug)]
pub struct Bound {
    /// The socket, not blocking.
    pub socket: TcpListener,
    /// Its address, with the port that was taken where port 0 was asked for.
    pub address: SocketAddr,
}

/// Listens on `address`.
///
/// # Errors
/// The operating system's, for instance if the address is taken.
pub fn bind(address: SocketAddr) -> io::Result<Bound> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    // A restart must not wait for the connections of the process before it.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    let socket = TcpListener::from(socket);
    let address = socket.local_addr()?;
    Ok(Bound { socket, address })
}

/// Connections that the kernel holds for us while we are busy.
const BACKLOG: i32 = 1024;
