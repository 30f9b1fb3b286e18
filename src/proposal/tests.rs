//! The laws of proposals: one digest for one substance, and no way out of a final state.

use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Method, StatusCode, Uri};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::{collection::vec, option, prop_assert, prop_assert_eq, prop_assert_ne};

use crate::clock::Timestamp;
use crate::id::{CredentialName, ProposalId, TaskId};
use crate::identity::SpiffeId;
use crate::policy::{Reason, Revision};
use crate::proposal::encoding::Writer;
use crate::proposal::{
    Answer, Claim, Difference, Digest, Draft, Execution, IdempotencyKey, Illegal, MAX_ANSWER_BODY,
    MAX_BODY, MAX_CHAIN, MAX_HEAD, Need, Origin, Outcome, Oversized, Proposal, Request, Stage,
    State, Status, Substance, Terms, Verdict,
};

const CREATED: Timestamp = Timestamp::from_micros(1_000);
const DUE: Timestamp = Timestamp::from_micros(2_000);
const EXPIRES: Timestamp = Timestamp::from_micros(9_000);

fn spiffe(name: &str) -> SpiffeId {
    SpiffeId::parse(&format!("spiffe://example.org/{name}")).unwrap()
}

fn request(headers: &[(&'static str, &'static str)], body: &'static [u8]) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let uri = Uri::from_static("https://orders.example.org:9443/api/refunds?dry=no");
    Request::new(Method::POST, &uri, &map, Bytes::from_static(body)).unwrap()
}

fn substance() -> Substance {
    let request = request(&[("accept", "a"), ("x-b", "1"), ("x-b", "2")], b"{\"amount\":1}");
    let revision = Revision::parse("00000000000000aa").unwrap();
    let substance = Substance::new(spiffe("agent"), request, revision);
    let substance = substance.on_behalf_of(vec![spiffe("a"), spiffe("b")]).unwrap();
    let task = TaskId::parse("tsk_0193a0b0c0d07ef08193a0b0c0d0e0f0").unwrap();
    substance.within(task).with_credential(CredentialName::from("orders"))
}

pub(crate) fn origin() -> Origin {
    let (peer, local) = ("10.0.0.7:4711".parse().unwrap(), "[::1]:8443".parse().unwrap());
    let chain = vec![vec![1, 2, 3], Vec::new()];
    Origin { listener: "agents".into(), peer, local, is_http2: true, chain }
}

#[test]
fn an_origin_is_read_back_whole_and_from_no_other_bytes() {
    let bytes = origin().to_bytes();
    assert_eq!(Origin::from_bytes(&bytes), Ok(origin()));
    assert!(Origin::from_bytes(&bytes[..bytes.len() - 1]).is_err());
    assert!(Origin::from_bytes(&Terms::default().to_bytes()).is_err());
}

pub(crate) fn draft() -> Draft {
    Draft {
        id: ProposalId::new(),
        substance: substance(),
        origin: origin(),
        terms: Terms::default(),
        key: None,
        callback: None,
        created: CREATED,
        not_before: DUE,
        expires_at: EXPIRES,
    }
}

fn claim(executor: &str) -> Claim {
    Claim { executor: executor.to_owned(), until: EXPIRES }
}

/// One field changed at a time, and what that is called.
fn changes() -> impl Strategy<Value = (Substance, Difference)> {
    let texts = "[a-z]{1,8}";
    (0_usize..14, texts, any::<u8>(), any::<usize>()).prop_filter_map(
        "nothing changed",
        |(field, text, byte, at)| {
            let mut new = substance();
            let request = &mut new.request;
            let difference = match field {
                0 => {
                    new.owner = spiffe(&text);
                    Difference::Owner
                }
                1 => {
                    new.chain.push(spiffe(&text));
                    Difference::Chain
                }
                2 => {
                    new.chain.reverse();
                    Difference::Chain
                }
                3 => {
                    new.task = (byte % 2 == 0).then(TaskId::new);
                    Difference::Task
                }
                4 => {
                    request.method = text.to_uppercase().parse().unwrap();
                    Difference::Method
                }
                5 => {
                    request.scheme = "http".parse().unwrap();
                    Difference::Scheme
                }
                6 => {
                    request.authority.push_str(&text);
                    Difference::Authority
                }
                7 => {
                    request.path.push_str(&text);
                    Difference::Path
                }
                8 => {
                    request.query = (byte % 2 == 0).then_some(text);
                    Difference::Query
                }
                9 => {
                    request.headers[1].1 = HeaderValue::from_str(&text).unwrap();
                    Difference::Header(HeaderName::from_static("x-b"))
                }
                10 => {
                    request.headers.remove(0);
                    Difference::Header(HeaderName::from_static("accept"))
                }
                11 => {
                    let mut body = request.body.to_vec();
                    let at = at % body.len();
                    body[at] = body[at].wrapping_add(byte);
                    request.body = body.into();
                    Difference::Body
                }
                12 => {
                    new.credential = (byte % 2 == 0).then(|| CredentialName::from(&*text));
                    Difference::Credential
                }
                _ => {
                    let revision = format!("{:016x}", at as u64);
                    new.policy_revision = Revision::parse(&revision).unwrap();
                    Difference::PolicyRevision
                }
            };
            (new != substance()).then_some((new, difference))
        },
    )
}

/// Text that moves from one field to its neighbour.
fn neighbours() -> impl Strategy<Value = (Substance, Substance)> {
    ("[a-z]{0,6}", "[a-z]{0,6}", "[a-z]{0,6}").prop_map(|(one, two, three)| {
        let made = |path: String, query: String| {
            let mut made = substance();
            made.request.path = path;
            made.request.query = Some(query);
            made
        };
        (made(format!("/{one}{two}"), three.clone()), made(format!("/{one}"), two + &three))
    })
}

proptest! {
    #[test]
    fn any_one_field_changes_the_digest_and_is_named((new, difference) in changes()) {
        prop_assert_ne!(Digest::of(&new), Digest::of(&substance()));
        prop_assert_eq!(Difference::between(&substance(), &new), [difference]);
    }

    #[test]
    fn a_byte_that_moves_between_fields_changes_the_digest((one, two) in neighbours()) {
        prop_assert_eq!(one == two, Digest::of(&one) == Digest::of(&two));
    }

    #[test]
    fn a_substance_is_read_back_whole((new, _) in changes()) {
        prop_assert_eq!(Substance::from_bytes(&new.to_bytes()), Ok(new));
    }

    #[test]
    fn bytes_that_were_changed_are_another_substance_or_none(at in any::<usize>(), flip in 1_u8..) {
        let mut bytes = substance().to_bytes();
        let at = at % bytes.len();
        bytes[at] ^= flip;
        if let Ok(read) = Substance::from_bytes(&bytes) {
            prop_assert_ne!(&read, &substance());
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn hostile_bytes_are_refused_without_harm(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(Substance::from_bytes(&bytes).is_err());
        prop_assert!(Terms::from_bytes(&bytes).is_err());
        prop_assert!(Answer::from_bytes(&bytes).is_err());
    }

    #[test]
    fn a_final_state_never_changes(steps in vec(step(), 0..40)) {
        let mut proposal = Proposal::new(draft());
        for step in steps {
            let before = proposal.clone();
            let went = take(step, &mut proposal);
            let (was, is) = (before.state(), proposal.state());
            if went.is_err() {
                prop_assert_eq!(was, is);
            }
            if was.status != Status::Pending {
                prop_assert_eq!(was.status, is.status);
                prop_assert_eq!(was.decided_at, is.decided_at);
            }
            if matches!(was.execution, Execution::Succeeded | Execution::Failed | Execution::Unknown) {
                prop_assert_eq!(was, is);
            }
            prop_assert!(is.execution == Execution::None || is.status == Status::Approved);
            prop_assert_eq!(is.status == Status::Approved, is.execution != Execution::None);
            prop_assert_eq!(before.digest(), proposal.digest());
        }
    }

    #[test]
    fn terms_are_read_back_whole(
        needs in vec((vec((any::<u32>(), vec("[a-z]{0,5}", 0..3)), 0..3), vec("[a-z]", 0..2)), 0..4),
        risk_reasons in vec(".{0,9}", 0..3),
        summary in option::of(".{0,20}"),
        reasons in vec(("[a-z_]{1,9}", ".{0,20}"), 0..3),
    ) {
        let needs = needs.into_iter().map(|(stages, break_glass)| {
            let stages = stages.into_iter().map(|(quorum, approvers)| Stage { quorum, approvers });
            Need { stages: stages.collect(), break_glass }
        });
        let reasons = reasons.into_iter().map(|(code, message)| Reason { code, message });
        let (needs, reasons) = (needs.collect(), reasons.collect());
        let terms = Terms { needs, summary, risk: None, risk_reasons, reasons };
        prop_assert_eq!(Terms::from_bytes(&terms.to_bytes()), Ok(terms));
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Abandon,
    Cancel,
    Claim,
    Decide(Verdict),
    Expire,
    Finish,
    Lose,
    Release,
    Supersede,
}

fn step() -> impl Strategy<Value = (Step, Timestamp)> {
    let step = prop_oneof![
        Just(Step::Abandon),
        Just(Step::Cancel),
        Just(Step::Claim),
        Just(Step::Claim),
        Just(Step::Decide(Verdict::Approve)),
        Just(Step::Decide(Verdict::Approve)),
        Just(Step::Decide(Verdict::Deny)),
        Just(Step::Expire),
        Just(Step::Finish),
        Just(Step::Lose),
        Just(Step::Release),
        Just(Step::Supersede),
    ];
    let times = [CREATED, DUE, DUE.plus(Duration::from_micros(1)), EXPIRES];
    (step, 0..times.len()).prop_map(move |(step, at)| (step, times[at]))
}

fn take((step, now): (Step, Timestamp), proposal: &mut Proposal) -> Result<(), Illegal> {
    match step {
        Step::Abandon => proposal.abandon(now),
        Step::Cancel => proposal.cancel(now),
        Step::Claim => proposal.claim(claim("one"), now),
        Step::Decide(verdict) => proposal.decide(verdict, now),
        Step::Expire => proposal.expire(now),
        Step::Finish => proposal.finish("one", Outcome::Failed(None), now),
        Step::Lose => proposal.lose(now),
        Step::Release => proposal.release("one", now),
        Step::Supersede => proposal.supersede(now),
    }
}

#[test]
fn the_way_from_question_to_answer() {
    let mut proposal = Proposal::new(draft());
    proposal.decide(Verdict::Approve, DUE).unwrap();
    assert_eq!(proposal.claim(claim("one"), CREATED), Err(Illegal::Early(DUE)));
    proposal.claim(claim("one"), DUE).unwrap();
    let queued = Illegal::NotQueued(Execution::Running);
    assert_eq!(proposal.claim(claim("two"), DUE), Err(queued));
    let answer = Answer::new(StatusCode::OK, vec![], Bytes::from_static(b"done"));
    let outcome = Outcome::Succeeded(answer.clone());
    assert_eq!(proposal.finish("two", outcome.clone(), DUE), Err(Illegal::Foreign));
    proposal.finish("one", outcome, DUE).unwrap();
    let whole = State {
        status: Status::Approved,
        decided_at: Some(DUE),
        due: DUE,
        execution: Execution::Succeeded,
        claim: Some(claim("one")),
        finished_at: Some(DUE),
        answer: Some(answer),
        withdrawn_by: None,
    };
    assert_eq!(*proposal.state(), whole);
}

#[test]
fn what_nobody_decided_in_time_is_expired_and_not_denied() {
    let mut proposal = Proposal::new(draft());
    assert_eq!(proposal.expire(DUE), Err(Illegal::Early(EXPIRES)));
    assert_eq!(proposal.decide(Verdict::Approve, EXPIRES), Err(Illegal::Expired(EXPIRES)));
    proposal.expire(EXPIRES).unwrap();
    assert_eq!(proposal.state().status, Status::Expired);
}

#[test]
fn an_approval_is_worth_nothing_after_its_time() {
    let mut proposal = Proposal::new(draft());
    proposal.decide(Verdict::Approve, DUE).unwrap();
    assert_eq!(proposal.claim(claim("one"), EXPIRES), Err(Illegal::Expired(EXPIRES)));
    proposal.expire(EXPIRES).unwrap();
    assert_eq!(proposal.state().execution, Execution::Failed);
    assert_eq!(proposal.state().status, Status::Approved);
}

#[test]
fn what_was_given_back_waits_until_it_is_due_again() {
    let mut proposal = Proposal::new(draft());
    proposal.decide(Verdict::Approve, DUE).unwrap();
    proposal.claim(claim("one"), DUE).unwrap();
    let later = DUE.plus(Duration::from_micros(5));
    proposal.release("one", later).unwrap();
    assert_eq!(proposal.claim(claim("two"), DUE), Err(Illegal::Early(later)));
    proposal.claim(claim("two"), later).unwrap();
}

#[test]
fn the_order_between_headers_of_different_names_means_nothing() {
    let one = request(&[("x-b", "1"), ("accept", "a"), ("x-b", "2")], b"");
    assert_eq!(one, request(&[("accept", "a"), ("x-b", "1"), ("x-b", "2")], b""));
    assert_ne!(one, request(&[("accept", "a"), ("x-b", "2"), ("x-b", "1")], b""));
}

#[test]
fn the_digest_is_the_same_in_every_release() {
    let text = Digest::of(&substance()).to_string();
    assert_eq!(text, "sha-256:6ef1b5d9fd2e9c1f2c82b24b643b7701a6491cd0eaa5353c8f96329b99cbb984");
}

#[test]
fn what_cannot_be_kept_whole_is_refused() {
    let uri = Uri::from_static("https://a/");
    let new = |headers: &HeaderMap, body| Request::new(Method::PUT, &uri, headers, body);
    let (none, empty) = (HeaderMap::new(), Bytes::new());
    assert!(new(&none, vec![0; MAX_BODY].into()).is_ok());
    assert_eq!(new(&none, vec![0; MAX_BODY + 1].into()), Err(Oversized::Body));
    let long = HeaderValue::from_bytes(&vec![b'a'; MAX_HEAD]).unwrap();
    let long = HeaderMap::from_iter([(HeaderName::from_static("x"), long)]);
    assert_eq!(new(&long, empty.clone()), Err(Oversized::Head));
    let relative = Request::new(Method::GET, &Uri::from_static("/a"), &none, empty);
    assert_eq!(relative, Err(Oversized::Relative));
    let chain = vec![spiffe("a"); MAX_CHAIN + 1];
    assert_eq!(substance().on_behalf_of(chain), Err(Oversized::Chain));
}

#[test]
fn of_a_long_answer_the_beginning_is_kept_and_its_length() {
    let body = vec![7; MAX_ANSWER_BODY + 3];
    let answer = Answer::new(StatusCode::OK, vec![], body.into());
    assert_eq!(answer.body().len(), MAX_ANSWER_BODY);
    assert_eq!(answer.length(), MAX_ANSWER_BODY as u64 + 3);
    assert_eq!(Answer::from_bytes(&answer.to_bytes()), Ok(answer));
}

#[test]
fn words_parse_back_and_keys_are_bounded() {
    assert!(Status::ALL.iter().all(|one| Status::parse(one.as_str()) == Some(*one)));
    assert!(Execution::ALL.iter().all(|one| Execution::parse(one.as_str()) == Some(*one)));
    assert_eq!(Verdict::parse("maybe"), None);
    for text in ["", "a b", "é", &"k".repeat(256)] {
        assert_eq!(IdempotencyKey::parse(text), None, "{text}");
    }
    assert_eq!(IdempotencyKey::parse("k-1").unwrap().as_str(), "k-1");
}

/// Bytes that the version before stages wrote.
#[test]
fn terms_from_before_there_were_stages_are_read() {
    let mut writer = Writer::new("countersign/terms/v1");
    writer.number(1);
    writer.number(2);
    writer.number(1);
    writer.text("payments");
    writer.option(Some("refund 1"));
    writer.option(None);
    writer.number(0);
    let stage = Stage { quorum: 2, approvers: vec!["payments".to_owned()] };
    let (needs, summary) = (vec![Need::once(stage)], Some("refund 1".to_owned()));
    let terms = Terms { needs, summary, ..Terms::default() };
    assert_eq!(Terms::from_bytes(&writer.finish()), Ok(terms));
}

#[test]
fn a_yes_is_taken_back_until_it_may_be_sent() {
    let mut proposal = Proposal::new(draft());
    assert_eq!(proposal.withdraw("ann", DUE), Err(Illegal::Decided(Status::Pending)));
    proposal.decide(Verdict::Approve, DUE).unwrap();
    proposal.claim(claim("one"), DUE).unwrap();
    assert_eq!(proposal.withdraw("ann", DUE), Err(Illegal::Late(Execution::Running)));
    proposal.release("one", DUE).unwrap();
    proposal.withdraw("ann", DUE).unwrap();
    let state = proposal.state().clone();
    assert_eq!((state.status, state.execution), (Status::Approved, Execution::Failed));
    assert_eq!(state.withdrawn_by.as_deref(), Some("ann"));
    assert_eq!(proposal.claim(claim("two"), DUE), Err(Illegal::NotQueued(Execution::Failed)));
    assert_eq!(proposal.withdraw("bob", DUE), Err(Illegal::Late(Execution::Failed)));
    assert_eq!(*proposal.state(), state);
}
