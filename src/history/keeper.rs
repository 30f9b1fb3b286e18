//! The thread that keeps decisions.
//!
//! What it cannot write is counted and gone: nothing waits for it, and nothing fails with it.

use std::fs::DirBuilder;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::history::backlog::Backlog;
use crate::history::change::Change;
use crate::history::config::{Config, Sending};
use crate::history::error::Error;
use crate::history::record::Bare;
use crate::history::segment::{self, Found, Segment};
use crate::history::shelf::Shelf;
use crate::history::told::Told;
use crate::metrics::HistoryMetrics;
use crate::policy::{Failure, Handed, Masker, Observed, Observer, Trial};

/// Keeps what an [`Observer`] is handed.
#[derive(Debug)]
pub struct Keeper {
    config: Config,
    clock: Clock,
    metrics: HistoryMetrics,
    shelf: Shelf,
    segment: Option<Segment>,
    /// The rules that are asked beside those that decide.
    candidate: Option<Trial>,
    /// The bundle's own rule about what nobody is to read, and why it gave no answer last time.
    masker: Option<Masker>,
    unmasked: String,
    /// Lines that are not written yet, and how many.
    lines: Vec<u8>,
    count: u64,
    expired: Timestamp,
}

impl Keeper {
    /// Starts the thread, which ends with the last clone of the observer.
    ///
    /// # Errors
    /// If the folder cannot be used, or the system gives no thread.
    pub fn start(config: Config, clock: Clock, metrics: HistoryMetrics) -> Result<Observer, Error> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&config.path);
        made.map_err(Error::io(&config.path))?;
        let shelf = Shelf::new(&config.path);
        shelf.open().map_err(Error::io(&config.path))?;
        let (observer, arriving) = Observer::pair(metrics.clone());
        let path = config.path.clone();
        let mut keeper = Self {
            config,
            clock,
            metrics,
            shelf,
            segment: None,
            candidate: None,
            masker: None,
            unmasked: String::new(),
            lines: Vec::new(),
            count: 0,
            expired: Timestamp::default(),
        };
        let running = thread::Builder::new().name("history".to_owned());
        running.spawn(move || keeper.run(&arriving)).map_err(Error::io(&path))?;
        Ok(observer)
    }

    fn run(&mut self, arriving: &Receiver<Handed>) {
        loop {
            self.expire();
            let first = match arriving.recv_timeout(IDLE) {
                Ok(handed) => handed,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            self.take(first);
            loop {
                match arriving.try_recv() {
                    Ok(handed) => self.take(handed),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return self.write(),
                }
            }
            self.write();
        }
    }

    fn take(&mut self, handed: Handed) {
        match handed {
            Handed::Decision(observed) => self.add(&observed),
            Handed::Flush(done) => {
                self.write();
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
        }
    }

    fn add(&mut self, observed: &Observed) {
        let (revision, edition) = (observed.decision.revision(), observed.bundle.edition());
        if let Err(why) = self.shelf.keep(revision, edition, observed.at) {
            tracing::warn!(%revision, "the rules cannot be kept in the history: {why}");
        }
        let mut bare = Bare::of(observed);
        self.try_candidate(observed, &mut bare);
        let told = self.told(observed, &bare);
        let record = bare.covered(&self.config.mask, &told);
        // Maps with texts for keys and no floats but those of JSON: it can always be written.
        if serde_json::to_writer(&mut self.lines, &record).is_ok() {
            self.lines.push(b'\n');
            self.count += 1;
        }
        if self.lines.len() >= BATCH {
            self.write();
        }
    }

    /// Asks the candidate the same, if there is one.
    fn try_candidate(&mut self, observed: &Observed, bare: &mut Bare) {
        let Some(candidate) = observed.bundle.candidate() else { return };
        let current = self.candidate.take().filter(|trial| trial.tries(candidate));
        let trial =
            self.candidate.insert(current.unwrap_or_else(|| Trial::new(Arc::clone(candidate))));
        let Some(said) = trial.repeat(observed) else { return };
        let change = bare.ask(&said).map_or("none", Change::word);
        self.metrics.candidate.with_label_values(&[change]).inc();
    }

    /// What the bundle's own rule says is to be covered. If it has none, that costs nothing; if it
    /// gives no answer, everything is covered.
    fn told(&mut self, observed: &Observed, bare: &Bare) -> Told {
        if !observed.bundle.masks() {
            return Told::nothing();
        }
        let current = self.masker.take().filter(|masker| masker.is_of(&observed.bundle));
        let masker = current.unwrap_or_else(|| Masker::new(Arc::clone(&observed.bundle)));
        let masker = self.masker.insert(masker);
        let event = bare.event().ok_or_else(|| "the event cannot be written".to_owned());
        let said = event.and_then(|event| masker.ask(&event).map_err(|why| without_values(&why)));
        said.and_then(|said| Told::read(&said)).unwrap_or_else(|why| {
            self.metrics.mask_failures.inc();
            // What fails once often fails each time, and is told once.
            if self.unmasked != why {
                tracing::error!(
                    decision = %observed.id(),
                    "`data.system.log.mask` fails, so inputs and results are covered whole: {why}"
                );
                self.unmasked = why;
            }
            Told::Everything
        })
    }

    /// Writes the lines that wait.
    fn write(&mut self) {
        if self.count == 0 {
            return;
        }
        let result = match self.append() {
            Ok(()) => "kept",
            Err(why) => {
                self.segment = None;
                tracing::error!(
                    path = %self.config.path.display(),
                    decisions = self.count,
                    "decisions cannot be kept in the history: {why}"
                );
                "failed"
            }
        };
        self.metrics.records.with_label_values(&[result]).inc_by(self.count);
        self.lines.clear();
        self.count = 0;
    }

    fn append(&mut self) -> io::Result<()> {
        let now = self.clock.now();
        let open = self.segment.take().filter(|segment| !segment.is_full(now));
        let segment = match open {
            Some(segment) => self.segment.insert(segment),
            None => {
                self.shelf.turn();
                self.segment.insert(Segment::create(&self.config.path, now)?)
            }
        };
        segment.append(&self.lines)
    }

    /// Removes what is too old or too much, once a minute.
    fn expire(&mut self) {
        let now = self.clock.now();
        if now.since(self.expired) < IDLE && self.expired != Timestamp::default() {
            return;
        }
        self.expired = now;
        let held = self.segment.as_ref().map(Segment::path);
        let removed = self.shelf.bytes().and_then(|rules| {
            let limit = self.config.limit.saturating_sub(rules);
            let oldest = now.minus(self.config.keep);
            let going = |found: &Found| self.count_unsent(found);
            let left = segment::expire(&self.config.path, oldest, limit, held, going)?;
            self.shelf.expire(left.unwrap_or(oldest))
        });
        if let Err(why) = removed {
            tracing::warn!(path = %self.config.path.display(), "old decisions stay: {why}");
        }
    }

    /// Says how much of a file goes before it was sent.
    fn count_unsent(&self, found: &Found) {
        if self.config.sending == Sending::Nowhere {
            return;
        }
        let path = found.path.display();
        match Backlog::at(&self.config.path).unsent(found) {
            Ok(0) => {}
            Ok(events) => {
                self.metrics.sent.with_label_values(&["expired"]).inc_by(events);
                tracing::error!(%path, events, "decisions expired before they were sent");
            }
            Err(why) => tracing::warn!(%path, "it expires, perhaps unsent: {why}"),
        }
    }
}

/// What failed and where. The engine's own words may repeat what is to be covered.
fn without_values(why: &Failure) -> String {
    match why.place() {
        Some(place) => format!("{}: {place}", why.cause().word()),
        None => why.cause().word().to_owned(),
    }
}

/// How often old decisions are looked for.
const IDLE: Duration = Duration::from_secs(60);

/// Bytes of lines that are written at once.
const BATCH: usize = 1 << 20;
