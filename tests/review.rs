//! What people see before they answer, and the ways to answer: one after the other in the terminal, in
//! stages, alone in an emergency, and not any more.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::Output;

use countersign::id::ProposalId;
use http::Request;

use crate::harness::{
    Agent, Human, Outgoing, Setup, Site, Upstream, body, countersign, digest, reply,
};

/// Posting takes a lead and then somebody of the payments people; who is on duty may decide alone.
const RULES: &str = r#"package countersign.authz

default decision := {"allowed": false}

decision := {
	"allowed": false,
	"reasons": [{"code": "refund", "message": "A refund takes a person."}],
	"approval": {
		"stages": stages,
		"break_glass": ["oncall"],
		"summary": sprintf("Refund %v", [input.parsed_body.amount]),
		"risk": input.parsed_body.risk,
		"risk_reasons": ["money", "irreversible"],
	},
} if {
	input.countersign.approval == null
}

decision := {"allowed": true} if count(input.countersign.approval.approvers) > 0

decision := {"allowed": true} if input.countersign.approval.break_glass.reason == "the site is down"

stages := [{"approvers": ["leads"]}, {"approvers": ["payments"]}] if input.parsed_body.staged

stages := [{"approvers": ["payments"]}] if not input.parsed_body.staged
"#;

/// Ann leads, bob and eve pay, dan is on duty.
struct Team {
    ann: Human,
    bob: Human,
    eve: Human,
    dan: Human,
}

impl Team {
    fn new() -> Self {
        let [ann, bob, eve, dan] = ["ann", "bob", "eve", "dan"].map(Human::new);
        Self { ann, bob, eve, dan }
    }

    fn site(&self, upstream: &Upstream) -> Site {
        self.setup(upstream, "").start()
    }

    /// `more` stands behind eve's keys.
    fn setup(&self, upstream: &Upstream, more: &str) -> Setup {
        let people =
            [self.ann.entry(""), self.bob.entry(""), self.eve.entry(more), self.dan.entry("")]
                .join(", ");
        let groups = "{ leads: { people: [ann] }, payments: { people: [bob, eve] }, \
                      oncall: { people: [dan] } }";
        Setup::new(upstream)
            .rules(RULES)
            .route("inspect: { body: json, limit: 128KiB }")
            .section("state: { url: \"sqlite:state/countersign.db\" }")
            .section(&format!(
                "approvals: {{ hold: 0s, people: {{ {people} }}, groups: {groups} }}"
            ))
    }
}

fn refund(amount: u32, more: &str) -> Request<Outgoing> {
    let text = format!("{{\"amount\": {amount}{more}}}");
    let request = Request::post("/orders").header("content-type", "application/json");
    request.body(body(text)).unwrap()
}

async fn put(agent: &Agent, request: Request<Outgoing>) -> ProposalId {
    let answer = agent.send(request).await;
    assert_eq!(answer.problem(), (428, "approval_pending".to_owned()));
    ProposalId::parse(answer.header("countersign-proposal")).unwrap()
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn card(folder: &Path, id: ProposalId) -> String {
    said(&countersign(folder).args(["proposal", "show", &id.to_string()]).output().unwrap()).1
}

/// The last characters of a digest, as a person types them.
fn tail(folder: &Path, id: ProposalId) -> String {
    let digest = digest(folder, id);
    digest[digest.len() - 8..].to_owned()
}

const HIGH: &str = ", \"risk\": \"high\"";

#[tokio::test]
async fn a_person_walks_through_what_waits_and_the_risk_says_how_hard_a_yes_is() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let low = put(&agent, refund(1, ", \"risk\": \"low\"")).await;
    let medium = put(&agent, refund(2, ", \"risk\": \"medium\"")).await;
    let high = put(&agent, refund(3, HIGH)).await;
    let skipped = put(&agent, refund(4, ", \"risk\": \"low\"")).await;
    let tail = tail(&folder, high);
    // The gravest comes first, with a word that is not it; then the others, the oldest first.
    let typed = format!("a\n00000000\nv\na\n{tail}\nd\nno such customer\na\ns\n");
    let (exit, out, err) = said(&team.bob.reviews(&folder, &typed));
    assert_eq!(exit, 0, "{out}{err}");
    let lines: Vec<_> = out.lines().collect();
    let approved = |id| format!("{id} is approved");
    assert_eq!(lines[..3], [approved(high), format!("{medium} is denied"), approved(low)], "{err}");
    let sum = "2 approved, 1 denied, 1 skipped, 0 decided by others, 0 not looked at";
    assert_eq!(lines[3], sum);
    assert!(err.contains("that is not it; nothing was signed"), "{err}");
    assert!(err.contains("00000000  7b 22 61 6d 6f 75 6e 74 22 3a 20 33"), "{err}");
    assert!(err.contains("1 of 4 ") && err.contains("4 of 4 "), "{err}");
    assert!(card(&folder, medium).contains("  said     bob deny, "));
    assert!(card(&folder, medium).contains("no such customer\n"));
    assert!(card(&folder, skipped).contains("  status   pending, execution none\n"));
    assert_eq!(agent.send(refund(3, HIGH)).await.text(), "refunded");
}

#[tokio::test]
async fn who_quits_or_goes_away_has_signed_nothing() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent, refund(3, HIGH)).await;
    for typed in ["q\n", "", "a\n", "yes\napprove\n"] {
        let (exit, out, _) = said(&team.bob.reviews(&folder, typed));
        assert_eq!(exit, 0);
        let sum = "0 approved, 0 denied, 0 skipped, 0 decided by others, 1 not looked at\n";
        assert_eq!(out, sum, "{typed:?}");
    }
    assert!(card(&folder, id).contains("  status   pending, execution none\n"));
}

#[tokio::test]
async fn only_what_a_person_may_answer_is_shown_to_them() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let owner = ", agents: [\"spiffe://example.org/agent/writer\"]";
    let site = team.setup(&upstream, owner).start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    put(&agent, refund(3, &format!("{HIGH}, \"staged\": true"))).await;
    // Eve owns the agent; it is not bob's turn; nobody asks dan; and who is that?
    for nobody in [&team.eve, &team.bob, &team.dan] {
        let (exit, out, err) = said(&nobody.reviews(&folder, "a\n"));
        assert_eq!((exit, out), (0, format!("nothing waits for {}\n", nobody.name)), "{err}");
    }
    assert_eq!(said(&Human::new("bob").reviews(&folder, "a\n")).0, 4);
    let (_, out, _) = said(&team.ann.reviews(&folder, "s\n"));
    assert!(out.contains("1 skipped"), "{out}");
}

#[tokio::test]
async fn what_another_decided_meanwhile_is_said_and_is_no_error() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let ids = [put(&agent, refund(1, HIGH)).await, put(&agent, refund(2, HIGH)).await];
    let tail = tail(&folder, ids[0]);
    let mut reviewing = team.eve.review(&folder).spawn().unwrap();
    let mut talk = BufReader::new(reviewing.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("  digest") {
        line.clear();
        assert_ne!(talk.read_line(&mut line).unwrap(), 0);
    }
    for id in ids {
        assert_eq!(team.bob.says("approve", &folder, id).status.code(), Some(0));
    }
    let mut input = reviewing.stdin.take().unwrap();
    write!(input, "a\n{tail}\n").unwrap();
    drop(input);
    let (exit, out, _) = said(&reviewing.wait_with_output().unwrap());
    let by = |id| format!("{id} is approved by bob already\n");
    let sum = "0 approved, 0 denied, 0 skipped, 2 decided by others, 0 not looked at\n";
    assert_eq!((exit, out), (0, format!("{}{}{sum}", by(ids[0]), by(ids[1]))));
}

/// A real terminal, where the prompt of `approve` asks for the word.
#[tokio::test]
async fn at_a_terminal_a_person_is_asked_and_signs() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent, refund(3, HIGH)).await;
    let shown = team.bob.at_a_terminal(&folder, &["approve", &id.to_string()], "no\n");
    assert!(shown.contains("nothing was signed"), "{shown}");
    let shown =
        team.bob.at_a_terminal(&folder, &["review"], &format!("a\n{}\n", tail(&folder, id)));
    assert!(shown.contains(&format!("{id} is approved")), "{shown}");
}

#[tokio::test]
async fn stages_are_asked_one_after_the_other() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let staged = format!("{HIGH}, \"staged\": true");
    let id = put(&agent, refund(3, &staged)).await;
    let needs = "  needs    1 of leads, then 1 of payments, now at stage 1 of 2, 0 of 1 so far\n           \
                 in an emergency one of oncall alone\n";
    assert!(card(&folder, id).contains(needs));
    let early = said(&team.bob.says("approve", &folder, id));
    assert!(early.0 == 4 && early.2.contains("earlier stage"), "{early:?}");
    assert_eq!(team.ann.says("approve", &folder, id).status.code(), Some(0));
    assert!(card(&folder, id).contains("now at stage 2 of 2, 0 of 1 so far"));
    let (_, out, _) = said(&team.eve.reviews(&folder, &format!("a\n{}\n", tail(&folder, id))));
    assert!(out.contains(&format!("{id} is approved")), "{out}");
    assert_eq!(agent.send(refund(3, &staged)).await.text(), "refunded");
    let terms = site.recorded("intent", 1).await[0]["terms"].as_str().unwrap().to_owned();
    assert!(terms.ends_with(" approvers=ann,eve"), "{terms}");
}

#[tokio::test]
async fn in_an_emergency_one_decides_alone_and_everybody_hears_of_it() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let staged = format!("{HIGH}, \"staged\": true");
    let id = put(&agent, refund(3, &staged)).await;
    let digest = digest(&folder, id);
    let alone = |who: &Human, more: &[&str]| {
        let flags = [&["--digest", &digest, "--break-glass"], more].concat();
        said(&who.answers("approve", &folder, id, &flags))
    };
    assert_eq!(alone(&team.dan, &[]).0, 2, "a reason is needed");
    let reason = ["--reason", "the site is down"];
    let bob = alone(&team.bob, &reason);
    assert!(bob.0 == 4 && bob.2.contains("decide alone"), "{bob:?}");
    assert_eq!(said(&team.dan.says("approve", &folder, id)).0, 4);
    let dan = alone(&team.dan, &reason);
    assert_eq!((dan.0, dan.1), (0, format!("{id} is approved\n")));
    assert_eq!(agent.send(refund(3, &staged)).await.text(), "refunded");
    let terms = site.recorded("intent", 1).await[0]["terms"].as_str().unwrap().to_owned();
    assert!(terms.ends_with(" break_glass=dan reason=\"the site is down\""), "{terms}");
    assert_eq!(site.metric("countersign_break_glass_total", &[]).await, 1.0);
    assert!(card(&folder, id).contains("  said     dan break-glass, "));
}

#[tokio::test]
async fn a_yes_is_taken_back_until_it_is_sent() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = team.setup(&upstream, "").url(&format!("http://{gone}")).start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let staged = format!("{HIGH}, \"staged\": true");
    let id = put(&agent, refund(3, &staged)).await;
    let early = said(&team.ann.says("withdraw", &folder, id));
    assert!(early.0 == 9 && early.2.contains("no yes of this person"), "{early:?}");
    assert_eq!(team.ann.says("approve", &folder, id).status.code(), Some(0));
    // Undecided, it is as if she had said nothing: bob's turn has not come.
    let back = said(&team.ann.says("withdraw", &folder, id));
    assert_eq!((back.0, back.1), (0, format!("{id} waits for more people\n")));
    assert_eq!(said(&team.bob.says("approve", &folder, id)).0, 4);
    for (who, verb) in [(&team.ann, "approve"), (&team.bob, "approve")] {
        assert_eq!(who.says(verb, &folder, id).status.code(), Some(0));
    }
    // Approved, and its upstream is down: it could still be sent.
    assert_eq!(agent.send(refund(3, &staged)).await.status, 502);
    let back = said(&team.bob.answers(
        "withdraw",
        &folder,
        id,
        &["--digest", &digest(&folder, id), "--reason", "wrong customer"],
    ));
    let ended = format!("{id} is not carried out: bob took their yes back\n");
    assert_eq!((back.0, back.1), (0, ended), "{}", back.2);
    let answer = agent.send(refund(3, &staged)).await;
    assert_eq!(answer.problem(), (403, "approval_withdrawn".to_owned()));
    let shown = card(&folder, id);
    assert!(shown.contains("bob took their yes back before it was sent"), "{shown}");
    assert!(shown.contains(": wrong customer\n"), "{shown}");
    assert_eq!(said(&team.ann.says("withdraw", &folder, id)).0, 9);
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn once_it_was_sent_no_yes_is_taken_back() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let id = put(&agent, refund(3, HIGH)).await;
    assert_eq!(team.bob.says("approve", &folder, id).status.code(), Some(0));
    assert_eq!(agent.send(refund(3, HIGH)).await.text(), "refunded");
    let late = said(&team.bob.says("withdraw", &folder, id));
    assert!(late.0 == 9 && late.2.contains("too late to take a yes back"), "{late:?}");
}

#[tokio::test]
async fn the_card_shows_what_is_new_and_what_is_not_what_it_looks_like() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let first = put(&agent, refund(1, &format!("{HIGH}, \"to\": \"paypal\""))).await;
    let shown = card(&folder, first);
    let risk = "  risk     high · money · irreversible · first of its kind\n";
    assert!(shown.contains(risk), "{shown}");
    assert!(shown.contains("  rule     refund: A refund takes a person.\n"), "{shown}");
    assert!(!shown.contains("compared with"), "{shown}");
    assert_eq!(team.bob.says("approve", &folder, first).status.code(), Some(0));
    let imitates = format!("{HIGH}, \"to\": \"p\u{430}yp\u{430}l\"");
    let second = put(&agent, refund(1, &imitates)).await;
    let shown = card(&folder, second);
    for part in [
        "words in it are not what they look like",
        "! p\\u{430}yp\\u{430}l mixes the scripts Cyrillic and Latin\n",
        &format!("compared with the last approved of its kind, {first} of "),
        "(both bodies are JSON, and laid out anew for this alone)\n",
        "-   \"to\": \"paypal\"\n",
        "+   \"to\": \"p\\u{430}yp\\u{430}l\"\n",
        "same rule: 1 approved, 0 denied; this agent: 0 waiting, 0 denied\n",
        "others of its kind: 1\n",
    ] {
        assert!(shown.replace("\n           : ", "").contains(part), "{part}\n{shown}");
    }
}

#[tokio::test]
async fn what_cannot_be_shown_whole_is_not_put_forward() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let agent = site.agent("writer");
    let long = format!("{HIGH}, \"note\": \"{}\"", "a".repeat(64 << 10));
    let answer = agent.send(refund(1, &long)).await;
    assert_eq!(answer.problem(), (413, "proposal_too_large".to_owned()));
    put(&agent, refund(1, &format!("{HIGH}, \"note\": \"{}\"", "a".repeat(60 << 10)))).await;
}

/// The name of the standing approval that was granted at a terminal.
fn granted(shown: &str) -> String {
    let before = shown.split(" is granted").next().unwrap();
    before[before.len() - 32..].to_owned()
}

#[tokio::test]
async fn what_somebody_agreed_to_in_advance_goes_on_and_nothing_else_does() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let site = team.site(&upstream);
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let words = [
        "standing",
        "grant",
        "--agent",
        "spiffe://example.org/agent/writer",
        "--method",
        "POST",
        "--host",
        "api.example.org",
        "--path",
        "/orders",
        "--field",
        "/risk = \"high\"",
        "--amount",
        "/amount",
        "--each",
        "10",
        "--sum",
        "15",
        "--uses",
        "3",
        "--for",
        "1h",
    ];
    let refused = team.bob.at_a_terminal(&folder, &words, "yes\n");
    assert!(refused.contains("nothing was signed"), "{refused}");
    let shown = team.bob.at_a_terminal(&folder, &words, "grant\n");
    assert!(
        shown.contains("countersign standing approval v1") && shown.contains("uses: 3"),
        "{shown}"
    );
    let name = granted(&shown);

    assert_eq!(agent.send(refund(9, HIGH)).await.text(), "refunded");
    let terms = site.recorded("intent", 1).await[0]["terms"].as_str().unwrap().to_owned();
    assert!(terms.ends_with(&format!(" approvers=bob standing={name}")), "{terms}");
    // More than the rest, another risk, and another agent wait for people.
    put(&agent, refund(7, HIGH)).await;
    put(&agent, refund(1, ", \"risk\": \"low\"")).await;
    let other = site.agent("reader").send(refund(1, HIGH)).await;
    assert_eq!(other.problem(), (428, "approval_pending".to_owned()));
    assert_eq!(agent.send(refund(6, HIGH)).await.text(), "refunded");
    let listed = said(&countersign(&folder).args(["standing", "list"]).output().unwrap()).1;
    assert!(listed.contains(&format!("{name}  bob  1 left, 15 spent\n")), "{listed}");
    assert!(listed.contains("    path: /orders\n"), "{listed}");
    let revoke =
        || said(&countersign(&folder).args(["standing", "revoke", &name]).output().unwrap());
    assert_eq!((revoke().0, revoke().0), (0, 5));
    put(&agent, refund(0, HIGH)).await;
    assert_eq!(upstream.requests().len(), 2);
}

/// Who takes a standing approval back stops what it decided and was not sent.
#[tokio::test]
async fn what_was_agreed_to_in_advance_is_checked_again_when_it_is_sent() {
    let (team, upstream) = (Team::new(), Upstream::answering(|_| reply("refunded")));
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let site = team.setup(&upstream, "").url(&format!("http://{gone}")).start();
    let (agent, folder) = (site.agent("writer"), site.path(""));
    let words = [
        "standing",
        "grant",
        "--agent",
        "spiffe://example.org/agent/writer",
        "--method",
        "POST",
        "--host",
        "api.example.org",
        "--path",
        "/orders",
        "--uses",
        "1",
        "--for",
        "1h",
    ];
    let shown = team.bob.at_a_terminal(&folder, &words, "grant\n");
    let name = granted(&shown);
    assert_eq!(agent.send(refund(3, HIGH)).await.status, 502);
    let revoked = said(&countersign(&folder).args(["standing", "revoke", &name]).output().unwrap());
    assert_eq!(revoked.0, 0, "{revoked:?}");
    let answer = agent.send(refund(3, HIGH)).await;
    assert_eq!(answer.problem(), (403, "approval_not_valid".to_owned()));
    assert!(upstream.is_untouched());
}
