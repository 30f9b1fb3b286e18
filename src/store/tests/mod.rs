//! One suite, run against both databases.

mod charges;
mod events;
mod listing;
mod people;
mod postgres;
mod queue;
mod signals;
mod standing;
mod tasks;

use std::collections::BTreeMap;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};

use crate::approval::tests::signer::Signer;
use crate::approval::{self, Group, People, Refusal, tally};
use crate::clock::Timestamp;
use crate::id::{CredentialName, ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::policy::{Reason, Revision};
use crate::proposal::tests::origin;
use crate::proposal::{
    Answer, Claim, Digest, Draft, Execution, IdempotencyKey, Illegal, Need, Outcome, Proposal,
    Request, Stage, Status, Substance, Terms, Verdict,
};
use crate::revocation::Subject;
use crate::store::{Error, MAX_PENDING, Put, Revocation, Store, proved};
use charges::{
    a_proposal_that_ended_never_counts_again,
    an_answer_that_is_too_much_for_the_budget_is_not_kept,
    bytes_are_taken_before_they_pass_and_given_back, no_budget_is_exceeded_under_any_interleaving,
    what_a_proposal_takes_is_kept_back_until_it_ends, what_may_have_been_sent_is_used_up,
};
use events::{
    a_follower_hears_of_everything_once, every_change_is_told_once,
    tasks_and_revocations_are_told_too,
};
use listing::{
    agents_are_known_by_what_they_did, proposals_are_listed_page_by_page,
    tasks_are_listed_and_shown_in_their_trees,
};
use people::{
    a_later_stage_waits_for_the_earlier_one, a_yes_that_is_taken_back_before_it_is_sent_ends_it,
    nobody_talks_for_ever, one_person_decides_alone_where_the_rules_say_so,
    people_see_what_became_of_others_like_it, the_order_of_words_is_kept,
    who_takes_a_yes_back_is_as_if_they_had_said_nothing,
};
use postgres::Postgres;
use queue::{
    what_is_given_back_is_due_later, what_kept_it_from_being_sent_is_known,
    what_one_has_taken_nobody_else_takes, who_has_much_to_do_keeps_nobody_waiting,
};
use signals::{
    every_revocation_is_to_be_told_by_one, of_many_who_show_it_at_once_one_is_heard,
    what_nobody_takes_is_forgotten, what_was_heard_is_acted_on_once,
};
use standing::{
    amounts_never_come_to_more_than_was_said, it_takes_as_many_people_in_advance_as_it_takes,
    what_is_over_or_taken_back_decides_nothing,
    what_was_agreed_to_in_advance_is_decided_as_often_as_was_said,
};
use tasks::{
    a_budget_is_never_exceeded_whoever_comes_when,
    a_pause_is_told_until_it_is_over_and_silence_is_one, a_task_is_read_back_whole,
    ending_a_task_ends_all_behind_it_and_its_proposals,
    labels_never_shrink_and_what_is_final_stays,
    rules_end_pause_and_narrow_with_what_they_let_pass,
};

const NOW: Timestamp = Timestamp::from_micros(5_000);
const EXPIRES: Timestamp = Timestamp::from_micros(9_000);

fn draft(body: &'static str) -> Draft {
    let uri = Uri::from_static("https://orders.example.org/api/refunds?a=1");
    let name = HeaderName::from_static("x-amount");
    let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("1"))]);
    let request = Request::new(Method::POST, &uri, &headers, Bytes::from(body)).unwrap();
    let owner = SpiffeId::parse("spiffe://example.org/agent").unwrap();
    let revision = Revision::parse("00000000000000aa").unwrap();
    let substance = Substance::new(owner.clone(), request, revision).within(TaskId::new());
    let reason = Reason { code: "large".to_owned(), message: "too large".to_owned() };
    Draft {
        id: ProposalId::new(),
        substance: substance.on_behalf_of(vec![owner]).unwrap().with_credential(credential()),
        origin: origin(),
        terms: Terms {
            needs: vec![Need::once(Stage { quorum: 2, approvers: vec!["payments".to_owned()] })],
            summary: Some("refund 1".to_owned()),
            risk: None,
            risk_reasons: vec![],
            reasons: vec![reason],
        },
        key: None,
        callback: None,
        created: NOW,
        not_before: NOW,
        expires_at: EXPIRES,
    }
}

fn credential() -> CredentialName {
    CredentialName::from("orders")
}

/// The same request once more, as another proposal.
fn again(draft: &Draft) -> Proposal {
    Proposal::new(Draft { id: ProposalId::new(), ..draft.clone() })
}

fn claim(executor: impl ToString) -> Claim {
    Claim { executor: executor.to_string(), until: Timestamp::from_micros(6_000) }
}

async fn approved(store: &Store, draft: Draft) -> ProposalId {
    let id = draft.id;
    store.put(Proposal::new(draft), NOW).await.unwrap();
    let digest = store.load(id).await.unwrap().digest();
    let (ann, bob) = (Signer::new("ann"), Signer::new("bob"));
    let people = payments(&[&ann, &bob]);
    for who in [ann, bob] {
        let yes = who.answer(approval::Verdict::Approve, digest, NOW);
        store.answer(id, yes, &people, NOW).await.unwrap();
    }
    id
}

fn answer() -> Answer {
    let header = (HeaderName::from_static("x"), HeaderValue::from_static("y"));
    Answer::new(StatusCode::CREATED, vec![header], Bytes::from_static(b"done"))
}

async fn what_was_put_is_read_back_whole(url: String) {
    let store = Store::open(&url).await.unwrap();
    let key = IdempotencyKey::parse("k");
    let proposal = Proposal::new(Draft { key, ..draft("one") });
    assert_eq!(store.put(proposal.clone(), NOW).await.unwrap(), Put::Fresh(proposal.clone()));
    store.close().await;
    let store = Store::open(&url).await.unwrap();
    assert_eq!(store.load(proposal.id()).await.unwrap(), proposal);
    let other = ProposalId::new();
    assert!(matches!(store.load(other).await, Err(Error::Unknown(id)) if id == other));
}

async fn an_identical_proposal_finds_the_one_that_stands(url: String) {
    let store = Store::open(&url).await.unwrap();
    let draft = draft("one");
    let first = Proposal::new(draft.clone());
    store.put(first.clone(), NOW).await.unwrap();
    assert_eq!(store.put(again(&draft), NOW).await.unwrap(), Put::Standing(first.clone()));
    // Taken back, or over: the next one is a new one.
    store.cancel(first.id(), NOW).await.unwrap();
    let second = again(&draft);
    assert_eq!(store.put(second.clone(), NOW).await.unwrap(), Put::Fresh(second.clone()));
    let third = again(&Draft { expires_at: Timestamp::from_micros(20_000), ..draft });
    assert_eq!(store.put(third.clone(), EXPIRES).await.unwrap(), Put::Fresh(third));
    assert_eq!(store.load(second.id()).await.unwrap().state().status, Status::Expired);
}

async fn a_key_stands_for_one_request(url: String) {
    let store = Store::open(&url).await.unwrap();
    let keyed = |key, draft| Draft { key: IdempotencyKey::parse(key), ..draft };
    let one = keyed("k", draft("one"));
    let first = Proposal::new(one.clone());
    store.put(first.clone(), NOW).await.unwrap();
    assert_eq!(store.put(again(&one), NOW).await.unwrap(), Put::Standing(first.clone()));
    let other = store.put(Proposal::new(keyed("k", draft("two"))), NOW).await;
    assert!(matches!(other, Err(Error::KeyReused(id)) if id == first.id()), "{other:?}");
    let fresh = store.put(again(&keyed("l", one)), NOW).await.unwrap();
    assert!(matches!(fresh, Put::Fresh(_)));
}

async fn of_a_hundred_puts_one_is_kept(url: String) {
    let store = Store::open(&url).await.unwrap();
    let draft = draft("one");
    let puts: Vec<_> = (0..100)
        .map(|_| {
            let (store, proposal) = (store.clone(), again(&draft));
            tokio::spawn(async move { store.put(proposal, NOW).await.unwrap() })
        })
        .collect();
    let (mut fresh, mut ids) = (0, std::collections::HashSet::new());
    for put in puts {
        let put = put.await.unwrap();
        fresh += usize::from(matches!(put, Put::Fresh(_)));
        let (Put::Fresh(found) | Put::Standing(found)) = put;
        ids.insert(found.id());
    }
    assert_eq!((fresh, ids.len()), (1, 1));
    assert_eq!(store.waiting(None).await.unwrap().len(), 1);
}

async fn of_a_hundred_claims_one_wins(url: String) {
    let stores = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    let id = approved(&stores[0], draft("one")).await;
    let claims: Vec<_> = (0..100)
        .map(|n| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { store.claim(id, claim(n), NOW).await })
        })
        .collect();
    let mut won = Vec::new();
    for one in claims {
        match one.await.unwrap() {
            Ok(proposal) => won.push(proposal),
            Err(Error::Illegal(Illegal::NotQueued(Execution::Running))) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(won.len(), 1);
    assert_eq!(won[0], stores[1].load(id).await.unwrap());
}

async fn an_answer_is_kept_and_never_replaced(url: String) {
    let store = Store::open(&url).await.unwrap();
    let id = approved(&store, draft("one")).await;
    store.claim(id, claim("a"), NOW).await.unwrap();
    let foreign = store.finish(id, "b", Outcome::Unknown, NOW).await;
    assert!(matches!(foreign, Err(Error::Illegal(Illegal::Foreign))));
    store.finish(id, "a", Outcome::Succeeded(answer()), NOW).await.unwrap();
    assert!(store.finish(id, "a", Outcome::Unknown, NOW).await.is_err());
    assert_eq!(store.lose("a", EXPIRES).await.unwrap(), []);
    let kept = store.load(id).await.unwrap();
    assert_eq!(kept.state().execution, Execution::Succeeded);
    assert_eq!(kept.state().answer, Some(answer()));
}

async fn what_a_dead_executor_had_is_unknown_and_not_sent_again(url: String) {
    let store = Store::open(&url).await.unwrap();
    let first = approved(&store, draft("one")).await;
    let second = approved(&store, draft("two")).await;
    store.claim(first, claim("a"), NOW).await.unwrap();
    store.claim(second, claim("b"), NOW).await.unwrap();
    let lost = store.lose("a", NOW).await.unwrap();
    assert_eq!(lost.iter().map(Proposal::id).collect::<Vec<_>>(), [first]);
    let lost = store.lose("c", Timestamp::from_micros(6_000)).await.unwrap();
    assert_eq!(lost.iter().map(Proposal::id).collect::<Vec<_>>(), [second]);
    assert_eq!(store.load(first).await.unwrap().state().execution, Execution::Unknown);
    assert_eq!(store.take(NOW, NOW, 9).await.unwrap(), []);
}

async fn what_an_executor_had_that_fell_silent_is_unknown(url: String) {
    let store = Store::open(&url).await.unwrap();
    let at = Timestamp::from_micros;
    for (executor, seen) in [("old", 5_000), ("new", 5_500)] {
        store.beat(executor, at(seen)).await.unwrap();
    }
    let (mut old, mut new) = (draft("old"), draft("new"));
    for draft in [&mut old, &mut new] {
        draft.id = ProposalId::new();
    }
    let (old, new) = (approved(&store, old).await, approved(&store, new).await);
    store.claim(old, claim("old"), NOW).await.unwrap();
    store.claim(new, claim("new"), NOW).await.unwrap();
    assert_eq!(store.lose_silent(at(5_000), at(5_600)).await.unwrap(), []);
    let lost = store.lose_silent(at(5_400), at(5_600)).await.unwrap();
    assert_eq!(lost.iter().map(Proposal::id).collect::<Vec<_>>(), [old]);
    assert_eq!(store.load(old).await.unwrap().state().execution, Execution::Unknown);
    // One that speaks again has lost what it had, and nothing else.
    store.beat("old", at(5_700)).await.unwrap();
    assert_eq!(store.lose_silent(at(5_600), at(5_800)).await.unwrap().len(), 1);
    assert_eq!(store.load(new).await.unwrap().state().execution, Execution::Unknown);
}

async fn one_that_ends_late_leaves_its_successor_alone(url: String) {
    let store = Store::open(&url).await.unwrap();
    let draft = draft("one");
    let late = approved(&store, draft.clone()).await;
    store.claim(late, claim("a"), NOW).await.unwrap();
    let next = again(&Draft { expires_at: Timestamp::from_micros(20_000), ..draft.clone() });
    assert_eq!(store.put(next.clone(), EXPIRES).await.unwrap(), Put::Fresh(next.clone()));
    let ended = store.finish(late, "a", Outcome::Succeeded(answer()), EXPIRES).await.unwrap();
    assert_eq!(ended.state().execution, Execution::Succeeded);
    assert_eq!(store.put(again(&draft), EXPIRES).await.unwrap(), Put::Standing(next));
}

async fn what_is_over_expires_and_is_not_denied(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (waiting, queued) = (draft("one"), approved(&store, draft("two")).await);
    let id = waiting.id;
    store.put(Proposal::new(waiting), NOW).await.unwrap();
    assert_eq!(store.expire(NOW).await.unwrap(), []);
    let early = store.waiting(None).await.unwrap();
    assert_eq!(early.iter().map(Proposal::id).collect::<Vec<_>>(), [id]);
    assert_eq!(store.waiting(Some(id)).await.unwrap(), []);
    assert_eq!(store.expire(EXPIRES).await.unwrap().len(), 2);
    assert_eq!(store.waiting(None).await.unwrap(), []);
    assert_eq!(store.load(id).await.unwrap().state().status, Status::Expired);
    assert_eq!(store.load(queued).await.unwrap().state().execution, Execution::Failed);
}

async fn each_person_answers_once_and_for_this_digest(url: String) {
    let store = Store::open(&url).await.unwrap();
    let proposal = Proposal::new(draft("one"));
    let (id, digest) = (proposal.id(), proposal.digest());
    store.put(proposal, NOW).await.unwrap();
    let (ann, bob, eve) = (Signer::new("ann"), Signer::new("bob"), Signer::new("eve"));
    let people = payments(&[&ann, &bob, &eve]);
    let yes = |who: &Signer, digest| who.answer(approval::Verdict::Approve, digest, NOW);
    let other = Digest::of(&draft("two").substance);
    let stale = store.answer(id, yes(&ann, other), &people, NOW).await;
    assert!(matches!(stale, Err(Error::Refused(Refusal::Stale))), "{stale:?}");
    let first = store.answer(id, yes(&ann, digest), &people, NOW).await.unwrap();
    assert_eq!(first.state().status, Status::Pending);
    let twice = store.answer(id, yes(&ann, digest), &people, NOW).await;
    assert!(matches!(twice, Err(Error::Answered)), "{twice:?}");
    let late = store.answer(id, yes(&eve, digest), &people, EXPIRES).await;
    assert!(matches!(late, Err(Error::Illegal(Illegal::Expired(_)))), "{late:?}");
    let second = store.answer(id, yes(&bob, digest), &people, NOW).await.unwrap();
    assert_eq!(second.state().status, Status::Approved);
    let late = store.answer(id, yes(&eve, digest), &people, NOW).await;
    assert!(matches!(late, Err(Error::Illegal(Illegal::Decided(_)))), "{late:?}");
    let all = store.approvals(id).await.unwrap();
    let names: Vec<_> = all.iter().map(|one| one.approver.as_str()).collect();
    assert_eq!(names, ["ann", "bob"]);
    let terms = &second.draft().terms;
    let count = |people: &People| tally(terms, people, &proved(&second, &all, people, NOW));
    assert_eq!(count(&people), Some(Verdict::Approve));
    // Who leaves takes their word along.
    assert_eq!(count(&payments(&[&ann])), None);
}

/// The same request, put forward again once the first has gone: what was signed for that is used up.
async fn a_signature_is_used_once(url: String) {
    let store = Store::open(&url).await.unwrap();
    let (ann, first) = (Signer::new("ann"), draft("one"));
    let people = payments(&[&ann]);
    store.put(Proposal::new(first.clone()), NOW).await.unwrap();
    let word = ann.answer(approval::Verdict::Approve, Digest::of(&first.substance), NOW);
    store.answer(first.id, word.clone(), &people, NOW).await.unwrap();
    store.cancel(first.id, NOW).await.unwrap();
    let second = again(&first);
    let id = second.id();
    store.put(second, NOW).await.unwrap();
    let replayed = store.answer(id, word, &people, NOW).await;
    assert!(matches!(replayed, Err(Error::Answered)), "{replayed:?}");
    assert_eq!(store.approvals(id).await.unwrap(), []);
}

/// The people whom the rules of [`draft`] ask.
fn payments(signers: &[&Signer]) -> People {
    let persons: Vec<_> = signers.iter().map(|signer| signer.person()).collect();
    let people = persons.iter().map(|person| person.name.clone()).collect();
    People::new(persons, BTreeMap::from([("payments".to_owned(), Group { people, quorum: 1 })]))
}

async fn an_agent_has_so_many_questions_at_once(url: String) {
    let store = Store::open(&url).await.unwrap();
    let mut first = None;
    for number in 0..MAX_PENDING {
        let id = store.put(numbered(number), NOW).await.unwrap();
        let Put::Fresh(fresh) = id else { panic!("{id:?}") };
        first.get_or_insert(fresh.id());
    }
    let more = store.put(numbered(MAX_PENDING), NOW).await;
    assert!(matches!(more, Err(Error::TooMany)), "{more:?}");
    // What stands is found all the same, and what is decided makes room.
    assert!(matches!(store.put(numbered(7), NOW).await, Ok(Put::Standing(_))));
    let (id, ann) = (first.unwrap(), Signer::new("ann"));
    let digest = store.load(id).await.unwrap().digest();
    let no = ann.answer(approval::Verdict::Deny(None), digest, NOW);
    store.answer(id, no, &payments(&[&ann]), NOW).await.unwrap();
    // One that nobody has to decide waits as well, to be carried out.
    let mut allowed = numbered(MAX_PENDING);
    allowed.decide(Verdict::Approve, NOW).unwrap();
    assert!(matches!(store.put(allowed, NOW).await, Ok(Put::Fresh(_))));
    let more = store.put(numbered(MAX_PENDING + 1), NOW).await;
    assert!(matches!(more, Err(Error::TooMany)), "{more:?}");
}

fn numbered(number: usize) -> Proposal {
    let draft = draft("one");
    let key = IdempotencyKey::parse(&format!("key-{number}"));
    Proposal::new(Draft { id: ProposalId::new(), key, substance: plain(draft.substance), ..draft })
}

/// Without the task, which differs each time.
fn plain(substance: Substance) -> Substance {
    let (owner, request) = (substance.owner().clone(), substance.request().clone());
    Substance::new(owner, request, substance.policy_revision())
}

async fn what_is_long_over_is_forgotten_and_nothing_else(url: String) {
    let store = Store::open(&url).await.unwrap();
    let pending = Proposal::new(draft("pending"));
    store.put(pending.clone(), NOW).await.unwrap();
    let running = approved(&store, draft("running")).await;
    store.claim(running, claim("a"), NOW).await.unwrap();
    let over = draft("over");
    let (id, digest) = (over.id, Digest::of(&over.substance));
    store.put(Proposal::new(over), NOW).await.unwrap();
    let ann = Signer::new("ann");
    let word = ann.answer(approval::Verdict::Deny(None), digest, NOW);
    store.answer(id, word, &payments(&[&ann]), NOW).await.unwrap();
    assert_eq!(
        store.forget(Timestamp::from_micros(8_999), Timestamp::from_micros(0)).await.unwrap(),
        0
    );
    assert_eq!(store.forget(EXPIRES, Timestamp::from_micros(0)).await.unwrap(), 1);
    assert!(matches!(store.load(id).await, Err(Error::Unknown(_))));
    assert_eq!(store.approvals(id).await.unwrap(), []);
    assert!(store.load(pending.id()).await.is_ok() && store.load(running).await.is_ok());
}

async fn what_is_revoked_stays_so_until_it_is_lifted(url: String) {
    let store = Store::open(&url).await.unwrap();
    let revocation = |kind, name, at| Revocation {
        subject: Subject::parse(kind, name).unwrap(),
        reason: format!("{kind} {name}"),
        at: Timestamp::from_micros(at),
    };
    let agent = revocation("agent", "spiffe://example.org/agent", 3);
    let domain = revocation("trust-domain", "example.org", 2);
    for one in [&agent, &domain] {
        assert_eq!(store.revoke(one.clone()).await.unwrap(), *one);
    }
    // What is revoked already keeps its reason and its time.
    let again = Revocation { reason: String::new(), ..agent.clone() };
    assert_eq!(store.revoke(again).await.unwrap(), agent);
    assert_eq!(store.revocations().await.unwrap(), [domain.clone(), agent.clone()]);
    assert_eq!(store.lift(&agent.subject).await.unwrap(), Some(agent.clone()));
    assert_eq!(store.lift(&agent.subject).await.unwrap(), None);
    store.close().await;
    assert_eq!(Store::open(&url).await.unwrap().revocations().await.unwrap(), [domain]);
}

/// Runs every case against both.
macro_rules! suite {
    ($($case:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $case() {
                let folder = tempfile::tempdir().unwrap();
                let file = folder.path().join("countersign.db");
                super::$case(format!("sqlite:{}", file.display())).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $case() {
                let server = super::Postgres::start();
                super::$case(server.url.clone()).await;
            })+
        }
    };
}

suite!(
    what_was_put_is_read_back_whole,
    an_identical_proposal_finds_the_one_that_stands,
    a_key_stands_for_one_request,
    of_a_hundred_puts_one_is_kept,
    of_a_hundred_claims_one_wins,
    an_answer_is_kept_and_never_replaced,
    what_a_dead_executor_had_is_unknown_and_not_sent_again,
    what_an_executor_had_that_fell_silent_is_unknown,
    one_that_ends_late_leaves_its_successor_alone,
    what_is_given_back_is_due_later,
    who_has_much_to_do_keeps_nobody_waiting,
    what_one_has_taken_nobody_else_takes,
    what_kept_it_from_being_sent_is_known,
    what_is_over_expires_and_is_not_denied,
    each_person_answers_once_and_for_this_digest,
    a_signature_is_used_once,
    who_takes_a_yes_back_is_as_if_they_had_said_nothing,
    a_yes_that_is_taken_back_before_it_is_sent_ends_it,
    nobody_talks_for_ever,
    a_later_stage_waits_for_the_earlier_one,
    one_person_decides_alone_where_the_rules_say_so,
    people_see_what_became_of_others_like_it,
    the_order_of_words_is_kept,
    what_was_agreed_to_in_advance_is_decided_as_often_as_was_said,
    amounts_never_come_to_more_than_was_said,
    it_takes_as_many_people_in_advance_as_it_takes,
    what_is_over_or_taken_back_decides_nothing,
    an_agent_has_so_many_questions_at_once,
    what_is_long_over_is_forgotten_and_nothing_else,
    what_is_revoked_stays_so_until_it_is_lifted,
    a_task_is_read_back_whole,
    a_budget_is_never_exceeded_whoever_comes_when,
    labels_never_shrink_and_what_is_final_stays,
    ending_a_task_ends_all_behind_it_and_its_proposals,
    every_change_is_told_once,
    tasks_and_revocations_are_told_too,
    a_follower_hears_of_everything_once,
    every_revocation_is_to_be_told_by_one,
    what_nobody_takes_is_forgotten,
    what_was_heard_is_acted_on_once,
    of_many_who_show_it_at_once_one_is_heard,
    a_pause_is_told_until_it_is_over_and_silence_is_one,
    rules_end_pause_and_narrow_with_what_they_let_pass,
    what_a_proposal_takes_is_kept_back_until_it_ends,
    what_may_have_been_sent_is_used_up,
    an_answer_that_is_too_much_for_the_budget_is_not_kept,
    bytes_are_taken_before_they_pass_and_given_back,
    no_budget_is_exceeded_under_any_interleaving,
    a_proposal_that_ended_never_counts_again,
    proposals_are_listed_page_by_page,
    agents_are_known_by_what_they_did,
    tasks_are_listed_and_shown_in_their_trees,
);

#[tokio::test]
async fn any_other_address_is_refused() {
    for url in ["", "mysql://a/b", "countersign.db"] {
        assert!(matches!(Store::open(url).await, Err(Error::Url)), "{url}");
    }
}
