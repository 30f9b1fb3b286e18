//! Notices when a file that the configuration read has changed.
//!
//! It looks, twice a second, at each file's identity, size and times. That sees what notifications
//! miss: Kubernetes swapping a symbolic link, network file systems, an editor replacing a file. A
//! change counts once it has stood for a whole interval, so that several files written one after the
//! other are read together.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What the files looked like when they were read.
#[derive(Debug)]
pub struct Watch {
    read: Prints,
    /// What was seen last, where that differed.
    unsettled: Option<Prints>,
}

/// How often to look.
pub const INTERVAL: Duration = Duration::from_millis(500);

/// What each file looks like; a missing one looks like nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Prints(BTreeMap<PathBuf, Option<[i64; 6]>>);

impl Watch {
    /// Remembers what `files` look like now; a folder looks different when a file in it comes or
    /// goes.
    pub fn new(files: impl IntoIterator<Item = PathBuf>) -> Self {
        let print = |path: PathBuf| {
            let seen = print(&path);
            (path, seen)
        };
        Self { read: Prints(files.into_iter().map(print).collect()), unsettled: None }
    }

    /// Whether something has changed since, and stood still since the last look.
    pub fn look(&mut self) -> bool {
        let now = Prints(self.read.0.keys().map(|path| (path.clone(), print(path))).collect());
        if now == self.read {
            self.unsettled = None;
            return false;
        }
        if self.unsettled.as_ref() == Some(&now) {
            self.read = now;
            self.unsettled = None;
            return true;
        }
        self.unsettled = Some(now);
        false
    }
}

fn print(path: &Path) -> Option<[i64; 6]> {
    let seen = std::fs::metadata(path).ok()?;
    Some([
        i64::try_from(seen.ino()).unwrap_or(-1),
        i64::try_from(seen.size()).unwrap_or(-1),
        seen.mtime(),
        seen.mtime_nsec(),
        seen.ctime(),
        seen.ctime_nsec(),
    ])
}

#[cfg(test)]
mod tests {
    use super::Watch;
    use std::fs::{remove_file, write};

    #[test]
    fn a_change_counts_once_it_has_stood_still() {
        let folder = tempfile::tempdir().unwrap();
        let (file, missing) = (folder.path().join("a"), folder.path().join("b"));
        write(&file, "1").unwrap();
        let mut watch = Watch::new([file.clone(), missing.clone()]);
        assert!(!watch.look());
        write(&file, "22").unwrap();
        assert!(!watch.look(), "it has only just changed");
        write(&file, "333").unwrap();
        assert!(!watch.look(), "it is still changing");
        assert!(watch.look());
        assert!(!watch.look(), "that change was told");
        write(&missing, "new").unwrap();
        assert!(!watch.look());
        assert!(watch.look());
        remove_file(&file).unwrap();
        assert!(!watch.look());
        assert!(watch.look());
    }
}
