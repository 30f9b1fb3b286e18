//! `policy.history:` the decisions that are kept to be explained and replayed.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::code::Code;
use crate::config::duration::Period;
use crate::config::keypath::KeyPath;
use crate::config::problem::Problem;
use crate::config::report::{Report, rebase};
use crate::config::size::Size;
use crate::config::text::Text;
use crate::history::{self, Mask, Pointer};

/// Where decisions are kept to be explained and replayed. Without it none are.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
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
}

impl History {
    pub(super) fn rebase(&mut self, folder: &Path) {
        rebase(folder, &mut self.path);
    }

    pub(super) fn check(&self, at: &KeyPath, report: &mut Report) {
        let keep = Period::secs(60)..=Period::secs(366 * 86_400);
        report.within(at.key("keep"), &self.keep, keep);
        report.within(at.key("limit"), &self.limit, Size::mib(64)..=Size::mib(1 << 20));
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
        }
    }
}

fn keep() -> Text<Period> {
    Period::secs(7 * 86_400).into()
}

fn limit() -> Text<Size> {
    Size::mib(1_024).into()
}
