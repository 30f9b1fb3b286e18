//! Calls that need a person's approval: held, put forward, and carried out once.

use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use countersign::clock::{Clock, Manual};
use countersign::id::ProposalId;
use countersign::proposal::{Execution, Proposal, Status, Verdict};
use countersign::store::{MAX_PENDING, Store};
use http::Request;
use rustix::process::Signal;
use tokio::sync::Notify;

use crate::harness::{
    Agent, Answer, Binary, Human, Outgoing, SECRET, Setup, Site, Upstream, body, countersign,
    empty, records, reply, soon, until, verify,
};

/// Reading is allowed, writing once a person agreed, deleting never.
const ASKING: &str = r#"package countersign.authz

default decision := {"allowed": false}

decision := {"allowed": true} if input.attributes.request.http.method == "GET"

decision := {
	"allowed": false,
	"reasons": [{"code": "a_person_first", "message": "A person has to agree to this."}],
	"approval": {"quorum": 1},
} if {
	input.attributes.request.http.method == "POST"
	input.countersign.approval == null
}

decision := {"allowed": true} if {
	input.attributes.request.http.method == "POST"
	startswith(input.countersign.approval.digest, "sha-256:")
}
"#;

/// Who answers where the test is about something else.
static MARIA: LazyLock<Human> = LazyLock::new(|| Human::new("maria"));

fn setup(upstream: &Upstream, waiting: &str) -> Setup {
    let maria = MARIA.entry("");
    Setup::new(upstream)
        .rules(ASKING)
        .section("state: { url: sqlite:state/countersign.db }")
        .section(&format!("approvals: {{ {waiting}, people: {{ {maria} }} }}"))
}

fn order(text: &str) -> Request<Outgoing> {
    Request::post("/orders?a=1").body(body(text.to_owned())).unwrap()
}

/// What is kept, as another process sees it. No door of Countersign leads here.
async fn kept<T, F: Future<Output = T>>(folder: &Path, work: impl FnOnce(Store) -> F) -> T {
    let url = format!("sqlite:{}", folder.join("state/countersign.db").display());
    let store = Store::open(&url).await.unwrap();
    let done = work(store.clone()).await;
    store.close().await;
    done
}

async fn load(folder: &Path, id: ProposalId) -> Proposal {
    kept(folder, async |store| store.load(id).await.unwrap()).await
}

/// Maria's answer, which is enough for the rules.
fn decide(folder: &Path, id: ProposalId, verdict: Verdict) {
    let said = MARIA.says(verdict.as_str(), folder, id);
    assert!(said.status.success(), "{said:?}");
}

fn approve(site: &Site, id: ProposalId) {
    decide(&site.path(""), id, Verdict::Approve);
}

/// The only proposal that waits for people, once there is one.
async fn waiting(folder: &Path) -> ProposalId {
    soon("a proposal", async {
        loop {
            let all = kept(folder, async |store| store.waiting(None).await.unwrap()).await;
            if let [only] = all.as_slice() {
                return only.id();
            }
        }
    })
    .await
}

fn proposal(answer: &Answer) -> ProposalId {
    ProposalId::parse(answer.header("countersign-proposal")).unwrap_or_else(|| panic!("{answer:?}"))
}

#[tokio::test]
async fn a_call_that_needs_approval_is_held_and_then_told_to_come_again() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 1s").start();
    let agent = site.agent("writer");
    let started = std::time::Instant::now();
    let answer = agent.send(order("one")).await;
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
    assert_eq!(answer.header("x-should-retry"), "true");
    assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    let id = proposal(&answer);
    let problem = answer.json();
    assert_eq!(problem["proposal_id"], id.to_string());
    assert_eq!(problem["status_endpoint"], answer.header("location"));
    assert_eq!(problem["reasons"][0]["code"], "a_person_first");
    assert_eq!(problem["retryable"], true);

    let told = agent.get(answer.header("location")).await.json();
    assert_eq!((&told["status"], &told["execution"]), (&"pending".into(), &"none".into()));
    assert_eq!(told["request"]["url"], "https://api.example.org/orders?a=1");
    assert!(upstream.is_untouched());
    let refused = site.recorded("refusal", 1).await;
    assert_eq!(refused[0]["code"], "approval_pending");
    assert_eq!(refused[0]["decision"]["effect"], "escalate");
}

#[tokio::test]
async fn a_held_call_goes_on_by_itself_once_it_is_approved() {
    let upstream = Upstream::answering(|received| reply(received.body.clone()));
    let site = setup(&upstream, "hold: 2m").start();
    let agent = site.agent("writer");
    let call = tokio::spawn(async move { agent.send(order("one")).await });
    let id = waiting(&site.path("")).await;
    assert!(upstream.is_untouched());
    approve(&site, id);
    let answer = call.await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "one".to_owned()));
    assert_eq!(proposal(&answer), id);
    let received = upstream.request();
    assert_eq!((received.target.as_str(), &received.body[..]), ("/orders?a=1", &b"one"[..]));
    assert_eq!(received.header("authorization"), [site.bearer()]);
    let intent = site.recorded("intent", 1).await.remove(0);
    assert_eq!(intent["durability"], "disk");
    let digest = load(&site.path(""), id).await.digest();
    assert_eq!(intent["terms"], format!("proposal={id} digest={digest} approvers=maria"));
}

#[tokio::test]
async fn a_call_says_how_long_it_waits() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 2m").start();
    let agent = site.agent("writer");
    for prefer in ["wait=0", "return=minimal, wait=0"] {
        assert_eq!(agent.send(preferring(prefer)).await.problem().0, 428, "{prefer}");
    }
}

#[tokio::test]
async fn only_who_asks_for_it_is_told_that_it_was_accepted() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 2m").start();
    let agent = site.agent("writer");
    let answer = agent.send(preferring("respond-async")).await;
    assert_eq!(answer.problem(), (202, "approval_pending".to_owned()));
    assert_eq!(answer.header("preference-applied"), "respond-async");
    let (id, path) = (proposal(&answer), answer.header("location").to_owned());
    assert_eq!(agent.get(&path).await.json()["status"], "pending");
    approve(&site, id);
    until("it is carried out", || !upstream.requests().is_empty()).await;
    let answer = agent.send(preferring("wait=20")).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, "done".to_owned()));
    let mut request = preferring("respond-async");
    request.headers_mut().insert("x-other", "1".parse().unwrap());
    assert_ne!(proposal(&agent.send(request).await), id);
    assert_eq!(upstream.requests().len(), 1);
}

fn preferring(preference: &str) -> Request<Outgoing> {
    let mut request = order("one");
    request.headers_mut().insert("prefer", preference.parse().unwrap());
    request
}

#[tokio::test]
async fn another_agent_neither_sees_a_proposal_nor_uses_it() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 0s").start();
    let id = proposal(&site.agent("writer").send(order("one")).await);
    approve(&site, id);
    let other = site.agent("other");
    let path = format!("/.countersign/v1/proposals/{id}");
    let unknown = format!("/.countersign/v1/proposals/{}", ProposalId::new());
    for path in [&path, &unknown, "/.countersign/v1/proposals/x"] {
        assert_eq!(other.get(path).await.problem(), (404, "no_such_proposal".to_owned()));
    }
    let answer = other.send(order("one")).await;
    assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
    assert_ne!(proposal(&answer), id);
    assert!(upstream.is_untouched());
    assert_eq!(site.agent("writer").get(&path).await.json()["status"], "approved");
}

#[tokio::test]
async fn a_changed_byte_is_another_proposal() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 0s").start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    approve(&site, id);
    let other = |path: &str, name: &'static str| {
        Request::post(path.to_owned()).header(name, "1").body(body("one".to_owned())).unwrap()
    };
    let changed = [
        order("onf"),
        other("/orders?a=1", "x-amount"),
        other("/orders?a=2", "x-request-id"),
        other("/order?a=1", "x-request-id"),
    ];
    for request in changed {
        let answer = agent.send(request).await;
        assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
        assert_ne!(proposal(&answer), id);
    }
    assert!(upstream.is_untouched());
    // What libraries count their attempts with is no change, and is not sent either.
    let again = agent.send(other("/orders?a=1", "x-stainless-retry-count")).await;
    assert_eq!((again.status.as_u16(), proposal(&again)), (200, id));
    assert_eq!(upstream.request().header("x-stainless-retry-count"), Vec::<&str>::new());
}

#[tokio::test]
async fn a_request_that_names_its_proposal_hears_in_what_it_differs() {
    let upstream = Upstream::answering(|received| reply(received.body.clone()));
    let mut site = setup(&upstream, "hold: 0s").start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    let task = Request::post("/.countersign/v1/tasks").header("content-type", "application/json");
    let task = task.body(body(r#"{"purpose": "to order", "expires_in": 600}"#.to_owned()));
    let task = agent.send(task.unwrap()).await.json()["id"].as_str().unwrap().to_owned();
    let named = |request: Request<Outgoing>| {
        let (mut parts, body) = request.into_parts();
        parts.headers.insert("countersign-proposal", id.to_string().parse().unwrap());
        Request::from_parts(parts, body)
    };
    let other = |path: &str, name: &'static str, value: &str| {
        let request = Request::post(path.to_owned()).header(name, value);
        named(request.body(body("one".to_owned())).unwrap())
    };
    let waiting = agent.send(named(order("one"))).await;
    assert_eq!((waiting.problem().0, proposal(&waiting)), (428, id));
    approve(&site, id);
    for (request, field) in [
        (named(order("onf")), "the body"),
        (other("/orders?a=2", "x-request-id", "1"), "the query"),
        (other("/order?a=1", "x-request-id", "1"), "the path"),
        (other("/orders?a=1", "x-amount", "1"), "the header x-amount"),
        (other("/orders?a=1", "countersign-task", &task), "the task"),
    ] {
        let answer = agent.send(request).await;
        assert_eq!(answer.problem(), (403, "approval_of_another".to_owned()), "{field}");
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("{field} is not what was approved")), "{detail}");
        assert_eq!(proposal(&answer), id);
    }
    let stranger = site.agent("other").send(named(order("one"))).await;
    assert_eq!(stranger.problem(), (403, "approval_of_another".to_owned()));
    assert!(stranger.text().contains("the principal is not what was approved"));
    let unknown = Request::post("/orders?a=1")
        .header("countersign-proposal", ProposalId::new().to_string())
        .body(body("one".to_owned()));
    let unknown = agent.send(unknown.unwrap()).await;
    assert_eq!(unknown.problem(), (404, "no_such_proposal".to_owned()));
    let odd = Request::post("/orders").header("countersign-proposal", "x").body(empty()).unwrap();
    assert_eq!(agent.send(odd).await.problem(), (400, "proposal_malformed".to_owned()));
    assert!(upstream.is_untouched());
    // Nothing of this was put forward.
    let path = site.path("");
    assert_eq!(kept(&path, async |store| store.waiting(None).await.unwrap()).await, []);

    site.reload(|setup| setup.rules(&format!("{ASKING}\nanother := true\n"))).await;
    let answer = agent.send(named(order("one"))).await;
    assert_eq!(answer.problem(), (403, "approval_of_another".to_owned()));
    assert!(answer.text().contains("the policy revision is not what was approved"));
    assert!(upstream.is_untouched());
    site.reload(|setup| setup.rules(ASKING)).await;
    let answer = agent.send(named(order("one"))).await;
    assert_eq!((answer.text(), proposal(&answer)), ("one".to_owned(), id));
    assert_eq!(upstream.request().header("countersign-proposal"), Vec::<&str>::new());
}

#[tokio::test]
async fn what_people_deny_is_not_carried_out() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 0s").start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    decide(&site.path(""), id, Verdict::Deny);
    let answer = agent.send(order("one")).await;
    assert_eq!(answer.problem(), (403, "approval_denied".to_owned()));
    assert_eq!((answer.header("x-should-retry"), proposal(&answer)), ("false", id));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn what_nobody_decides_expires_and_is_asked_anew() {
    let upstream = Upstream::answering(|_| reply("done"));
    let hands = Manual::new(Clock::System.now());
    let clock = Clock::Manual(hands.clone());
    let site = setup(&upstream, "hold: 0s, expires_after: 1m").clock(clock.clone()).start();
    let agent = site.agent("writer");
    let undecided = proposal(&agent.send(order("one")).await);
    let unsent = proposal(&agent.send(order("two")).await);
    decide(&site.path(""), unsent, Verdict::Approve);
    hands.advance(Duration::from_secs(60));
    for (text, before) in [("one", undecided), ("two", unsent)] {
        let answer = agent.send(order(text)).await;
        assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
        assert_ne!(proposal(&answer), before);
    }
    for id in [undecided, unsent] {
        let told = agent.get(&format!("/.countersign/v1/proposals/{id}")).await.json();
        assert!(told["detail"].as_str().unwrap().contains("in time"), "{told}");
    }
    let (undecided, unsent) =
        (load(&site.path(""), undecided).await, load(&site.path(""), unsent).await);
    assert_eq!(undecided.state().status, Status::Expired);
    assert_eq!(unsent.state().execution, Execution::Failed);
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn the_answer_waits_for_its_owner_and_for_nobody_else() {
    let upstream = Upstream::answering(|_| {
        let mut answer = reply("made");
        *answer.status_mut() = http::StatusCode::CREATED;
        answer.headers_mut().insert("x-order", "7".parse().unwrap());
        answer
    });
    let site = setup(&upstream, "hold: 0s").start();
    let (agent, other) = (site.agent("writer"), site.agent("reader"));
    let id = proposal(&agent.send(order("one")).await);
    let path = format!("/.countersign/v1/proposals/{id}/result");
    assert_eq!(agent.get(&path).await.problem(), (409, "approval_pending".to_owned()));
    approve(&site, id);
    assert_eq!(agent.get(&path).await.problem(), (409, "execution_pending".to_owned()));
    agent.send(order("one")).await;
    for _ in 0..2 {
        let kept = agent.get(&path).await;
        assert_eq!((kept.status.as_u16(), kept.text()), (201, "made".to_owned()));
        assert_eq!((kept.header("x-order"), proposal(&kept)), ("7", id));
    }
    assert_eq!(other.get(&path).await.problem(), (404, "no_such_proposal".to_owned()));
    let odd = [format!("{path}s"), format!("{path}/"), path.replace("/result", "/")];
    for path in odd {
        assert_eq!(agent.get(&path).await.problem(), (404, "no_such_route".to_owned()), "{path}");
    }
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn its_owner_takes_it_back_until_it_is_sent() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 0s").start();
    let (agent, other) = (site.agent("writer"), site.agent("reader"));
    let cancel = |id| {
        let path = format!("/.countersign/v1/proposals/{id}/cancel");
        Request::post(path).body(body(String::new())).unwrap()
    };
    let undecided = proposal(&agent.send(order("one")).await);
    let refused = other.send(cancel(undecided)).await;
    assert_eq!(refused.problem(), (404, "no_such_proposal".to_owned()));
    let path = format!("/.countersign/v1/proposals/{undecided}/cancel");
    assert_eq!(agent.get(&path).await.problem(), (405, "method_not_served".to_owned()));
    assert_eq!(agent.send(cancel(undecided)).await.json()["status"], "cancelled");
    assert_eq!(
        agent.send(cancel(undecided)).await.problem(),
        (409, "proposal_withdrawn".to_owned())
    );
    let anew = proposal(&agent.send(order("one")).await);
    assert_ne!(anew, undecided);

    approve(&site, anew);
    let cancelled = agent.send(cancel(anew)).await.json();
    let stands = (&cancelled["status"], &cancelled["execution"]);
    assert_eq!(stands, (&"approved".into(), &"failed".into()));
    assert_eq!(agent.send(order("one")).await.problem(), (403, "proposal_withdrawn".to_owned()));
    assert!(upstream.is_untouched());

    let sent = proposal(&agent.send(order("two")).await);
    approve(&site, sent);
    assert_eq!(agent.send(order("two")).await.status, 200);
    assert_eq!(agent.send(cancel(sent)).await.problem().0, 409);
    assert_eq!(agent.send(order("two")).await.text(), "done");
}

#[tokio::test]
async fn of_many_identical_calls_one_is_carried_out_and_all_get_its_answer() {
    let upstream = Upstream::answering(|received| {
        reply(format!("{:?} for {:?}", received.header("authorization"), received.body))
    });
    let site = setup(&upstream, "hold: 2m").start();
    let agent = site.agent("writer");
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let agent = agent.clone();
            tokio::spawn(async move { agent.send(order("one")).await })
        })
        .collect();
    let id = waiting(&site.path("")).await;
    approve(&site, id);
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.unwrap());
    }
    answers.push(agent.send(order("one")).await);
    for answer in &answers {
        assert_eq!((answer.status.as_u16(), answer.text()), (200, answers[0].text()));
        assert_eq!(proposal(answer), id);
    }
    assert_eq!(upstream.requests().len(), 1);
    assert_eq!(site.recorded("intent", 1).await.len(), 1);
    // Upstreams repeat what they were sent; what is kept repeats no secret.
    for name in ["countersign.db", "countersign.db-wal"] {
        let bytes = std::fs::read(site.path("state").join(name)).unwrap();
        assert!(memchr::memmem::find(&bytes, SECRET.as_bytes()).is_none(), "{name}");
    }
    let report = site.stop();
    assert_eq!((report.outcomes.answered, report.refusals), (1, 0));
}

#[tokio::test]
async fn policy_has_the_last_word() {
    let agreed = "startswith(input.countersign.approval.digest, \"sha-256:\")";
    let asked = "input.countersign.approval == null";
    // Two could agree; one does.
    let (both, not_both) =
        ("count(input.countersign.approval.approvers) == 2", "not two(input.countersign.approval)");
    let two = "\ntwo(approval) if count(approval.approvers) == 2\n";
    let yes = r#"{"allowed": true} if {"#;
    let another = r#"{"allowed": true, "credential": {"name": "other"}} if {"#;
    let other = Human::new("other");
    for (rules, code) in [
        (ASKING.replace(agreed, both), "denied"),
        (ASKING.replace(agreed, both).replace(asked, not_both) + two, "approval_not_enough"),
        (ASKING.replace(yes, another), "approval_of_another"),
    ] {
        let upstream = Upstream::answering(|_| reply("done"));
        let people = format!("people: {{ {}, {} }}", MARIA.entry(""), other.entry(""));
        let approvals = format!("approvals: {{ hold: 0s, {people} }}");
        let site = setup(&upstream, "hold: 0s").other_section(&approvals).rules(&rules).start();
        let agent = site.agent("writer");
        let id = proposal(&agent.send(order("one")).await);
        approve(&site, id);
        let answer = agent.send(order("one")).await;
        assert_eq!(answer.problem(), (403, code.to_owned()));
        assert!(upstream.is_untouched());
        assert_eq!(load(&site.path(""), id).await.state().execution, Execution::Queued);
        assert_eq!(site.stop().outcomes.answered, 0);
    }
}

#[tokio::test]
async fn rules_may_want_so_many_people_and_no_more() {
    let agreed = "startswith(input.countersign.approval.digest, \"sha-256:\")";
    let one = ASKING.replace(agreed, "input.countersign.approval.approvers == [\"maria\"]");
    let upstream = Upstream::answering(|_| reply("done"));
    let others = [Human::new("ann"), Human::new("zoe")].map(|human| human.entry("")).join(", ");
    let people = format!("people: {{ {}, {others} }}", MARIA.entry(""));
    let approvals = format!("approvals: {{ hold: 0s, {people} }}");
    let site = setup(&upstream, "hold: 0s").other_section(&approvals).rules(&one).start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    approve(&site, id);
    assert_eq!(agent.send(order("one")).await.text(), "done");
}

#[tokio::test]
async fn nobody_is_asked_about_what_could_not_be_sent() {
    let agreed = "startswith(input.countersign.approval.digest, \"sha-256:\")";
    let never = ASKING.replace(agreed, "false");
    let upstream = Upstream::answering(|_| reply("done"));
    let site = |setup: Setup| setup.start();
    let nowhere = "http://nowhere.invalid";
    for (site, problem) in [
        (site(setup(&upstream, "hold: 0s").rules(&never)), (403, "denied")),
        (site(setup(&upstream, "hold: 0s").url(nowhere)), (502, "upstream_resolve")),
        (
            site(setup(&upstream, "hold: 0s").file("secrets/api", "")),
            (502, "credential_unavailable"),
        ),
    ] {
        let agent = site.agent("writer");
        assert_eq!(agent.send(order("one")).await.problem(), (problem.0, problem.1.to_owned()));
        let path = site.path("");
        assert_eq!(kept(&path, async |store| store.waiting(None).await.unwrap()).await, []);
    }
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn an_approval_ends_with_the_rules_that_asked_for_it() {
    let upstream = Upstream::answering(|_| reply("done"));
    let mut site = setup(&upstream, "hold: 0s").start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    approve(&site, id);
    site.reload(|setup| setup.rules(&format!("{ASKING}\nanother := true\n"))).await;
    let answer = agent.send(order("one")).await;
    assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
    assert_ne!(proposal(&answer), id);
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn what_is_not_sent_while_nobody_is_there_says_why() {
    let upstream = Upstream::answering(|_| reply("done"));
    let mut site = setup(&upstream, "hold: 0s").start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    site.reload(|setup| setup.rules(&format!("{ASKING}\nanother := true\n"))).await;
    approve(&site, id);
    let path = format!("/.countersign/v1/proposals/{id}");
    let setback = soon("a try", async {
        loop {
            let told = agent.get(&path).await.json();
            if let Some(setback) = told["setback"].as_str() {
                return setback.to_owned();
            }
        }
    })
    .await;
    assert!(setback.contains("the policy revision is not what was approved"), "{setback}");
    assert!(upstream.is_untouched());
    let listed = ["proposal", "list", "--troubled"];
    let listed = countersign(&site.path("")).args(listed).output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains(&id.to_string()) && listed.contains("tried 1 times"), "{listed}");
}

#[tokio::test]
async fn what_was_not_sent_can_be_sent_later() {
    let upstream = Upstream::answering(|_| reply("done"));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut site = setup(&upstream, "hold: 0s").url(&format!("http://{gone}")).start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    approve(&site, id);
    let answer = agent.send(order("one")).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-should-retry")), (502, "true"));
    site.reload(|setup| setup.url(&format!("http://{}", upstream.address))).await;
    let answer = agent.send(order("one")).await;
    assert_eq!((answer.status.as_u16(), proposal(&answer)), (200, id));
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn an_answer_too_long_to_keep_is_said_to_be_so() {
    let upstream = Upstream::answering(|_| reply(vec![b'x'; (1 << 20) + 1]));
    let site = setup(&upstream, "hold: 0s").start();
    let agent = site.agent("writer");
    let id = proposal(&agent.send(order("one")).await);
    approve(&site, id);
    for _ in 0..2 {
        let answer = agent.send(order("one")).await;
        assert_eq!(answer.problem(), (502, "answer_not_kept".to_owned()));
        assert!(answer.json()["detail"].as_str().unwrap().contains("1048577 bytes"));
    }
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn killed_between_request_and_answer_it_is_unknown_and_not_sent_again() {
    let upstream = Upstream::streaming(|_| std::future::pending());
    let setup = setup(&upstream, "hold: 0s");
    let folder = setup.folder();
    let agent = |served: &Binary| {
        let identity = setup.authority.agent("writer");
        Agent::new(served.address, setup.authority.pem(), Some(identity), SECRET)
    };
    let mut served = Binary::serve(folder.path());
    let id = proposal(&agent(&served).send(order("one")).await);
    decide(folder.path(), id, Verdict::Approve);
    let mut client = agent(&served).h1().await;
    let call = tokio::spawn(async move { client.try_send(order("one")).await });
    until("the request", || upstream.requests().len() == 1).await;
    served.signal(Signal::KILL);
    assert_eq!(served.wait().signal(), Some(9));
    assert!(call.await.unwrap().is_err());

    let mut served = Binary::serve(folder.path());
    let agent = agent(&served);
    for _ in 0..2 {
        let answer = agent.send(order("one")).await;
        assert_eq!(answer.problem(), (502, "execution_unknown".to_owned()));
        assert_eq!((answer.header("x-should-retry"), proposal(&answer)), ("false", id));
    }
    let told = agent.get(&format!("/.countersign/v1/proposals/{id}")).await.json();
    assert_eq!((&told["status"], &told["execution"]), (&"approved".into(), &"unknown".into()));
    assert_eq!(upstream.requests().len(), 1);
    served.signal(Signal::TERM);
    assert!(served.wait().success());
    let report = verify(&folder.path().join("audit"));
    assert!(report.problem.is_none(), "{report}");
    assert_eq!(report.outcomes.unknown, 1);
    let outcomes = records(&folder.path().join("audit"));
    assert!(outcomes.iter().any(|record| record["outcome"] == "unknown"));
}

#[tokio::test]
async fn a_stop_ends_what_is_held_and_waits_for_what_is_carried_out() {
    let go = Arc::new(Notify::new());
    let gate = Arc::clone(&go);
    let upstream = Upstream::streaming(move |_| {
        let gate = Arc::clone(&gate);
        async move {
            gate.notified().await;
            reply("done")
        }
    });
    let setup = setup(&upstream, "hold: 4m");
    let folder = setup.folder();
    let mut served = Binary::serve(folder.path());
    let identity = setup.authority.agent("writer");
    let agent = Agent::new(served.address, setup.authority.pem(), Some(identity), SECRET);
    let sent = tokio::spawn({
        let agent = agent.clone();
        async move { agent.send(order("one")).await }
    });
    let id = waiting(folder.path()).await;
    decide(folder.path(), id, Verdict::Approve);
    until("the request", || upstream.requests().len() == 1).await;
    // Its agent goes away.
    sent.abort();
    let held = tokio::spawn(async move { agent.send(order("two")).await });
    waiting(folder.path()).await;
    served.signal(Signal::TERM);
    let answer = held.await.unwrap();
    assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
    go.notify_one();
    assert!(served.wait().success());
    let kept = load(folder.path(), id).await;
    assert_eq!(kept.state().execution, Execution::Succeeded);
    assert_eq!(kept.state().answer.as_ref().unwrap().body(), "done");
}

#[tokio::test]
async fn an_agent_may_ask_so_many_questions_at_once() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = setup(&upstream, "hold: 0s").start();
    let mut client = site.agent("writer").h1().await;
    for number in 0..MAX_PENDING {
        assert_eq!(client.send(order(&number.to_string())).await.problem().0, 428);
    }
    let answer = client.send(order("one more")).await;
    assert_eq!(answer.problem(), (429, "too_many_proposals".to_owned()));
    assert_eq!(client.send(order("7")).await.problem().0, 428);
    assert_eq!(site.agent("other").send(order("one more")).await.problem().0, 428);
}

#[tokio::test]
async fn without_a_store_nothing_waits() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = Setup::new(&upstream).rules(ASKING).start();
    let answer = site.agent("writer").send(order("one")).await;
    assert_eq!(answer.problem(), (403, "approval_required".to_owned()));
    assert_eq!(
        (answer.header("x-should-retry"), answer.header("countersign-proposal")),
        ("false", "")
    );
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_keeps_countersign_from_starting() {
    let upstream = Upstream::answering(|_| reply("done"));
    let failed = setup(&upstream, "hold: 0s").file("state", "a file").try_start();
    let Err(why) = failed else { panic!("it starts") };
    assert!(why.to_string().starts_with("`state` cannot be used:"), "{why}");
}
