//! What holds for every text.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, proptest};
use proptest::sample::select;

use crate::config::parse;
use crate::config::tests::GOOD;

/// The good file with a line `key` added in front of one of its lines, as deep as that line.
fn with_a_key(key: String) -> impl Strategy<Value = String> {
    let lines: Vec<&str> = GOOD.lines().collect();
    (0..lines.len(), Just(key)).prop_map(move |(at, key)| {
        let indent = lines[at].len() - lines[at].trim_start().len();
        let added = format!("{}{key}: 1", " ".repeat(indent));
        let mut all: Vec<&str> = lines.clone();
        all.insert(at, &added);
        all.join("\n")
    })
}

proptest! {
    #[test]
    fn no_text_panics(text in "(?s).{0,200}") {
        let _ = parse("countersign.yaml", &text).map_err(|problems| problems.to_string());
    }

    #[test]
    fn no_text_made_of_yaml_panics(
        words in vec(select(&[
            "a", ":", " ", "\n", "  ", "- ", "{", "}", "[", "]", ",", "&a", "*a", "!t", "|", ">", "'",
            "\"", "#", "---", "...", "<<", "?", "\t", "${", "version", "routes", "é", "\u{feff}", "\r",
            "%", "@", "1", "~", "null", "credentials", "secret",
        ][..]), 0..60)
    ) {
        let _ = parse("countersign.yaml", &words.concat()).map_err(|problems| problems.to_string());
    }

    #[test]
    fn no_bytes_in_a_good_file_panic(at in 0..GOOD.len(), bytes in vec(any::<u8>(), 0..8)) {
        let mut all = GOOD.as_bytes().to_vec();
        all.splice(at..at, bytes);
        let text = String::from_utf8_lossy(&all);
        let _ = parse("countersign.yaml", &text).map_err(|problems| problems.to_string());
    }

    /// Below a map by name, such as `routes:`, the key becomes an entry, and that is refused too.
    #[test]
    fn an_unknown_key_anywhere_is_a_problem(text in "[a-z]{3,9}q".prop_flat_map(with_a_key)) {
        prop_assert!(parse("countersign.yaml", &text).is_err(), "{}", text);
    }

    #[test]
    fn a_line_lost_from_a_good_file_is_a_problem_or_changes_what_is_loaded(
        at in 0..GOOD.lines().count()
    ) {
        let rest: Vec<&str> =
            GOOD.lines().enumerate().filter(|(line, _)| *line != at).map(|(_, line)| line).collect();
        let good = parse("countersign.yaml", GOOD).map(|(file, _)| file).ok();
        let lost = parse("countersign.yaml", &rest.join("\n")).map(|(file, _)| file).ok();
        prop_assert!(lost.is_none() || lost != good, "line {}", at);
    }
}
