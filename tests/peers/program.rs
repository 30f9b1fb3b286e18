//! Other people's programs: servers that end with the test, and runs that end by themselves.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::JoinHandle;

use serde_json::Value;

/// A server in a process of its own. Dropping it ends it.
pub struct Server {
    child: Child,
    /// Where it listens, on this machine.
    pub port: u16,
    drain: Option<JoinHandle<()>>,
}

/// What a finished program said.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Server {
    /// A script of `servers/`, which prints the port it chose.
    pub fn python(script: &str, arguments: &[&str]) -> Self {
        let mut command = python();
        command.arg(scripts().join("servers").join(script)).args(arguments);
        let mut child = spawn(command.stdout(Stdio::piped()));
        let output = child.stdout.take().unwrap();
        Self::listening(child, output, |line| line.trim().parse().ok())
            .unwrap_or_else(|lines| panic!("{script} says no port: {lines}"))
    }

    /// The same for Node, in any folder here.
    pub fn node(script: &str, arguments: &[String]) -> Self {
        let mut command = node();
        command.arg(scripts().join(script)).args(arguments);
        let mut child = spawn(command.stdout(Stdio::piped()));
        let output = child.stdout.take().unwrap();
        Self::listening(child, output, |line| line.trim().parse().ok())
            .unwrap_or_else(|lines| panic!("{script} says no port: {lines}"))
    }

    /// A program that logs its port on its standard error.
    pub fn logging(mut command: Command, port: impl FnMut(&str) -> Option<u16>) -> Self {
        let mut child = spawn(command.stdout(Stdio::null()).stderr(Stdio::piped()));
        let output = child.stderr.take().unwrap();
        Self::listening(child, output, port)
            .unwrap_or_else(|lines| panic!("{command:?} says no port: {lines}"))
    }

    /// A program that has to be told its port, and says on its standard error that it `listens`.
    /// Somebody else may take the port in between; then it gets another.
    pub fn told(mut command: impl FnMut(u16) -> Command, listens: &str) -> Self {
        let mut said = String::new();
        for _ in 0..5 {
            let wanted = free_port();
            let mut child = spawn(command(wanted).stdout(Stdio::null()).stderr(Stdio::piped()));
            let output = child.stderr.take().unwrap();
            let heard = |line: &str| line.contains(listens).then_some(wanted);
            match Self::listening(child, output, heard) {
                Ok(server) => return server,
                Err(lines) => said.push_str(&lines),
            }
        }
        panic!("no free port in five attempts: {said}")
    }

    fn listening(
        mut child: Child,
        output: impl Read + Send + 'static,
        mut port: impl FnMut(&str) -> Option<u16>,
    ) -> Result<Self, String> {
        let mut output = BufReader::new(output);
        let mut lines = String::new();
        loop {
            let start = lines.len();
            if output.read_line(&mut lines).unwrap_or(0) == 0 {
                let _ = child.kill();
                let _ = child.wait();
                return Err(lines);
            }
            if let Some(port) = port(&lines[start..]) {
                // Whatever it says later is read, so that it never waits for a reader.
                let drain = std::thread::spawn(move || {
                    let _ = std::io::copy(&mut output, &mut std::io::sink());
                });
                return Ok(Self { child, port, drain: Some(drain) });
            }
        }
    }

    /// The process' id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The URL of a path on it.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(drain) = self.drain.take() {
            let _ = drain.join();
        }
    }
}

impl Said {
    /// What it printed, one JSON document a line; it must have succeeded.
    pub fn json(&self) -> Vec<Value> {
        self.ok().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// What it printed; it must have succeeded.
    pub fn ok(&self) -> &str {
        assert_eq!(self.code, Some(0), "{}\n{}", self.out, self.err);
        &self.out
    }
}

/// Runs a program to its end, which `timeout` brings about if nothing else does.
pub fn run(command: &Command) -> Said {
    let mut limited = Command::new("timeout");
    limited.args(["--kill-after=5", "120"]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        limited.current_dir(folder);
    }
    let Output { status, stdout, stderr } = limited.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Said { code: status.code(), out: text(stdout), err: text(stderr) }
}

/// Runs a script of `agents/` in Python.
pub fn run_python(script: &str, arguments: &[impl AsRef<OsStr>]) -> Said {
    let mut command = python();
    command.arg(scripts().join("agents").join(script)).args(arguments);
    run(&command)
}

/// Node, with the packages of `package.json` to be found.
pub fn node() -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", installed("node/node_modules"));
    command
}

/// The scripts beside these tests.
pub fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// Something that `tests/run` installs.
pub fn installed(path: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/peers").join(path);
    assert!(folder.exists(), "{} is missing: run tests/run", folder.display());
    folder
}

fn python() -> Command {
    let mut command = Command::new(installed("venv/bin/python"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

fn spawn(command: &mut Command) -> Child {
    let child = command.stdin(Stdio::null()).spawn();
    child.unwrap_or_else(|why| panic!("{command:?}: {why}: run tests/run"))
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
