//! Keeps what may be a secret out of excerpts.
//!
//! A configuration holds no secrets, but people write them into it, and the excerpt that tells them
//! so would put the secret on a screen, into a log or into a build's output. So what is shown of a
//! file is a copy in which every value that could be one is a row of asterisks.

use std::ops::Range;

use crate::config::keypath::{KeyPath, Step};
use crate::config::place::Places;

/// `text` as it may be shown: every byte that stays is where it was.
///
/// `whole` says whether `places` covers all of the text; after an error of syntax it does not, and
/// then whole lines of the sections that could hold secrets are covered.
pub fn masked(text: &str, places: &Places, whole: Coverage) -> String {
    let mut hidden = Vec::new();
    for (path, at) in places.scalars() {
        let value = &text[at.clone()];
        if !is_harmless(path, value) {
            hidden.push(at);
        } else if let Some(user) = user_information(value) {
            hidden.push(at.start + user.start..at.start + user.end);
        }
    }
    if whole == Coverage::Partial {
        hidden.extend(doubtful_lines(text));
    }
    cover(text, hidden)
}

/// How much of a text its places cover.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Coverage {
    /// Up to an error of syntax.
    Partial,
    /// To its end.
    Whole,
}

/// Whether the value at `path` can be no secret.
fn is_harmless(path: &KeyPath, value: &str) -> bool {
    let steps: Vec<&str> = path
        .steps()
        .iter()
        .map(|step| match step {
            Step::Index(_) => "[]",
            Step::Key(key) => key.as_str(),
        })
        .collect();
    match steps.as_slice() {
        ["state", ..] => false,
        ["credentials", _, "scheme" | "name" | "username"] => true,
        ["credentials", _, "prefix"] => value.len() <= LONGEST_PREFIX,
        ["credentials", _, "upstreams", ..] => true,
        ["credentials", _, "secret", "file"] => true,
        ["credentials", _, "secret", "env" | "systemd"] => is_name(value),
        ["credentials", ..] => false,
        steps => !steps.iter().any(|step| is_suspicious(step)),
    }
}

fn is_suspicious(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    SUSPICIOUS.iter().any(|word| key.contains(word))
}

/// What stands between `//` and the last `@` of a URL.
fn user_information(value: &str) -> Option<Range<usize>> {
    let start = value.find("//")? + 2;
    let end = value.rfind('@')?;
    (start < end).then_some(start..end)
}

fn is_name(value: &str) -> bool {
    let value = value.trim_matches(['"', '\'']);
    value.len() <= 64 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
}

/// What follows the first colon of each line, from one that names a section which could hold
/// secrets until one that begins another section.
fn doubtful_lines(text: &str) -> Vec<Range<usize>> {
    let mut hidden = Vec::new();
    let mut doubtful = false;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let names_one = DOUBTFUL.iter().any(|word| line.contains(word));
        doubtful = names_one || (doubtful && !begins_another(line));
        if doubtful {
            let value = line.find(':').map_or(0, |colon| colon + 1);
            hidden.push(start + value..start + line.len());
        }
        start += line.len();
    }
    hidden
}

fn begins_another(line: &str) -> bool {
    let name = line.bytes().take_while(|b| b.is_ascii_lowercase() || *b == b'_').count();
    line.starts_with("---") || (name > 0 && line[name..].starts_with(':'))
}

fn cover(text: &str, mut hidden: Vec<Range<usize>>) -> String {
    hidden.sort_by_key(|range| range.start);
    let mut ranges = hidden.into_iter().peekable();
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        while ranges.next_if(|range| range.end <= at).is_some() {}
        let is_hidden = ranges.peek().is_some_and(|range| range.contains(&at));
        match is_hidden && !c.is_whitespace() {
            true => shown.extend(std::iter::repeat_n('*', c.len_utf8())),
            false => shown.push(c),
        }
    }
    shown
}

/// A scheme word such as `Token ` is short; a secret is not.
const LONGEST_PREFIX: usize = 12;

/// Sections and keys that could hold secrets.
const DOUBTFUL: [&str; 8] =
    ["credentials", "state", "secret", "password", "token", "api_key", "apikey", "@"];

/// In names of keys, wherever they stand.
const SUSPICIOUS: [&str; 8] =
    ["secret", "password", "passwd", "token", "api_key", "apikey", "private", "authorization"];
