//! A stream of events of an MCP server, without what the agent may not see in a list.
//!
//! Each event is read as soon as it is whole. What cannot be read ends the stream: an event that
//! nobody understands may be a list.

use bytes::Bytes;
use serde_json::Value;

use crate::operation::mcp::events::{Event, Events};
use crate::operation::mcp::list::Unreadable;
use crate::proxy::listing::Listing;

/// Filters one stream.
#[derive(Debug)]
pub(super) struct Sieve {
    events: Events,
    listing: Listing,
}

impl Sieve {
    /// A sieve that lets through what `listing` shows.
    pub(super) fn new(listing: Listing) -> Self {
        Self { events: Events::default(), listing }
    }

    /// The next bytes of the stream; returns what may go on, which can be empty.
    ///
    /// # Errors
    /// [`Unreadable`]: nothing that follows may go on.
    pub(super) fn pass(&mut self, chunk: &[u8]) -> Result<Bytes, Unreadable> {
        let mut out = Vec::with_capacity(chunk.len());
        for event in self.events.push(chunk).map_err(|_| Unreadable)? {
            self.one(event)?.write(&mut out);
        }
        Ok(out.into())
    }

    fn one(&self, event: Event) -> Result<Event, Unreadable> {
        let Some(data) = event.data().filter(|data| !data.trim().is_empty()) else {
            return Ok(event);
        };
        let mut message: Value = serde_json::from_str(&data).map_err(|_| Unreadable)?;
        self.listing.filter(&mut message)?;
        Ok(event.with_data(&message.to_string()))
    }
}
