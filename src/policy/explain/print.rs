//! An explanation as people read it in a terminal.

use std::fmt;

use crate::policy::explain::explanation::{Condition, Explanation, Near, RulePlace, State};

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for reason in &self.reasons {
            writeln!(f, "  reason   {}: {}", reason.code, reason.message)?;
        }
        if let Some(failure) = &self.failure {
            writeln!(f, "  error    {failure}")?;
        }
        for (index, held) in self.because.iter().enumerate() {
            let word = if index == 0 { "because" } else { "" };
            writeln!(f, "  {word:<8} {}", held.place)?;
            writeln!(f, "             {}", held.text)?;
        }
        let Some(nearest) = &self.nearest else {
            return write!(f, "  nearest  no rule says `allowed`");
        };
        let word = if self.effect == "allow" { "allowed" } else { "nearest" };
        write!(f, "  {word:<8} {nearest}")
    }
}

impl fmt::Display for Near {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.place)?;
        for condition in &self.conditions {
            write!(f, "\n             {condition}")?;
        }
        match &self.through {
            Some(through) => write!(f, "\n    through  {through}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.state {
            State::Erred(_) => "!",
            State::Failed => "✗",
            State::Held => "✓",
            State::NotReached => "·",
        };
        write!(f, "{mark} {}", self.text)?;
        if let State::Erred(why) = &self.state {
            write!(f, "\n                 {why}")?;
        }
        for seen in &self.seen {
            match &seen.missing {
                Some(missing) => write!(f, "\n                 {missing}")?,
                None => {
                    write!(f, "\n                 {} was {}", seen.what, seen.values.join(", "))?
                }
            }
        }
        for place in &self.against {
            write!(f, "\n                 {place} holds")?;
        }
        Ok(())
    }
}

impl fmt::Display for RulePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rule.is_empty() {
            return write!(f, "{}:{}", self.file, self.line);
        }
        write!(f, "{}  {}:{}", self.rule, self.file, self.line)
    }
}
