//! What people say, take back, and are shown.

use std::collections::BTreeMap;

use crate::approval::tests::signer::Signer;
use crate::approval::{Group, People, Reason, Refusal, Verdict};
use crate::clock::Timestamp;
use crate::proposal::{Draft, Execution, Illegal, Need, Progress, Proposal, Stage, Status, Terms};
use crate::store::tests::{NOW, again, approved, claim, draft, payments, plain};
use crate::store::{Error, MAX_WORDS, Store};

fn stage(group: &str) -> Stage {
    Stage { quorum: 1, approvers: vec![group.to_owned()] }
}

/// Of a proposal that is put now.
async fn put(store: &Store, draft: Draft) -> Proposal {
    let proposal = Proposal::new(draft);
    store.put(proposal.clone(), NOW).await.unwrap();
    proposal
}

pub(super) async fn who_takes_a_yes_back_is_as_if_they_had_said_nothing(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, bob) = (Signer::new("ann"), Signer::new("bob"));
    let people = payments(&[&ann, &bob]);
    let proposal = put(&store, draft("one")).await;
    let (id, digest) = (proposal.id(), proposal.digest());
    let say = async |who: &Signer, verdict| {
        store.answer(id, who.answer(verdict, digest, NOW), &people, NOW).await
    };
    let nothing = say(&ann, Verdict::Withdraw(None)).await;
    assert!(matches!(nothing, Err(Error::Refused(Refusal::NothingSaid))), "{nothing:?}");
    say(&ann, Verdict::Approve).await.unwrap();
    let kept = say(&ann, Verdict::Withdraw(None)).await.unwrap();
    assert_eq!(kept.state().status, Status::Pending);
    // Hers does not count, and stays.
    let alone = say(&bob, Verdict::Approve).await.unwrap();
    assert_eq!(alone.state().status, Status::Pending);
    let (_, background) = store.dossier(id, &people, NOW).await.unwrap();
    let said: Vec<_> =
        background.words.iter().map(|word| (&*word.approver, &*word.verdict)).collect();
    assert_eq!(said, [("ann", "approve"), ("ann", "withdraw"), ("bob", "approve")]);
    assert_eq!(background.progress, [Progress { met: 0, agreed: 1, wanted: 2 }]);
    // She may change her mind once more.
    assert_eq!(say(&ann, Verdict::Approve).await.unwrap().state().status, Status::Approved);
}

pub(super) async fn a_yes_that_is_taken_back_before_it_is_sent_ends_it(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, bob, eve) = (Signer::new("ann"), Signer::new("bob"), Signer::new("eve"));
    let people = payments(&[&ann, &bob, &eve]);
    let proposal = put(&store, draft("one")).await;
    let (id, digest) = (proposal.id(), proposal.digest());
    let say = async |who: &Signer, verdict| {
        store.answer(id, who.answer(verdict, digest, NOW), &people, NOW).await
    };
    say(&ann, Verdict::Approve).await.unwrap();
    say(&bob, Verdict::Approve).await.unwrap();
    let stranger = say(&eve, Verdict::Withdraw(None)).await;
    assert!(matches!(stranger, Err(Error::Refused(Refusal::NothingSaid))), "{stranger:?}");
    // While it is being sent it is too late, and not any more once that came to nothing.
    store.claim(id, claim("a"), NOW).await.unwrap();
    let late = say(&ann, Verdict::Withdraw(None)).await;
    let running = Illegal::Late(Execution::Running);
    assert!(matches!(&late, Err(Error::Illegal(why)) if *why == running), "{late:?}");
    store.release(id, "a", NOW).await.unwrap();
    say(&ann, Verdict::Withdraw(None)).await.unwrap();
    let kept = store.load(id).await.unwrap();
    let state = kept.state();
    assert_eq!((state.status, state.execution), (Status::Approved, Execution::Failed));
    assert_eq!(state.withdrawn_by.as_deref(), Some("ann"));
    assert!(store.claim(id, claim("a"), NOW).await.is_err());
    assert_eq!(store.take(NOW, NOW, 9).await.unwrap(), []);
    assert_eq!(store.approvals(id).await.unwrap().len(), 3);
}

pub(super) async fn nobody_talks_for_ever(url: String) {
    let store = Store::open(&url).await.unwrap();
    let ann = Signer::new("ann");
    let people = payments(&[&ann]);
    let proposal = put(&store, draft("one")).await;
    let say = async |verdict| {
        let word = ann.answer(verdict, proposal.digest(), NOW);
        store.answer(proposal.id(), word, &people, NOW).await
    };
    for _ in 0..MAX_WORDS / 2 {
        say(Verdict::Approve).await.unwrap();
        say(Verdict::Withdraw(None)).await.unwrap();
    }
    let more = say(Verdict::Approve).await;
    assert!(matches!(more, Err(Error::TooManyWords)), "{more:?}");
}

/// Whom the rules ask in two stages, and who may decide alone.
fn staged(draft: Draft) -> Draft {
    let stages = vec![stage("leads"), stage("payments")];
    let needs = vec![Need { stages, break_glass: vec!["oncall".to_owned()] }];
    Draft { terms: Terms { needs, ..draft.terms }, ..draft }
}

fn team(signers: &[&Signer]) -> People {
    let persons: Vec<_> = signers.iter().map(|signer| signer.person()).collect();
    let groups = ["leads", "payments", "oncall"].iter().zip(&persons).map(|(group, person)| {
        let people = [person.name.clone()].into();
        ((*group).to_owned(), Group { people, quorum: 1 })
    });
    let groups: BTreeMap<_, _> = groups.collect();
    People::new(persons, groups)
}

pub(super) async fn a_later_stage_waits_for_the_earlier_one(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, bob, dan) = (Signer::new("ann"), Signer::new("bob"), Signer::new("dan"));
    let people = team(&[&ann, &bob, &dan]);
    let proposal = put(&store, staged(draft("one"))).await;
    let (id, digest) = (proposal.id(), proposal.digest());
    let say = async |who: &Signer, verdict| {
        store.answer(id, who.answer(verdict, digest, NOW), &people, NOW).await
    };
    let early = say(&bob, Verdict::Approve).await;
    assert!(matches!(early, Err(Error::Refused(Refusal::Early))), "{early:?}");
    assert_eq!(store.approvals(id).await.unwrap(), []);
    say(&ann, Verdict::Approve).await.unwrap();
    assert_eq!(say(&bob, Verdict::Approve).await.unwrap().state().status, Status::Approved);
    // A no is taken at any stage.
    let other = put(&store, staged(draft("two"))).await;
    let no = bob.answer(Verdict::Deny(None), other.digest(), NOW);
    let denied = store.answer(other.id(), no, &people, NOW).await.unwrap();
    assert_eq!(denied.state().status, Status::Denied);
}

pub(super) async fn one_person_decides_alone_where_the_rules_say_so(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, bob, dan) = (Signer::new("ann"), Signer::new("bob"), Signer::new("dan"));
    let people = team(&[&ann, &bob, &dan]);
    let alone = Verdict::BreakGlass(Reason::parse("it burns").unwrap());
    let strict = put(&store, draft("strict")).await;
    let word = dan.answer(alone.clone(), strict.digest(), NOW);
    let refused = store.answer(strict.id(), word, &people, NOW).await;
    assert!(matches!(refused, Err(Error::Refused(Refusal::BreakGlass))), "{refused:?}");
    let proposal = put(&store, staged(draft("one"))).await;
    let word = dan.answer(alone, proposal.digest(), NOW);
    let decided = store.answer(proposal.id(), word, &people, NOW).await.unwrap();
    assert_eq!(decided.state().status, Status::Approved);
}

pub(super) async fn people_see_what_became_of_others_like_it(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, people) = (Signer::new("ann"), payments(&[]));
    let of = |body| Draft { substance: plain(draft(body).substance), ..draft(body) };
    let fresh = put(&store, of("first")).await;
    let seen =
        async |proposal: &Proposal| store.dossier(proposal.id(), &people, NOW).await.unwrap().1;
    let first = seen(&fresh).await;
    assert_eq!((first.history.unwrap().alike, first.precedent), (0, None));
    let then = approved(&store, of("then")).await;
    let no = put(&store, of("no")).await;
    let word = ann.answer(Verdict::Deny(None), no.digest(), NOW);
    store.answer(no.id(), word, &payments(&[&ann]), NOW).await.unwrap();
    let background = seen(&fresh).await;
    let history = background.history.unwrap();
    assert_eq!((history.rule_approved, history.rule_denied), (1, 1));
    assert_eq!((history.agent_waiting, history.agent_denied, history.alike), (0, 1, 2));
    assert_eq!(background.precedent.unwrap().id(), then);
    // Nobody was asked about this one, so it is no precedent.
    let mut free = again(&Draft { terms: Terms::default(), ..of("free") });
    free.decide(crate::proposal::Verdict::Approve, NOW).unwrap();
    store.put(free, NOW).await.unwrap();
    assert_eq!(seen(&fresh).await.precedent.unwrap().id(), then);
}

/// Two words of one moment keep the order in which they were taken.
pub(super) async fn the_order_of_words_is_kept(url: String) {
    let store = Store::open(&url).await.unwrap();
    let signers = ["zoe", "max", "ann"].map(Signer::new);
    let people = payments(&signers.iter().collect::<Vec<_>>());
    let base = draft("one");
    let needs = vec![Need::once(Stage { quorum: 4, approvers: vec![] })];
    let proposal = put(&store, Draft { terms: Terms { needs, ..base.terms }, ..base }).await;
    for (at, who) in signers.iter().enumerate() {
        let word = who.answer(Verdict::Approve, proposal.digest(), NOW);
        // A replica whose clock is behind.
        let now = Timestamp::from_micros(NOW.micros() + 10 - 5 * at as u64);
        store.answer(proposal.id(), word, &people, now).await.unwrap();
    }
    let all = store.approvals(proposal.id()).await.unwrap();
    let names: Vec<_> = all.iter().map(|one| one.approver.as_str()).collect();
    assert_eq!(names, ["zoe", "max", "ann"]);
}
