//! A PostgreSQL of a test's own, which lasts as long as the test.

use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

/// An empty database.
pub(super) struct Postgres {
    pub(super) url: String,
    bin: PathBuf,
    folder: TempDir,
}

impl Postgres {
    /// Started by `pg_ctl`, which waits until it answers; it listens on a socket in its folder only.
    pub(super) fn start() -> Self {
        let versions = std::fs::read_dir("/usr/lib/postgresql");
        let versions = versions.expect("no PostgreSQL: tests/run installs it");
        let bin = versions.map(|version| version.unwrap().path().join("bin")).max().unwrap();
        let folder = TempDir::new().unwrap();
        let path = folder.path().display().to_string();
        if is_root() {
            let given = Command::new("chown").args(["postgres", &path]).status().unwrap();
            assert!(given.success());
        }
        let data = format!("{path}/data");
        let with = "--auth=trust --username=countersign --no-sync --encoding=UTF8 --locale=C";
        let init = ["-D", &data].into_iter().chain(with.split(' '));
        run(&bin, "initdb", &init.collect::<Vec<_>>());
        let options = format!("-c listen_addresses= -k {path}");
        let log = format!("{path}/log");
        run(&bin, "pg_ctl", &["start", "-w", "-D", &data, "-l", &log, "-o", &options]);
        let url = format!("postgres://countersign@localhost/postgres?host={path}");
        Self { url, bin, folder }
    }
}

impl Postgres {
    /// Ends it as a crash would, and starts it again.
    #[allow(dead_code, reason = "the store's own tests do without")]
    pub(super) fn restart(&self) {
        let path = self.folder.path().display().to_string();
        let (data, log) = (format!("{path}/data"), format!("{path}/log"));
        let options = format!("-c listen_addresses= -k {path}");
        run(&self.bin, "pg_ctl", &["stop", "-w", "-m", "immediate", "-D", &data]);
        run(&self.bin, "pg_ctl", &["start", "-w", "-D", &data, "-l", &log, "-o", &options]);
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let data = format!("{}/data", self.folder.path().display());
        run(&self.bin, "pg_ctl", &["stop", "-w", "-m", "immediate", "-D", &data]);
    }
}

/// PostgreSQL refuses to run as root; Debian's package made it a user.
fn run(bin: &std::path::Path, program: &str, arguments: &[&str]) {
    let program = bin.join(program);
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        }
        false => Command::new(program),
    };
    let quiet = std::process::Stdio::null;
    let status = command.args(arguments).current_dir("/").stdout(quiet()).status().unwrap();
    assert!(status.success(), "{command:?}");
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
