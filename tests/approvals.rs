//! People who answer: with signatures, for themselves, once, and never for their own agents.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use countersign::id::ProposalId;
use countersign::proposal::{Execution, Need, Proposal, Stage, Status, Terms};
use countersign::store::Store;
use http::Request;
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::harness::{
    Agent, Binary, Human, Outgoing, SECRET, Setup, Upstream, body, countersign, digest, postgres,
    reply, soon, until, verify,
};

/// Posting takes two of the payments people.
const TWO: &str = r#"package countersign.authz

default decision := {"allowed": false}

decision := {
	"allowed": false,
	"reasons": [{"code": "large", "message": "Large refunds take two."}],
	"approval": {
		"quorum": 2,
		"approvers": ["payments"],
		"summary": sprintf("Refund %v", [input.parsed_body.amount]),
		"risk": "high",
	},
} if {
	input.countersign.approval == null
}

decision := {"allowed": true} if input.countersign.approval.approvers == ["ann", "bob"]
"#;

/// Certificates live in a time of their own.
const FAR: Duration = Duration::from_secs(86_400 * 365 * 200);

fn refund() -> Request<Outgoing> {
    let request = Request::post("/orders").header("content-type", "application/json");
    request.body(body("{\"amount\": 45, \"note\": \"\u{202e}ok\"}")).unwrap()
}

fn setup(upstream: &Upstream, people: &[String], group: &str) -> Setup {
    setup_at(upstream, "sqlite:state/countersign.db", people, group)
}

fn setup_at(upstream: &Upstream, state: &str, people: &[String], group: &str) -> Setup {
    Setup::new(upstream)
        .rules(TWO)
        .route("inspect: { body: json }")
        .section(&format!("state: {{ url: \"{state}\" }}"))
        .section(&approvals(people, group))
}

fn approvals(people: &[String], group: &str) -> String {
    let people = people.join(", ");
    let groups = format!("{{ payments: {{ people: [{group}] }} }}");
    format!("approvals: {{ hold: 0s, people: {{ {people} }}, groups: {groups} }}")
}

async fn put(agent: &Agent) -> ProposalId {
    let answer = agent.send(refund()).await;
    assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
    ProposalId::parse(answer.header("countersign-proposal")).unwrap()
}

async fn load(folder: &Path, id: ProposalId) -> Proposal {
    let url = format!("sqlite:{}", folder.join("state/countersign.db").display());
    let store = Store::open(&url).await.unwrap();
    let proposal = store.load(id).await.unwrap();
    store.close().await;
    proposal
}

fn said(output: &Output) -> (i32, String) {
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    (output.status.code().unwrap(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn two_people_sign_and_the_call_is_made_once() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let site = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob").start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;

    let listed = said(&countersign(&folder).args(["proposal", "list"]).output().unwrap());
    assert!(listed.1.contains(&id.to_string()) && listed.1.contains("POST https://"), "{listed:?}");
    let shown = countersign(&folder).args(["proposal", "show", &id.to_string()]).output().unwrap();
    let card = said(&shown).1;
    assert!(card.starts_with("Refund 45\n"), "{card}");
    assert!(card.contains(r#"| {"amount": 45, "note": "\u{202e}ok"}"#), "{card}");
    assert!(
        card.contains("  needs    2 of payments, 0 of 2 so far\n  sends    POST https://"),
        "{card}"
    );

    let first = ann.says("approve", &folder, id);
    assert_eq!(first.status.code(), Some(0), "{first:?}");
    assert!(said(&first).1.contains("waits for more people"));
    assert_eq!(agent.send(refund()).await.problem(), (428, "approval_pending".to_owned()));
    assert!(upstream.is_untouched());
    let second = bob.says("approve", &folder, id);
    assert!(said(&second).1.contains(&format!("{id} is approved")), "{second:?}");
    for _ in 0..2 {
        let answer = agent.send(refund()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "refunded".to_owned()));
    }
    assert_eq!(upstream.requests().len(), 1);
    let intent = &site.recorded("intent", 1).await[0];
    let terms = intent["terms"].as_str().unwrap();
    assert!(terms.starts_with(&format!("proposal={id} digest=sha-256:")), "{terms}");
    assert!(terms.ends_with(" approvers=ann,bob"), "{terms}");
}

#[tokio::test]
async fn the_terminal_waits_for_a_proposal_and_takes_one_back() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let site = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob").start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let asked = |verb: &str, id: ProposalId| {
        let mut command = countersign(&folder);
        command.args(["proposal", verb, &id.to_string()]);
        command
    };
    let id = put(&agent).await;
    let early = said(&asked("wait", id).args(["--timeout", "1s"]).output().unwrap());
    assert_eq!(early, (7, format!("{id}  pending  none\n")));
    for person in [&ann, &bob] {
        assert_eq!(person.says("approve", &folder, id).status.code(), Some(0));
    }
    let done = said(&asked("wait", id).args(["--timeout", "30s"]).output().unwrap());
    assert_eq!(done, (0, format!("{id}  approved  succeeded, answered 200 OK\n")));
    let late = said(&asked("cancel", id).output().unwrap());
    assert_eq!(late.0, 9, "{late:?}");

    let taken = put(&site.agent("reader")).await;
    assert_eq!(said(&asked("cancel", taken).output().unwrap()).0, 0);
    assert_eq!(said(&asked("wait", taken).output().unwrap()).0, 1);
    let denied = put(&site.agent("other")).await;
    assert_eq!(ann.says("deny", &folder, denied).status.code(), Some(0));
    assert_eq!(said(&asked("wait", denied).output().unwrap()).0, 6);
    assert_eq!(said(&asked("wait", ProposalId::new()).output().unwrap()).0, 5);
}

#[tokio::test]
async fn ssh_keygen_verifies_what_was_signed() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let site = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob").start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;
    assert_eq!(ann.says("approve", &folder, id).status.code(), Some(0));
    let mut show = countersign(&folder);
    show.args(["proposal", "show", "--signatures", &id.to_string()]);
    let shown = said(&show.output().unwrap()).1;
    let from = shown.find("countersign approval v1").unwrap();
    let armour = shown.find("-----BEGIN").unwrap();
    let entry = ann.entry("");
    let key = entry.split('"').nth(1).unwrap();
    std::fs::write(folder.join("signers"), format!("ann {key}\n")).unwrap();
    std::fs::write(folder.join("signature"), shown[armour..].trim_start()).unwrap();
    std::fs::write(folder.join("statement"), &shown[from..armour]).unwrap();
    let mut verify = Command::new("ssh-keygen");
    verify.args(["-Y", "verify", "-I", "ann", "-n", "countersign", "-f", "signers"]);
    verify.args(["-s", "signature"]).current_dir(&folder);
    verify.stdin(Stdio::from(std::fs::File::open(folder.join("statement")).unwrap()));
    let verified = verify.output().unwrap();
    assert!(verified.status.success(), "{verified:?}");
}

#[tokio::test]
async fn who_may_not_answer_does_not() {
    let (ann, bob, eve) = (Human::new("ann"), Human::new("bob"), Human::new("eve"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let owner = bob.entry(", agents: [spiffe://example.org/agent/writer]");
    let people = [ann.entry(""), owner, eve.entry("")];
    let site = setup(&upstream, &people, "ann, bob").start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;
    let other = Human::new("ann");
    assert_eq!(ann.says("approve", &folder, id).status.code(), Some(0));
    for (human, exit, why) in [
        (&ann, 9, "answered already"),
        (&bob, 4, "their own request"),
        (&eve, 4, "none of the groups"),
        (&other, 4, "nobody's key"),
    ] {
        let refused = said(&human.says("approve", &folder, id));
        assert!(refused.0 == exit && refused.1.contains(why), "{refused:?}");
    }
    let stale = digest(&folder, id).replace(|c: char| c.is_ascii_digit(), "0");
    let refused = said(&eve.answers("approve", &folder, id, &["--digest", &stale]));
    assert!(refused.0 == 9 && refused.1.contains("its digest is another"), "{refused:?}");
    let unseen = said(&eve.answers("approve", &folder, id, &[]));
    assert!(unseen.0 == 1 && unseen.1.contains("--digest"), "{unseen:?}");
    assert_eq!(load(&folder, id).await.state().status, Status::Pending);
    assert_eq!(agent.send(refund()).await.problem(), (428, "approval_pending".to_owned()));
    assert!(upstream.is_untouched());
}

/// What `countersign audit verify` says of the trail in `folder`, with the people of another file.
fn verified(folder: &Path, people: &Path) -> (i32, String) {
    let mut command = countersign(folder);
    command.args(["audit", "verify"]).arg(folder.join("audit"));
    said(&command.arg("--people").arg(people).output().unwrap())
}

#[tokio::test]
async fn the_trail_shows_offline_who_agreed() {
    let (ann, bob, eve) = (Human::new("ann"), Human::new("bob"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let setup = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob");
    let another = setup.config();
    let site = setup.start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;
    for who in [&ann, &bob] {
        assert_eq!(who.says("approve", &folder, id).status.code(), Some(0));
    }
    assert_eq!(agent.send(refund()).await.status, 200);
    let signed = site.recorded("approval", 2).await;
    let intent = &site.recorded("intent", 1).await[0];
    assert_eq!((&signed[0]["id"], &signed[1]["id"]), (&intent["id"], &intent["id"]));
    site.recorded("outcome", 1).await;

    let people = folder.join("countersign.yaml");
    let (code, text) = verified(&folder, &people);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("1 requests that people agreed to, by 2 signatures"), "{text}");
    // With other keys it was not they who signed.
    let forged = another.replace(&bob.entry(""), &eve.entry(""));
    std::fs::write(folder.join("forged.yaml"), forged).unwrap();
    let (code, text) = verified(&folder, &folder.join("forged.yaml"));
    assert_eq!(code, 8, "{text}");
    assert!(text.contains("nothing shows that bob agreed"), "{text}");
    assert!(text.contains("the key that signed is not the approver's"), "{text}");
}

/// One person is enough for work that has touched nothing; for other work it takes two.
const BY_LABEL: &str = r#"package countersign.authz

default decision := {"allowed": true}

decision := {"allowed": false, "approval": {"quorum": quorum}} if {
	input.attributes.request.http.method == "POST"
	input.countersign.approval == null
}

default quorum := 1

quorum := 2 if "pii" in input.countersign.labels
"#;

#[tokio::test]
async fn a_held_call_is_carried_out_on_the_terms_of_the_moment() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("done"));
    let people =
        "people: { hosts: [api.example.org], path: /people, upstream: api, labels: [pii] }";
    let setup = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob");
    let site = setup.rules(BY_LABEL).another_route(people).start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;
    let mut held = refund();
    held.headers_mut().insert("prefer", "wait=60".parse().unwrap());
    let held = tokio::spawn({
        let agent = agent.clone();
        async move { agent.send(held).await }
    });
    // Meanwhile the same agent reads what one person alone may not let out.
    assert_eq!(agent.get("/people/1").await.status, 200);
    assert_eq!(ann.says("approve", &folder, id).status.code(), Some(0));
    let answer = held.await.unwrap();
    assert_eq!(answer.problem(), (403, "approval_not_valid".to_owned()));
    assert_eq!(upstream.requests().len(), 1, "only what was read");
}

#[tokio::test]
async fn one_no_ends_it() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let site = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob").start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;
    let digest = digest(&folder, id);
    assert_eq!(ann.says("approve", &folder, id).status.code(), Some(0));
    let reason = ["--digest", &digest, "--reason", "not today"];
    let no = said(&bob.answers("deny", &folder, id, &reason));
    assert!(no.1.contains("is denied"), "{no:?}");
    assert_eq!(agent.send(refund()).await.problem(), (403, "approval_denied".to_owned()));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn it_survives_kills_an_upstream_that_is_down_and_signatures_in_between() {
    survives("sqlite:state/countersign.db").await;
    let (url, _database) = postgres();
    survives(&url).await;
}

async fn survives(state: &str) {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = setup_at(&upstream, state, &[ann.entry(""), bob.entry("")], "ann, bob");
    let setup = setup.url(&format!("http://{gone}"));
    let folder = setup.folder();
    let folder = folder.path();
    let agent = |served: &Binary| {
        let identity = setup.authority.agent("writer");
        Agent::new(served.address, setup.authority.pem(), Some(identity), SECRET)
    };
    let killed = |mut served: Binary| {
        served.signal(Signal::KILL);
        assert_eq!(served.wait().signal(), Some(9));
    };

    let served = Binary::serve(folder);
    let id = put(&agent(&served)).await;
    killed(served);
    assert_eq!(ann.says("approve", folder, id).status.code(), Some(0));
    let served = Binary::serve(folder);
    assert_eq!(put(&agent(&served)).await, id);
    assert_eq!(bob.says("approve", folder, id).status.code(), Some(0));
    let down = agent(&served).send(refund()).await;
    assert_eq!((down.status.as_u16(), down.header("x-should-retry")), (502, "true"));
    killed(served);

    let config = folder.join("countersign.yaml");
    let text = std::fs::read_to_string(&config).unwrap();
    let (dead, alive) = (gone.to_string(), upstream.address.to_string());
    std::fs::write(&config, text.replace(&dead, &alive)).unwrap();
    let mut served = Binary::serve(folder);
    for _ in 0..3 {
        let answer = agent(&served).send(refund()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, "refunded".to_owned()));
    }
    let result = agent(&served).get(&format!("/.countersign/v1/proposals/{id}/result")).await;
    assert_eq!(result.text(), "refunded");
    let sent = upstream.requests();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].body, "{\"amount\": 45, \"note\": \"\u{202e}ok\"}".as_bytes());
    served.signal(Signal::TERM);
    assert!(served.wait().success());
    let report = verify(&folder.join("audit"));
    assert!(report.problem.is_none(), "{report}");
    assert_eq!((report.outcomes.answered, report.outcomes.unknown), (1, 0));
}

#[tokio::test]
async fn what_people_agreed_to_is_carried_out_though_its_agent_never_comes_back() {
    without_its_agent("sqlite:state/countersign.db").await;
    let (url, _database) = postgres();
    without_its_agent(&url).await;
}

async fn without_its_agent(state: &str) {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let setup = setup_at(&upstream, state, &[ann.entry(""), bob.entry("")], "ann, bob");
    let setup = setup.url(&format!("http://{gone}"));
    let folder = setup.folder();
    let folder = folder.path();
    let agent = |served: &Binary| {
        let identity = setup.authority.agent("writer");
        Agent::new(served.address, setup.authority.pem(), Some(identity), SECRET)
    };
    let mut served = Binary::serve(folder);
    let id = put(&agent(&served)).await;
    for person in [&ann, &bob] {
        assert_eq!(person.says("approve", folder, id).status.code(), Some(0));
    }
    served.signal(Signal::KILL);
    assert_eq!(served.wait().signal(), Some(9));

    // The upstream comes back while nobody asks.
    let served = Binary::serve(folder);
    let path = format!("/.countersign/v1/proposals/{id}");
    let asking = agent(&served);
    assert_eq!(asking.get(&path).await.json()["execution"], "queued");
    let listener = TcpListener::bind(gone).await.unwrap();
    let (mut stream, _) = soon("the call", listener.accept()).await.unwrap();
    let mut got = Vec::new();
    let body = "{\"amount\": 45, \"note\": \"\u{202e}ok\"}".as_bytes();
    while !got.ends_with(body) {
        assert_ne!(stream.read_buf(&mut got).await.unwrap(), 0);
    }
    let secret = String::from_utf8_lossy(&got).contains(SECRET);
    assert!(secret, "the credential is on it");
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nrefunded").await.unwrap();
    soon("its end", async { while asking.get(&path).await.json()["execution"] != "succeeded" {} })
        .await;
    assert_eq!(asking.get(&format!("{path}/result")).await.text(), "refunded");
    assert_eq!(asking.send(refund()).await.text(), "refunded");
    assert!(timeout(Duration::from_secs(3), listener.accept()).await.is_err(), "sent again");
    let mut served = served;
    served.signal(Signal::TERM);
    assert!(served.wait().success());
    let report = verify(&folder.join("audit"));
    assert!(report.problem.is_none(), "{report}");
    assert_eq!((report.outcomes.answered, report.outcomes.unknown), (1, 0));
}

#[tokio::test]
async fn an_agent_that_was_revoked_meanwhile_has_nothing_carried_out() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let setup = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob");
    let setup = setup.trust("example.org: { bundle: pki/agents.pem, crl: pki/crl.pem }");
    let list = setup.authority.revoke(&[], FAR);
    let mut site = setup.file("pki/crl.pem", &list).start();
    let folder = site.path("");
    let bad = site.authority.agent("writer");
    let list = site.authority.revoke(&[bad.serial], FAR);
    let revoked = put(&site.agent_with(Some(bad))).await;
    let answer = site.agent("reader").h2().await.send(refund()).await;
    let other = ProposalId::parse(answer.header("countersign-proposal")).unwrap();
    site.reload(|setup| setup.file("pki/crl.pem", &list)).await;
    for (person, id) in [(&ann, revoked), (&bob, revoked), (&ann, other), (&bob, other)] {
        assert_eq!(person.says("approve", &folder, id).status.code(), Some(0));
    }
    // They are tried in the order in which they were put forward.
    until("the other is carried out", || !upstream.requests().is_empty()).await;
    site.recorded("outcome", 1).await;
    assert_eq!(upstream.requests().len(), 1);
    assert_eq!(load(&folder, other).await.state().execution, Execution::Succeeded);
    assert_eq!(load(&folder, revoked).await.state().execution, Execution::Queued);
}

/// Whoever can write to the database can make it say that fewer are needed. The rules do not.
#[tokio::test]
async fn the_rules_say_how_many_and_not_the_database() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let site = setup(&upstream, &[ann.entry(""), bob.entry("")], "ann, bob").start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;
    let needs = vec![Need::once(Stage { quorum: 1, approvers: vec![] })];
    let terms = Terms { needs, ..Terms::default() }.to_bytes();
    let terms: String = terms.iter().map(|byte| format!("{byte:02x}")).collect();
    let program = format!(
        "import sqlite3; d = sqlite3.connect('state/countersign.db'); \
         d.execute('UPDATE proposals SET terms = ?', (bytes.fromhex('{terms}'),)); d.commit()"
    );
    let mut python = Command::new("python3");
    assert!(python.args(["-c", &program]).current_dir(&folder).status().unwrap().success());
    let alone = said(&ann.says("approve", &folder, id));
    assert!(alone.1.contains("is approved"), "{alone:?}");
    let answer = agent.send(refund()).await;
    assert_eq!(answer.problem(), (403, "approval_not_valid".to_owned()));
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn whoever_leaves_takes_their_word_along() {
    let (ann, bob) = (Human::new("ann"), Human::new("bob"));
    let upstream = Upstream::answering(|_| reply("refunded"));
    let people = [ann.entry(""), bob.entry("")];
    let mut site = setup(&upstream, &people, "ann, bob").start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent).await;
    assert_eq!(ann.says("approve", &folder, id).status.code(), Some(0));
    assert_eq!(bob.says("approve", &folder, id).status.code(), Some(0));
    // Another key under the old name.
    let other = Human::new("bob");
    let changed = approvals(&[ann.entry(""), other.entry("")], "ann, bob");
    site.reload(|setup| setup.other_section(&changed)).await;
    let answer = agent.send(refund()).await;
    assert_eq!(answer.problem(), (403, "approval_not_valid".to_owned()));
    assert!(upstream.is_untouched());
}
