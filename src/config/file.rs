//! The file as written: YAML text into typed sections, or into everything that is wrong with it.
//!
//! The only file that names the YAML library. What the library reads becomes a plain tree at once,
//! so that what is wrong can be taken out of the tree and reading go on; every mistake is found in
//! one run. Where YAML leaves room for surprises (keys written twice, values that come from
//! somewhere else, keys without a value) the room is taken away.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;

use schemars::JsonSchema;
use serde::de::DeserializeSeed;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::audit::Audit;
use crate::config::callbacks::Callbacks;
use crate::config::code::Code;
use crate::config::control::Control;
use crate::config::credentials::Credential;
use crate::config::identity::Identity;
use crate::config::keypath::KeyPath;
use crate::config::listeners::Listener;
use crate::config::mask::{Coverage, masked};
use crate::config::place::{Cause, Obstacle, Places};
use crate::config::policy::Policy;
use crate::config::problem::{Problem, Problems, Source};
use crate::config::report::Report;
use crate::config::routes::Route;
use crate::config::signals::Signals;
use crate::config::state::{Approvals, State};
use crate::config::tree::Tree;
use crate::config::upstreams::Upstream;
use crate::config::{check, shape, tree};
use crate::id::{CredentialName, ListenerName, RouteName, UpstreamName};

/// `countersign.yaml`. A relative path in it is relative to the folder it is in; what [`parse`]
/// returns is already joined with that folder.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "Countersign's configuration",
    description = "A relative path is relative to the folder that this file is in."
)]
pub struct File {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// How many threads serve agents: `auto` for one a core, or a number from 1 to 256.
    #[serde(default)]
    pub workers: Workers,
    /// Who Countersign is, and which agents it trusts.
    pub identity: Identity,
    /// Where it listens, by name.
    #[schemars(with = "BTreeMap<String, Listener>")]
    pub listeners: BTreeMap<ListenerName, Listener>,
    /// Who is let in at the control door.
    pub control: Option<Control>,
    /// The rules that decide; a file without them is refused.
    pub policy: Option<Policy>,
    /// Where approved requests go, by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Upstream>")]
    pub upstreams: BTreeMap<UpstreamName, Upstream>,
    /// What is put on them, by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Credential>")]
    pub credentials: BTreeMap<CredentialName, Credential>,
    /// Which requests there are, by name.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Route>")]
    pub routes: BTreeMap<RouteName, Route>,
    /// How agents wait for people.
    pub approvals: Option<Approvals>,
    /// Where proposals are kept.
    pub state: Option<State>,
    /// Whether agents are told what becomes of their proposals.
    pub callbacks: Option<Callbacks>,
    /// Security events: where they are sent, and whose are heard.
    pub signals: Option<Signals>,
    /// Where the record is kept.
    pub audit: Audit,
}

/// How many threads serve agents.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(untagged, expecting = "write `auto` or a number from 1 to 256")]
pub enum Workers {
    /// `auto`: one a core.
    Cores(Auto),
    /// So many.
    Count(#[schemars(range(min = 1, max = 256))] u16),
}

/// The word `auto`.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Auto {
    /// As many as there are cores.
    #[default]
    Auto,
}

impl Default for Workers {
    fn default() -> Self {
        Self::Cores(Auto::Auto)
    }
}

/// Reads a configuration; `name` is its file's path, for messages and for the folder that relative
/// paths start from. Reads no file.
///
/// # Errors
/// Everything that keeps it from being used, and the warnings. Warnings alone are no error and come
/// back beside the file.
pub fn parse(name: &str, text: &str) -> Result<(File, Problems), Problems> {
    let (tree, mut report) = read(name, text)?;
    let names = check::Names::of(&tree);
    let file = shape::read(tree, &mut report);
    if let Some(file) = &file {
        check::check(file, &names, &mut report);
    }
    let problems = report.finish();
    match file {
        Some(mut file) if problems.errors() == 0 => {
            file.rebase(Path::new(name).parent().unwrap_or(Path::new("")));
            Ok((file, problems))
        }
        _ => Err(problems),
    }
}

/// The text as a plain tree, and what is wrong with it so far.
pub(super) fn read(name: &str, text: &str) -> Result<(Value, Report), Problems> {
    if text.len() > MAX_FILE {
        return Err(Problems::unreadable(name, "the file is larger than 1 MiB"));
    }
    let (places, obstacles) = Places::find(text);
    let is_broken = obstacles.iter().any(|one| !matches!(one.cause, Cause::Reference(_)));
    let coverage = if is_broken { Coverage::Partial } else { Coverage::Whole };
    let shown = masked(text, &places, coverage);
    let mut report = Report::new(Source { name: name.to_owned(), shown, places });
    if !obstacles.is_empty() {
        obstacles.into_iter().for_each(|one| report.add(explain(one, &report)));
        return Err(report.finish());
    }
    let Some(tree) = load(text, &mut report) else { return Err(report.finish()) };
    Ok((tree::clean(tree, &mut report), report))
}

impl File {
    fn rebase(&mut self, folder: &Path) {
        self.identity.rebase(folder);
        self.control.iter_mut().for_each(|control| control.rebase(folder));
        self.policy.iter_mut().for_each(|policy| policy.rebase(folder));
        self.upstreams.values_mut().for_each(|upstream| upstream.rebase(folder));
        self.credentials.values_mut().for_each(|credential| credential.rebase(folder));
        self.state.iter_mut().for_each(|state| state.rebase(folder));
        self.callbacks.iter_mut().for_each(|callbacks| callbacks.rebase(folder));
        self.signals.iter_mut().for_each(|signals| signals.rebase(folder));
        self.audit.rebase(folder);
    }
}

fn explain(obstacle: Obstacle, report: &Report) -> Problem {
    let top = KeyPath::default();
    let mut problem = match obstacle.cause {
        Cause::Documents => {
            Problem::value(Code::Documents, top, "the file holds more than one document")
                .help("remove this `---` and what follows it")
        }
        Cause::Reference(what) => {
            Problem::value(Code::Reference, top, format!("{what} is not allowed here"))
                .help("every value stands where it is used; write it out")
        }
        Cause::Syntax(why) => Problem::value(Code::Syntax, top, format!("not YAML: {why}")),
        Cause::TooMuch => Problem::value(
            Code::Depth,
            top,
            "nested more than 32 deep, or more than 200,000 keys and values",
        ),
    };
    problem.place = Some(report.at(obstacle.at));
    problem
}

/// The text as a plain tree; `None`, with the problem reported, if it is not YAML.
fn load(text: &str, report: &mut Report) -> Option<Value> {
    let oddities = RefCell::new(Vec::new());
    let loaded = Tree::new(&oddities).deserialize(serde_yaml::Deserializer::from_str(text));
    oddities.into_inner().into_iter().for_each(|problem| report.add(problem));
    match loaded {
        Ok(Value::Null) => {
            let message = "the file is empty";
            report.add(
                Problem::value(Code::Documents, KeyPath::default(), message)
                    .help("`countersign dev` makes a working one to start from"),
            );
            None
        }
        Ok(tree @ Value::Object(_)) => Some(tree),
        Ok(_) => {
            let message = "the file must be a map of sections";
            report.add(Problem::value(Code::Kind, KeyPath::default(), message));
            None
        }
        Err(error) => {
            let top = KeyPath::default();
            let mut problem = Problem::value(Code::Syntax, top, format!("not YAML: {error}"));
            let at = error.location().map_or(0, |place| place.index().min(text.len()));
            problem.place = text.is_char_boundary(at).then(|| report.at(at..at));
            report.add(problem);
            None
        }
    }
}

/// Larger than any configuration that a person can read.
pub const MAX_FILE: usize = 1024 * 1024;
