//! Rules as text, and their syntax tree.

use std::path::{Path, PathBuf};

use regorus::Engine;
use serde::Deserialize;

use crate::policy::problem::{Place, Problem};
use crate::policy::syntax::Module;

/// One file of rules.
#[derive(Clone, Debug)]
pub(in crate::policy) struct Source {
    /// Where it is, as reports name it.
    pub(in crate::policy) file: PathBuf,
    /// What it says.
    pub(in crate::policy) text: String,
}

impl Source {
    /// Whether the file holds tests, by its name.
    pub(in crate::policy) fn is_test(&self) -> bool {
        self.file.to_string_lossy().ends_with("_test.rego")
    }

    /// The file's name as the engine knows it.
    pub(in crate::policy) fn name(&self) -> String {
        self.file.to_string_lossy().into_owned()
    }

    /// Parses it. The caller has bounded how deep it nests: the parser recurses.
    pub(in crate::policy) fn parse(&self) -> Result<Module, Problem> {
        let mut engine = Engine::new();
        engine
            .add_policy(self.name(), self.text.clone())
            .map_err(|error| self.problem(&error.to_string()))?;
        let json = engine.get_ast_as_json().map_err(|error| self.problem(&error.to_string()))?;
        let trees: Vec<Tree> = serde_json::from_str(&json).map_err(|error| self.unread(&error))?;
        let missing = || Problem::new(Place::file(&self.file), "the file is empty", "remove it");
        trees.into_iter().next().map(|tree| tree.ast).ok_or_else(missing)
    }

    /// The engine's message as a problem of this file.
    pub(in crate::policy) fn problem(&self, message: &str) -> Problem {
        let place = place_in(message, &self.file).unwrap_or_else(|| Place::file(&self.file));
        Problem::new(place, sentence_of(message), "").shown_in(&self.text)
    }

    /// JSON nests several levels for each level of Rego, and its reader stops at 128.
    fn unread(&self, error: &serde_json::Error) -> Problem {
        let place = Place::file(&self.file);
        if error.to_string().contains("recursion limit") {
            let fix = "split the deepest expression into rules of its own";
            return Problem::new(place, "expressions nest too deep to be checked", fix);
        }
        let message = format!("the syntax tree cannot be read: {error}");
        Problem::new(place, message, "report this with the file: it is a defect of Countersign")
    }
}

/// What the engine prints for one file.
#[derive(Deserialize)]
struct Tree {
    ast: Module,
}

/// The sentence of one of the engine's messages, without the excerpt above it.
pub(in crate::policy) fn sentence_of(message: &str) -> String {
    let last = message.rsplit("\nerror: ").next().unwrap_or(message).trim();
    last.strip_prefix("error: ").unwrap_or(last).lines().next().unwrap_or_default().to_owned()
}

/// The place of one of the engine's messages: `--> file:line:col`.
pub(in crate::policy) fn place_in(message: &str, file: &Path) -> Option<Place> {
    let arrow = message.split("--> ").nth(1)?.lines().next()?;
    let mut parts = arrow.rsplitn(3, ':');
    let column = parts.next()?.parse().ok()?;
    let line = parts.next()?.parse().ok()?;
    let named = parts.next().map_or_else(|| file.to_owned(), PathBuf::from);
    Some(Place { file: named, line, column })
}
