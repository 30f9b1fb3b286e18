//! Who sends security events: pushed to one receiver (RFC 8935), each until it has a receipt.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;
use tokio::time::{sleep, timeout};
use tracing::{error, warn};

use crate::callback::Key;
use crate::clock::{Clock, Timestamp};
use crate::ed25519::KeyError;
use crate::fetch::{FetchError, Place};
use crate::metrics::StateMetrics;
use crate::shutdown::Shutdown;
use crate::signal::MEDIA_TYPE;
use crate::signal::config::Config;
use crate::signal::token::token;
use crate::store::{Desk, Signal};
use crate::upstream::tls::TlsError;

/// How security events are sent.
#[derive(Debug)]
pub struct Sender {
    key: Key,
    issuer: String,
    audience: String,
    receiver: Place,
}

/// Why they cannot be sent.
#[derive(Debug)]
pub enum SenderError {
    /// The key cannot be used.
    Key(KeyError),
    /// The authorities cannot be used.
    Tls(TlsError),
}

/// What came of one try.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Told {
    /// It was not taken, and is tried again.
    Failed,
    /// It is too old to be told any more.
    GivenUp,
    /// The receiver will never take it.
    Refused,
    /// The receiver has it.
    Sent,
}

impl Sender {
    /// Loads what `config` names. Blocks on the disk.
    ///
    /// # Errors
    /// [`SenderError`].
    pub fn new(config: &Config) -> Result<Self, SenderError> {
        let key = Key::load(&config.key).map_err(SenderError::Key)?;
        let receiver = Place::new(config.receiver.clone()).map_err(SenderError::Tls)?;
        let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
        Ok(Self { key, issuer, audience, receiver })
    }

    async fn tell(&self, signal: &Signal, now: Timestamp) -> Told {
        let (event, tries) = (&signal.event, signal.tries);
        let (id, subject) = (&event.id, &event.subject);
        if now.since(event.id.made()) > PASSED_OVER {
            error!(%id, %subject, "nobody took this security event for a day; it is passed over");
            return Told::GivenUp;
        }
        let Some(token) = token(event, &self.issuer, &self.audience, &self.key) else {
            return Told::GivenUp;
        };
        let pushing = self.receiver.push(MEDIA_TYPE, token.into());
        let why = match timeout(PATIENCE, pushing).await.unwrap_or(Err(FetchError::Late)) {
            Ok((StatusCode::ACCEPTED, _)) => return Told::Sent,
            Ok((StatusCode::BAD_REQUEST, body)) if let Some(err) = refusal(&body) => {
                error!(%id, %subject, ?err, "the receiver refuses this security event for good");
                return Told::Refused;
            }
            Ok((status, _)) => FetchError::Status(status),
            Err(why) => why,
        };
        warn!(%id, %subject, tries, receiver = %self.receiver, "a security event waits: {why}");
        Told::Failed
    }
}

/// Sends what is due, for as long as it is polled and until `shutdown`: one after the other, since
/// all of it goes to one receiver.
pub async fn run(
    sender: Arc<Sender>,
    desk: Desk,
    (clock, metrics): (Clock, StateMetrics),
    mut shutdown: Shutdown,
) {
    let sending = async {
        loop {
            let signals = desk.take_signals(clock.now(), AT_ONCE).await;
            let signals = signals.unwrap_or_else(|why| {
                error!("security events to be sent cannot be looked up: {why}");
                Vec::new()
            });
            for signal in &signals {
                let told = sender.tell(signal, clock.now()).await;
                metrics.signals.with_label_values(&[told.as_str()]).inc();
                keep(&desk, signal, told, clock.now()).await;
            }
            sleep(LOOK).await;
        }
    };
    tokio::select! {
        () = shutdown.wait() => {}
        () = sending => {}
    }
}

async fn keep(desk: &Desk, signal: &Signal, told: Told, now: Timestamp) {
    let id = signal.event.id;
    let kept = match told {
        Told::Failed => desk.put_signal_off(id, now.plus(pause(signal.tries))).await,
        Told::GivenUp | Told::Refused | Told::Sent => desk.signal_done(id).await,
    };
    if let Err(why) = kept {
        error!("what came of a security event cannot be kept: {why}");
    }
}

/// What a receiver's refusal says (RFC 8935 §2.3); `None`, if it is none.
fn refusal(body: &Bytes) -> Option<String> {
    let document: Value = serde_json::from_slice(body).ok()?;
    Some(document.get("err")?.as_str()?.chars().take(MAX_ERR).collect())
}

/// How long after so many tries it is tried again.
fn pause(tries: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST)
}

impl Told {
    fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
            Self::Refused => "refused",
            Self::Sent => "sent",
        }
    }
}

impl fmt::Display for SenderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(why) => why.fmt(f),
            Self::Tls(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for SenderError {}

/// How old an event may be that is still told.
const PASSED_OVER: Duration = Duration::from_secs(86_400);

/// How often it looks what is to be sent.
const LOOK: Duration = Duration::from_millis(500);

/// How many are taken at once. All of them together take less time than they are kept from others.
const AT_ONCE: usize = 8;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon one that was not taken is tried again; twice as long each time.
const FIRST: Duration = Duration::from_secs(2);

/// The longest between two tries.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How much of a receiver's word is logged, in characters.
const MAX_ERR: usize = 64;

#[cfg(test)]
mod tests {
    use super::{pause, refusal};
    use std::time::Duration;

    #[test]
    fn tries_become_ever_rarer() {
        let waits = [1, 2, 5, 11, 20, u32::MAX].map(pause);
        assert_eq!(waits, [2, 4, 32, 2_048, 3_600, 3_600].map(Duration::from_secs));
    }

    #[test]
    fn only_an_error_document_is_a_refusal() {
        let document = br#"{"err": "invalid_key", "description": "no"}"#;
        assert_eq!(refusal(&document[..].into()), Some("invalid_key".to_owned()));
        for other in [&b""[..], b"<html>", b"{}", b"[]", br#"{"err": 1}"#] {
            assert_eq!(refusal(&other.into()), None);
        }
    }
}
