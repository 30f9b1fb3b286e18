//! A bundle that lies in a folder.
//!
//! Hidden files, and files of other names than a bundle has, are passed over.

use std::fs;
use std::path::{Path, PathBuf};

use crate::policy::contents::{Gathered, Kind};

/// How deep its folders may nest.
const FOLDERS: usize = 16;

/// Reads the folder, or the one file of rules, that is the bundle's root.
pub(super) fn read(into: &mut Gathered) {
    let root = into.root.clone();
    visit(into, &root, 0);
}

/// Reads what is at `path`, below the bundle's root.
fn visit(into: &mut Gathered, path: &Path, depth: usize) {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() && depth < FOLDERS => folder(into, path, depth),
        Ok(meta) if meta.is_dir() => {
            into.refuse(path, format!("folders nest more than {FOLDERS} deep"), "move it up");
        }
        Ok(_) => file(into, path),
        Err(error) => unreadable(into, path, &error),
    }
}

fn folder(into: &mut Gathered, path: &Path, depth: usize) {
    into.watched.push(path.to_owned());
    let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let entries = match entries {
        Ok(entries) => entries,
        Err(error) => return unreadable(into, path, &error),
    };
    let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden {
            visit(into, &path, depth + 1);
        }
    }
}

fn file(into: &mut Gathered, path: &Path) {
    let Some(kind) = Kind::of(path) else { return };
    into.watched.push(path.to_owned());
    let name = path.strip_prefix(&into.root).unwrap_or(path).to_owned();
    match fs::read(path) {
        Ok(bytes) => into.take(&name, kind, bytes),
        Err(error) => unreadable(into, path, &error),
    }
}

pub(super) fn unreadable(into: &mut Gathered, path: &Path, error: &std::io::Error) {
    let fix = "check that it exists and that Countersign may read it";
    into.refuse(path, format!("cannot be read: {error}"), fix);
}
