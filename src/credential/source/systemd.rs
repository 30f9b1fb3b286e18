//! A secret that systemd handed to the service: a file in `$CREDENTIALS_DIRECTORY`
//! (systemd.exec(5), "Credentials").

use std::path::PathBuf;

use crate::credential::source::{SourceError, file};

pub(super) fn read(name: &str) -> Result<Vec<u8>, SourceError> {
    file::read(&path(name)?)
}

pub(super) fn path(name: &str) -> Result<PathBuf, SourceError> {
    let folder = std::env::var_os("CREDENTIALS_DIRECTORY");
    let folder = folder.ok_or(SourceError::NoCredentialsDirectory)?;
    Ok(PathBuf::from(folder).join(name))
}
