//! The real binary in a process of its own, for what only a process has: signals, memory, limits.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, prlimit};

use super::admin::Admin;
use super::leak::SECRET;

/// A `countersign serve` that listens. A test that fails leaves none behind.
pub struct Binary {
    child: Child,
    pub address: SocketAddr,
    pub admin: Admin,
}

impl Binary {
    /// Serves what [`super::Setup::folder`] wrote.
    pub fn serve(folder: &Path) -> Self {
        // A file that may not grow shall be an error to write, not the end of the process.
        let mut child = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_countersign")])
            .args(["serve", "-c"])
            .arg(folder.join("countersign.yaml"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = lines.by_ref().map_while(Result::ok);
        let mut places = HashMap::new();
        while !(places.contains_key("agents") && places.contains_key("admin")) {
            let line = said.next().expect("it listens at both doors");
            let Ok(line) = serde_json::from_str::<serde_json::Value>(&line) else { continue };
            if let (Some(name), Some(at)) = (line["listener"].as_str(), line["address"].as_str()) {
                places.insert(name.to_owned(), at.parse().unwrap());
            }
        }
        // A pipe that nobody empties would stop it.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        let admin = Admin { address: places["admin"], secret: SECRET.to_owned() };
        Self { child, address: places["agents"], admin }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Lets none of its files grow beyond `bytes`, as a full disk would not; `None` makes room.
    pub fn limit_files(&self, bytes: Option<u64>) {
        let maximum = getrlimit(Resource::Fsize).maximum;
        prlimit(Some(self.pid()), Resource::Fsize, Rlimit { current: bytes.or(maximum), maximum })
            .unwrap();
    }

    /// The most memory that it ever had, in bytes.
    pub fn most_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }
}

impl Drop for Binary {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
