//! A secret in the environment. Read again at every reload, though only a restart can change it.

use std::os::unix::ffi::OsStringExt;

use crate::credential::source::SourceError;

pub(super) fn read(name: &str) -> Result<Vec<u8>, SourceError> {
    let value = std::env::var_os(name).ok_or_else(|| SourceError::Unset(name.to_owned()))?;
    Ok(value.into_vec())
}
