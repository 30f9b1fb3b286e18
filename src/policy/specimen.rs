//! Rules at hand, tried as a bundle of them would be.
//!
//! Suites that hold Countersign's Rego against another implementation's come in here: rules pass
//! the gate, are evaluated on the interpreter and, where a bundle of them would be served by the
//! fast engine, on that too. Values come out as JSON text, sets as arrays in Rego's order. No
//! request passes here, so nothing is kept and everything is made anew.

use std::path::Path;

use crate::policy::bundle::on_large_stack;
use crate::policy::config::Config;
use crate::policy::engine::document::Document;
use crate::policy::engine::interpreter::Interpreter;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Image;
use crate::policy::failure::Failure;
use crate::policy::gate;
use crate::policy::problem::{LoadError, Place, Problem};

/// One rule to evaluate, and what it stands among.
#[derive(Clone, Debug)]
pub struct Specimen {
    /// Files of rules, by name.
    pub modules: Vec<(String, String)>,
    /// The data beside them: one JSON object.
    pub data: String,
    /// What the rule is asked about.
    pub input: Input,
    /// The rule, as a full path.
    pub rule: String,
}

/// An input.
#[derive(Clone, Debug)]
pub enum Input {
    /// JSON text.
    Json(String),
    /// There is none: `input` is undefined.
    Missing,
    /// A Rego term, which may hold sets.
    Term(String),
}

/// What each engine made of it: JSON text, or why there is no value.
#[derive(Clone, Debug)]
pub struct Tried {
    /// The authority's value.
    pub interpreter: Result<String, Failure>,
    /// The fast engine's value; `None` where it would not serve these rules.
    pub machine: Option<Result<String, Failure>>,
}

impl Specimen {
    /// Tries it.
    ///
    /// # Errors
    /// [`LoadError`], where a bundle of these rules would not be activated.
    pub fn run(&self) -> Result<Tried, LoadError> {
        on_large_stack(Path::new("specimen"), || self.run_here())
    }

    fn run_here(&self) -> Result<Tried, LoadError> {
        let named = self.modules.iter();
        let sources: Vec<Source> =
            named.map(|(file, text)| Source { file: file.into(), text: text.clone() }).collect();
        let files = gate::parse(&sources).map_err(LoadError::new)?;
        gate::refusals(&files, &self.data, &[&self.rule]).map_err(LoadError::new)?;
        let data = self.document("data.json", &self.data)?;
        let input = self.input()?;
        let mut interpreter = Interpreter::new(&sources, &data).map_err(LoadError::new)?;
        let said = interpreter.evaluate(&self.rule, &input);
        let is_fast = gate::differences(&files, &self.data).is_empty();
        let image = Image::compile(&sources, &data, &[&self.rule]);
        let machine = image.ok().filter(|_| is_fast);
        let machine = machine.and_then(|image| image.machine(data, Config::INSTRUCTIONS));
        Ok(Tried {
            interpreter: said.map(|value| value.to_string()),
            machine: machine.map(|mut vm| vm.evaluate(0, input).map(|value| value.to_string())),
        })
    }

    fn input(&self) -> Result<Document, LoadError> {
        match &self.input {
            Input::Json(text) => self.document("input.json", text),
            Input::Missing => Ok(Document::undefined()),
            Input::Term(term) => {
                let text = format!("package input_term\n\nvalue := {term}\n");
                let source = Source { file: "input.rego".into(), text };
                let mut engine =
                    Interpreter::new([&source], &Document::empty()).map_err(LoadError::new)?;
                let value = engine.evaluate("data.input_term.value", &Document::empty());
                Ok(value.map_err(|failure| source.problem(failure.message()))?)
            }
        }
    }

    fn document(&self, file: &str, text: &str) -> Result<Document, LoadError> {
        let parsed = Document::parse(text);
        Ok(parsed.map_err(|error| Problem::new(Place::file(file), error, "correct the JSON"))?)
    }
}
