//! What the signed checkpoints of a trail say, met in the order of their sizes.
//!
//! The history is read as the verification goes along, so its length does not matter. A checkpoint
//! whose signature is bad says nothing about the entries; it is remembered and complained of if
//! nothing worse is found.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use crate::audit::notary::{HISTORY, NEWEST};
use crate::audit::note::{Checkpoint, NoteError, VerifierKey};
use crate::audit::report::{Damage, Problem};
use crate::audit::tree::Tree;

/// The checkpoints of one trail.
#[derive(Debug)]
pub(super) struct Witness {
    key: VerifierKey,
    history: Option<BufReader<File>>,
    /// The next of the history.
    next: Option<Checkpoint>,
    /// The newest one, and one that was kept elsewhere.
    fixed: Vec<Checkpoint>,
    newest: u64,
    agreed: u64,
    fitting: u64,
    complaint: Option<Problem>,
}

impl Witness {
    /// Reads the newest checkpoint of the trail in `folder`, and begins its history.
    pub(super) fn open(
        folder: &Path,
        key: &VerifierKey,
        external: Option<&str>,
    ) -> io::Result<Self> {
        let history = present(File::open(folder.join(HISTORY)))?.map(BufReader::new);
        let newest = present(fs::read(folder.join(NEWEST)))?;
        let mut witness = Self {
            key: key.clone(),
            history,
            next: None,
            fixed: Vec::new(),
            newest: 0,
            agreed: 0,
            fitting: 0,
            complaint: None,
        };
        match newest.map(String::from_utf8) {
            Some(Ok(note)) => witness.fix(&note),
            Some(Err(_)) => witness.complain(Some(NoteError::Malformed)),
            None => witness.complain(None),
        }
        witness.newest = witness.size();
        if let Some(note) = external {
            witness.fix(note);
        }
        witness.read()?;
        Ok(witness)
    }

    /// How many entries there must be, as far as is known yet.
    pub(super) fn size(&self) -> u64 {
        self.fixed.iter().chain(&self.next).map(|checkpoint| checkpoint.size).max().unwrap_or(0)
    }

    /// Whether all checkpoints of the tree's size fit it.
    pub(super) fn agrees(&mut self, tree: &Tree) -> io::Result<bool> {
        let mut root = None;
        while let Some(next) = self.next.take_if(|next| next.size <= tree.size()) {
            if next.size < tree.size() {
                self.complain(None);
            } else if next.root != *root.get_or_insert_with(|| tree.root()) {
                return Ok(false);
            }
            self.fitting += 1;
            self.newest = self.newest.max(next.size);
            self.read()?;
        }
        for checkpoint in self.fixed.iter().filter(|fixed| fixed.size == tree.size()) {
            if checkpoint.root != *root.get_or_insert_with(|| tree.root()) {
                return Ok(false);
            }
            self.fitting += 1;
        }
        if root.is_some() {
            self.agreed = tree.size();
        }
        Ok(true)
    }

    /// Whether some checkpoint was signed for exactly this tree.
    pub(super) fn signed(&self, tree: &Tree) -> bool {
        let fits = |signed: &Checkpoint| signed.size == tree.size() && signed.root == tree.root();
        self.fixed.iter().chain(&self.next).any(fits)
    }

    /// How many entries fit the newest checkpoint that was met so far.
    pub(super) fn agreed(&self) -> u64 {
        self.agreed
    }

    /// How many entries the newest checkpoint of the trail itself covers.
    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn fitting(&self) -> u64 {
        self.fitting
    }

    /// What is wrong with the checkpoints themselves.
    pub(super) fn complaint(&mut self) -> Option<Problem> {
        self.complaint.take()
    }

    fn fix(&mut self, note: &str) {
        match self.key.open(note) {
            Ok(checkpoint) => self.fixed.push(checkpoint),
            Err(error) => self.complain(Some(error)),
        }
    }

    fn complain(&mut self, error: Option<NoteError>) {
        let damage = Damage::Checkpoint(error);
        let problem = Problem { entry: self.agreed, place: None, damage };
        self.complaint.get_or_insert(problem);
    }

    /// Reads the next checkpoint of the history, past those that are no good.
    fn read(&mut self) -> io::Result<()> {
        while let Some(history) = &mut self.history {
            let Some(note) = next_note(history)? else {
                self.history = None;
                break;
            };
            match self.key.open(&note) {
                Ok(checkpoint) => {
                    self.next = Some(checkpoint);
                    return Ok(());
                }
                Err(error) => self.complain(Some(error)),
            }
        }
        Ok(())
    }
}

/// The next note of a history; `None` at its end, or at one that a crash tore.
fn next_note(history: &mut BufReader<File>) -> io::Result<Option<String>> {
    let (mut note, mut empty) = (Vec::new(), 0);
    while empty < 2 && note.len() < NOTE {
        let start = note.len();
        let room = (NOTE - start) as u64 + 1;
        history.by_ref().take(room).read_until(b'\n', &mut note)?;
        if note.last() != Some(&b'\n') && note.len() < NOTE {
            return Ok(None);
        }
        empty += usize::from(note[start..] == *b"\n");
    }
    note.pop();
    Ok(Some(String::from_utf8_lossy(&note).into_owned()))
}

/// `None` if the file is not there.
fn present<T>(file: io::Result<T>) -> io::Result<Option<T>> {
    match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        file => file.map(Some),
    }
}

/// The longest note, in bytes, with room for sixteen signatures.
const NOTE: usize = 16 * 1024;
