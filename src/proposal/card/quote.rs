//! What somebody else wrote, behind a bar on every line.
//!
//! Long lines are broken here and not by the terminal, which would begin the rest where lines of ours
//! begin.

use std::fmt;

use crate::proposal::card::shown::Shown;
use crate::proposal::card::suspect::Suspicion;

/// These bytes, line by line; nothing, if there are none.
pub(super) struct Quote<'a>(pub(super) &'a [u8]);

impl fmt::Display for Quote<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.0.split_inclusive(|byte| *byte == b'\n') {
            write_row(f, '|', line.strip_suffix(b"\n").unwrap_or(line))?;
        }
        Ok(())
    }
}

/// One line behind `bar`, and what is not as it looks in it.
pub(super) fn write_row(f: &mut fmt::Formatter<'_>, bar: char, line: &[u8]) -> fmt::Result {
    let shown = Shown(line);
    for (at, row) in rows(&shown.to_string(), WIDTH).into_iter().enumerate() {
        let bar = if at == 0 { bar } else { MORE };
        writeln!(f, "{INDENT}{bar} {row}")?;
    }
    shown.suspects().iter().try_for_each(|(word, why)| match why {
        Suspicion::Imitates(other) => {
            writeln!(f, "{INDENT}! {word} is not {}", Shown(other.as_bytes()))
        }
        Suspicion::Mixes(scripts) => {
            writeln!(f, "{INDENT}! {word} mixes the scripts {}", scripts.join(" and "))
        }
    })
}

/// One value of ours beside its name, which somebody else may have had a hand in: what does not fit
/// stands below, behind the mark of a line that goes on.
pub(super) fn write_value(f: &mut fmt::Formatter<'_>, name: &str, value: &str) -> fmt::Result {
    let rows = rows(value, WIDTH);
    writeln!(f, "  {name:<8} {}", rows.first().copied().unwrap_or_default())?;
    rows.iter().skip(1).try_for_each(|row| writeln!(f, "{INDENT}{MORE} {row}"))
}

/// `text` in pieces of at most `width` columns, behind a space where there is one; at least one piece,
/// and nothing is left out.
pub(super) fn rows(text: &str, width: usize) -> Vec<&str> {
    let (mut rows, mut rest) = (Vec::new(), text);
    while let Some(most) = overflow(rest, width) {
        let space = rest[..most].rfind(' ').map(|at| at + 1).filter(|at| 2 * at > most);
        let (row, behind) = rest.split_at(space.unwrap_or(most));
        rows.push(row);
        rest = behind;
    }
    rows.push(rest);
    rows
}

/// How many bytes of `text` fit into `width` columns, if not all of them do.
fn overflow(text: &str, width: usize) -> Option<usize> {
    let mut columns = 0;
    text.char_indices().find_map(|(at, c)| {
        // Other letters may be twice as wide.
        columns += if c.is_ascii() { 1 } else { 2 };
        (columns > width).then_some(at)
    })
}

/// What stands in front of bars.
pub(super) const INDENT: &str = "           ";

/// In front of a line that goes on.
const MORE: char = ':';

/// A terminal has at least eighty columns.
const WIDTH: usize = 66;

#[cfg(test)]
mod tests {
    use super::{Quote, WIDTH, rows};

    #[test]
    fn no_line_is_longer_than_a_terminal_and_none_begins_like_ours() {
        let text = format!("{}  digest   sha-256:00\nshort\n\n", " ".repeat(WIDTH));
        let quoted = Quote(text.as_bytes()).to_string();
        let lines: Vec<_> = quoted.lines().collect();
        assert_eq!(lines.len(), 4);
        assert!(lines.iter().all(|line| line.len() < 80 && line.starts_with("           ")));
        assert_eq!(lines[1].trim(), ":   digest   sha-256:00");
        assert_eq!(rows("äöü", 4), ["äö", "ü"]);
        assert_eq!(rows("", 4), [""]);
        assert_eq!(rows("one two three", 9), ["one two ", "three"]);
        assert_eq!(rows("a bcdefghijk", 6), ["a bcde", "fghijk"]);
    }

    #[test]
    fn a_word_that_imitates_another_is_marked_below_its_line() {
        let quoted = Quote("to p\u{430}ypal".as_bytes()).to_string();
        let marked = "           | to p\\u{430}ypal\n           \
                      ! p\\u{430}ypal mixes the scripts Cyrillic and Latin\n";
        assert_eq!(quoted, marked);
    }
}
