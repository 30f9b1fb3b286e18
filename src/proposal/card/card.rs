//! The card itself: in the order in which somebody decides.

use std::fmt;

use crate::clock::Timestamp;
use crate::proposal::card::background::{Background, History};
use crate::proposal::card::comparison::Comparison;
use crate::proposal::card::quote::{INDENT, Quote, rows, write_row, write_value};
use crate::proposal::card::shown::Shown;
use crate::proposal::proposal::Proposal;
use crate::proposal::request::{MAX_SHOWN, Request};
use crate::proposal::state::Status;
use crate::proposal::terms::{Need, Stage, Terms};

/// One proposal, for a person to read.
#[derive(Clone, Copy, Debug)]
pub struct Card<'a> {
    proposal: &'a Proposal,
    background: &'a Background,
    now: Timestamp,
}

impl<'a> Card<'a> {
    /// The card of `proposal` at the time `now`.
    pub fn new(proposal: &'a Proposal, background: &'a Background, now: Timestamp) -> Self {
        Self { proposal, background, now }
    }

    /// The first line: what policy calls it, in its own words.
    pub fn sentence(&self) -> String {
        let summary = self.proposal.draft().terms.summary.as_deref();
        Shown(summary.unwrap_or("a request that needs an approval").as_bytes()).to_string()
    }

    fn write_risk(&self, f: &mut fmt::Formatter<'_>, terms: &Terms) -> fmt::Result {
        let mut parts = vec![terms.risk.as_deref().unwrap_or("not rated")];
        parts.extend(terms.risk_reasons.iter().map(String::as_str));
        if self.is_first() {
            parts.push("first of its kind");
        }
        if self.parts().any(|part| !part.suspects().is_empty()) {
            parts.push("words in it are not what they look like");
        }
        if self.parts().any(|part| part.hides()) {
            parts.push("it holds characters that are not to be seen");
        }
        write_value(f, "risk", &Shown(parts.join(" · ").as_bytes()).to_string())
    }

    /// What somebody else may have had a hand in.
    fn parts(&self) -> impl Iterator<Item = Shown<'_>> {
        let request = self.proposal.substance().request();
        let values = request.headers().iter().map(|(_, value)| value.as_bytes());
        let summary = self.proposal.draft().terms.summary.iter().map(String::as_bytes);
        summary.chain(values).chain([request.body().as_ref()]).map(Shown)
    }

    fn write_who(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let substance = self.proposal.substance();
        write_value(f, "who", substance.owner().as_str())?;
        substance.chain().iter().try_for_each(|link| write_value(f, "for", link.as_str()))?;
        let Some(task) = substance.task() else { return writeln!(f, "  task     none") };
        writeln!(f, "  task     {task}")?;
        self.background.purposes.iter().try_for_each(|purpose| {
            write_value(f, "why", &format!("{} says, unverified:", purpose.owner.as_str()))?;
            write!(f, "{}", Quote(purpose.words.as_bytes()))
        })
    }

    fn write_needs(&self, f: &mut fmt::Formatter<'_>, terms: &Terms) -> fmt::Result {
        for (at, need) in terms.needs.iter().enumerate() {
            let (mut text, come) = (need.to_string(), self.background.progress.get(at));
            if let Some(come) = come {
                let stages = need.stages.len();
                match (come.met == stages, stages) {
                    (true, _) => text.push_str(", met"),
                    (false, 1) => {
                        text.push_str(&format!(", {} of {} so far", come.agreed, come.wanted))
                    }
                    (false, _) => text.push_str(&format!(
                        ", now at stage {} of {stages}, {} of {} so far",
                        come.met + 1,
                        come.agreed,
                        come.wanted
                    )),
                }
            }
            write_value(f, "needs", &Shown(text.as_bytes()).to_string())?;
            if !need.break_glass.is_empty() {
                let groups = need.break_glass.join(" or ");
                writeln!(f, "{INDENT}in an emergency one of {} alone", Shown(groups.as_bytes()))?;
            }
        }
        self.background.words.iter().try_for_each(|word| {
            let reason = word.reason.as_ref().map(|reason| format!(": {reason}"));
            let reason = reason.unwrap_or_default();
            let text = format!("{} {}, {}{reason}", word.approver, word.verdict, word.at);
            write_value(f, "said", &Shown(text.as_bytes()).to_string())
        })
    }

    fn write_history(&self, f: &mut fmt::Formatter<'_>, history: &History) -> fmt::Result {
        let count = |number: u64| match number < History::MOST {
            true => number.to_string(),
            false => format!("{number} or more"),
        };
        writeln!(
            f,
            "  history  same rule: {} approved, {} denied; this agent: {} waiting, {} denied",
            count(history.rule_approved),
            count(history.rule_denied),
            count(history.agent_waiting),
            count(history.agent_denied)
        )?;
        writeln!(f, "{INDENT}others of its kind: {}", count(history.alike))
    }

    fn is_first(&self) -> bool {
        self.background.history.is_some_and(|history| history.alike == 0)
    }

    fn write_end(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (draft, state) = (self.proposal.draft(), self.proposal.state());
        writeln!(f, "  rules    revision {}", self.proposal.substance().policy_revision())?;
        writeln!(f, "  status   {}, execution {}", state.status, state.execution)?;
        if let Some(person) = &state.withdrawn_by {
            writeln!(f, "{INDENT}{person} took their yes back before it was sent")?;
        }
        let (left, is_over) =
            (draft.expires_at.since(self.now).as_secs(), draft.expires_at <= self.now);
        let left = match (state.status, is_over) {
            (Status::Pending, true) => ", which is over".to_owned(),
            (Status::Pending, false) => format!(", in {} min {} s", left / 60, left % 60),
            _ => String::new(),
        };
        if draft.not_before > draft.created {
            writeln!(f, "  sent     not before {}", draft.not_before)?;
        }
        writeln!(f, "  expires  {}{left}", draft.expires_at)?;
        write!(f, "  digest   {}", self.proposal.digest())
    }
}

impl fmt::Display for Card<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (draft, substance) = (self.proposal.draft(), self.proposal.substance());
        let (terms, request) = (&draft.terms, substance.request());
        let sentence = self.sentence();
        let mut sentence = rows(&sentence, WIDTH).into_iter();
        writeln!(f, "{}", sentence.next().unwrap_or_default())?;
        sentence.try_for_each(|row| writeln!(f, "{INDENT}: {row}"))?;
        writeln!(f, "  id       {}", draft.id)?;
        self.write_risk(f, terms)?;
        self.write_who(f)?;
        for reason in &terms.reasons {
            let text = format!("{}: {}", reason.code, reason.message);
            write_value(f, "rule", &Shown(text.as_bytes()).to_string())?;
        }
        self.write_needs(f, terms)?;
        write_request(f, request)?;
        match substance.credential() {
            Some(name) => writeln!(f, "  secret   {name}, put on it when it is sent")?,
            None => writeln!(f, "  secret   none")?,
        }
        if let Some(then) = &self.background.precedent {
            let at = then.state().decided_at.unwrap_or_default();
            writeln!(f, "  compared with the last approved of its kind, {} of {at}", then.id())?;
            write!(f, "{}", Comparison { then: then.substance().request(), now: request })?;
        }
        if let Some(history) = &self.background.history {
            self.write_history(f, history)?;
        }
        self.write_end(f)
    }
}

fn write_request(f: &mut fmt::Formatter<'_>, request: &Request) -> fmt::Result {
    let url = Shown(request.url().as_bytes()).to_string();
    if !request.can_be_shown() {
        write_value(f, "sends", &format!("{} {}", request.method(), rows(&url, WIDTH)[0]))?;
        writeln!(f, "  body     {} bytes", request.body().len())?;
        return writeln!(
            f,
            "{INDENT}NOT SHOWN: address, headers and body have more than {MAX_SHOWN} bytes, which\n\
             {INDENT}nobody reads. It cannot be approved."
        );
    }
    write_value(f, "sends", &format!("{} {url}", request.method()))?;
    for (name, value) in request.headers() {
        write_row(f, '|', &[name.as_str().as_bytes(), b": ", value.as_bytes()].concat())?;
    }
    writeln!(f, "  body     {} bytes, shown in full", request.body().len())?;
    write!(f, "{}", Quote(request.body()))
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, stage) in self.stages.iter().enumerate() {
            write!(f, "{}{stage}", if at == 0 { "" } else { ", then " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.approvers.as_slice() {
            [] => write!(f, "{} of all approvers", self.quorum),
            groups => write!(f, "{} of {}", self.quorum, groups.join(" or ")),
        }
    }
}

/// How much of a sentence stands in one line.
const WIDTH: usize = 78;

#[cfg(test)]
mod tests {
    use super::Card;
    use crate::clock::Timestamp;
    use crate::id::TaskId;
    use crate::policy::Reason;
    use crate::proposal::tests::draft;
    use crate::proposal::{
        Background, Draft, History, MAX_SHOWN, Need, Progress, Proposal, Purpose, Request, Stage,
        Substance, Terms, Word,
    };
    use bytes::Bytes;
    use http::{HeaderMap, Method, Uri};

    fn proposal(body: impl Into<Bytes>, terms: Terms) -> Proposal {
        let base = draft();
        let uri = Uri::from_static("https://pay.example.org/refunds?id=7");
        let request = Request::new(Method::POST, &uri, &HeaderMap::new(), body.into()).unwrap();
        let owner = base.substance.owner().clone();
        let substance = Substance::new(owner, request, base.substance.policy_revision());
        Proposal::new(Draft { substance: substance.within(TaskId::new()), terms, ..base })
    }

    fn card(proposal: &Proposal, background: &Background) -> String {
        Card::new(proposal, background, Timestamp::from_micros(2_000)).to_string()
    }

    #[test]
    fn the_whole_request_is_there_and_cannot_pass_for_a_line_of_ours() {
        let terms = Terms { summary: Some("Refund 1".to_owned()), ..Terms::default() };
        let proposal = proposal("amount=1\n  digest   sha-256:00\n", terms);
        let card = card(&proposal, &Background::default());
        assert!(card.starts_with("Refund 1\n"), "{card}");
        assert!(card.contains("  sends    POST https://pay.example.org/refunds?id=7\n"), "{card}");
        assert!(card.contains("           | amount=1\n           |   digest   sha-256:00\n"));
        let digests: Vec<_> = card.lines().filter(|line| line.starts_with("  digest")).collect();
        assert_eq!(digests, [format!("  digest   {}", proposal.digest())]);
    }

    #[test]
    fn what_is_known_beside_it_is_said_and_by_whom() {
        let stage = |group: &str| Stage { quorum: 1, approvers: vec![group.to_owned()] };
        let needs = vec![Need {
            stages: vec![stage("leads"), stage("payments")],
            break_glass: vec!["oncall".to_owned()],
        }];
        let reason = Reason { code: "large".to_owned(), message: "too large".to_owned() };
        let terms = Terms {
            needs,
            risk: Some("high".to_owned()),
            risk_reasons: vec!["money".to_owned()],
            reasons: vec![reason],
            ..Terms::default()
        };
        let (then, now) = (proposal("amount=1", terms.clone()), proposal("amount=2", terms));
        let owner = now.substance().owner().clone();
        let task = now.substance().task().unwrap();
        let words = "all is well\n  digest   sha-256:00".to_owned();
        let at = Timestamp::from_micros(1_500);
        let reason = Some("looks right".to_owned());
        let background = Background {
            purposes: vec![Purpose { task, owner, words }],
            progress: vec![Progress { met: 1, agreed: 0, wanted: 1 }],
            words: vec![Word {
                approver: "ann".to_owned(),
                verdict: "approve".to_owned(),
                reason,
                at,
            }],
            precedent: Some(Box::new(then)),
            history: Some(History { rule_approved: 14, rule_denied: 1, ..History::default() }),
        };
        let card = card(&now, &background);
        for part in [
            "  risk     high · money · first of its kind\n",
            "says, unverified:\n           | all is well\n           |   digest   sha-256:00\n",
            "  rule     large: too large\n",
            "  needs    1 of leads, then 1 of payments, now at stage 2 of 2, 0 of 1 so far\n",
            "           in an emergency one of oncall alone\n",
            "  said     ann approve, 1970-01-01T00:00:00.001500Z: looks right\n",
            "           - amount=1\n           + amount=2\n",
            "  history  same rule: 14 approved, 1 denied; this agent: 0 waiting, 0 denied\n",
            ", in 0 min 0 s\n",
        ] {
            assert!(card.contains(part), "{part}\n{card}");
        }
    }

    #[test]
    fn what_is_too_long_is_said_to_be_and_the_bound_is_exact() {
        let head = "pay.example.org/refundsid=7".len();
        let most = proposal(vec![b'a'; MAX_SHOWN - head], Terms::default());
        let more = proposal(vec![b'a'; MAX_SHOWN - head + 1], Terms::default());
        assert!(most.substance().request().can_be_shown());
        let shown = card(&most, &Background::default());
        assert!(shown.matches('a').count() > MAX_SHOWN - head);
        assert!(!more.substance().request().can_be_shown());
        let cut = card(&more, &Background::default());
        assert!(cut.contains("It cannot be approved.") && cut.len() < 2_000, "{cut}");
    }
}
