//! Sends the kept decisions elsewhere, as OPA sends its decision logs.
//!
//! What is sent is what the history's files hold, in their order and covered as they are; nothing
//! waits in memory but one batch. So whoever keeps decisions never waits for whoever receives them,
//! and a receiver that is gone costs disk until what is kept expires.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use http::StatusCode;
use tracing::{error, info, warn};

use crate::app::assemble::Standing;
use crate::fetch::{self, FetchError, Place};
use crate::history::backlog::Filled;
use crate::history::{Backlog, Batch, Error};
use crate::metrics::HistoryMetrics;

/// What is sent, and where to.
#[derive(Clone, Debug)]
pub struct Delivery {
    folder: PathBuf,
    receiver: fetch::Config,
}

/// What became of one batch.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Outcome {
    /// The receiver has it.
    Sent,
    /// The receiver will never take it.
    Refused,
}

impl Delivery {
    /// What a configuration says about it, if anything.
    pub fn of(standing: &Standing) -> Option<Self> {
        let (history, receiver) = (standing.history.as_ref()?, standing.receiver.clone()?);
        Some(Self { folder: history.path.clone(), receiver })
    }

    /// Sends what there is, and then whatever comes.
    pub async fn run(self, metrics: HistoryMetrics) {
        let every = self.receiver.every;
        let place = match Place::new(self.receiver) {
            Ok(place) => place,
            Err(why) => return error!("decisions are not sent: {why}"),
        };
        let run = Run { backlog: Backlog::at(&self.folder), folder: self.folder, place, metrics };
        loop {
            match run.step().await {
                Ok(Filled::Full) => {}
                Ok(Filled::Partly) => tokio::time::sleep(every).await,
                Err(why) => {
                    error!("decisions that wait to be sent cannot be read: {why}");
                    tokio::time::sleep(every.max(LONGEST)).await;
                }
            }
        }
    }
}

struct Run {
    backlog: Backlog,
    folder: PathBuf,
    place: Place,
    metrics: HistoryMetrics,
}

impl Run {
    /// Sends one batch, if there is one.
    async fn step(&self) -> Result<Filled, Error> {
        let Some(batch) = self.on_disk(Backlog::next).await? else {
            self.metrics.unsent.set(0);
            return Ok(Filled::Partly);
        };
        let count = |result, events| {
            self.metrics.sent.with_label_values(&[result]).inc_by(events);
        };
        if batch.events > 0 {
            let outcome = self.deliver(&batch).await;
            count(if outcome == Outcome::Sent { "sent" } else { "refused" }, batch.events);
        }
        count("torn", batch.torn);
        let filled = batch.filled;
        self.on_disk(move |backlog| backlog.done(&batch)).await?;
        self.measure().await;
        Ok(filled)
    }

    /// Sends one batch, however often that takes. Only a batch that the receiver itself finds fault
    /// with is given up: whatever else is wrong is mended some day, and the disk holds until then.
    async fn deliver(&self, batch: &Batch) -> Outcome {
        let (mut failures, mut refusals) = (0_u32, 0_u32);
        loop {
            let why = match self.place.post(batch.body.clone()).await {
                Ok(()) => {
                    if failures > 0 {
                        info!(receiver = %self.place, "decisions are sent again");
                    }
                    return Outcome::Sent;
                }
                Err(why) => why,
            };
            failures = failures.saturating_add(1);
            refusals += u32::from(is_refusal(&why));
            if refusals >= REFUSALS {
                let (receiver, events) = (&self.place, batch.events);
                error!(%receiver, events, "decisions are passed over: they are refused: {why}");
                return Outcome::Refused;
            }
            warn!(receiver = %self.place, failures, "decisions wait to be sent: {why}");
            self.measure().await;
            tokio::time::sleep(pause(failures)).await;
        }
    }

    /// Says how much waits. What cannot be measured is said when it cannot be read.
    async fn measure(&self) {
        if let Ok(bytes) = self.on_disk(Backlog::bytes).await {
            self.metrics.unsent.set(i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }

    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Backlog) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let backlog = self.backlog.clone();
        let done = tokio::task::spawn_blocking(move || work(&backlog)).await;
        done.unwrap_or_else(|panic| Err(Error::Io(self.folder.clone(), io::Error::other(panic))))
    }
}

/// Whether the receiver finds fault with what it was sent, and not with who sends it or when.
fn is_refusal(why: &FetchError) -> bool {
    let FetchError::Status(status) = why else { return false };
    status.is_client_error() && !PASSING.contains(status)
}

/// How long to wait after so many failures in a row.
fn pause(failures: u32) -> Duration {
    SHORTEST.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST)
}

/// What is wrong with the receiver, with the way there or with the token: all of it can be mended
/// without another batch.
const PASSING: [StatusCode; 8] = [
    StatusCode::UNAUTHORIZED,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::METHOD_NOT_ALLOWED,
    StatusCode::PROXY_AUTHENTICATION_REQUIRED,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::MISDIRECTED_REQUEST,
    StatusCode::TOO_MANY_REQUESTS,
];

/// How often a batch is refused before it is passed over.
const REFUSALS: u32 = 5;

/// The wait after the first failure; it doubles with each.
const SHORTEST: Duration = Duration::from_secs(1);

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::StatusCode;

    use super::{is_refusal, pause};
    use crate::fetch::FetchError;

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits = [1, 2, 3, 6, 7, 8, u32::MAX].map(pause);
        assert_eq!(waits, [1, 2, 4, 32, 60, 60, 60].map(Duration::from_secs));
    }

    #[test]
    fn only_what_is_wrong_with_the_batch_is_a_refusal() {
        let refused =
            |status| is_refusal(&FetchError::Status(StatusCode::from_u16(status).unwrap()));
        assert!([400, 413, 415, 422].into_iter().all(refused));
        assert!(![302, 401, 403, 404, 405, 407, 408, 421, 429, 500, 503].into_iter().any(refused));
        assert!(!is_refusal(&FetchError::Late));
    }
}
