//! What others have still to hear: written with the event, and gone once it was heard. Each kind of
//! listener has a table of its own, alike in all but the name.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::event::Event;
use crate::id::EventId;
use crate::store::connection::{Store, Transaction, Value};
use crate::store::error::Error;
use crate::store::proposals::MAX_PAGE;

/// One such table.
pub(super) struct Deliveries {
    insert: &'static str,
    take: &'static str,
    take_locked: &'static str,
    done: &'static str,
    put_off: &'static str,
}

impl Deliveries {
    /// Writes that `event` has to be heard.
    pub(super) async fn add(
        &self,
        transaction: &mut Transaction,
        event: &Event,
    ) -> Result<(), Error> {
        transaction.execute(self.insert, vec![key(event.id)]).await.map(drop)
    }

    /// Takes up to `places` events that are due. Nobody else takes them for two minutes.
    pub(super) async fn take(
        &self,
        transaction: &mut Transaction,
        now: Timestamp,
        places: usize,
    ) -> Result<Vec<EventId>, Error> {
        let until = now.plus(HELD).into();
        let places = i64::try_from(places).unwrap_or(MAX_PAGE).min(MAX_PAGE);
        let values = vec![now.into(), Value::Integer(Some(places)), until];
        let taken = transaction.locked(self.take_locked, self.take, values).await?;
        taken.iter().map(|row| row.parsed("event", EventId::parse)).collect()
    }

    /// Forgets an event that turns out to have nobody who is to hear of it.
    pub(super) async fn forget(
        &self,
        transaction: &mut Transaction,
        event: EventId,
    ) -> Result<(), Error> {
        transaction.execute(self.done, vec![key(event)]).await.map(drop)
    }

    /// It was heard, or never will be.
    pub(super) async fn done(&self, store: &Store, event: EventId) -> Result<(), Error> {
        let mut transaction = store.begin().await?;
        transaction.execute(self.done, vec![key(event)]).await?;
        transaction.commit().await
    }

    /// It is tried again from `until` on.
    pub(super) async fn put_off(
        &self,
        store: &Store,
        event: EventId,
        until: Timestamp,
    ) -> Result<(), Error> {
        let mut transaction = store.begin().await?;
        transaction.execute(self.put_off, vec![key(event), until.into()]).await?;
        transaction.commit().await
    }
}

pub(super) fn key(event: EventId) -> Value {
    Value::from(&*event.to_string())
}

/// Each agent's first comes first, then each one's second, so that who cannot be called, or has much to
/// hear, keeps nobody waiting. The condition is said once more outside: between looking and locking
/// another may have taken it.
macro_rules! take {
    ($table:literal, $lock:literal) => {
        concat!(
            "UPDATE ",
            $table,
            " SET tries = tries + 1, try_at = $3 WHERE event IN (SELECT event FROM ",
            $table,
            " WHERE event IN (SELECT event FROM (SELECT event, ROW_NUMBER() OVER \
             (PARTITION BY agent ORDER BY tries, try_at, event) AS turn FROM ",
            $table,
            " JOIN events ON id = event WHERE try_at <= $1) AS due ORDER BY turn, event LIMIT $2) \
             AND try_at <= $1 ORDER BY event",
            $lock,
            ") AND try_at <= $1 RETURNING event"
        )
    };
}

macro_rules! deliveries {
    ($table:literal) => {
        Deliveries {
            insert: concat!("INSERT INTO ", $table, " (event) VALUES ($1)"),
            take: take!($table, ""),
            take_locked: take!($table, " FOR UPDATE SKIP LOCKED"),
            done: concat!("DELETE FROM ", $table, " WHERE event = $1"),
            put_off: concat!("UPDATE ", $table, " SET try_at = $2 WHERE event = $1"),
        }
    };
}

/// What owners of proposals hear.
pub(super) const CALLBACKS: Deliveries = deliveries!("callbacks");

/// What receivers of security events hear.
pub(super) const SIGNALS: Deliveries = deliveries!("signals");

/// For how long nobody else takes what was taken: longer than it takes to be told.
const HELD: Duration = Duration::from_secs(120);
