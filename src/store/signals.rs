//! Security events: those that others have still to hear, and those of others that were acted on.
//!
//! Every revocation is written down to be heard, whether or not this process knows of a receiver:
//! `countersign revoke` is a process of its own. What nobody took is forgotten after a while.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::event::Event;
use crate::id::EventId;
use crate::store::connection::{Store, Value};
use crate::store::deliveries::{SIGNALS, key};
use crate::store::error::Error;
use crate::store::events;
use crate::store::revocations::{Revocation, make};
use crate::store::row::Row;

/// One revocation that the receiver is to hear of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signal {
    /// That it was made.
    pub event: Event,
    /// How often it was tried, this time included.
    pub tries: u32,
}

/// A security event of somebody else, and what is to be done about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heard {
    /// Who says so.
    pub issuer: String,
    /// What they call it; they call no other so.
    pub jti: String,
    /// What it takes back.
    pub revocations: Vec<Revocation>,
}

/// What came of a security event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heeded {
    /// It was acted on; so many were not revoked before.
    Now(usize),
    /// It was acted on before, and nothing was done.
    Before,
}

impl Store {
    /// Takes up to `places` signals that are due. Nobody else takes them for two minutes.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn take_signals(&self, now: Timestamp, places: usize) -> Result<Vec<Signal>, Error> {
        let mut transaction = self.begin().await?;
        let mut signals = Vec::new();
        for event in SIGNALS.take(&mut transaction, now, places).await? {
            match transaction.rows(LOAD, vec![key(event)]).await?.first() {
                Some(row) => signals.push(read(row)?),
                // Its event is forgotten.
                None => SIGNALS.forget(&mut transaction, event).await?,
            }
        }
        transaction.commit().await?;
        Ok(signals)
    }

    /// The receiver has heard of `event`, or never will.
    ///
    /// # Errors
    /// As [`Error`] says; it may then be tried again.
    pub async fn signal_done(&self, event: EventId) -> Result<(), Error> {
        SIGNALS.done(self, event).await
    }

    /// Tries `event` again from `until` on.
    ///
    /// # Errors
    /// As [`Error`] says; it is then tried again by itself.
    pub async fn put_signal_off(&self, event: EventId, until: Timestamp) -> Result<(), Error> {
        SIGNALS.put_off(self, event, until).await
    }

    /// Acts on what was heard, once: who lifts what it revoked does not see it revoked again when
    /// the same event is shown again.
    ///
    /// # Errors
    /// [`Error::Busy`], if that issuer was heard too often of late; else as [`Error`] says. Nothing
    /// was then done.
    pub async fn heed(&self, heard: Heard, now: Timestamp) -> Result<Heeded, Error> {
        let mut transaction = self.begin().await?;
        let issuer = Value::from(heard.issuer.as_str());
        let known = transaction.rows(COUNT, vec![issuer.clone()]).await?;
        let known = known.first().map(|row| row.number("known")).transpose()?.flatten();
        if known.unwrap_or(0) >= MAX_HEARD {
            return Err(Error::Busy);
        }
        let values = vec![issuer, Value::from(heard.jti.as_str()), now.into()];
        if transaction.execute(HEAR, values).await? == 0 {
            return Ok(Heeded::Before);
        }
        let mut revoked = 0;
        for revocation in &heard.revocations {
            revoked += usize::from(make(&mut transaction, revocation).await?);
        }
        transaction.commit().await?;
        Ok(Heeded::Now(revoked))
    }

    /// Forgets what nobody took, and what was heard, long enough ago.
    ///
    /// # Errors
    /// As [`Error`] says.
    pub async fn forget_signals(&self, now: Timestamp) -> Result<(), Error> {
        let before = now.minus(KEPT);
        let mut transaction = self.begin().await?;
        transaction.execute(FORGET_SENT, vec![key(EventId::floor(before))]).await?;
        transaction.execute(FORGET_HEARD, vec![before.into()]).await?;
        transaction.commit().await
    }
}

fn read(row: &Row) -> Result<Signal, Error> {
    let tries = row.number("tries")?.unwrap_or(0);
    Ok(Signal { event: events::read(row)?, tries: u32::try_from(tries).unwrap_or(u32::MAX) })
}

/// How long what was heard is known again, and what was not taken is kept: longer than anybody may
/// take to tell it, or to show it again.
const KEPT: Duration = Duration::from_secs(2 * 86_400);

/// The most events of one issuer that are known again.
const MAX_HEARD: u64 = 50_000;

const LOAD: &str = "SELECT events.*, signals.tries FROM signals \
     JOIN events ON events.id = signals.event WHERE signals.event = $1";

const COUNT: &str = "SELECT COUNT(*) AS known FROM signals_heard WHERE issuer = $1";

const HEAR: &str = "INSERT INTO signals_heard (issuer, jti, heard_at) VALUES ($1, $2, $3) \
     ON CONFLICT DO NOTHING";

const FORGET_SENT: &str = "DELETE FROM signals WHERE event < $1";

const FORGET_HEARD: &str = "DELETE FROM signals_heard WHERE heard_at < $1";
