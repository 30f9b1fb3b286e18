//! Stages, people who may decide alone, and words that are taken back: by rule and by property.

use std::time::Duration;

use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{collection::vec, prop_assert, prop_assert_eq};

use crate::approval::tests::proof::{made, need, people, proposal, stage};
use crate::approval::tests::signer::Signer;
use crate::approval::{
    Answer, People, Reason, Refusal, Verdict, broken_glass, is_due, progress, tally,
};
use crate::proposal::{self, Need, Progress, Proposal, Terms};

/// Ann leads, bob and eve pay, eve leads as well, and dan is on duty.
struct Team {
    signers: Vec<Signer>,
    people: People,
}

impl Team {
    fn new() -> Self {
        let signers: Vec<_> = ["ann", "bob", "eve", "dan"].map(Signer::new).into();
        let persons: Vec<_> = signers.iter().map(Signer::person).collect();
        let groups: &[(&str, &[&str], u32)] = &[
            ("leads", &["ann", "eve"], 1),
            ("payments", &["bob", "eve"], 1),
            ("oncall", &["dan"], 1),
        ];
        Self { people: people(&persons, groups), signers }
    }

    fn answer(&self, who: usize, verdict: &Verdict, to: &Proposal) -> Result<Answer, Refusal> {
        let proof = self.signers[who].answer(verdict.clone(), to.digest(), made());
        proof.verify(to, &self.people, made().plus(Duration::from_secs(1)))
    }
}

fn two_stages() -> Need {
    let stages = vec![stage(1, &["leads"]), stage(1, &["payments"])];
    Need { stages, break_glass: vec!["oncall".to_owned()] }
}

fn terms(needs: Vec<Need>) -> Terms {
    Terms { needs, ..Terms::default() }
}

fn alone() -> Verdict {
    Verdict::BreakGlass(Reason::parse("it burns").unwrap())
}

const YES: Option<proposal::Verdict> = Some(proposal::Verdict::Approve);
const NO: Option<proposal::Verdict> = Some(proposal::Verdict::Deny);
const ANN: usize = 0;
const BOB: usize = 1;
const EVE: usize = 2;
const DAN: usize = 3;

#[test]
fn stages_are_met_in_their_order_and_nobody_counts_in_two() {
    let (team, needs) = (Team::new(), vec![two_stages()]);
    let (asked, terms) = (proposal(needs.clone()), terms(needs));
    let yes = |who| team.answer(who, &Verdict::Approve, &asked).unwrap();
    for (who, comes_to) in [
        (vec![ANN, BOB], YES),
        (vec![EVE, BOB], YES),
        (vec![ANN, EVE], YES),
        (vec![ANN], None),
        (vec![EVE], None),
        (vec![BOB, ANN], None),
        (vec![BOB, ANN, EVE], YES),
        (vec![EVE, EVE], None),
    ] {
        let answers: Vec<_> = who.iter().map(|who| yes(*who)).collect();
        assert_eq!(tally(&terms, &team.people, &answers), comes_to, "{who:?}");
    }
    let come = progress(&terms, &team.people, &[yes(ANN)]);
    assert_eq!(come, [Progress { met: 1, agreed: 0, wanted: 1 }]);
    let due = |answers: &[Answer], who: usize| {
        is_due(&terms, &team.people, answers, &team.signers[who].person())
    };
    assert!(due(&[], ANN) && due(&[], EVE) && !due(&[], BOB));
    assert!(due(&[yes(ANN)], BOB) && due(&[yes(ANN)], EVE) && !due(&[yes(EVE)], ANN));
}

#[test]
fn a_need_without_stages_is_never_met() {
    let team = Team::new();
    let empty = terms(vec![Need { stages: vec![], break_glass: vec![] }]);
    let asked = proposal(vec![need(1, &[])]);
    let answers = [team.answer(ANN, &Verdict::Approve, &asked).unwrap()];
    assert_eq!(tally(&empty, &team.people, &answers), None);
}

#[test]
fn one_decides_alone_where_every_need_lets_them() {
    let team = Team::new();
    let asked = proposal(vec![two_stages()]);
    let dan = team.answer(DAN, &alone(), &asked).unwrap();
    let terms = terms(vec![two_stages()]);
    assert_eq!(tally(&terms, &team.people, std::slice::from_ref(&dan)), YES);
    let (who, why) = broken_glass(std::slice::from_ref(&dan)).unwrap();
    assert_eq!((who.as_str(), why), ("dan", "it burns"));
    // Others may not, though they are asked; nor may dan say a plain yes.
    assert_eq!(team.answer(ANN, &alone(), &asked), Err(Refusal::BreakGlass));
    assert_eq!(team.answer(DAN, &Verdict::Approve, &asked), Err(Refusal::NotAsked));
    let guarded = proposal(vec![two_stages(), need(1, &["leads"])]);
    assert_eq!(team.answer(DAN, &alone(), &guarded), Err(Refusal::BreakGlass));
    let plain = proposal(vec![need(1, &["oncall"])]);
    assert_eq!(team.answer(DAN, &alone(), &plain), Err(Refusal::BreakGlass));
    // Once the rules do not let them any more, it is worth nothing.
    let strict = Terms { needs: vec![need(1, &["leads"])], ..Terms::default() };
    assert_eq!(tally(&strict, &team.people, &[dan]), None);
}

#[test]
fn nobody_decides_alone_for_their_own_agent() {
    let (signer, asked) = (Signer::new("dan"), proposal(vec![two_stages()]));
    let owner = crate::approval::Person {
        owns: vec![crate::identity::SpiffeId::parse(crate::approval::tests::proof::AGENT).unwrap()],
        ..signer.person()
    };
    let people = people(&[owner], &[("oncall", &["dan"], 1)]);
    let word = signer.answer(alone(), asked.digest(), made());
    let heard = word.verify(&asked, &people, made().plus(Duration::from_secs(1)));
    assert_eq!(heard, Err(Refusal::OwnRequest));
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        6 => Just(Verdict::Approve),
        1 => Just(Verdict::Deny(None)),
        2 => Just(Verdict::Withdraw(None)),
    ]
}

/// Any needs, and any words on them, whoever they ask: all of these people may answer.
fn cases() -> impl Strategy<Value = (Vec<Need>, Vec<(usize, Verdict)>)> {
    let group = prop_oneof![Just("leads"), Just("payments"), Just("oncall")];
    let stage = (1..3_u32, vec(group, 0..2)).prop_map(|(quorum, groups)| stage(quorum, &groups));
    let need = vec(stage, 1..4).prop_map(|stages| Need { stages, break_glass: vec![] });
    (vec(need, 1..3), vec((0..4_usize, verdict()), 0..8))
}

/// The words, proved where everybody may answer.
fn given(team: &Team, words: &[(usize, Verdict)]) -> Vec<Answer> {
    let open = proposal(vec![need(1, &[])]);
    words.iter().map(|(who, verdict)| team.answer(*who, verdict, &open).unwrap()).collect()
}

/// Whether different people can be found for every place, in whatever order they came.
fn can_be_filled(team: &Team, need: &Need, yes: &mut Vec<usize>, from: usize) -> bool {
    let places =
        need.stages.iter().flat_map(|stage| std::iter::repeat_n(stage, team.people.quorum(stage)));
    let Some(stage) = places.into_iter().nth(from) else { return true };
    (0..yes.len()).any(|at| {
        let who = yes[at];
        if !team.people.are_asked(stage, &team.signers[who].person()) {
            return false;
        }
        yes.remove(at);
        let rest = can_be_filled(team, need, yes, from + 1);
        yes.insert(at, who);
        rest
    })
}

proptest! {
    #[test]
    fn a_yes_is_as_many_different_people_as_every_stage_asks_for((needs, words) in cases()) {
        let team = Team::new();
        let answers = given(&team, &words);
        if tally(&terms(needs.clone()), &team.people, &answers) == YES {
            let last = |who: usize| words.iter().rfind(|(one, _)| *one == who).map(|(_, v)| v);
            let yes = (0..4).filter(|who| last(*who) == Some(&Verdict::Approve));
            let mut yes: Vec<_> = yes.collect();
            for need in &needs {
                prop_assert!(can_be_filled(&team, need, &mut yes, 0), "{need:?} {yes:?}");
            }
        }
    }

    #[test]
    fn the_order_of_answers_never_turns_a_no_into_a_yes(
        (needs, words) in cases(), turn in any::<usize>(),
    ) {
        let team = Team::new();
        let stands: Vec<_> = {
            let answers = given(&team, &words);
            let kept = (0..answers.len()).filter(|at| {
                !answers[at + 1..].iter().any(|later| later.approver() == answers[*at].approver())
            });
            kept.map(|at| answers[at].clone()).collect()
        };
        let terms = terms(needs);
        if tally(&terms, &team.people, &stands) == NO {
            let mut turned = stands.clone();
            turned.rotate_left(turn % stands.len());
            prop_assert_eq!(tally(&terms, &team.people, &turned), NO);
            turned.reverse();
            prop_assert_eq!(tally(&terms, &team.people, &turned), NO);
        }
    }

    #[test]
    fn what_was_taken_back_never_counts((needs, words) in cases(), who in 0..4_usize) {
        let team = Team::new();
        let mut words = words;
        words.push((who, Verdict::Withdraw(None)));
        let without: Vec<_> = words.iter().filter(|(one, _)| *one != who).cloned().collect();
        let terms = terms(needs);
        let with = tally(&terms, &team.people, &given(&team, &words));
        prop_assert_eq!(with, tally(&terms, &team.people, &given(&team, &without)));
    }

    #[test]
    fn whoever_goes_never_makes_a_yes((needs, words) in cases(), who in 0..4_usize) {
        let team = Team::new();
        let yes: Vec<_> = words.into_iter().filter(|(_, v)| *v == Verdict::Approve).collect();
        let rest: Vec<_> = yes.iter().filter(|(one, _)| *one != who).cloned().collect();
        let terms = terms(needs);
        if tally(&terms, &team.people, &given(&team, &rest)) == YES {
            prop_assert_eq!(tally(&terms, &team.people, &given(&team, &yes)), YES);
        }
    }
}
