//! A whole deployment: the sample API, and Countersign in front of it.

use std::io::{self, Write};
use std::path::Path;

use crate::app::Running;
use crate::clock::Clock;
use crate::config::File;
use crate::dev::banner;
use crate::dev::error::Error;
use crate::dev::layout::Layout;
use crate::dev::pki::Pki;
use crate::dev::sample::Sample;
use crate::dev::settings::{Ports, Settings};
use crate::policy::report::Report;
use crate::policy::suite;

/// A deployment that serves. Dropping it stops Countersign first, then the sample API, so that
/// what is under way can still be answered.
#[derive(Debug)]
pub(super) struct Deployment {
    /// Countersign.
    pub(super) running: Running,
    /// The API behind it.
    pub(super) sample: Sample,
    /// The folder it all lies in.
    pub(super) layout: Layout,
    /// The certificates.
    pub(super) pki: Pki,
    /// The configuration in force.
    pub(super) file: File,
    /// What came of the rules' tests, if there are rules.
    pub(super) tests: Option<Report>,
}

/// Starts a deployment in `folder`, says on `out` where everything is, stays until `stopped`
/// returns, and stops cleanly.
///
/// # Errors
/// [`Error`]; nothing runs then.
pub fn run(
    folder: &Path,
    clock: &Clock,
    out: &mut dyn Write,
    stopped: impl FnOnce() -> io::Result<()>,
) -> Result<(), Error> {
    let began = clock.instant();
    let deployment = Deployment::start(Layout::under(folder), Ports::Usual, clock)?;
    banner::print(&deployment, clock.now(), began.elapsed(), out)?;
    stopped()?;
    let Deployment { running, sample, .. } = deployment;
    running.stop();
    drop(sample);
    writeln!(out, "Stopped.")?;
    Ok(())
}

impl Deployment {
    /// Makes what is missing, and starts both.
    ///
    /// # Errors
    /// [`Error`]; nothing runs then.
    pub(super) fn start(layout: Layout, ports: Ports, clock: &Clock) -> Result<Self, Error> {
        layout.prepare()?;
        let pki = Pki::prepare(&layout, clock.now())?;
        let settings = Settings::find(&layout, ports)?;
        let sample = Sample::start(settings.sample(), layout.key_digest()?)?;
        let file = settings.settle(&layout, sample.address())?;
        let tests = file.policy().map(|policy| suite::run(&policy, clock)).transpose()?;
        let running = Running::start(&layout.configuration(), clock.clone())?;
        Ok(Self { running, sample, layout, pki, file, tests })
    }
}
