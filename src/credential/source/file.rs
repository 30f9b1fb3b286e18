//! A secret in a file of its own.
//!
//! The permissions are read from the opened file, so that what was checked is what is read.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::credential::source::SourceError;

pub(super) fn read(path: &Path) -> Result<Vec<u8>, SourceError> {
    let unreadable = |cause| SourceError::Unreadable(path.to_owned(), cause);
    let file = File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o7777;
    if mode & OTHERS != 0 {
        return Err(SourceError::Exposed(path.to_owned(), mode));
    }
    let mut bytes = Vec::with_capacity(MAX_SECRET);
    file.take(MAX_SECRET as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// Everyone but the owner and, for mounted Kubernetes secrets, the group.
const OTHERS: u32 = 0o027;

/// Larger than any header may be.
const MAX_SECRET: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::read;
    use crate::credential::source::SourceError;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_that_others_can_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        write(&path, "s3cr3t\n").unwrap();
        for (mode, fine) in
            [(0o600, true), (0o400, true), (0o640, true), (0o644, false), (0o660, false)]
        {
            set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let exposed = matches!(read(&path), Err(SourceError::Exposed(_, m)) if m == mode);
            assert_eq!(exposed, !fine, "{mode:o}");
        }
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = read("/nowhere/secret".as_ref()).unwrap_err();
        assert!(error.to_string().contains("/nowhere/secret"), "{error}");
    }
}
