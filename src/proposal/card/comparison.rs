//! What differs from the last one of its kind that people agreed to.
//!
//! Only a help: what is signed stands above it, byte by byte. JSON is compared in one layout, which is
//! said, and lines are compared as they are shown, so that what hides differs as well.

use std::fmt;
use std::time::Duration;

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use crate::proposal::card::quote::{INDENT, write_row};
use crate::proposal::card::shown::Shown;
use crate::proposal::request::Request;

/// What was agreed to then, and what is asked for now.
pub(super) struct Comparison<'a> {
    pub(super) then: &'a Request,
    pub(super) now: &'a Request,
}

impl fmt::Display for Comparison<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layout = match (laid_out(self.then.body()), laid_out(self.now.body())) {
            (Some(then), Some(now)) => Some((then, now)),
            _ => None,
        };
        if layout.is_some() && self.then.body() != self.now.body() {
            writeln!(f, "{INDENT}(both bodies are JSON, and laid out anew for this alone)")?;
        }
        let (then, now) = match &layout {
            Some((then, now)) => (lines(self.then, then), lines(self.now, now)),
            None => (lines(self.then, self.then.body()), lines(self.now, self.now.body())),
        };
        let differs = write_difference(f, &then, &now)?;
        match (differs, self.then == self.now) {
            (true, _) => Ok(()),
            (false, true) => writeln!(f, "{INDENT}nothing differs"),
            (false, false) => writeln!(f, "{INDENT}only how the body is written differs"),
        }
    }
}

/// Writes the lines that only one of both has; returns whether there are any.
fn write_difference(
    f: &mut fmt::Formatter<'_>,
    then: &[Vec<u8>],
    now: &[Vec<u8>],
) -> Result<bool, fmt::Error> {
    let shown = |lines: &[Vec<u8>]| -> Vec<_> {
        lines.iter().map(|line| Shown(line).to_string()).collect()
    };
    let (before, after) = (shown(then), shown(now));
    let before: Vec<_> = before.iter().map(String::as_str).collect();
    let after: Vec<_> = after.iter().map(String::as_str).collect();
    let diff = TextDiff::configure().timeout(LONGEST).diff_slices(&before, &after);
    let mut differs = false;
    for change in diff.iter_all_changes() {
        let (sign, line) = match change.tag() {
            ChangeTag::Equal => continue,
            ChangeTag::Delete => ('-', change.old_index().and_then(|at| then.get(at))),
            ChangeTag::Insert => ('+', change.new_index().and_then(|at| now.get(at))),
        };
        differs = true;
        write_row(f, sign, line.map(Vec::as_slice).unwrap_or_default())?;
    }
    Ok(differs)
}

/// JSON with one member a line, in the order of their names.
fn laid_out(body: &[u8]) -> Option<Vec<u8>> {
    let value: Value = serde_json::from_slice(body).ok()?;
    serde_json::to_vec_pretty(&value).ok()
}

/// Where it goes, its headers, and its body.
fn lines(request: &Request, body: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![format!("{} {}", request.method(), request.url()).into_bytes()];
    for (name, value) in request.headers() {
        lines.push([name.as_str().as_bytes(), b": ", value.as_bytes()].concat());
    }
    lines.extend(body.split(|byte| *byte == b'\n').map(<[u8]>::to_vec));
    lines
}

/// The longest search for what is the same; after that more is shown as different.
const LONGEST: Duration = Duration::from_millis(500);

#[cfg(test)]
mod tests {
    use super::Comparison;
    use crate::proposal::Request;
    use bytes::Bytes;
    use http::{HeaderMap, Method, Uri};

    fn request(body: &'static str) -> Request {
        let uri = Uri::from_static("https://a/refunds");
        Request::new(Method::POST, &uri, &HeaderMap::new(), Bytes::from(body)).unwrap()
    }

    fn compared(then: &'static str, now: &'static str) -> String {
        Comparison { then: &request(then), now: &request(now) }.to_string()
    }

    #[test]
    fn what_differs_is_shown_and_nothing_else() {
        let json = compared(r#"{"amount": 1, "to": "a"}"#, r#"{"to":"a","amount":2}"#);
        assert!(
            json.contains("(both bodies are JSON, and laid out anew for this alone)\n"),
            "{json}"
        );
        assert!(json.contains("- "), "{json}");
        let signs = json.lines().filter(|line| !line.trim().starts_with('('));
        let signs: Vec<_> = signs.map(str::trim).collect();
        assert_eq!(signs, [r#"-   "amount": 1,"#, r#"+   "amount": 2,"#]);
        assert_eq!(compared("a\nb\nc", "a\nx\nc").lines().count(), 2);
        assert_eq!(compared("a", "a").trim(), "nothing differs");
        assert_eq!(compared(r#"{"a":1}"#, r#"{"a": 1}"#).lines().count(), 2);
    }

    #[test]
    fn what_is_hidden_differs_as_well() {
        let text = compared("to paypal", "to p\u{430}ypal");
        assert!(text.contains("+ to p\\u{430}ypal\n") && text.contains("! p\\u{430}ypal mixes"));
    }
}
