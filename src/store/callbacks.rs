//! What owners of proposals have still to hear: written with the event, and gone once it was heard.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::event::Event;
use crate::id::EventId;
use crate::proposal::Callback;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::events;
use crate::store::proposals::MAX_PAGE;
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
        let until = now.plus(HELD).into();
        let places = i64::try_from(places).unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let values = vec![now.into(), Value::Integer(Some(places)), until];
        let mut transaction = self.begin().await?;
        let taken = transaction.locked(TAKE_LOCKED, TAKE, values).await?;
        let mut calls = Vec::new();
        for row in taken {
            let event = Value::Text(row.text("event")?);
            match transaction.rows(LOAD, vec![event.clone()]).await?.first() {
                Some(row) => calls.push(read(row)?),
                // Its proposal is forgotten, so nobody is left to hear of it.
                None => {
                    transaction.execute(DONE, vec![event]).await?;
                }
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
        let mut transaction = self.begin().await?;
        transaction.execute(DONE, vec![Value::from(&*event.to_string())]).await?;
        transaction.commit().await
    }

    /// Tries `event` again from `until` on.
    ///
    /// # Errors
    /// As [`Error`] says; it is then tried again by itself.
    pub async fn put_call_off(&self, event: EventId, until: Timestamp) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        transaction.execute(PUT_OFF, vec![Value::from(&*event.to_string()), until.into()]).await?;
        transaction.commit().await
    }
}

/// Writes that the owner of what `event` is about has to hear of it.
pub(super) async fn add(transaction: &mut Transaction, event: &Event) -> Result<(), Error> {
    transaction.execute(INSERT, vec![Value::from(&*event.id.to_string())]).await.map(drop)
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

/// For how long nobody else takes what was taken: longer than a call takes.
const HELD: Duration = Duration::from_secs(120);

const INSERT: &str = "INSERT INTO callbacks (event) VALUES ($1)";

/// Each agent's first comes first, then each one's second, so that who cannot be called, or has much to
/// hear, keeps nobody waiting. The condition is said once more outside: between looking and locking another may have taken it.
macro_rules! take {
    ($lock:literal) => {
        concat!(
            "UPDATE callbacks SET tries = tries + 1, try_at = $3 WHERE event IN (\
             SELECT event FROM callbacks WHERE event IN (SELECT event FROM (\
             SELECT event, ROW_NUMBER() OVER (PARTITION BY agent ORDER BY tries, try_at, event) \
             AS turn FROM callbacks JOIN events ON events.id = callbacks.event \
             WHERE try_at <= $1) AS due ORDER BY turn, event LIMIT $2) AND try_at <= $1 ORDER BY event",
            $lock,
            ") AND try_at <= $1 RETURNING event"
        )
    };
}

const TAKE: &str = take!("");
const TAKE_LOCKED: &str = take!(" FOR UPDATE SKIP LOCKED");

const LOAD: &str = "SELECT events.*, proposals.callback, callbacks.tries FROM callbacks \
     JOIN events ON events.id = callbacks.event JOIN proposals ON proposals.id = events.subject \
     WHERE callbacks.event = $1 AND proposals.callback IS NOT NULL";

const DONE: &str = "DELETE FROM callbacks WHERE event = $1";

const PUT_OFF: &str = "UPDATE callbacks SET try_at = $2 WHERE event = $1";
