//! A folder of rules, read.
//!
//! `*.rego` files are rules, and `data.json` documents are data: a document's place in `data` is
//! the folder it lies in, as OPA has it. Hidden files and other names are passed over. All of it is
//! read once, so that what was checked is what is served.

use std::fs;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};

use crate::policy::archive::Archive;
use crate::policy::decision::Revision;
use crate::policy::engine::source::Source;
use crate::policy::problem::{LoadError, Place, Problem};
use crate::route::json;

/// The most files a bundle may have.
const FILES: usize = 1_000;

/// The most bytes a bundle may have, in all its files.
const BYTES: usize = 16 << 20;

/// How deep its folders may nest.
const FOLDERS: usize = 16;

/// The contents of a bundle.
#[derive(Debug)]
pub(super) struct Contents {
    /// The rules and their tests, by path.
    pub(super) sources: Vec<Source>,
    /// The data, as one JSON text.
    pub(super) data: String,
    /// The data documents as they are written, by path.
    pub(super) documents: Vec<Source>,
    /// Every file and folder that a change of the bundle would touch.
    pub(super) watched: Vec<PathBuf>,
    pub(super) revision: Revision,
}

impl Contents {
    /// Reads the folder (or the one file of rules) at `path`.
    pub(super) fn read(path: &Path) -> Result<Self, LoadError> {
        let mut reader = Reader::default();
        reader.visit(path, path, 0);
        Self::settled(path, reader)
    }

    /// The same contents again, from what was kept of them.
    pub(super) fn of(archive: &Archive) -> Result<Self, LoadError> {
        let mut reader = Reader::default();
        for file in &archive.files {
            reader.text(&archive.root, &file.path, file.text.clone().into_bytes());
        }
        Self::settled(&archive.root, reader)
    }

    fn settled(path: &Path, mut reader: Reader) -> Result<Self, LoadError> {
        let (data, mut problems) = merged(&reader.documents);
        problems.append(&mut reader.problems);
        if reader.sources.is_empty() && problems.is_empty() {
            let fix = "put *.rego files there, or set `policy.path` to where they are";
            problems.push(Problem::new(Place::file(path), "there are no rules here", fix));
        }
        if !problems.is_empty() {
            return Err(LoadError::new(problems));
        }
        let revision = Revision::of(reader.digest.finish().as_ref());
        let data = Value::Object(data).to_string();
        let documents = reader.documents.into_iter().map(|found| found.source).collect();
        Ok(Self { sources: reader.sources, data, documents, watched: reader.watched, revision })
    }
}

/// What has been read so far.
struct Reader {
    sources: Vec<Source>,
    documents: Vec<Found>,
    watched: Vec<PathBuf>,
    problems: Vec<Problem>,
    digest: Context,
    bytes: usize,
}

/// One `data.json`: its file, its place in `data`, and what it says.
struct Found {
    source: Source,
    place: Vec<String>,
    document: Map<String, Value>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            documents: Vec::new(),
            watched: Vec::new(),
            problems: Vec::new(),
            digest: Context::new(&SHA256),
            bytes: 0,
        }
    }
}

impl Reader {
    /// Reads what is at `path`, below the bundle's `root`.
    fn visit(&mut self, root: &Path, path: &Path, depth: usize) {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() && depth < FOLDERS => self.folder(root, path, depth),
            Ok(meta) if meta.is_dir() => {
                self.refuse(path, format!("folders nest more than {FOLDERS} deep"), "move it up");
            }
            Ok(_) => self.file(root, path),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn folder(&mut self, root: &Path, path: &Path, depth: usize) {
        self.watched.push(path.to_owned());
        let entries = fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(error) => return self.unreadable(path, &error),
        };
        let mut paths: Vec<PathBuf> = entries.iter().map(fs::DirEntry::path).collect();
        paths.sort();
        for path in paths {
            let hidden =
                path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
            if !hidden {
                self.visit(root, &path, depth + 1);
            }
        }
    }

    fn file(&mut self, root: &Path, path: &Path) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == "data.yaml" || name == "data.yml" {
            return self.refuse(path, "data is read from data.json only", "write it as data.json");
        }
        let rules = name.ends_with(".rego");
        if !rules && name != "data.json" {
            return;
        }
        self.watched.push(path.to_owned());
        match fs::read(path) {
            Ok(bytes) => self.text(root, path, bytes),
            Err(error) => self.unreadable(path, &error),
        }
    }

    /// Takes in what the file at `path` says.
    fn text(&mut self, root: &Path, path: &Path, bytes: Vec<u8>) {
        if !self.take(root, path, &bytes) {
            return;
        }
        let Ok(text) = String::from_utf8(bytes) else {
            return self.refuse(path, "the file is not UTF-8", "save it as UTF-8");
        };
        let source = Source { file: path.to_owned(), text };
        if path.extension().is_some_and(|extension| extension == "rego") {
            self.sources.push(source);
        } else {
            self.document(root, source);
        }
    }

    /// Counts the file into the bundle and its digest; whether it still fits.
    fn take(&mut self, root: &Path, path: &Path, bytes: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > BYTES || self.sources.len() + self.documents.len() >= FILES {
            let message = format!("a bundle has at most {FILES} files with {BYTES} bytes in all");
            self.refuse(path, message, "split it into several bundles");
            return false;
        }
        let name = path.strip_prefix(root).unwrap_or(path).as_os_str().as_encoded_bytes();
        for part in [name, bytes] {
            self.digest.update(&(part.len() as u64).to_be_bytes());
            self.digest.update(part);
        }
        true
    }

    fn document(&mut self, root: &Path, source: Source) {
        let (path, text) = (source.file.as_path(), source.text.as_str());
        let strict = json::check(text.as_bytes()).map_err(|rule| rule.detail().to_owned());
        let parsed = strict.and_then(|()| {
            serde_json::from_str::<Map<String, Value>>(text).map_err(|error| error.to_string())
        });
        match parsed {
            Ok(document) => {
                let folder = path.parent().unwrap_or(root);
                let below = folder.strip_prefix(root).unwrap_or(Path::new(""));
                let place = below.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                self.documents.push(Found { source, place, document });
            }
            Err(error) => {
                let message = format!("the data is not one strict JSON object: {error}");
                let fix = "make it a JSON object without duplicate keys";
                self.problems.push(Problem::new(Place::file(path), message, fix));
            }
        }
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        let fix = "check that it exists and that Countersign may read it";
        self.refuse(path, format!("cannot be read: {error}"), fix);
    }

    fn refuse(&mut self, path: &Path, message: impl Into<String>, fix: &str) {
        self.problems.push(Problem::new(Place::file(path), message, fix));
    }
}

/// All documents in one, each at its place; two must not say the same thing.
fn merged(documents: &[Found]) -> (Map<String, Value>, Vec<Problem>) {
    let (mut whole, mut problems) = (Map::new(), Vec::new());
    for found in documents {
        let mut wrapped = found.document.clone();
        for name in found.place.iter().rev() {
            wrapped = Map::from_iter([(name.clone(), Value::Object(wrapped))]);
        }
        if let Err(key) = merge(&mut whole, wrapped) {
            let message = format!("another data.json already says what `{key}` is");
            problems.push(Problem::new(
                Place::file(&found.source.file),
                message,
                "keep one of them",
            ));
        }
    }
    (whole, problems)
}

fn merge(into: &mut Map<String, Value>, from: Map<String, Value>) -> Result<(), String> {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Object(there)), Value::Object(more)) => merge(there, more)?,
            (Some(_), _) => return Err(key),
            (None, value) => {
                into.insert(key, value);
            }
        }
    }
    Ok(())
}
