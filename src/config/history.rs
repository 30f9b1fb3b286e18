//! `policy.history:` the decisions that are kept to be explained and replayed, and where they are sent.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Deserialize;

use crate::config::bundle::{check_resource, check_token};
use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::size::Size;
use crate::config::source::Source;
use crate::config::text::Text;
use crate::config::upstreams::{Origin, Tls};
use crate::history::{self, Mask, Pointer, Sending};

/// Where decisions are kept to be explained and replayed. Without it none are.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct History {
    /// A folder; made if it is not there.
    pub path: PathBuf,
    /// How long a decision is kept.
    #[serde(default = "keep")]
    pub keep: Text<Period>,
    /// The most bytes that all of it may take; the oldest gives way.
    #[serde(default = "limit")]
    pub limit: Text<Size>,
    /// JSON pointers into the input to what is covered before it is written, beside what always is;
    /// `*` is every member or element.
    #[serde(default)]
    pub mask: Vec<String>,
    /// Where they are sent as well. Without it they stay here.
    #[serde(default)]
    pub send: Option<Receiver>,
}

/// Where decisions are sent, as OPA sends its decision logs.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Receiver {
    /// The server: a scheme, a host and perhaps a port.
    pub url: Text<Origin>,
    /// The path there.
    #[serde(default = "resource")]
    pub resource: String,
    /// How the server is verified, and how Countersign proves itself to it.
    #[serde(default)]
    pub tls: Tls,
    /// What is shown as a bearer token: `{ file: PATH }`, `{ env: NAME }` or `{ systemd: NAME }`.
    pub token: Option<Source>,
    /// How often what is new is sent.
    #[serde(default = "every")]
    pub every: Text<Period>,
}

impl History {
    pub(super) fn rebase(&mut self, folder: &Path) {
        rebase(folder, &mut self.path);
        self.send.iter_mut().for_each(|send| send.rebase(folder));
    }

    pub(super) fn check(&self, at: &KeyPath, report: &mut Report) {
        let keep = Period::secs(60)..=Period::secs(366 * 86_400);
        report.within(at.key("keep"), &self.keep, keep);
        report.within(at.key("limit"), &self.limit, Size::mib(64)..=Size::mib(1 << 20));
        self.send.iter().for_each(|send| send.check(&at.key("send"), report));
        for (index, text) in self.mask.iter().enumerate() {
            if Pointer::parse(text).is_none() {
                let message = "this is no JSON pointer into the input";
                report.check(
                    Problem::value(Code::Value, at.key("mask").index(index), message).help(
                        "write it like `/parsed_body/card/number` or `/parsed_body/cards/*/number`",
                    ),
                );
            }
        }
    }

    pub(super) fn used(&self) -> history::Config {
        let pointers = self.mask.iter().filter_map(|text| Pointer::parse(text)).collect();
        history::Config {
            path: self.path.clone(),
            keep: self.keep.0.duration(),
            limit: self.limit.0.get(),
            mask: Mask { pointers },
            sending: match self.send {
                Some(_) => Sending::Elsewhere,
                None => Sending::Nowhere,
            },
        }
    }
}

impl Receiver {
    fn rebase(&mut self, folder: &Path) {
        self.tls.rebase(folder);
        let token = self.token.as_mut().and_then(Source::path_mut);
        token.into_iter().for_each(|path| rebase(folder, path));
    }

    fn check(&self, at: &KeyPath, report: &mut Report) {
        check_resource(&self.resource, "/logs", at, report);
        check_token(self.token.as_ref(), &self.url, at, report);
        report.within(at.key("every"), &self.every, Period::secs(1)..=Period::secs(3_600));
    }
}

fn resource() -> String {
    "/logs".to_owned()
}

fn every() -> Text<Period> {
    Period::secs(10).into()
}

fn keep() -> Text<Period> {
    Period::secs(7 * 86_400).into()
}

fn limit() -> Text<Size> {
    Size::mib(1_024).into()
}
