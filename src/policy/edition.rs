//! A bundle as one document, to be kept as long as decisions that it made.
//!
//! What is kept is what was read, file by file, with the paths that the operator knows: a decision
//! that is explained a week later names the line that decided then. Reading an edition back makes
//! the same revision or fails; it never reads the folder again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::policy::config::{Config, Memory, Shadow, Tests};
use crate::policy::contents::Contents;
use crate::policy::entry::EntryPoint;

/// The rules, data and tests of one revision.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The folder (or the one file) that they were read from.
    pub(super) root: PathBuf,
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
        Self { root: config.path.clone(), instructions: config.instructions, files }
    }

    /// Where the rules were read from.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// How to ask them again: as they were, and neither tested nor checked a second time.
    pub(super) fn config(&self, point: &EntryPoint) -> Config {
        Config {
            path: self.root.clone(),
            query: point.rule.clone(),
            guardrails: point.guardrails.clone(),
            routes: Vec::new(),
            memory: Memory::Off,
            tests: Tests::Off,
            instructions: self.instructions,
            shadow: Shadow::OFF,
            signing: None,
            candidate: None,
        }
    }
}
