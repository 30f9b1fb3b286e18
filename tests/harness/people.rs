//! People with SSH keys, who answer as people do: with the command line.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use countersign::id::ProposalId;

/// Somebody, and the folder with their key.
pub struct Human {
    pub name: &'static str,
    folder: TempDir,
}

impl Human {
    pub fn new(name: &'static str) -> Self {
        let human = Self { name, folder: tempfile::tempdir().unwrap() };
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(human.key());
        assert!(command.status().unwrap().success());
        human
    }

    fn key(&self) -> PathBuf {
        self.folder.path().join("key")
    }

    /// Their entry in `approvals.people`; `more` stands behind the keys.
    pub fn entry(&self, more: &str) -> String {
        let public = std::fs::read_to_string(self.folder.path().join("key.pub")).unwrap();
        format!("{}: {{ keys: [\"{}\"]{more} }}", self.name, public.trim_end())
    }

    /// What `ssh-keygen` makes of a statement: the statement, and below it the signature.
    pub fn signs(&self, statement: &str) -> String {
        let mut command = Command::new("ssh-keygen");
        command.args(["-q", "-Y", "sign", "-n", "countersign", "-f"]).arg(self.key());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut signing = command.spawn().unwrap();
        signing.stdin.take().unwrap().write_all(statement.as_bytes()).unwrap();
        let signed = signing.wait_with_output().unwrap();
        assert!(signed.status.success(), "{signed:?}");
        format!("{statement}{}", String::from_utf8(signed.stdout).unwrap())
    }

    /// Puts a copy of their key at `path`.
    pub fn lends_key(&self, path: &Path) {
        std::fs::copy(self.key(), path).unwrap();
    }

    /// Runs `countersign VERB ID --key … MORE` on the deployment in `folder`.
    pub fn answers(&self, verb: &str, folder: &Path, id: ProposalId, more: &[&str]) -> Output {
        let mut command = countersign(folder);
        command.arg(verb).arg(id.to_string()).arg("--key").arg(self.key()).args(more);
        command.stdin(Stdio::null()).output().unwrap()
    }

    /// `countersign review` on the deployment in `folder`, to be talked with.
    pub fn review(&self, folder: &Path) -> Command {
        let mut command = countersign(folder);
        command.arg("review").arg("--key").arg(self.key());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Walks through what waits for them and types `text`.
    pub fn reviews(&self, folder: &Path, text: &str) -> Output {
        let mut reviewing = self.review(folder).spawn().unwrap();
        // Who has nothing to ask ends before it has read all of it.
        let _ = reviewing.stdin.take().unwrap().write_all(text.as_bytes());
        reviewing.wait_with_output().unwrap()
    }

    /// Runs `countersign WORDS --key …` at a terminal of its own, types `text`, and returns all that
    /// was to be seen.
    pub fn at_a_terminal(&self, folder: &Path, words: &[&str], text: &str) -> String {
        let mut command = Command::new("python3");
        command.args(["-c", TERMINAL, env!("CARGO_BIN_EXE_countersign")]).args(words);
        command.arg("--key").arg(self.key());
        command.env("COUNTERSIGN_CONFIG", folder.join("countersign.yaml"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut running = command.spawn().unwrap();
        running.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        String::from_utf8(running.wait_with_output().unwrap().stdout).unwrap()
    }

    /// Says yes or no to a proposal that they have looked at.
    pub fn says(&self, verb: &str, folder: &Path, id: ProposalId) -> Output {
        let digest = digest(folder, id);
        self.answers(verb, folder, id, &["--digest", &digest])
    }
}

/// `countersign` with the configuration of the deployment in `folder`.
pub fn countersign(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_countersign"));
    command.env("COUNTERSIGN_CONFIG", folder.join("countersign.yaml"));
    command
}

/// What the card of a proposal says that its digest is.
pub fn digest(folder: &Path, id: ProposalId) -> String {
    let shown = countersign(folder).args(["proposal", "show", &id.to_string()]).output().unwrap();
    assert!(shown.status.success(), "{shown:?}");
    let card = String::from_utf8(shown.stdout).unwrap();
    let line = card.lines().find_map(|line| line.strip_prefix("  digest   "));
    line.unwrap_or_else(|| panic!("{card}")).to_owned()
}

/// Runs its arguments at a pseudo-terminal, and types there what comes in.
const TERMINAL: &str = "
import os, pty, sys
def typed(fd):
    data = os.read(fd, 1024)
    return data or bytes([4])
sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], stdin_read=typed)))
";
