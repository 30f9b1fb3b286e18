//! A file of cases beside the rules: requests, and what the rules must answer to each.
//!
//! Read with the same care as the configuration: a case whose key is misspelt would pass for ever.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::config::file::read;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problems;
use crate::config::report::rebase;
use crate::config::shape::{absent, explain, missing, path};
use crate::id::{ListenerName, RouteName};

/// `*_cases.yaml`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// The configuration whose routes the requests take, relative to the folder this file is in.
    /// Without one, a route is made up for each request.
    pub config: Option<PathBuf>,
    /// What is asked and wanted.
    pub cases: Vec<Case>,
}

/// One request and its answer.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What it shows, for people.
    pub name: String,
    /// The caller's SPIFFE ID.
    pub agent: String,
    /// The door it comes in by.
    #[serde(default = "listener")]
    pub listener: ListenerName,
    /// The name of the route that is made up, where there is no configuration.
    pub route: Option<RouteName>,
    /// When it arrives, in RFC 3339; unless given, now.
    pub at: Option<String>,
    /// What arrives.
    pub request: Request,
    /// What it must lead to.
    pub want: Want,
    /// The line it begins on, counted from one.
    #[serde(skip)]
    pub line: u32,
}

/// A request as an agent sends it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// Unless given, `GET`.
    #[serde(default = "method")]
    pub method: String,
    /// `https://host/path?query`, sent as it is written.
    pub url: String,
    /// Its headers; a list is a header sent several times.
    #[serde(default)]
    pub headers: BTreeMap<String, Values>,
    /// Text is sent as it is; anything else as JSON, with its content type.
    pub body: Option<Value>,
}

/// One value, or several.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, expecting = "write a text or a list of texts")]
pub enum Values {
    /// A list of them.
    Many(Vec<String>),
    /// Just one.
    One(String),
}

/// What a request must lead to; what is left out does not matter.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Want {
    /// How it ends.
    pub decision: Ending,
    /// A code that must be among the answer's.
    pub code: Option<String>,
    /// All obligations, in any order, as a failing case prints them.
    pub obligations: Option<Vec<String>>,
    /// All labels, in any order.
    pub labels: Option<Vec<String>>,
    /// What it costs: `12.5 EUR`.
    pub amount: Option<String>,
}

/// How a request ends, as far as Countersign settles it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It goes ahead.
    Allow,
    /// People must agree first.
    Approval,
    /// The rules say no.
    Deny,
    /// The rules give no clear answer, or one that cannot be carried out: a denial.
    Error,
    /// It is refused before the rules are asked: ambiguous, or without a route.
    Refused,
}

impl Ending {
    /// The word for it in the file.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Approval => "approval",
            Self::Deny => "deny",
            Self::Error => "error",
            Self::Refused => "refused",
        }
    }
}

/// Reads a file of cases; `name` is its path.
///
/// # Errors
/// The first thing that is wrong, and everything that is not plain YAML.
pub fn parse(name: &str, text: &str) -> Result<Cases, Problems> {
    let (tree, mut report) = read(name, text)?;
    let mut cases: Cases = match serde_path_to_error::deserialize(tree) {
        Ok(cases) if !report.has_errors() => cases,
        Ok(_) => return Err(report.finish()),
        Err(error) => {
            let (path, message) = (path(error.path()), error.inner().to_string());
            report.add(match missing(&message) {
                Some(key) => absent(&path, key).help("docs/policy.md says what a case has"),
                None => explain(&path, &message),
            });
            return Err(report.finish());
        }
    };
    let at = KeyPath::top("cases");
    for (index, case) in cases.cases.iter_mut().enumerate() {
        case.line = report.line(&at.index(index));
    }
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    cases.config.iter_mut().for_each(|path| rebase(folder, path));
    Ok(cases)
}

fn listener() -> ListenerName {
    "agents".into()
}

fn method() -> String {
    "GET".to_owned()
}
