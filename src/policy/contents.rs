//! What a bundle holds, however it came: rules, data, and what its manifest says.
//!
//! Files are taken one by one, by their names inside the bundle. `*.rego` files are rules, and
//! `data.json` documents are data: a document's place in `data` is the folder it lies in, as OPA
//! has it. All of it is read once, so that what was checked is what is served.

use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Map, Value};

use crate::policy::config::Config;
use crate::policy::edition::Edition;
use crate::policy::engine::source::Source;
use crate::policy::manifest::Manifest;
use crate::policy::problem::{LoadError, Place, Problem};
use crate::policy::revision::Revision;
use crate::policy::signing::Signing;
use crate::policy::{archive, folder};
use crate::route::json;

/// The most files a bundle may have.
const FILES: usize = 1_000;

/// The most bytes a bundle may have, in all its files.
pub(super) const BYTES: usize = 16 << 20;

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
    /// What the bundle says of itself.
    pub(super) manifest: Manifest,
    pub(super) revision: Revision,
}

impl Contents {
    /// Reads the folder, the one file of rules or the archive that `config` names.
    pub(super) fn read(config: &Config) -> Result<Self, LoadError> {
        Self::read_all(std::slice::from_ref(&config.path), config.signing.as_ref())
    }

    /// Reads several of them as one; each is a root of its own for its data.
    pub(super) fn read_all(
        paths: &[PathBuf],
        signing: Option<&Signing>,
    ) -> Result<Self, LoadError> {
        let mut gathered = Gathered::new(signing.cloned());
        for path in paths {
            gathered.root.clone_from(path);
            if archive::is_archive(path) {
                archive::read(&mut gathered);
            } else {
                folder::read(&mut gathered);
            }
        }
        gathered.finish()
    }
}

impl Contents {
    /// The same contents again, from what was kept of them.
    pub(super) fn of(edition: &Edition) -> Result<Self, LoadError> {
        let mut gathered = Gathered::new(None);
        gathered.root.clone_from(&edition.root);
        for file in &edition.files {
            let name = file.path.strip_prefix(&edition.root).unwrap_or(&file.path);
            if let Some(kind) = Kind::of(&file.path) {
                gathered.take(name, kind, file.text.clone().into_bytes());
            }
        }
        gathered.finish()
    }
}

/// What has been read so far.
pub(super) struct Gathered {
    /// What is being read: a folder or a file.
    pub(super) root: PathBuf,
    pub(super) watched: Vec<PathBuf>,
    pub(super) manifest: Manifest,
    /// Who must have signed it, if it is an archive.
    pub(super) signing: Option<Signing>,
    sources: Vec<Source>,
    documents: Vec<Found>,
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

/// What a file of a bundle is, by its name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Data,
    Rules,
    /// Data as YAML, which has too many readings.
    Yaml,
}

impl Kind {
    /// `None` for what is passed over.
    pub(super) fn of(name: &Path) -> Option<Self> {
        match name.file_name()?.to_str()? {
            "data.json" => Some(Self::Data),
            "data.yaml" | "data.yml" => Some(Self::Yaml),
            name if name.ends_with(".rego") => Some(Self::Rules),
            _ => None,
        }
    }
}

impl Gathered {
    fn new(signing: Option<Signing>) -> Self {
        Self {
            root: PathBuf::new(),
            watched: Vec::new(),
            manifest: Manifest::default(),
            signing,
            sources: Vec::new(),
            documents: Vec::new(),
            problems: Vec::new(),
            digest: Context::new(&SHA256),
            bytes: 0,
        }
    }

    /// Takes the file that is called `name` inside the bundle.
    pub(super) fn take(&mut self, name: &Path, kind: Kind, bytes: Vec<u8>) {
        if !self.count(name, &bytes) {
            return;
        }
        let file = self.place(name);
        let Ok(text) = String::from_utf8(bytes) else {
            return self.refuse(&file, "the file is not UTF-8", "save it as UTF-8");
        };
        match kind {
            Kind::Data => self.document(name, &text),
            Kind::Rules => self.sources.push(Source { file, text }),
            Kind::Yaml => {
                self.refuse(&file, "data is read from data.json only", "write it as data.json");
            }
        }
    }

    /// What reports call the file `name`; a bundle of one file is that file.
    fn place(&self, name: &Path) -> PathBuf {
        match name.as_os_str().is_empty() {
            true => self.root.clone(),
            false => self.root.join(name),
        }
    }

    /// Counts the file into the bundle and its digest; whether it still fits.
    fn count(&mut self, name: &Path, bytes: &[u8]) -> bool {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > BYTES || self.sources.len() + self.documents.len() >= FILES {
            let message = format!("a bundle has at most {FILES} files with {BYTES} bytes in all");
            self.refuse(&self.place(name), message, "split it into several bundles");
            return false;
        }
        for part in [name.as_os_str().as_encoded_bytes(), bytes] {
            self.digest.update(&(part.len() as u64).to_be_bytes());
            self.digest.update(part);
        }
        true
    }

    fn document(&mut self, name: &Path, text: &str) {
        let file = self.place(name);
        let strict = json::check(text.as_bytes()).map_err(|rule| rule.detail().to_owned());
        let parsed = strict.and_then(|()| {
            serde_json::from_str::<Map<String, Value>>(text).map_err(|error| error.to_string())
        });
        match parsed {
            Ok(document) => {
                let folder = name.parent().unwrap_or(Path::new(""));
                let place = folder.iter().map(|part| part.to_string_lossy().into_owned()).collect();
                let source = Source { file, text: text.to_owned() };
                self.documents.push(Found { source, place, document });
            }
            Err(error) => {
                let message = format!("the data is not one strict JSON object: {error}");
                self.refuse(&file, message, "make it a JSON object without duplicate keys");
            }
        }
    }

    pub(super) fn refuse(&mut self, path: &Path, message: impl Into<String>, fix: &str) {
        self.problems.push(Problem::new(Place::file(path), message, fix));
    }

    fn finish(mut self) -> Result<Contents, LoadError> {
        let (data, mut problems) = merged(&self.documents);
        problems.append(&mut self.problems);
        problems.extend(self.manifest.strays(&self.root, &data));
        if self.sources.is_empty() && problems.is_empty() {
            let fix = "put *.rego files there, or set `policy.path` to where they are";
            problems.push(Problem::new(Place::file(&self.root), "there are no rules here", fix));
        }
        if !problems.is_empty() {
            return Err(LoadError::new(problems));
        }
        let Self { sources, watched, manifest, digest, documents, .. } = self;
        let documents = documents.into_iter().map(|found| found.source).collect();
        let revision = Revision::of(digest.finish().as_ref());
        let data = Value::Object(data).to_string();
        Ok(Contents { sources, data, documents, watched, manifest, revision })
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
