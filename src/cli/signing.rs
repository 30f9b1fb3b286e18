//! A person's key, which only `ssh-keygen` reads: it asks for a passphrase or a touch by itself.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::approval::{People, Person, SshKey};
use crate::cli::Exit;
use crate::cli::not::Not;

/// The key that signs.
#[derive(Debug, clap::Args)]
pub(super) struct Signing {
    /// The SSH key to sign with, which `ssh-keygen` reads; `KEY.pub` must stand beside it
    #[arg(short, long, value_name = "KEY")]
    key: PathBuf,
}

impl Signing {
    /// The person whose key it is.
    ///
    /// # Errors
    /// If it is nobody's, or its public half cannot be read.
    pub(super) fn person<'a>(&self, people: &'a People) -> Result<&'a Person, Not> {
        let mut public = self.key.clone().into_os_string();
        public.push(".pub");
        let public = PathBuf::from(public);
        let not = |why: String| Not(Exit::Failed, format!("{}: {why}", public.display()));
        let line = fs::read_to_string(&public).map_err(|why| not(why.to_string()))?;
        let key = SshKey::parse(line.trim_end()).map_err(|why| not(why.to_string()))?;
        people.with_key(&key).ok_or_else(|| {
            let why = format!("{} is nobody's key in `approvals.people`", key.fingerprint());
            Not(Exit::NotPermitted, why)
        })
    }

    /// The signature over `text`; the key itself is read by nobody else.
    ///
    /// # Errors
    /// If `ssh-keygen` does not sign.
    pub(super) fn sign(&self, text: &str) -> Result<String, Not> {
        let not = |why: &str| Not(Exit::Failed, format!("ssh-keygen: {why}"));
        let mut command = Command::new("ssh-keygen");
        command.args(["-Y", "sign", "-n", "countersign", "-f"]).arg(&self.key);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut signing = command.spawn().map_err(|why| not(&why.to_string()))?;
        if let Some(mut input) = signing.stdin.take() {
            input.write_all(text.as_bytes())?;
        }
        let signed = signing.wait_with_output()?;
        if !signed.status.success() {
            return Err(not(String::from_utf8_lossy(&signed.stderr).trim()));
        }
        Ok(String::from_utf8_lossy(&signed.stdout).into_owned())
    }
}
