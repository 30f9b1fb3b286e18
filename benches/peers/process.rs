//! A process that this run started: pinned to a core, counted, and never left behind.
//!
//! util-linux does what would need `unsafe` here: `prlimit` raises the file limit, `taskset` pins,
//! and `setpriv --pdeathsig` has the kernel kill the process when we die, however we die. All
//! three replace themselves by what they start, so the id we hold is the proxy's own.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The core that the proxy has for itself.
pub const PROXY_CORE: &str = "1";
/// The core that the load and the backend share.
pub const LOAD_CORE: &str = "0";

const OPEN_FILES: &str = "16384";
/// `/proc` counts CPU in hundredths of a second on every Linux that Rust supports.
const TICK: Duration = Duration::from_millis(10);

/// A running child; it is killed when this is dropped.
#[derive(Debug)]
pub struct Process {
    /// The child itself, for its pipes.
    pub child: Child,
}

impl Process {
    /// Starts `program` on one core, with its streams as `streams` says.
    ///
    /// # Errors
    ///
    /// util-linux or the program is missing.
    pub fn start(core: &str, program: &Path, arguments: &[OsString]) -> io::Result<Self> {
        Self::spawn(&mut command(core, program, arguments))
    }

    /// Starts `program` on one core, both its outputs appended to the file `log`.
    ///
    /// # Errors
    ///
    /// The log cannot be written, or as [`Process::start`].
    pub fn start_logged(
        core: &str,
        program: &Path,
        arguments: &[OsString],
        log: &Path,
    ) -> io::Result<Self> {
        let log = fs::File::create(log)?;
        let mut command = command(core, program, arguments);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        Self::spawn(&mut command)
    }

    /// The process id, for what is read from `/proc`.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    fn spawn(command: &mut Command) -> io::Result<Self> {
        Ok(Self { child: command.spawn()? })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when the process is gone already, which is what we want.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// User and system time that these processes and their children have used so far.
///
/// # Errors
///
/// A process is gone.
pub fn cpu(ids: &[u32]) -> io::Result<Duration> {
    ids.iter().map(|id| cpu_of_tree(*id)).sum()
}

/// Resident memory of these processes and their children, in KiB.
///
/// # Errors
///
/// A process is gone.
pub fn resident_kib(ids: &[u32]) -> io::Result<u64> {
    ids.iter().map(|id| resident_of_tree(*id)).sum()
}

fn command(core: &str, program: &Path, arguments: &[OsString]) -> Command {
    let mut command = Command::new("prlimit");
    command
        .arg(format!("--nofile={OPEN_FILES}"))
        .args(["setpriv", "--pdeathsig", "KILL", "taskset", "--cpu-list", core])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    command
}

fn cpu_of_tree(id: u32) -> io::Result<Duration> {
    let mut total = cpu_of_one(id)?;
    for child in children(id) {
        total += cpu_of_tree(child)?;
    }
    Ok(total)
}

fn cpu_of_one(id: u32) -> io::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // The name, in parentheses, may hold spaces: what follows its end is regular. Field 14 and 15
    // of the line are utime and stime; 11 and 12 when the state is counted as the first.
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace();
    let ticks: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
    Ok(TICK * ticks)
}

fn resident_of_tree(id: u32) -> io::Result<u64> {
    let mut total = resident_of_one(id)?;
    for child in children(id) {
        total += resident_of_tree(child)?;
    }
    Ok(total)
}

fn resident_of_one(id: u32) -> io::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:")?.trim().split(' ').next()?.parse().ok())
        .ok_or_else(|| io::Error::other(format!("process {id} has no resident memory")))
}

fn children(id: u32) -> Vec<u32> {
    let list = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    list.split_ascii_whitespace().filter_map(|child| child.parse().ok()).collect()
}
