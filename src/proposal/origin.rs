//! Where a proposal came from: what is needed to ask policy about it again when its agent is gone.
//!
//! No part of the digest: what its agent proved itself with is checked again, and the rest are facts
//! of a connection that people are not asked to agree to.

use std::net::SocketAddr;

use crate::id::ListenerName;
use crate::proposal::encoding::{Reader, Undecodable, Writer};

/// The connection on which a request was put forward.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The listener it came in by.
    pub listener: ListenerName,
    /// The agent's end of it.
    pub peer: SocketAddr,
    /// Our end of it.
    pub local: SocketAddr,
    /// Whether it was HTTP/2.
    pub is_http2: bool,
    /// The certificates that the agent showed, in DER, its own first.
    pub chain: Vec<Vec<u8>>,
}

impl Origin {
    /// The one form in bytes, which [`from_bytes`](Self::from_bytes) reads.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::new(DOMAIN);
        writer.text(self.listener.as_str());
        writer.text(&self.peer.to_string());
        writer.text(&self.local.to_string());
        writer.number(u64::from(self.is_http2));
        writer.number(self.chain.len() as u64);
        self.chain.iter().for_each(|der| writer.bytes(der));
        writer.finish()
    }

    /// Reads back what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`Undecodable`], for any other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Undecodable> {
        let mut reader = Reader::new(bytes, DOMAIN)?;
        let listener = ListenerName::from(reader.text()?);
        let peer = reader.text()?.parse().map_err(|_| Undecodable)?;
        let local = reader.text()?.parse().map_err(|_| Undecodable)?;
        let is_http2 = match reader.number()? {
            0 => false,
            1 => true,
            _ => return Err(Undecodable),
        };
        let chain = reader.list(|reader| reader.bytes().map(<[u8]>::to_vec))?;
        reader.finish()?;
        Ok(Self { listener, peer, local, is_http2, chain })
    }
}

const DOMAIN: &str = "countersign/origin/v1";
