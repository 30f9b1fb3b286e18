//! A bundle in one file: OPA's `bundle.tar.gz`.
//!
//! An archive comes from further away than a folder, so it is trusted less: it must unpack to
//! ordinary files with plain names, each once, within bounds, and nothing is written to the disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use flate2::read::GzDecoder;

use crate::policy::contents::{BYTES, Gathered, Kind};
use crate::policy::folder::unreadable;
use crate::policy::manifest::Manifest;

/// The files of an archive, by their names inside it.
pub(super) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The most files an archive may have, those included that are passed over.
const FILES: usize = 4_000;

/// Where the manifest is.
const MANIFEST: &str = ".manifest";

/// Where the signatures are.
const SIGNATURES: &str = ".signatures.json";

/// Whether the bundle at `path` is an archive, by its name.
pub fn is_archive(path: &Path) -> bool {
    path.to_str().is_some_and(|name| name.ends_with(".tar.gz") || name.ends_with(".tgz"))
}

/// Reads the archive that is the bundle's root.
pub(super) fn read(into: &mut Gathered) {
    let root = into.root.clone();
    into.watched.push(root.clone());
    let file = match File::open(&root) {
        Ok(file) => file,
        Err(error) => return unreadable(into, &root, &error),
    };
    let mut files = match unpacked(file) {
        Ok(files) => files,
        Err(why) => return into.refuse(&root, why, "make it again with `opa build`"),
    };
    if let Some(signing) = into.signing.clone() {
        into.watched.extend(signing.keys.values().map(|key| key.file.clone()));
        let signatures = files.get(Path::new(SIGNATURES)).map(Vec::as_slice);
        if let Err(why) = signing.verify(signatures, &files) {
            let fix = "sign it with a key of `policy.signing`, and do not change it afterwards";
            return into.refuse(&root, why, fix);
        }
    }
    if let Some(bytes) = files.remove(Path::new(MANIFEST)) {
        match Manifest::parse(&bytes) {
            Ok(manifest) => into.manifest = manifest,
            Err(why) => into.refuse(&root.join(MANIFEST), why, "correct the manifest"),
        }
    }
    for (name, bytes) in files {
        if let Some(kind) = Kind::of(&name) {
            into.take(&name, kind, bytes);
        }
    }
}

/// Unpacks into memory. The error says why it is not done.
fn unpacked(file: impl Read) -> Result<Files, String> {
    let broken = |error: std::io::Error| format!("it is not a whole tar.gz archive: {error}");
    let limit = BYTES as u64 + 1;
    // An archive holds more than its files: padding, and a head for each.
    let plain = GzDecoder::new(file).take(limit + FILES as u64 * 2048);
    let mut archive = tar::Archive::new(plain);
    let (mut files, mut bytes) = (Files::new(), 0);
    for entry in archive.entries().map_err(broken)? {
        let mut entry = entry.map_err(broken)?;
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            continue;
        }
        let name = plain_name(&entry.path().map_err(broken)?)?;
        if !kind.is_file() {
            return Err(format!("`{}` in it is not an ordinary file", name.display()));
        }
        let mut content = Vec::new();
        entry.by_ref().take(limit).read_to_end(&mut content).map_err(broken)?;
        bytes += content.len();
        if bytes > BYTES || files.len() == FILES {
            return Err(format!("it holds more than {FILES} files or {BYTES} bytes"));
        }
        if name == Path::new("patch.json") {
            return Err("it is a delta bundle, which cannot stand alone".to_owned());
        }
        if let Some(twice) = files.insert(name.clone(), content).map(|_| name) {
            return Err(format!("`{}` stands in it twice", twice.display()));
        }
    }
    if files.is_empty() { Err("it is empty, or not an archive".to_owned()) } else { Ok(files) }
}

/// A name without its leading `/` or `./`; any other detour is refused.
fn plain_name(name: &Path) -> Result<PathBuf, String> {
    let mut plain = PathBuf::new();
    for part in name.components() {
        match part {
            Component::Normal(part) => plain.push(part),
            Component::RootDir | Component::CurDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                return Err(format!("`{}` in it leads out of it", name.display()));
            }
        }
    }
    Ok(plain)
}
