//! The end of the trail: binds records to it and writes them, in one order for all workers.
//!
//! There is one ledger, behind the log's lock. A write is all or nothing. While writing fails,
//! intents are refused and outcomes wait; the next attempt writes first that there was an outage,
//! then the outcomes, then what is new, so a gap in the trail always says that it is one. An outcome
//! is only written for an intent that is on record.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::batch::Batch;
use crate::audit::chain::{Chain, Draft};
use crate::audit::entry::Kind;
use crate::audit::error::Unavailable;
use crate::audit::recovery;
use crate::audit::segment::Segment;
use crate::audit::tree::Hash;
use crate::clock::{Clock, Timestamp};
use crate::id::DecisionId;
use crate::metrics::AuditMetrics;

/// Everything that is known of the end of the trail.
#[derive(Debug)]
pub(super) struct Ledger {
    folder: PathBuf,
    /// How many bytes a segment may have before the next one is begun.
    limit: u64,
    clock: Clock,
    metrics: AuditMetrics,
    chain: Chain,
    segment: Segment,
    /// Full segments that may not be on disk yet.
    retired: Vec<Retired>,
    open: HashSet<DecisionId>,
    outage: Option<Outage>,
    trust: Trust,
    /// Outcomes that could not be written yet.
    waiting: Batch,
    draft: Draft,
    /// The exchanges that the draft closes.
    closing: Vec<DecisionId>,
}

/// Whether what was written can be believed to be what is in the files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Trust {
    Kept,
    /// A sync failed, and what it was for has not been written anew yet.
    Lost,
}

/// A segment that is full.
#[derive(Clone, Debug)]
pub(super) struct Retired {
    path: PathBuf,
    file: Arc<File>,
}

/// Why nothing can be written, since when, and how many records were lost to it.
#[derive(Debug)]
struct Outage {
    since: Timestamp,
    cause: Unavailable,
    refused: u64,
}

/// What must reach the disk, and what a checkpoint may say once it has.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) size: u64,
    pub(super) root: Hash,
    retired: Vec<Retired>,
    current: Arc<File>,
    folder: PathBuf,
}

impl Ledger {
    pub(super) fn new(
        folder: &Path,
        limit: u64,
        clock: Clock,
        metrics: AuditMetrics,
        end: recovery::End,
    ) -> Self {
        metrics.writable.set(1);
        Self {
            folder: folder.to_owned(),
            limit,
            clock,
            metrics,
            chain: end.chain,
            segment: end.segment,
            retired: Vec::new(),
            open: end.open,
            outage: None,
            trust: Trust::Kept,
            waiting: Batch::default(),
            draft: Draft::new(),
            closing: Vec::new(),
        }
    }

    /// How many entries the trail has.
    pub(super) fn size(&self) -> u64 {
        self.chain.tree.size()
    }

    /// The exchanges that are on record and have no outcome.
    pub(super) fn open(&self) -> &HashSet<DecisionId> {
        &self.open
    }

    /// Whether records can be written, as far as the newest attempt tells.
    pub(super) fn ready(&self) -> Result<(), Unavailable> {
        self.outage.as_ref().map_or(Ok(()), |outage| Err(outage.cause.clone()))
    }

    /// Writes the records of `batch` and returns the size of the trail after them.
    ///
    /// # Errors
    /// If they could not be written, or there are too many exchanges open: then no intent of the
    /// batch is on record. Its outcomes will be written as soon as that is possible.
    pub(super) fn append(&mut self, batch: &Batch) -> Result<u64, Unavailable> {
        if let (Trust::Lost, Err(cause)) = (self.trust, self.ready()) {
            self.put_off(batch);
            return Err(cause);
        }
        let crowded = self.open.len() >= OPEN && batch.records().any(|r| r.kind == Kind::Intent);
        let written = self.begin(batch).and_then(|fresh| {
            self.assemble(batch, crowded);
            self.write(fresh)
        });
        if let Err(error) = written {
            return Err(self.failed(batch, error));
        }
        if crowded { Err(Unavailable::Crowded) } else { Ok(self.size()) }
    }

    /// Begins a draft; if the segment is full, with the head of a new one. But the end of the
    /// trail stands where it is: it has a checkpoint right before it, and no entry in between.
    fn begin(&mut self, batch: &Batch) -> io::Result<Option<Segment>> {
        self.closing.clear();
        self.draft.begin(&self.chain, self.clock.now());
        let ends = batch.records().all(|record| record.kind == Kind::Stop);
        if ends || self.segment.length() < self.limit {
            return Ok(None);
        }
        let fresh = Segment::create(&self.folder, self.size())?;
        for record in opening(&self.chain, &self.open).records() {
            self.draft.add(record.body);
        }
        Ok(Some(fresh))
    }

    /// Drafts the outage if there was one, the outcomes that waited, and the batch.
    fn assemble(&mut self, batch: &Batch, crowded: bool) {
        if let Some(outage) = &self.outage {
            let mut note = Batch::default();
            note.note(Kind::Outage, |object| {
                object.shown("since", outage.since);
                object.text("cause", outage.cause.to_string().as_bytes(), CAUSE);
                object.number("refused", outage.refused);
            });
            note.records().for_each(|record| self.draft.add(record.body));
        }
        for record in self.waiting.records().chain(batch.records()) {
            let admitted = match (record.kind, record.id) {
                (Kind::Intent, Some(id)) => !crowded && self.open.insert(id),
                (Kind::Outcome, Some(id)) => {
                    let open = self.open.remove(&id);
                    if open {
                        self.closing.push(id);
                    }
                    open
                }
                _ => true,
            };
            if admitted {
                self.draft.add(record.body);
            }
        }
    }

    fn write(&mut self, fresh: Option<Segment>) -> io::Result<()> {
        if self.draft.bytes().is_empty() {
            return Ok(());
        }
        if let Some(mut fresh) = fresh {
            if let Err(error) = fresh.append(self.draft.bytes()) {
                // Left behind, the empty file would be in the way of the next attempt.
                let _ = fresh.discard();
                return Err(error);
            }
            let full = std::mem::replace(&mut self.segment, fresh);
            let (path, file) = (full.path().to_owned(), Arc::clone(full.file()));
            self.retired.push(Retired { path, file });
        } else {
            self.segment.append(self.draft.bytes())?;
        }
        self.metrics.records.inc_by(self.draft.adopt(&mut self.chain));
        self.waiting.clear();
        if let Some(outage) = self.outage.take() {
            self.metrics.writable.set(1);
            tracing::info!(since = %outage.since, refused = outage.refused, "audit trail is writable again");
        }
        Ok(())
    }

    /// Takes back what the draft did to the open exchanges, and puts off what can wait.
    fn failed(&mut self, batch: &Batch, error: io::Error) -> Unavailable {
        let cause = Unavailable::Write(Arc::new(error));
        self.open.extend(self.closing.drain(..));
        for record in batch.records().filter(|record| record.kind == Kind::Intent) {
            if let Some(id) = record.id {
                self.open.remove(&id);
            }
        }
        self.suffer(cause.clone());
        self.put_off(batch);
        cause
    }

    /// Notes that the trail cannot be written, for `cause`.
    fn suffer(&mut self, cause: Unavailable) {
        self.metrics.write_errors.inc();
        self.metrics.writable.set(0);
        let now = self.clock.now();
        match &mut self.outage {
            Some(outage) => outage.cause = cause,
            None => {
                tracing::error!(%cause, "audit trail cannot be written; requests are refused");
                self.outage = Some(Outage { since: now, cause, refused: 0 });
            }
        }
    }

    /// Keeps the outcomes of `batch` for later, as far as there is room; an exchange whose outcome
    /// is lost shows as unknown at the next start. What else it holds is counted.
    fn put_off(&mut self, batch: &Batch) {
        let mut refused = 0;
        for record in batch.records() {
            let open = record.id.is_some_and(|id| self.open.contains(&id));
            match record.kind {
                Kind::Outcome if open && self.waiting.size() < WAITING => self.waiting.copy(record),
                Kind::Outcome => {}
                _ => refused += 1,
            }
        }
        if let Some(outage) = &mut self.outage {
            outage.refused += refused;
        }
    }

    /// What must be written to disk for everything so far to be there.
    ///
    /// # Errors
    /// While a failed sync has not been made good: the kernel would now report success for what it
    /// has already dropped.
    pub(super) fn snapshot(&mut self) -> Result<Snapshot, Unavailable> {
        if let (Trust::Lost, Err(cause)) = (self.trust, self.ready()) {
            return Err(cause);
        }
        Ok(Snapshot {
            size: self.size(),
            root: self.chain.tree.root(),
            retired: std::mem::take(&mut self.retired),
            current: Arc::clone(self.segment.file()),
            folder: self.folder.clone(),
        })
    }

    /// A sync failed: the kernel may have dropped what was written and say so only once, so the
    /// files are not believed until they have been written anew.
    pub(super) fn distrust(&mut self, snapshot: Snapshot, error: io::Error) -> Unavailable {
        let cause = Unavailable::Sync(Arc::new(error));
        self.retired.splice(..0, snapshot.retired);
        self.trust = Trust::Lost;
        self.suffer(cause.clone());
        cause
    }

    /// Tries to get out of an outage; does nothing if there is none.
    pub(super) fn probe(&mut self) {
        if self.outage.is_none() {
            return;
        }
        if self.trust == Trust::Lost {
            if let Err(error) = self.rewrite() {
                self.suffer(Unavailable::Sync(Arc::new(error)));
                return;
            }
            self.trust = Trust::Kept;
        }
        // Writing the record of the outage is the probe: if it can be written, the outage is over.
        let _ = self.append(&Batch::default());
    }

    /// Writes everything that may not be on disk into fresh files, checks that it is what was
    /// recorded, and goes on with those.
    fn rewrite(&mut self) -> io::Result<()> {
        for segment in &self.retired {
            let length = segment.file.metadata()?.len();
            recovery::rewrite(&segment.path, length)?;
        }
        let path = self.segment.path().to_owned();
        let copy = recovery::rewrite(&path, self.segment.length())?;
        if copy.tree.root() != self.chain.tree.root() {
            return Err(io::Error::other("records were lost; restart to record the loss"));
        }
        self.segment = Segment::resume(&path, self.segment.length())?;
        File::open(&self.folder)?.sync_all()?;
        self.retired.clear();
        Ok(())
    }
}

impl Snapshot {
    /// Waits until the disk has it.
    pub(super) fn sync(&self) -> io::Result<()> {
        for segment in &self.retired {
            segment.file.sync_data()?;
        }
        self.current.sync_data()?;
        if !self.retired.is_empty() {
            // A segment was begun: its name must be on disk as well.
            File::open(&self.folder)?.sync_all()?;
        }
        Ok(())
    }
}

/// The entries that a segment begins with: the tree so far, and the exchanges still open.
pub(super) fn opening(chain: &Chain, open: &HashSet<DecisionId>) -> Batch {
    let mut batch = Batch::default();
    batch.note(Kind::Segment, |object| {
        object.number("open", open.len() as u64);
        let edge: Vec<String> = chain.tree.edge().iter().map(ToString::to_string).collect();
        object.list("tree", edge.iter().map(String::as_str), HEAD);
    });
    let ids: Vec<String> = open.iter().map(ToString::to_string).collect();
    for ids in ids.chunks(recovery::IDS) {
        batch.note(Kind::Open, |object| {
            object.list("ids", ids.iter().map(String::as_str), HEAD);
        });
    }
    batch
}

/// A record that says nothing but that an exchange's outcome is not known.
pub(super) fn unknown(batch: &mut Batch, id: DecisionId) {
    batch.about(id, Kind::Outcome, |object| crate::audit::record::Outcome::Unknown.write(object));
}

/// The longest cause of an outage as written, in bytes.
const CAUSE: usize = 1024;
/// The most exchanges that may be open at once; more are refused.
const OPEN: usize = 1 << 20;
/// The longest list in the head of a segment as written, in bytes; 64 hashes and 1,000 ids fit.
const HEAD: usize = 48 * 1024;
/// How many bytes of outcomes wait for the trail to be writable again.
const WAITING: usize = 16 << 20;
