//! A bundle as one document, to be kept as long as decisions that it made.
//!
//! What is kept is what was read, file by file, with the paths that the operator knows: a decision
//! that is explained a week later names the line that decided then. Reading an edition back makes
//! the same revision or fails; it never reads the folder again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::policy::config::{Config, Shadow, Tests};
use crate::policy::contents::Contents;

/// The rules, data and tests of one revision, and how they were asked.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The folder (or the one file) that they were read from.
    pub(super) root: PathBuf,
    /// The rule that decided.
    pub(super) query: String,
    /// The most instructions that one decision could take.
    pub(super) instructions: u64,
    pub(super) files: Vec<Kept>,
}

/// One file.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Edition {
    pub(super) fn new(config: &Config, contents: &Contents) -> Self {
        let all = contents.sources.iter().chain(&contents.documents);
        let mut files: Vec<Kept> = all
            .map(|source| Kept { path: source.file.clone(), text: source.text.clone() })
            .collect();
        // The digest is made in the order in which a folder is read: by path, component by component.
        files.sort_by(|one, other| one.path.cmp(&other.path));
        let (root, query) = (config.path.clone(), config.query.clone());
        Self { root, query, instructions: config.instructions, files }
    }

    /// Where the rules were read from.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The rule that decided, as a full path.
    pub fn query(&self) -> &str {
        &self.query
    }

    /// How to run them again: as they were, and neither tested nor checked a second time.
    pub(super) fn config(&self) -> Config {
        Config {
            path: self.root.clone(),
            query: self.query.clone(),
            tests: Tests::Off,
            instructions: self.instructions,
            shadow: Shadow::OFF,
            signing: None,
            candidate: None,
        }
    }
}
