//! `state:` and `approvals:` what outlives the process, and how agents wait for people.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::approval;
use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::keypath::KeyPath;
use crate::config::people::{self, Group, Person};
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::text::{Text, Written};
use crate::{proxy, store};

/// Where proposals are kept. Without it there are none, and what needs an approval is refused.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The database: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`.
    pub url: Text<Database>,
    /// How many proposals of one agent may wait at once, for people or to be carried out.
    #[serde(default = "pending")]
    pub pending: u32,
    /// How long what is known to be revoked counts while the database cannot be asked. After that
    /// nothing goes on.
    #[serde(default = "stale_after")]
    pub stale_after: Text<Period>,
    /// How long an agent is known for what its work has touched, counted from the last time.
    #[serde(default = "labels_last")]
    pub labels_last: Text<Period>,
}

fn pending() -> u32 {
    100
}

fn labels_last() -> Text<Period> {
    Period::secs(86_400).into()
}

fn stale_after() -> Text<Period> {
    Period::secs(10).into()
}

/// How agents wait for people.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct Approvals {
    /// How long a call is held while nobody has decided, unless it asks for another time.
    pub hold: Text<Period>,
    /// How long people may take, unless a rule says otherwise.
    pub expires_after: Text<Period>,
    /// Who may answer.
    pub people: BTreeMap<String, Person>,
    /// Whom rules ask, by the name that they use for them.
    pub groups: BTreeMap<String, Group>,
}

/// Where a database is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Database {
    /// In this file.
    File(PathBuf),
    /// At this URL, which holds no password.
    Server(String),
}

impl State {
    pub(super) fn check(&self, report: &mut Report) {
        let at = KeyPath::top("state").key("pending");
        report.count(at, self.pending.into(), 1..=100_000);
        let at = KeyPath::top("state").key("stale_after");
        report.within(at, &self.stale_after, Period::secs(1)..=Period::secs(600));
        let at = KeyPath::top("state").key("labels_last");
        report.within(at, &self.labels_last, Period::secs(60)..=Period::secs(365 * 86_400));
    }

    pub(super) fn used(&self) -> store::Config {
        store::Config {
            url: self.url.to_string(),
            pending: usize::try_from(self.pending).unwrap_or(usize::MAX),
            stale_after: self.stale_after.0.duration(),
            labels_last: self.labels_last.0.duration(),
        }
    }

    pub(super) fn rebase(&mut self, folder: &Path) {
        if let Database::File(path) = &mut self.url.0 {
            rebase(folder, path);
        }
    }
}

impl Approvals {
    pub(super) fn check(&self, state: Option<&State>, report: &mut Report) {
        let at = KeyPath::top("approvals");
        if state.is_none() && !report.is_cut(&KeyPath::top("state")) {
            let message = "there is no `state`, so nothing waits for an approval";
            report.check(
                Problem::key(Code::Pair, at.clone(), message)
                    .help("add `state: { url: sqlite:state/countersign.db }`"),
            );
        }
        report.within(at.key("hold"), &self.hold, Period::secs(0)..=Period::secs(240));
        let expiry = Period::secs(10)..=Period::secs(30 * 86_400);
        report.within(at.key("expires_after"), &self.expires_after, expiry);
        people::check(&at, &self.people, &self.groups, report);
    }

    pub(super) fn people(&self) -> approval::People {
        people::used(&self.people, &self.groups)
    }

    pub(super) fn used(&self) -> proxy::Waiting {
        proxy::Waiting {
            hold: self.hold.0.duration(),
            expires_after: self.expires_after.0.duration(),
        }
    }
}

impl Default for Approvals {
    fn default() -> Self {
        Self {
            hold: Period::secs(20).into(),
            expires_after: Period::secs(15 * 60).into(),
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }
}

impl Written for Database {
    const WHAT: &'static str = "the URL of a database";
    const NAME: &'static str = "Database";
    const PATTERN: &'static str = r"^(sqlite:[^?:]+|postgres(ql)?://[^\s]+)$";

    fn read(text: &str) -> Result<Self, String> {
        if let Some(file) = text.strip_prefix("sqlite:") {
            // Other programs read more into such a URL: a database in memory, options, a host.
            let is_odd = file.is_empty() || file.starts_with(':') || file.starts_with("//");
            return match is_odd || file.contains('?') {
                true => Err("name a file; write `sqlite:state/countersign.db`".to_owned()),
                false => Ok(Self::File(file.into())),
            };
        }
        let rest = text.strip_prefix("postgres://").or(text.strip_prefix("postgresql://"));
        let Some(rest) = rest.filter(|rest| !rest.is_empty()) else {
            return Err("write `sqlite:FILE` or `postgres://USER@HOST/DATABASE`".to_owned());
        };
        let user = rest.rsplit_once('@').map_or("", |(user, _)| user);
        if user.contains(':') || rest.contains("password") {
            return Err("no password here: PostgreSQL's own `PGPASSWORD` or `~/.pgpass` holds it"
                .to_owned());
        }
        Ok(Self::Server(text.to_owned()))
    }
}

impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "sqlite:{}", path.display()),
            Self::Server(url) => f.write_str(url),
        }
    }
}
