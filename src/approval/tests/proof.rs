//! Who may answer what, and when; the no as hard as the yes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::approval::tests::signer::Signer;
use crate::approval::{
    Group, Identity, MAX_LIFE, Nonce, People, Person, Proof, Refusal, Statement, Verdict, tally,
};
use crate::clock::Timestamp;
use crate::identity::SpiffeId;
use crate::proposal::tests::draft;
use crate::proposal::{self, Digest, Draft, Need, Proposal, Stage, Terms};

pub(super) const AGENT: &str = "spiffe://example.org/agent";

/// A proposal of [`AGENT`], put forward at [`made`].
pub(super) fn proposal(needs: Vec<Need>) -> Proposal {
    let draft = draft();
    let substance = draft.substance.request().clone();
    let owner = SpiffeId::parse(AGENT).unwrap();
    let substance = proposal::Substance::new(owner, substance, draft.substance.policy_revision());
    let terms = Terms { needs, ..Terms::default() };
    let expires_at = made().plus(Duration::from_secs(900));
    Proposal::new(Draft {
        substance,
        terms,
        created: made(),
        not_before: made(),
        expires_at,
        ..draft
    })
}

pub(super) fn made() -> Timestamp {
    Timestamp::from_secs(1_795_461_720)
}

fn later(seconds: u64) -> Timestamp {
    made().plus(Duration::from_secs(seconds))
}

pub(super) fn need(quorum: u32, groups: &[&str]) -> Need {
    Need::once(stage(quorum, groups))
}

pub(super) fn stage(quorum: u32, groups: &[&str]) -> Stage {
    Stage { quorum, approvers: groups.iter().map(|&group| group.to_owned()).collect() }
}

pub(super) fn name(text: &str) -> Identity {
    Identity::parse(text).unwrap()
}

pub(super) fn people(persons: &[Person], groups: &[(&str, &[&str], u32)]) -> People {
    let groups = groups.iter().map(|&(group, people, quorum)| {
        let people = people.iter().map(|one| name(one)).collect();
        (group.to_owned(), Group { people, quorum })
    });
    People::new(persons.to_vec(), BTreeMap::from_iter(groups))
}

#[test]
fn a_signed_answer_is_that_persons() {
    let (maria, proposal) = (Signer::new("maria"), proposal(vec![need(1, &[])]));
    let people = people(&[maria.person()], &[]);
    for verdict in [Verdict::Approve, Verdict::Deny(None), Verdict::Withdraw(None)] {
        let proof = maria.answer(verdict.clone(), proposal.digest(), made());
        let kept = Proof::from_text(proof.as_str().to_owned());
        let answer = kept.verify(&proposal, &people, later(1)).unwrap();
        assert_eq!((answer.approver(), answer.verdict()), (&name("maria"), &verdict));
    }
}

#[test]
fn what_does_not_prove_it_is_refused_for_what_it_is() {
    let (maria, eve) = (Signer::new("maria"), Signer::new("maria"));
    let proposal = proposal(vec![need(1, &["payments"])]);
    let (digest, other) = (proposal.digest(), Digest::from_bytes(&[1; 32]).unwrap());
    let asked = people(&[maria.person()], &[("payments", &["maria"], 1)]);
    let good = maria.answer(Verdict::Approve, digest, made());
    let changed = Proof::from_text(good.as_str().replace("verdict: approve", "verdict: deny"));
    let reason = crate::approval::Reason::parse("it burns").unwrap();
    let early = Timestamp::from_secs(1_795_461_719);
    for (proof, now, why) in [
        (eve.answer(Verdict::Approve, digest, made()), later(1), Refusal::WrongKey),
        (changed, later(1), Refusal::Signature),
        (maria.answer(Verdict::Approve, other, made()), later(1), Refusal::Stale),
        (maria.answer(Verdict::Approve, digest, early), later(1), Refusal::Untimely),
        (maria.answer(Verdict::Approve, digest, later(99)), later(1), Refusal::Untimely),
        (maria.answer(Verdict::BreakGlass(reason), digest, made()), later(1), Refusal::BreakGlass),
        (Signer::new("eve").answer(Verdict::Approve, digest, made()), later(1), Refusal::Stranger),
        (Proof::from_text("yes".to_owned()), later(1), Refusal::MalformedProof),
        (Proof::from_text(format!("yes{}", good.as_str())), later(1), Refusal::Statement),
        (good.clone(), made().plus(MAX_LIFE), Refusal::Expired),
    ] {
        assert_eq!(proof.verify(&proposal, &asked, now), Err(why), "{}", proof.as_str());
    }
    let elsewhere = people(&[maria.person()], &[("payments", &["ann"], 1)]);
    assert_eq!(good.verify(&proposal, &elsewhere, later(1)), Err(Refusal::NotAsked));
    assert!(good.verify(&proposal, &asked, later(1)).is_ok());
}

#[test]
fn an_alias_is_the_same_person() {
    let maria = Signer::new("maria@example.org");
    let person =
        Person { name: name("maria"), aliases: vec![name("maria@example.org")], ..maria.person() };
    let proposal = proposal(vec![need(2, &[])]);
    let people = people(&[person], &[]);
    let said = |signer: &Signer| {
        let nonce = Nonce::fresh();
        let text = if signer.key() == maria.key() { "Maria" } else { "maria@example.org" };
        let expires = later(60);
        let digest = proposal.digest();
        let approver = name(text);
        Statement::new(Verdict::Approve, digest, approver, nonce, made(), expires).unwrap()
    };
    let one = maria.sign(&said(&maria)).verify(&proposal, &people, later(1)).unwrap();
    let other = maria.sign(&said(&Signer::new("x"))).verify(&proposal, &people, later(1)).unwrap();
    assert_eq!(one.approver(), other.approver());
    assert_eq!(tally(&proposal.draft().terms, &people, &[one, other]), None);
}

#[test]
fn every_need_is_met_and_one_no_is_enough() {
    let signers = [Signer::new("ann"), Signer::new("bob"), Signer::new("eve")];
    let persons: Vec<_> = signers.iter().map(Signer::person).collect();
    let groups: &[(&str, &[&str], u32)] =
        &[("payments", &["ann", "bob"], 1), ("legal", &["eve"], 1), ("pairs", &["ann", "bob"], 2)];
    let people = people(&persons, groups);
    let all: &[Verdict] = &[Verdict::Approve, Verdict::Approve, Verdict::Approve];
    let yes = Some(proposal::Verdict::Approve);
    for (needs, verdicts, comes_to) in [
        (vec![need(1, &["payments"])], &all[..1], yes),
        (vec![need(2, &["payments"])], &all[..1], None),
        (vec![need(2, &["payments"])], &all[..2], yes),
        (vec![need(1, &["pairs"])], &all[..1], None),
        (vec![need(1, &["pairs"])], &all[..2], yes),
        (vec![need(1, &["payments"]), need(1, &["legal"])], &all[..2], None),
        (vec![need(1, &["payments"]), need(1, &["legal"])], all, yes),
        (vec![need(3, &["payments", "legal"])], all, yes),
        (vec![need(4, &[])], all, None),
        (vec![need(0, &["payments"])], &all[..0], None),
        (
            vec![need(1, &["payments"])],
            &[Verdict::Approve, Verdict::Deny(None)],
            Some(proposal::Verdict::Deny),
        ),
    ] {
        // Whom each need asks is the tally's to say, so everybody may answer here.
        let open = proposal([needs.clone(), vec![need(1, &[])]].concat());
        let answers: Vec<_> = verdicts
            .iter()
            .zip(&signers)
            .map(|(verdict, signer)| {
                let proof = signer.answer(verdict.clone(), open.digest(), made());
                proof.verify(&open, &people, later(1)).unwrap()
            })
            .collect();
        let terms = Terms { needs: needs.clone(), ..Terms::default() };
        assert_eq!(tally(&terms, &people, &answers), comes_to, "{needs:?} {verdicts:?}");
    }
    assert_eq!(tally(&Terms::default(), &people, &[]), None);
}
