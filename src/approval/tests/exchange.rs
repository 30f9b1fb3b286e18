//! What a record proves of people's agreement, and what it does not.

use std::collections::BTreeMap;

use super::signer::Signer;
use crate::approval::{Exchange, People, Refusal, Verdict};
use crate::clock::Timestamp;
use crate::proposal::tests::draft;
use crate::proposal::{Digest, Proposal};

const NOW: Timestamp = Timestamp::from_micros(5_000_000);

fn exchange(digest: Digest) -> Exchange<'static> {
    Exchange {
        digest,
        principal: "spiffe://example.org/agent",
        method: "POST",
        authority: "orders.example.org",
        path: "/refunds",
        at: NOW,
    }
}

#[test]
fn a_yes_to_this_is_proved_and_nothing_else_is() {
    let (ann, eve) = (Signer::new("ann"), Signer::new("eve"));
    let people = People::new(vec![ann.person()], BTreeMap::new());
    let digest = Proposal::new(draft()).digest();
    let yes = ann.answer(Verdict::Approve, digest, NOW);
    let agreed = exchange(digest).agreed(yes.as_str(), &people);
    assert_eq!(agreed.unwrap().as_str(), "ann");
    let other = Digest::parse(&format!("sha-256:{}", "0".repeat(64))).unwrap();
    let later = Timestamp::from_micros(NOW.micros() + 30 * 86_400 * 1_000_000);
    let early = Timestamp::from_micros(0);
    let no = ann.answer(Verdict::Deny(None), digest, NOW);
    let strange = eve.answer(Verdict::Approve, digest, NOW);
    let right = exchange(digest);
    for (exchange, proof, why) in [
        (exchange(other), &yes, Refusal::Stale),
        (Exchange { at: later, ..right }, &yes, Refusal::Expired),
        (right, &no, Refusal::NothingSaid),
        (right, &strange, Refusal::Stranger),
    ] {
        assert_eq!(exchange.agreed(proof.as_str(), &people), Err(why));
    }
    let far = ann.answer(Verdict::Approve, digest, later);
    assert_eq!(
        Exchange { at: early, ..right }.agreed(far.as_str(), &people),
        Err(Refusal::Untimely)
    );
    let edited = yes.as_str().replace("verdict: approve", "verdict: deny");
    assert_eq!(right.agreed(&edited, &people), Err(Refusal::Signature));
    assert_eq!(right.agreed("", &people), Err(Refusal::MalformedProof));
}
