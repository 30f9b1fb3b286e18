//! What a person sees before they answer: all of it, and nothing that only looks like it.
//!
//! The first line is policy's, never the agent's. What the agent wrote stands behind a bar on every
//! line, so that it cannot pass for a line of ours, and a character that is not shown as itself is
//! written out.

use std::fmt::{self, Write};

use crate::proposal::proposal::Proposal;
use crate::proposal::terms::Need;

/// One proposal, for a person to read.
#[derive(Clone, Copy, Debug)]
pub struct Card<'a>(pub &'a Proposal);

impl fmt::Display for Card<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (draft, substance) = (self.0.draft(), self.0.substance());
        let (terms, request, state) = (&draft.terms, substance.request(), self.0.state());
        let summary = terms.summary.as_deref().unwrap_or("a request that needs an approval");
        writeln!(f, "{}", Shown(summary.as_bytes()))?;
        writeln!(f, "  id       {}", draft.id)?;
        if let Some(risk) = &terms.risk {
            writeln!(f, "  risk     {}", Shown(risk.as_bytes()))?;
        }
        writeln!(f, "  who      {}", substance.owner().as_str())?;
        for link in substance.chain() {
            writeln!(f, "  for      {}", link.as_str())?;
        }
        for reason in &terms.reasons {
            let (code, message) = (reason.code.as_bytes(), reason.message.as_bytes());
            writeln!(f, "  rule     {}: {}", Shown(code), Shown(message))?;
        }
        terms.needs.iter().try_for_each(|need| writeln!(f, "  needs    {need}"))?;
        writeln!(f, "  sends    {} {}", request.method(), Shown(request.url().as_bytes()))?;
        for (name, value) in request.headers() {
            writeln!(f, "           | {name}: {}", Shown(value.as_bytes()))?;
        }
        writeln!(f, "  body     {} bytes, shown in full", request.body().len())?;
        for line in request.body().split_inclusive(|byte| *byte == b'\n') {
            writeln!(f, "           | {}", Shown(line.strip_suffix(b"\n").unwrap_or(line)))?;
        }
        match substance.credential() {
            Some(name) => writeln!(f, "  secret   {name}, put on it when it is sent")?,
            None => writeln!(f, "  secret   none")?,
        }
        writeln!(f, "  rules    revision {}", substance.policy_revision())?;
        writeln!(f, "  status   {}, execution {}", state.status, state.execution)?;
        writeln!(f, "  expires  {}", draft.expires_at)?;
        write!(f, "  digest   {}", self.0.digest())
    }
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.approvers.as_slice() {
            [] => write!(f, "{} of all approvers", self.quorum),
            groups => write!(f, "{} of {}", self.quorum, groups.join(" or ")),
        }
    }
}

/// Bytes as text in which every character is shown as itself or written out, so that two different
/// values never look alike for what is hidden in them.
struct Shown<'a>(&'a [u8]);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '"' | '\'' => f.write_char(character)?,
                    // Latin letters with accents are letters; what only modifies another is not.
                    _ => write!(f, "{}", character.escape_debug())?,
                }
            }
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Card, Shown};
    use crate::proposal::tests::draft;
    use crate::proposal::{Draft, Proposal, Request, Substance, Terms};
    use bytes::Bytes;
    use http::{HeaderMap, Method, Uri};

    #[test]
    fn what_is_hidden_is_written_out() {
        for (bytes, shown) in [
            (&b"plain 'text' \"here\""[..], "plain 'text' \"here\""),
            ("größer".as_bytes(), "größer"),
            ("a\u{202e}b\u{200b}c".as_bytes(), "a\\u{202e}b\\u{200b}c"),
            (b"\x1b[2J", "\\u{1b}[2J"),
            (b"\\u{1b}", "\\\\u{1b}"),
            (b"a\xff\x00", "a\\xff\\0"),
            (b"a\rb\tc", "a\\rb\\tc"),
        ] {
            assert_eq!(Shown(bytes).to_string(), shown);
        }
    }

    #[test]
    fn the_whole_request_is_there_and_cannot_pass_for_a_line_of_ours() {
        let base = draft();
        let uri = Uri::from_static("https://pay.example.org/refunds?id=7");
        let body = Bytes::from_static(b"amount=1\n  digest   sha-256:00\n");
        let request = Request::new(Method::POST, &uri, &HeaderMap::new(), body).unwrap();
        let owner = base.substance.owner().clone();
        let substance = Substance::new(owner, request, base.substance.policy_revision());
        let terms = Terms { summary: Some("Refund 1".to_owned()), ..Terms::default() };
        let proposal = Proposal::new(Draft { substance, terms, ..base });
        let card = Card(&proposal).to_string();
        assert!(card.starts_with("Refund 1\n"), "{card}");
        assert!(card.contains("  sends    POST https://pay.example.org/refunds?id=7\n"), "{card}");
        assert!(card.contains("           | amount=1\n           |   digest   sha-256:00\n"));
        let digests: Vec<_> = card.lines().filter(|line| line.starts_with("  digest")).collect();
        assert_eq!(digests, [format!("  digest   {}", proposal.digest())]);
    }
}
