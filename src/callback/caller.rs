//! Who makes the calls.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::callback::config::Config;
use crate::callback::endpoint::Endpoint;
use crate::callback::key::Key;
use crate::callback::message::message;
use crate::clock::Clock;
use crate::ed25519::KeyError;
use crate::fetch::{FetchError, Outside};
use crate::metrics::StateMetrics;
use crate::shutdown::Shutdown;
use crate::store::{Call, Desk};
use crate::upstream::tls::TlsError;

/// How agents are called.
#[derive(Debug)]
pub struct Caller {
    /// The key that signs.
    pub key: Key,
    source: String,
    outside: Outside,
}

/// Why agents cannot be called.
#[derive(Debug)]
pub enum CallerError {
    /// The key cannot be used.
    Key(KeyError),
    /// The authorities cannot be used.
    Tls(TlsError),
}

/// What came of one call.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Heard {
    /// It was not taken, and is tried again.
    Failed,
    /// It is not tried any more.
    GivenUp,
    /// It was taken.
    Sent,
}

impl Caller {
    /// Loads what `config` names. Blocks on the disk.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn new(config: &Config) -> Result<Self, CallerError> {
        let key = Key::load(&config.key).map_err(CallerError::Key)?;
        let outside = Outside::new(&config.tls, config.allow_addresses.clone());
        let outside = outside.map_err(CallerError::Tls)?;
        Ok(Self { key, source: config.source.clone(), outside })
    }

    async fn call(&self, call: &Call, clock: &Clock) -> Heard {
        let (event, callback) = (&call.event, &call.callback);
        let Some(endpoint) = Endpoint::parse(&callback.endpoint) else { return Heard::GivenUp };
        let to = (&endpoint, &self.key);
        let message = message(event, callback.state.as_deref(), &self.source, to, clock.now());
        let Some(message) = message else { return Heard::GivenUp };
        let sending = self.outside.send(&endpoint.server, message);
        let why = match timeout(PATIENCE, sending).await.unwrap_or(Err(FetchError::Late)) {
            Ok(status) if status.is_success() => return Heard::Sent,
            Ok(status) => FetchError::Status(status),
            Err(why) => why,
        };
        let (subject, tries) = (&event.subject, call.tries);
        tracing::warn!(proposal = %subject, tries, "its owner was not called: {why}");
        let is_gone = matches!(why, FetchError::Status(StatusCode::GONE));
        match is_gone || call.tries >= MOST {
            true => Heard::GivenUp,
            false => Heard::Failed,
        }
    }
}

/// Makes the calls that are due, for as long as it is polled and until `shutdown`. Must be called
/// within a `LocalSet`.
pub async fn run(
    caller: Arc<Caller>,
    desk: Desk,
    (clock, metrics): (Clock, StateMetrics),
    mut shutdown: Shutdown,
) {
    let calls = Rc::new(Calls { caller, desk, clock, metrics });
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            () = shutdown.wait() => break,
            Some(_) = running.join_next(), if running.len() >= AT_ONCE => {}
            () = sleep(LOOK), if running.len() < AT_ONCE => {
                for call in calls.due(AT_ONCE - running.len()).await {
                    running.spawn_local(Rc::clone(&calls).make(call));
                }
            }
        }
        while running.try_join_next().is_some() {}
    }
}

/// What making calls takes.
struct Calls {
    caller: Arc<Caller>,
    desk: Desk,
    clock: Clock,
    metrics: StateMetrics,
}

impl Calls {
    async fn due(&self, places: usize) -> Vec<Call> {
        match self.desk.take_calls(self.clock.now(), places).await {
            Ok(calls) => calls,
            Err(why) => {
                tracing::error!("whom to call cannot be looked up: {why}");
                Vec::new()
            }
        }
    }

    async fn make(self: Rc<Self>, call: Call) {
        let heard = self.caller.call(&call, &self.clock).await;
        self.metrics.callbacks.with_label_values(&[heard.as_str()]).inc();
        let kept = match heard {
            Heard::Failed => {
                let until = self.clock.now().plus(pause(call.tries));
                self.desk.put_call_off(call.event.id, until).await
            }
            Heard::GivenUp | Heard::Sent => self.desk.call_done(call.event.id).await,
        };
        if let Err(why) = kept {
            tracing::error!("what came of a callback cannot be kept: {why}");
        }
    }
}

impl Heard {
    fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::GivenUp => "given_up",
            Self::Sent => "sent",
        }
    }
}

/// How long after so many tries it is tried again.
fn pause(tries: u32) -> Duration {
    FIRST.saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1))).min(LONGEST)
}

impl fmt::Display for CallerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(why) => why.fmt(f),
            Self::Tls(why) => why.fmt(f),
        }
    }
}

impl std::error::Error for CallerError {}

/// How often it looks whom to call.
const LOOK: Duration = Duration::from_millis(500);

/// How many calls are made at once.
const AT_ONCE: usize = 16;

/// How long one may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// How soon one that was not taken is tried again; twice as long each time.
const FIRST: Duration = Duration::from_secs(2);

/// The longest between two tries.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How often one is tried: for about two hours.
const MOST: u32 = 12;

#[cfg(test)]
mod tests {
    use super::{MOST, pause};
    use std::time::Duration;

    #[test]
    fn calls_are_tried_ever_more_rarely() {
        let waits = [1, 2, 5, 11, 20, u32::MAX].map(pause);
        assert_eq!(waits, [2, 4, 32, 2_048, 3_600, 3_600].map(Duration::from_secs));
        let whole: Duration = (1..MOST).map(pause).sum();
        assert!((3_600..7_200).contains(&whole.as_secs()), "{whole:?}");
    }
}
