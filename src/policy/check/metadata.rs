//! What a comment says of the rule below it.
//!
//! Annotations are YAML in comments, after a line `# METADATA`. Only two things in them matter
//! here, both on lines of their own, so the lines are looked at and no YAML is read.

use crate::policy::syntax::Span;

/// The annotation of one rule.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Metadata<'a> {
    /// Whether there is one at all.
    pub(super) is_there: bool,
    /// Whether the rule is where answers are looked for.
    pub(super) is_entry_point: bool,
    /// `custom.code`.
    pub(super) code: Option<&'a str>,
}

impl<'a> Metadata<'a> {
    /// What stands right above the rule at `span` of `text`.
    pub(super) fn above(text: &'a str, span: Span) -> Self {
        let line = usize::try_from(span.line).unwrap_or(0).saturating_sub(1);
        let above: Vec<&str> = text.lines().take(line).collect();
        let comment = above.iter().rev().map_while(|line| line.trim().strip_prefix('#'));
        let mut found = Self::default();
        for line in comment.map(str::trim) {
            match line.split_once(':').map(|(key, value)| (key, value.trim())) {
                None if line == "METADATA" => return Self { is_there: true, ..found },
                Some(("entrypoint", "true")) => found.is_entry_point = true,
                Some(("code", code)) => found.code = Some(code.trim_matches(['"', '\''])),
                _ => {}
            }
        }
        Self::default()
    }
}
