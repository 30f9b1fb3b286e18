//! The committed list of cases that do not come out as written, and why.
//!
//! A line that begins with `#` is a comment; `## REASON` begins a group; every other line names one
//! case. A case without a reason above it is refused.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The cases that are expected to differ, each with its group's reason.
pub(crate) struct Listed(BTreeMap<String, String>);

impl Listed {
    /// Reads a list.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (mut cases, mut reason) = (BTreeMap::new(), "");
        for line in text.lines().map(str::trim) {
            if let Some(heading) = line.strip_prefix("## ") {
                reason = heading;
            } else if !line.is_empty() && !line.starts_with('#') {
                if reason.is_empty() {
                    return Err(format!("the list gives no reason for `{line}`"));
                }
                if cases.insert(line.to_owned(), reason.to_owned()).is_some() {
                    return Err(format!("the list names `{line}` twice"));
                }
            }
        }
        Ok(Self(cases))
    }

    /// Holds the list against what happened: each case with why it differs, or `None`.
    pub(crate) fn compare(&self, cases: &BTreeMap<String, Option<String>>) -> Result<(), String> {
        let mut wrong = String::new();
        for (name, difference) in cases {
            match (difference, self.0.contains_key(name)) {
                (Some(why), false) => {
                    let _ = writeln!(wrong, "differs and is not listed: {name}\n  {why}");
                }
                (None, true) => {
                    let _ = writeln!(wrong, "is as written, take it off the list: {name}");
                }
                _ => {}
            }
        }
        for name in self.0.keys().filter(|name| !cases.contains_key(*name)) {
            let _ = writeln!(wrong, "is listed, and there is no such case: {name}");
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong) }
    }

    /// How many cases each group has.
    pub(crate) fn groups(&self) -> BTreeMap<&str, usize> {
        let mut groups = BTreeMap::new();
        for reason in self.0.values() {
            *groups.entry(reason.as_str()).or_default() += 1;
        }
        groups
    }
}
