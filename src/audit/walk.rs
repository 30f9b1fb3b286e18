//! All lines of a trail in order, through its segments, in bounded memory.

use std::io;
use std::path::{Path, PathBuf};

use crate::audit::segment::{Ending, Lines, list, name};
use crate::audit::tree::Hash;

/// Where a line stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The segment's file name.
    pub file: String,
    /// The line's number in it, from 1.
    pub line: u64,
    /// The line's first byte, from the start of the file.
    pub offset: u64,
}

/// Moves through a trail line by line.
#[derive(Debug)]
pub(super) struct Walk {
    segments: std::vec::IntoIter<(u64, PathBuf)>,
    first: u64,
    lines: Option<Lines>,
}

impl Walk {
    /// Before the first line of the trail in `folder`.
    pub(super) fn begin(folder: &Path) -> io::Result<Self> {
        Ok(Self { segments: list(folder)?.into_iter(), first: 0, lines: None })
    }

    /// Moves to the next line; `None` at the end of the trail.
    pub(super) fn advance(&mut self) -> io::Result<Option<Ending>> {
        loop {
            if let Some(lines) = &mut self.lines
                && let Some(ending) = lines.advance()?
            {
                return Ok(Some(ending));
            }
            let Some((first, path)) = self.segments.next() else { return Ok(None) };
            self.lines = Some(Lines::open(&path)?);
            self.first = first;
        }
    }

    /// The line without its line feed; empty before the first.
    pub(super) fn bytes(&self) -> &[u8] {
        self.lines.as_ref().map_or(&[], Lines::bytes)
    }

    /// The line's leaf hash.
    pub(super) fn leaf(&self) -> Hash {
        self.lines.as_ref().map_or(Hash::ZERO, Lines::leaf)
    }

    /// The entry that the file's name says the file begins with, if this is its first line.
    pub(super) fn beginning(&self) -> Option<u64> {
        self.lines.as_ref().filter(|lines| lines.number() == 1).map(|_| self.first)
    }

    pub(super) fn place(&self) -> Place {
        let (line, offset) =
            self.lines.as_ref().map_or((0, 0), |lines| (lines.number(), lines.start()));
        Place { file: name(self.first), line, offset }
    }
}
