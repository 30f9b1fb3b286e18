//! The tour's transcript: short, and true.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::time::Duration;

/// Where the tour is told.
pub(super) struct Transcript<'a> {
    out: &'a mut dyn Write,
    step: &'static str,
    count: usize,
}

/// What did not go as it should.
#[derive(Debug)]
pub(super) struct Missed {
    expected: String,
    came: String,
}

impl<'a> Transcript<'a> {
    /// A transcript of nothing yet.
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out, step: "starting", count: 0 }
    }

    /// The first lines.
    ///
    /// # Errors
    /// If nothing can be written any more; so for all that follows.
    pub(super) fn opening(&mut self, gateway: SocketAddr) -> io::Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        writeln!(self.out, "countersign {version}  the tour: a deployment on https://{gateway},")?;
        writeln!(self.out, "an agent with a certificate, and an API whose key it does not have")
    }

    /// Begins a step.
    pub(super) fn step(&mut self, title: &'static str) -> io::Result<()> {
        self.step = title;
        self.count += 1;
        writeln!(self.out, "\n{}  {title}", self.count)
    }

    /// Something that happened.
    pub(super) fn tell(&mut self, what: impl fmt::Display) -> io::Result<()> {
        writeln!(self.out, "     {what}")
    }

    /// Something that was held against what it should be.
    pub(super) fn check(&mut self, what: impl fmt::Display) -> io::Result<()> {
        writeln!(self.out, "   ✓ {what}")
    }

    /// What did not go as it should, and in which step.
    pub(super) fn missed(&mut self, missed: &Missed) -> io::Result<&'static str> {
        writeln!(self.out, "   ✗ expected {}", missed.expected)?;
        writeln!(self.out, "     but there came {}", missed.came)?;
        self.out.flush()?;
        Ok(self.step)
    }

    /// The last lines.
    pub(super) fn closing(&mut self, took: Duration) -> io::Result<()> {
        let (count, seconds) = (self.count, took.as_secs_f32());
        writeln!(self.out, "\nAll {count} steps went as they should, in {seconds:.1} s.")?;
        self.out.flush()
    }
}

/// Holds what came against what should have.
///
/// # Errors
/// [`Missed`], if they differ.
pub(super) fn expect<T: PartialEq + fmt::Debug>(
    what: &str,
    expected: T,
    came: T,
) -> Result<(), Missed> {
    if expected == came {
        return Ok(());
    }
    Err(Missed { expected: format!("{what} to be {expected:?}"), came: format!("{came:?}") })
}

impl Missed {
    /// What was expected and what came, both in words.
    pub(super) fn new(expected: &str, came: impl fmt::Display) -> Self {
        Self { expected: expected.to_owned(), came: came.to_string() }
    }
}

impl From<io::Error> for Missed {
    fn from(why: io::Error) -> Self {
        Self::new("the step to be carried out", why)
    }
}
