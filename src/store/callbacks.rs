//! What owners of proposals have still to hear.

use crate::clock::Timestamp;
use crate::event::Event;
use crate::id::EventId;
use crate::proposal::Callback;
use crate::store::connection::Store;
use crate::store::deliveries::{CALLBACKS, key};
use crate::store::error::Error;
use crate::store::events;
use crate::store::row::{Row, needed};

/// One event that somebody is to hear of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Call {
    /// The event.
    pub event: Event,
    /// Who wants to hear of it.
    pub callback: Callback,
    /// How often it was tried, this time included.
    pub tries: u32,
}

impl Store {
    /// Takes up to `places` calls that are due. Nobody else takes them for two minutes.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take_calls(&self, now: Timestamp, places: usize) -> Result<Vec<Call>, Error> {
        let mut transaction = self.begin().await?;
        let mut calls = Vec::new();
        for event in CALLBACKS.take(&mut transaction, now, places).await? {
            match transaction.rows(LOAD, vec![key(event)]).await?.first() {
                Some(row) => calls.push(read(row)?),
                // Its proposal is forgotten, so nobody is left to hear of it.
                None => CALLBACKS.forget(&mut transaction, event).await?,
            }
        }
        transaction.commit().await?;
        Ok(calls)
    }

    /// Its owner has heard of `event`, or never will.
    ///
    /// # Errors
    /// As [`Error`] says; it may then be tried again.
    pub async fn call_done(&self, event: EventId) -> Result<(), Error> {
        CALLBACKS.done(self, event).await
    }

    /// Tries `event` again from `until` on.
    ///
    /// # Errors
    /// As [`Error`] says; it is then tried again by itself.
    pub async fn put_call_off(&self, event: EventId, until: Timestamp) -> Result<(), Error> {
        CALLBACKS.put_off(self, event, until).await
    }
}

fn read(row: &Row) -> Result<Call, Error> {
    let tries = row.number("tries")?.unwrap_or(0);
    let callback = needed(row.text("callback")?)?;
    Ok(Call {
        event: events::read(row)?,
        callback: Callback::from_text(&callback).ok_or(Error::Undecodable)?,
        tries: u32::try_from(tries).unwrap_or(u32::MAX),
    })
}

const LOAD: &str = "SELECT events.*, proposals.callback, callbacks.tries FROM callbacks \
     JOIN events ON events.id = callbacks.event JOIN proposals ON proposals.id = events.subject \
     WHERE callbacks.event = $1 AND proposals.callback IS NOT NULL";
