//! How a trail is taken up again after a stop, a crash or a failing disk.
//!
//! Only the last segment is read: it begins with the right edge of the tree so far and with the
//! exchanges that were open, so nothing older is needed. What a crash tore off the end is cut away
//! and the cut recorded; but what a checkpoint was signed for must all be there and unchanged, or
//! the trail is not touched at all.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::Value;

use crate::audit::chain::Chain;
use crate::audit::entry::{Head, Kind};
use crate::audit::error::Error;
use crate::audit::note::Checkpoint;
use crate::audit::segment::{Ending, Lines, Segment, list};
use crate::audit::tree::{Hash, Tree};
use crate::id::DecisionId;

/// The end of a trail, ready to be written to.
#[derive(Debug)]
pub(super) struct End {
    pub(super) chain: Chain,
    pub(super) segment: Segment,
    pub(super) open: HashSet<DecisionId>,
    /// What was cut off, if anything was.
    pub(super) cut: Option<Cut>,
}

/// Bytes that were no whole entry, by digest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    pub(super) bytes: u64,
    pub(super) sha256: Hash,
}

/// What one segment says, as far as it is good.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) tree: Tree,
    pub(super) prev: Hash,
    pub(super) open: HashSet<DecisionId>,
    /// How many bytes of the file are good entries.
    pub(super) length: u64,
    /// The root when the tree had the size that was asked for, if it had it here.
    marked: Option<Hash>,
    /// How many exchanges are still to be listed as open by the segment's head.
    missing: u64,
}

/// Finds the end of the trail in `folder`; `None` if there is no entry yet.
///
/// # Errors
/// If the files cannot be read or mended, or do not fit `signed`, the newest checkpoint.
pub(super) fn recover(folder: &Path, signed: Option<&Checkpoint>) -> Result<Option<End>, Error> {
    let size = signed.map_or(0, |checkpoint| checkpoint.size);
    let mut cut = None;
    let mut segments = list(folder).map_err(|source| Error::io(folder, source))?;
    while let Some((first, path)) = segments.pop() {
        let failed = |source| Error::io(&path, source);
        let Some(scan) = scan(&path, first, size).map_err(failed)? else {
            // The head of the segment never became whole, so nothing in it was ever promised.
            if size > first {
                return Err(Error::damaged(folder, first));
            }
            cut = cut_from(&path, 0).map_err(failed)?.or(cut);
            fs::remove_file(&path).map_err(failed)?;
            continue;
        };
        if scan.tree.size() < size {
            return Err(Error::damaged(folder, scan.tree.size()));
        }
        check(folder, &scan, first, signed)?;
        cut = cut_from(&path, scan.length).map_err(failed)?.or(cut);
        let segment = Segment::resume(&path, scan.length).map_err(failed)?;
        let chain = Chain::new(scan.tree, scan.prev);
        return Ok(Some(End { chain, segment, open: scan.open, cut }));
    }
    if size > 0 {
        return Err(Error::damaged(folder, 0));
    }
    Ok(None)
}

/// Compares what a segment says with what was signed.
fn check(folder: &Path, scan: &Scan, first: u64, signed: Option<&Checkpoint>) -> Result<(), Error> {
    let Some(signed) = signed else {
        // The first checkpoint is signed before the first exchange: a trail that has none and yet
        // holds more than its own beginning has lost it.
        return if scan.tree.size() <= BEGINNING {
            Ok(())
        } else {
            Err(Error::Unsigned { folder: folder.to_owned() })
        };
    };
    match scan.marked {
        Some(root) if root != signed.root => Err(Error::damaged(folder, first)),
        _ => Ok(()),
    }
}

/// Reads the segment at `path`, which begins with entry `first`, up to the first line that is no
/// good; `None` if that is already so before the end of its head.
pub(super) fn scan(path: &Path, first: u64, mark: u64) -> io::Result<Option<Scan>> {
    let mut lines = Lines::open(path)?;
    if lines.advance()? != Some(Ending::Whole) {
        return Ok(None);
    }
    let Some(mut scan) = Scan::begin(lines.bytes(), first) else { return Ok(None) };
    scan.marked = (first == mark).then(|| scan.tree.root());
    scan.note(&lines, mark);
    while lines.advance()? == Some(Ending::Whole) {
        if scan.follow(lines.bytes()).is_none() {
            break;
        }
        scan.note(&lines, mark);
    }
    Ok((scan.missing == 0).then_some(scan))
}

impl Scan {
    /// What the first line of a segment says of all entries before it.
    fn begin(line: &[u8], first: u64) -> Option<Self> {
        let head = Head::parse(line).ok()?;
        let value: Value = serde_json::from_slice(line).ok()?;
        if head.index != first || Kind::parse(head.kind) != Some(Kind::Segment) {
            return None;
        }
        let edge: Option<Vec<Hash>> =
            value["tree"].as_array()?.iter().map(|hash| Hash::parse(hash.as_str()?)).collect();
        let tree = Tree::with_edge(first, edge?)?;
        let missing = value["open"].as_u64()?;
        Some(Self { tree, prev: head.prev, open: HashSet::new(), length: 0, marked: None, missing })
    }

    /// Takes in a line that must follow from the one before.
    fn follow(&mut self, line: &[u8]) -> Option<()> {
        let head = Head::parse(line).ok()?;
        if head.index != self.tree.size() || head.prev != self.prev {
            return None;
        }
        match (Kind::parse(head.kind)?, head.id) {
            (Kind::Intent, Some(id)) => {
                self.open.insert(id);
            }
            (Kind::Outcome, Some(id)) => {
                self.open.remove(&id);
            }
            (Kind::Open, None) => {
                let value: Value = serde_json::from_slice(line).ok()?;
                for id in value["ids"].as_array()? {
                    self.open.insert(DecisionId::parse(id.as_str()?)?);
                    self.missing = self.missing.checked_sub(1)?;
                }
            }
            _ => {}
        }
        Some(())
    }

    fn note(&mut self, lines: &Lines, mark: u64) {
        let leaf = lines.leaf();
        self.tree.push(leaf);
        self.prev = leaf;
        self.length = lines.end();
        if self.tree.size() == mark {
            self.marked = Some(self.tree.root());
        }
    }
}

/// The bytes of `path` from `length` on, by digest; `None` if there are none.
fn cut_from(path: &Path, length: u64) -> io::Result<Option<Cut>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(length))?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest)?;
    let cut = Cut { bytes: rest.len() as u64, sha256: Hash::of(&rest) };
    Ok((cut.bytes > 0).then_some(cut))
}

/// Puts a fresh copy of the first `length` bytes of a segment in its place, on disk, if they are
/// still good entries; and says what it holds.
pub(super) fn rewrite(path: &Path, length: u64) -> io::Result<Scan> {
    let copy = path.with_extension("rewrite");
    let mut to =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&copy)?;
    io::copy(&mut File::open(path)?.take(length), &mut to)?;
    to.sync_all()?;
    let first = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
    let first = first.ok_or_else(|| io::Error::other("the segment has no number"))?;
    let good = scan(&copy, first, 0)?.filter(|scan| scan.length == length);
    let scan =
        good.ok_or_else(|| io::Error::other("records were lost before they were on disk"))?;
    fs::rename(&copy, path)?;
    Ok(scan)
}

/// How many entries can be there before the first checkpoint: the segment's head and the start.
const BEGINNING: u64 = 2;
/// How many ids one `open` entry lists; that many fit by far.
pub(super) const IDS: usize = 1000;
