//! What of a history was not sent elsewhere yet.
//!
//! It is read from the files that the keeper writes, and a small file beside them says how far it
//! was sent. So a receiver that is gone costs nothing but disk, and a restart goes on where the last
//! one stopped. Whoever stops between a receipt and that file sends one batch twice, and nothing is
//! passed over instead: a receiver tells events apart by their `decision_id`.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::history::error::Error;
use crate::history::segment::{self, Found};

/// The most bytes of one batch before they are compressed; an event that is larger goes alone.
pub(super) const BYTES: usize = 1 << 20;

/// The most events of one batch.
pub(super) const EVENTS: u64 = 1_000;

/// The history in one folder, as far as it was not sent.
#[derive(Clone, Debug)]
pub struct Backlog {
    folder: PathBuf,
}

/// Some events, in the order in which they were written.
#[derive(Clone, Debug)]
pub struct Batch {
    /// A JSON array of them, compressed with gzip.
    pub body: Bytes,
    /// How many there are; none where only what is torn was passed over.
    pub events: u64,
    /// Lines on the way that a crash tore.
    pub torn: u64,
    /// Whether there was no room for more.
    pub filled: Filled,
    upto: Cursor,
}

/// Whether a batch holds all that there is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Filled {
    /// More is waiting.
    Full,
    /// It was everything.
    Partly,
}

/// How far the history was sent.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
struct Cursor {
    /// The file, by the microseconds that it is named by.
    file: u64,
    /// What of it was sent, in bytes from its beginning.
    offset: u64,
}

impl Backlog {
    /// What was not sent of the history in `folder`.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The next events to send; `None` where everything was. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn next(&self) -> Result<Option<Batch>, Error> {
        let cursor = self.cursor()?;
        let all = segment::list(&self.folder).map_err(Error::io(&self.folder))?;
        let newest = all.last().map(|found| found.path.clone());
        let mut gathering = Gathering::new(cursor);
        for found in all.iter().filter(|found| found.first.micros() >= cursor.file) {
            let written =
                if newest.as_ref() == Some(&found.path) { Tail::Grows } else { Tail::Torn };
            match gathering.take(found, cursor, written) {
                Ok(Filled::Partly) => {}
                Ok(Filled::Full) => break,
                // It expired meanwhile.
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                Err(why) => return Err(Error::Io(found.path.clone(), why)),
            }
        }
        let moved = gathering.upto != cursor;
        let batch = moved.then(|| gathering.finish()).transpose();
        batch.map_err(Error::io(&self.folder))
    }

    /// Remembers that `batch` need not be sent any more. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Io`]; it will then be sent again.
    pub fn done(&self, batch: &Batch) -> Result<(), Error> {
        self.remember(batch.upto).map_err(Error::io(&self.folder))
    }

    /// How many bytes wait to be sent. Blocks on the disk.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn bytes(&self) -> Result<u64, Error> {
        let cursor = self.cursor()?;
        let all = segment::list(&self.folder).map_err(Error::io(&self.folder))?;
        Ok(all.iter().map(|found| found.length.saturating_sub(cursor.within(found))).sum())
    }

    /// How many events of one file wait to be sent: what is lost with it, unless they are on their
    /// way. Blocks on the disk.
    pub(super) fn unsent(&self, found: &Found) -> Result<u64, Error> {
        let from = self.cursor()?.within(found);
        let mut reader = open(&found.path, from).map_err(Error::io(&found.path))?;
        let (mut events, mut line) = (0, Vec::new());
        while reader.read_until(b'\n', &mut line).map_err(Error::io(&found.path))? > 0 {
            events += u64::from(line.ends_with(b"\n"));
            line.clear();
        }
        Ok(events)
    }

    fn cursor(&self) -> Result<Cursor, Error> {
        let path = self.folder.join(CURSOR);
        match fs::read(&path) {
            Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_else(|why| {
                tracing::warn!(path = %path.display(), "all decisions are sent again: {why}");
                Cursor::default()
            })),
            Err(why) if why.kind() == io::ErrorKind::NotFound => Ok(Cursor::default()),
            Err(why) => Err(Error::Io(path, why)),
        }
    }

    /// Whole or not at all, also after a power cut.
    fn remember(&self, cursor: Cursor) -> io::Result<()> {
        let mut written = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut written, &cursor)?;
        written.flush()?;
        written.as_file().sync_data()?;
        written.persist(self.folder.join(CURSOR)).map_err(|failed| failed.error)?;
        Ok(())
    }
}

impl Cursor {
    /// What of `found` was sent, in bytes.
    fn within(self, found: &Found) -> u64 {
        match found.first.micros().cmp(&self.file) {
            std::cmp::Ordering::Less => found.length,
            std::cmp::Ordering::Equal => self.offset,
            std::cmp::Ordering::Greater => 0,
        }
    }
}

/// What the end of a file without a line feed means.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Tail {
    /// The rest is still to be written.
    Grows,
    /// A crash tore it.
    Torn,
}

/// A batch that is being put together.
struct Gathering {
    body: Vec<u8>,
    events: u64,
    torn: u64,
    filled: Filled,
    upto: Cursor,
}

impl Gathering {
    fn new(from: Cursor) -> Self {
        Self { body: Vec::new(), events: 0, torn: 0, filled: Filled::Partly, upto: from }
    }

    /// Takes the lines of one file until there is no room for more.
    fn take(&mut self, found: &Found, from: Cursor, tail: Tail) -> io::Result<Filled> {
        let file = found.first.micros();
        let offset = from.within(found);
        let mut reader = open(&found.path, offset)?;
        self.upto = Cursor { file, offset };
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            let whole = line.ends_with(b"\n");
            if read == 0 || (!whole && tail == Tail::Grows) {
                return Ok(Filled::Partly);
            }
            if whole && serde_json::from_slice::<IgnoredAny>(&line).is_ok() {
                if !self.has_room(&line) {
                    self.filled = Filled::Full;
                    return Ok(Filled::Full);
                }
                self.add(&line);
            } else {
                self.torn += 1;
            }
            self.upto.offset += u64::try_from(read).unwrap_or(u64::MAX);
        }
    }

    /// Two brackets, a comma for each, and no line feed.
    fn has_room(&self, line: &[u8]) -> bool {
        self.events == 0 || (self.events < EVENTS && self.body.len() + line.len() < BYTES)
    }

    fn add(&mut self, line: &[u8]) {
        self.body.push(if self.events == 0 { b'[' } else { b',' });
        self.body.extend_from_slice(line.trim_ascii_end());
        self.events += 1;
    }

    fn finish(mut self) -> io::Result<Batch> {
        self.body.push(b']');
        let mut packed = GzEncoder::new(Vec::new(), Compression::default());
        packed.write_all(&self.body)?;
        let body = packed.finish()?.into();
        let Self { events, torn, filled, upto, .. } = self;
        Ok(Batch { body, events, torn, filled, upto })
    }
}

fn open(path: &Path, offset: u64) -> io::Result<BufReader<File>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    Ok(BufReader::with_capacity(READ, file))
}

/// The file that says how far it was sent. Those with decisions have another ending.
pub(super) const CURSOR: &str = "sent.json";

/// Bytes that are read at once.
const READ: usize = 256 << 10;
