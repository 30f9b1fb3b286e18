//! What a verification found.

use std::fmt;

use crate::audit::note::NoteError;
use crate::audit::walk::Place;

/// The result of verifying a trail.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// The first thing that is wrong; everything else counts only what comes before it.
    pub problem: Option<Problem>,
    /// How many good entries there are.
    pub entries: u64,
    /// How many of them the newest checkpoint covers.
    pub signed: u64,
    /// How many signed checkpoints fit the entries.
    pub checkpoints: u64,
    /// The first entry's time.
    pub from: Option<String>,
    /// The last entry's time.
    pub until: Option<String>,
    /// How many requests were carried out, and how that ended.
    pub outcomes: Outcomes,
    /// How many requests were refused.
    pub refusals: u64,
    /// How many times a torn end was cut off.
    pub repairs: u64,
    /// How many times nothing could be written for a while.
    pub outages: u64,
}

/// How exchanges ended.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Outcomes {
    /// The agent or Countersign went away half way.
    pub aborted: u64,
    /// The upstream answered.
    pub answered: u64,
    /// The upstream could not be reached or did not answer.
    pub failed: u64,
    /// There is no outcome: they are going on, or Countersign has not been started since.
    pub open: u64,
    /// Nobody knows.
    pub unknown: u64,
}

impl Report {
    /// How many entries come after the newest checkpoint, vouched for only by those before them.
    pub fn unsigned(&self) -> u64 {
        self.entries.saturating_sub(self.signed)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcomes { aborted, answered, failed, open, unknown } = self.outcomes;
        match &self.problem {
            Some(problem) => writeln!(f, "damaged: {problem}")?,
            None => writeln!(f, "intact")?,
        }
        write!(f, "{} entries", self.entries)?;
        if let (Some(from), Some(until)) = (&self.from, &self.until) {
            write!(f, " from {from} until {until}")?;
        }
        writeln!(f)?;
        writeln!(
            f,
            "{} under the newest of {} signed checkpoints, {} after it",
            self.signed.min(self.entries),
            self.checkpoints,
            self.unsigned()
        )?;
        let carried_out = aborted + answered + failed + open + unknown;
        writeln!(
            f,
            "{carried_out} requests: {answered} answered, {failed} failed, {aborted} aborted, \
             {unknown} unknown, {open} open; {} refused",
            self.refusals
        )?;
        write!(f, "{} repairs, {} outages", self.repairs, self.outages)
    }
}

/// What is wrong with a trail, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Problem {
    /// The first entry that is wrong or missing.
    pub entry: u64,
    /// Where it stands or should stand; `None` past the end, or if a checkpoint is wrong.
    pub place: Option<Place>,
    /// What is wrong.
    pub damage: Damage,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {}", self.entry)?;
        if let Some(Place { file, line, offset }) = &self.place {
            write!(f, " ({file}, line {line}, byte {offset})")?;
        }
        write!(f, ": {}", self.damage)
    }
}

/// What can be wrong with a trail.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Damage {
    /// A checkpoint is missing, out of order, or not signed by the key; entries from here on are
    /// not vouched for.
    Checkpoint(Option<NoteError>),
    /// The trail ends here, and a checkpoint was signed for more.
    CutOff,
    /// This entry and those up to `through` are missing.
    Dropped {
        /// The last that is missing.
        through: u64,
    },
    /// The entry is not what it was when it was written.
    Edited,
    /// A line stands here that was not written here.
    Inserted,
    /// A segment does not begin where its file does, or has another name.
    Misplaced,
    /// The entry stands further on, and another one here.
    Reordered,
    /// Entries between this one and `through` were changed, and all after them linked anew.
    Rewritten {
        /// The last that may be changed.
        through: u64,
    },
    /// The last line is not whole, and no checkpoint was signed for it: a crash, or being written.
    Torn,
    /// An entry of a type that this version does not know, or an edited one.
    Unknown {
        /// Its type.
        kind: String,
    },
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint(Some(error)) => {
                write!(f, "not vouched for from here on: {error}")
            }
            Self::Checkpoint(None) => {
                f.write_str("not vouched for from here on: a checkpoint is missing or out of order")
            }
            Self::CutOff => f.write_str("cut off: the trail ends here, and was signed for more"),
            Self::Dropped { through } => write!(f, "dropped: missing up to entry {through}"),
            Self::Edited => f.write_str("edited: not what was written"),
            Self::Inserted => f.write_str("inserted: a line that was not written here"),
            Self::Misplaced => {
                f.write_str("misplaced: a segment does not begin where its file does")
            }
            Self::Reordered => f.write_str("reordered: it stands further on"),
            Self::Rewritten { through } => {
                write!(f, "rewritten: changed somewhere up to entry {through}, and linked anew")
            }
            Self::Torn => f.write_str("torn: the last line is not whole"),
            Self::Unknown { kind } => {
                write!(f, "unknown: this version knows no entry of type {kind}, or it was edited")
            }
        }
    }
}
