//! A caller at a door: who, through which listener, from where.

use std::net::SocketAddr;

use crate::id::ListenerName;
use crate::identity::principal::Principal;

/// One connection's caller. Made once a connection, and again when its proof had to be renewed.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who calls.
    pub principal: Principal,
    /// The listener they came in by.
    pub listener: ListenerName,
    /// The other end of the connection.
    pub peer: SocketAddr,
    /// Our end of it.
    pub local: SocketAddr,
}
