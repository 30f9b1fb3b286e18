//! The trail as the whole process shares it: opened once, closed once, written by every worker.
//!
//! Opening takes a lock on the folder, mends what a crash left, and does not return before a
//! checkpoint covers what is there. Closing writes that it was in good order. In between a thread
//! of its own waits for the disk, so that no worker ever does.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::audit::batch::Batch;
use crate::audit::chain::Chain;
use crate::audit::entry::Kind;
use crate::audit::error::{Error, Unavailable};
use crate::audit::key::SigningKey;
use crate::audit::ledger::{self, Ledger};
use crate::audit::notary::{NEWEST, Notary};
use crate::audit::note::Origin;
use crate::audit::recovery::{self, Cut, End};
use crate::audit::segment::Segment;
use crate::audit::sync::{Desk, run};
use crate::audit::tree::{Hash, Tree};
use crate::clock::Clock;
use crate::metrics::AuditMetrics;

/// Where a trail is kept and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// The folder; made if it is not there.
    pub path: PathBuf,
    /// How long records may wait for the disk, at most.
    pub sync: Duration,
    /// How checkpoints are signed.
    pub checkpoint: Signing,
    /// How many bytes a segment may have before the next one is begun.
    pub segment: u64,
}

impl Config {
    /// The usual settings: 20 ms, a kept checkpoint every minute, segments of 64 MiB.
    pub fn new(path: PathBuf, key: PathBuf, origin: Origin) -> Self {
        let checkpoint = Signing { every: Duration::from_secs(60), key, origin };
        Self { path, sync: Duration::from_millis(20), checkpoint, segment: 64 << 20 }
    }
}

/// How checkpoints are signed.
#[derive(Clone, Debug, PartialEq)]
pub struct Signing {
    /// How often one is kept in the history.
    pub every: Duration,
    /// The file with the Ed25519 private key.
    pub key: PathBuf,
    /// The name of the trail and of its key.
    pub origin: Origin,
}

/// A trail that is being written. Clones share it; it is closed with the last one at the latest.
#[derive(Clone, Debug)]
pub struct Log(Arc<Owner>);

#[derive(Debug)]
struct Owner {
    folder: PathBuf,
    desk: Arc<Desk>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Log {
    /// Opens the trail, or begins it.
    ///
    /// # Errors
    /// If someone else has it open, its files or its key cannot be used, or what is there is not
    /// what was signed.
    pub fn open(config: Config, clock: Clock, metrics: AuditMetrics) -> Result<Self, Error> {
        let folder = &config.path;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|source| Error::io(folder, source))?;
        let lock = lock(folder)?;
        let signing = config.checkpoint;
        let key = SigningKey::load(&signing.key, signing.origin).map_err(Error::Key)?;
        let notary = Notary::open(folder, key, signing.every, clock.clone(), metrics.clone())?;
        let end = recovery::recover(folder, notary.newest())?;
        let ledger = begin(folder, config.segment, clock, metrics, end)?;
        let desk = Arc::new(Desk::new(ledger, config.sync));
        let mut notary = notary;
        desk.settle(&mut notary).map_err(|source| Error::io(folder, source))?;
        let name = std::thread::Builder::new().name("audit-sync".to_owned());
        let thread = name.spawn({
            let desk = Arc::clone(&desk);
            move || run(&desk, notary, lock)
        });
        let thread = thread.map_err(|source| Error::io(folder, source))?;
        let (folder, thread) = (folder.clone(), Mutex::new(Some(thread)));
        Ok(Self(Arc::new(Owner { folder, desk, thread })))
    }

    /// Whether records can be written; also for as long as nothing asks to write any.
    ///
    /// # Errors
    /// If they cannot, and why.
    pub fn ready(&self) -> Result<(), Unavailable> {
        self.0.desk.ready()
    }

    /// The newest signed checkpoint, as it stands. Blocks on the disk.
    ///
    /// # Errors
    /// If its file cannot be read.
    pub fn checkpoint(&self) -> io::Result<String> {
        fs::read_to_string(self.0.folder.join(NEWEST))
    }

    /// Writes that Countersign stops, waits for the disk, and signs the last checkpoint. After that
    /// nothing more can be recorded; closing twice changes nothing.
    pub fn close(&self) {
        self.0.close();
    }

    pub(super) fn desk(&self) -> &Desk {
        &self.0.desk
    }
}

impl Owner {
    fn close(&self) {
        self.desk.close();
        let thread = self.thread.lock().map(|mut thread| thread.take());
        let Ok(Some(thread)) = thread else { return };
        if thread.join().is_err() {
            tracing::error!("audit thread panicked; the last records may lack a checkpoint");
        }
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.close();
    }
}

/// Locks the folder for as long as the returned file is open.
fn lock(folder: &Path) -> Result<File, Error> {
    let path = folder.join(LOCK);
    let open = fs::OpenOptions::new().write(true).create(true).truncate(false).open(&path);
    let file = open.map_err(|source| Error::io(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Error::Locked { folder: folder.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::io(&path, source)),
    }
}

/// Takes the trail up at its end, or begins it, and records that it was.
fn begin(
    folder: &Path,
    limit: u64,
    clock: Clock,
    metrics: AuditMetrics,
    end: Option<End>,
) -> Result<Ledger, Error> {
    let failed = |source| Error::io(folder, source);
    let mut batch = Batch::default();
    let end = match end {
        Some(end) => end,
        None => {
            let chain = Chain::new(Tree::default(), Hash::ZERO);
            batch = ledger::opening(&chain, &std::collections::HashSet::new());
            let segment = Segment::create(folder, 0).map_err(failed)?;
            End { chain, segment, open: std::collections::HashSet::new(), cut: None }
        }
    };
    let cut = end.cut;
    let mut ledger = Ledger::new(folder, limit, clock, metrics, end);
    batch.note(Kind::Start, |object| object.word("version", env!("CARGO_PKG_VERSION")));
    if let Some(Cut { bytes, sha256 }) = cut {
        tracing::warn!(bytes, "cut a torn record off the end of the audit trail");
        batch.note(Kind::Repair, |object| {
            object.number("bytes", bytes);
            object.hash("sha256", &sha256);
        });
    }
    let mut open: Vec<_> = ledger.open().iter().copied().collect();
    open.sort_unstable();
    for id in open {
        ledger::unknown(&mut batch, id);
    }
    ledger.append(&batch).map_err(|cause| failed(io::Error::other(cause)))?;
    Ok(ledger)
}

/// The file that is locked while the trail is open.
const LOCK: &str = "lock";
