//! The files of a trail: named by their first entry, only ever appended to.
//!
//! An append is all or nothing: what a failed write left behind is cut off again before anything
//! else is written. Nothing here ever writes before the end of what was written successfully.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::audit::entry::ENTRY;
use crate::audit::tree::Hash;

/// The file that is being written.
#[derive(Debug)]
pub(super) struct Segment {
    file: Arc<File>,
    path: PathBuf,
    length: u64,
    tail: Tail,
}

/// What stands after the last whole entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Tail {
    Clean,
    /// A failed write may have left bytes behind.
    Ragged,
}

impl Segment {
    /// Makes the file whose first entry will be `first`.
    pub(super) fn create(folder: &Path, first: u64) -> io::Result<Self> {
        let path = folder.join(name(first));
        let file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        Ok(Self { file: Arc::new(file), path, length: 0, tail: Tail::Clean })
    }

    /// Goes on with the file at `path`, of which the first `length` bytes are whole entries; the
    /// rest is cut off.
    pub(super) fn resume(path: &Path, length: u64) -> io::Result<Self> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() != length {
            file.set_len(length)?;
            file.sync_all()?;
        }
        Ok(Self { file: Arc::new(file), path: path.to_owned(), length, tail: Tail::Clean })
    }

    /// Writes `bytes` at the end: all of them, or none.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.mend()?;
        match self.file.write_all_at(bytes, self.length) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                self.tail = Tail::Ragged;
                // If this fails too, the next append begins with it.
                let _ = self.mend();
                Err(error)
            }
        }
    }

    fn mend(&mut self) -> io::Result<()> {
        if self.tail == Tail::Ragged {
            self.file.set_len(self.length)?;
            self.tail = Tail::Clean;
        }
        Ok(())
    }

    /// Removes the file again: its first entries could not be written.
    pub(super) fn discard(self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }

    pub(super) fn file(&self) -> &Arc<File> {
        &self.file
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }
}

/// Reads a segment line by line, in bounded memory.
#[derive(Debug)]
pub(super) struct Lines {
    reader: BufReader<File>,
    /// A zero byte, for the leaf hash, and then the line.
    buffer: Vec<u8>,
    start: u64,
    end: u64,
    number: u64,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// With the end of the file instead of a line feed.
    Torn,
    /// With a line feed, as it should.
    Whole,
}

impl Lines {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let reader = BufReader::with_capacity(READ, File::open(path)?);
        Ok(Self { reader, buffer: vec![0], start: 0, end: 0, number: 0 })
    }

    /// Moves to the next line; `None` at the end of the file. Of a line that is too long for an
    /// entry only the beginning is kept, which is still too long for one.
    pub(super) fn advance(&mut self) -> io::Result<Option<Ending>> {
        self.buffer.truncate(1);
        self.start = self.end;
        let mut ending = self.fill()?;
        if ending == Ending::Torn && self.buffer.len() > 1 {
            // A line that was being written while we looked is whole when we look again.
            ending = self.fill()?;
        }
        if self.buffer.len() == 1 && ending == Ending::Torn {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(ending))
    }

    fn fill(&mut self) -> io::Result<Ending> {
        loop {
            let room = (ENTRY + 2).saturating_sub(self.buffer.len());
            let available = self.reader.fill_buf()?;
            let found = memchr::memchr(b'\n', available);
            let length = found.unwrap_or(available.len());
            self.buffer.extend_from_slice(&available[..length.min(room)]);
            let used = length + usize::from(found.is_some());
            self.reader.consume(used);
            self.end += used as u64;
            if found.is_some() {
                return Ok(Ending::Whole);
            }
            if used == 0 {
                return Ok(Ending::Torn);
            }
        }
    }

    /// The line without its line feed.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[1..]
    }

    /// The line's leaf hash.
    pub(super) fn leaf(&self) -> Hash {
        Hash::leaf(&self.buffer)
    }

    /// Where the line begins, in bytes from the start of the file.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Where the next line begins.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// The line's number in its file, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }
}

/// The file name of the segment whose first entry is `first`.
pub(super) fn name(first: u64) -> String {
    format!("{first:020}.jsonl")
}

/// The segments in `folder` with the index of their first entry, by their names, in order.
pub(super) fn list(folder: &Path) -> io::Result<Vec<(u64, PathBuf)>> {
    let mut segments = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        let Some(file_name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let Some(digits) = file_name.strip_suffix(".jsonl") else { continue };
        let Ok(first) = digits.parse() else { continue };
        if file_name == name(first) {
            segments.push((first, path));
        }
    }
    segments.sort_unstable();
    Ok(segments)
}

/// How much of a file is read at a time, in bytes.
const READ: usize = 256 * 1024;

#[cfg(test)]
mod tests {
    use super::{Ending, Lines, Segment, list};
    use std::fs;

    #[test]
    fn a_segment_goes_on_after_its_last_whole_entry() {
        let folder = tempfile::tempdir().unwrap();
        let mut segment = Segment::create(folder.path(), 7).unwrap();
        segment.append(b"whole\n").unwrap();
        let path = segment.path().to_owned();
        drop(segment);
        fs::write(&path, b"whole\ntorn").unwrap();
        let mut segment = Segment::resume(&path, 6).unwrap();
        segment.append(b"next\n").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"whole\nnext\n");
    }

    #[test]
    fn segments_are_listed_in_order_and_nothing_else_is() {
        let folder = tempfile::tempdir().unwrap();
        for first in [300, 0, 20] {
            Segment::create(folder.path(), first).unwrap();
        }
        fs::write(folder.path().join("5.jsonl"), "").unwrap();
        fs::write(folder.path().join("checkpoint"), "").unwrap();
        let firsts: Vec<_> =
            list(folder.path()).unwrap().into_iter().map(|(first, _)| first).collect();
        assert_eq!(firsts, [0, 20, 300]);
    }

    #[test]
    fn lines_are_read_with_their_places_and_a_torn_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let long = vec![b'x'; 200_000];
        fs::write(&path, [b"one\n\n", &long[..], b"\ntorn"].concat()).unwrap();
        let mut lines = Lines::open(&path).unwrap();
        let mut seen = Vec::new();
        while let Some(ending) = lines.advance().unwrap() {
            seen.push((lines.number(), lines.start(), lines.bytes().len(), ending));
        }
        let expected = [
            (1, 0, 3, Ending::Whole),
            (2, 4, 0, Ending::Whole),
            (3, 5, 65_536, Ending::Whole),
            (4, 200_006, 4, Ending::Torn),
        ];
        assert_eq!(seen, expected);
    }
}
