//! What every peer is given alike: certificates, a secret to inject, and the backend.
//!
//! It all lives in one folder under `target/`, made anew for each run and removed after it. A lock
//! keeps two runs from measuring each other.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use crate::agent::BODY_BYTES;
use crate::pki::Pki;
use crate::process::{LOAD_CORE, PROXY_CORE, Process};

/// The value that each proxy puts into `Authorization`, after `Bearer `.
pub const SECRET: &str = "bench-6f1d0c3a9b7e4f52a8d1c0ffee5eca11";

/// The surroundings of one run; its processes end with it.
#[derive(Debug)]
pub struct Scene {
    /// Where peers may write.
    pub folder: PathBuf,
    /// What is kept between runs: peers that had to be installed.
    pub cache: PathBuf,
    /// The certificates and keys.
    pub pki: Pki,
    /// The API behind every proxy.
    pub backend: Server,
    /// A service that says yes to everything, for the peer that asks one.
    pub authorizer: Server,
    _lock: File,
}

/// A server of our own and where it listens.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// The process that serves.
    pub process: Process,
}

impl Scene {
    /// Makes the folder and the certificates, and starts the backend.
    ///
    /// # Errors
    ///
    /// Another run is going, or `target/` cannot be written.
    pub fn set() -> io::Result<Self> {
        let cache = target().join("peers");
        fs::create_dir_all(&cache)?;
        let lock = File::create(cache.join("lock"))?;
        lock.try_lock().map_err(|_| io::Error::other("another comparison is running"))?;
        let folder = cache.join("run");
        remove(&folder)?;
        fs::create_dir_all(folder.join("pki"))?;
        let pki = Pki::make(&folder.join("pki"))?;
        let backend = Server::start(LOAD_CORE, SECRET, BODY_BYTES)?;
        let authorizer = Server::start(PROXY_CORE, "", 2)?;
        Ok(Self { folder, cache, pki, backend, authorizer, _lock: lock })
    }

    /// Where an installed peer is kept between runs.
    pub fn cached(&self, name: &str) -> PathBuf {
        self.cache.join(name)
    }

    /// An empty folder for one start of one peer.
    ///
    /// # Errors
    ///
    /// It cannot be made.
    pub fn place(&self, name: &str) -> io::Result<PathBuf> {
        let place = self.folder.join(name);
        remove(&place)?;
        fs::create_dir_all(&place)?;
        Ok(place)
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // What stays is under `target/`, and the next run removes it.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Server {
    fn start(core: &str, credential: &str, body_bytes: usize) -> io::Result<Self> {
        let arguments =
            ["backend", credential, &body_bytes.to_string()].map(OsString::from).to_vec();
        let mut process = Process::start(core, &std::env::current_exe()?, &arguments)?;
        let output = process.child.stdout.take();
        let output = output.ok_or_else(|| io::Error::other("the backend has no output"))?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        Ok(Self { address, process })
    }
}

/// A loopback address whose port was free a moment ago.
///
/// # Errors
///
/// There is none.
pub fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// The repository, for the rules that come with it.
pub fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cargo's own folder for what benches write; it lies in the target folder.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
