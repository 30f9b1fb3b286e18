//! Nobody answers for their own, one test for each way to try.

use std::time::Duration;

use crate::approval::tests::proof::{AGENT, made, name, need, people, proposal};
use crate::approval::tests::signer::Signer;
use crate::approval::{Answer, Nonce, Person, Refusal, Statement, Verdict};
use crate::identity::SpiffeId;
use crate::proposal::{Draft, Proposal};

/// Who hands work on to [`AGENT`].
const FIRST: &str = "spiffe://example.org/first";

/// What `person` hears who says yes to `proposal`.
fn said(signer: &Signer, person: Person, proposal: &Proposal) -> Result<Answer, Refusal> {
    let yes = signer.answer(Verdict::Approve, proposal.digest(), made());
    yes.verify(proposal, &people(&[person], &[]), made().plus(Duration::from_secs(1)))
}

/// Put forward by [`AGENT`] on behalf of [`FIRST`].
fn handed_on() -> Proposal {
    let plain = proposal(vec![need(1, &[])]);
    let chain = vec![SpiffeId::parse(FIRST).unwrap()];
    let substance = plain.substance().clone().on_behalf_of(chain).unwrap();
    Proposal::new(Draft { substance, ..plain.draft().clone() })
}

fn agent(id: &str) -> SpiffeId {
    SpiffeId::parse(id).unwrap()
}

#[test]
fn a_stranger_to_the_request_is_heard() {
    let maria = Signer::new("maria");
    assert!(said(&maria, maria.person(), &handed_on()).is_ok());
}

#[test]
fn an_own_key_is_refused() {
    // The person is the agent itself, by its own name.
    let maria = Signer::new(AGENT);
    let asked = proposal(vec![need(1, &[])]);
    assert_eq!(said(&maria, maria.person(), &asked), Err(Refusal::OwnRequest));
}

#[test]
fn a_delegates_key_is_refused() {
    let maria = Signer::new(FIRST);
    assert_eq!(said(&maria, maria.person(), &handed_on()), Err(Refusal::OwnRequest));
}

#[test]
fn the_owner_of_a_delegate_is_refused() {
    let maria = Signer::new("maria");
    let owner = Person { owns: vec![agent(FIRST)], ..maria.person() };
    assert_eq!(said(&maria, owner, &handed_on()), Err(Refusal::OwnRequest));
}

#[test]
fn the_owner_of_the_agent_is_refused() {
    let maria = Signer::new("maria");
    let owner =
        Person { owns: vec![agent("spiffe://example.org/x"), agent(AGENT)], ..maria.person() };
    assert_eq!(said(&maria, owner, &handed_on()), Err(Refusal::OwnRequest));
}

#[test]
fn an_alias_of_the_person_is_refused() {
    let maria = Signer::new("maria");
    let aliases = vec![name("maria@example.org"), name(&AGENT.to_ascii_uppercase())];
    let alias = Person { aliases, ..maria.person() };
    assert_eq!(said(&maria, alias, &handed_on()), Err(Refusal::OwnRequest));
}

/// In one trust domain she asks by an agent, in another she is asked.
#[test]
fn the_same_person_in_a_second_tenant_is_refused() {
    let maria = Signer::new("spiffe://partner.example/maria");
    let aliases = vec![name("maria"), name(AGENT)];
    let partner = Person { aliases, ..maria.person() };
    assert_eq!(said(&maria, partner.clone(), &handed_on()), Err(Refusal::OwnRequest));
    // By whichever of her names she signs.
    let other =
        Person { name: name("maria"), aliases: vec![maria.person().name, name(AGENT)], ..partner };
    assert_eq!(said(&maria, other, &handed_on()), Err(Refusal::OwnRequest));
}

#[test]
fn an_expired_signature_is_refused() {
    let (maria, asked) = (Signer::new("maria"), handed_on());
    let (nonce, end) = (Nonce::fresh(), made().plus(Duration::from_secs(60)));
    let statement =
        Statement::new(Verdict::Approve, asked.digest(), name("maria"), nonce, made(), end)
            .unwrap();
    let (proof, people) = (maria.sign(&statement), people(&[maria.person()], &[]));
    let just = made().plus(Duration::from_secs(59));
    assert!(proof.verify(&asked, &people, just).is_ok());
    assert_eq!(proof.verify(&asked, &people, end), Err(Refusal::Expired));
}

#[test]
fn a_signature_over_a_stale_digest_is_refused() {
    let (maria, was, now) = (Signer::new("maria"), proposal(vec![need(1, &[])]), handed_on());
    let yes = maria.answer(Verdict::Approve, was.digest(), made());
    let people = people(&[maria.person()], &[]);
    let later = made().plus(Duration::from_secs(1));
    assert!(yes.verify(&was, &people, later).is_ok());
    assert_eq!(yes.verify(&now, &people, later), Err(Refusal::Stale));
}
