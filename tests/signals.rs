//! Security events of other systems, pushed to the control door: who is heard, and what comes of it.

use std::time::{Duration, SystemTime};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Request;
use http_body::Frame;
use http_body_util::BodyExt;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use crate::harness::{
    Agent, Answer, Authority, Human, Outgoing, Setup, Site, Upstream, body, reply, request, soon,
    svid,
};
use crate::revocations::events;

const READER: &str = "spiffe://example.org/agent/reader";
const WRITER: &str = "spiffe://example.org/agent/writer";
const ISSUER: &str = "https://idp.example.org";
const CAEP: &str = "https://schemas.openid.net/secevent/caep/event-type/";

/// Somebody who makes security events.
struct Idp {
    pkcs8: Vec<u8>,
    set: String,
}

impl Idp {
    fn new() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
        let public = pair.public_key().as_ref();
        let [x, y] = [&public[1..33], &public[33..65]].map(|half| URL_SAFE_NO_PAD.encode(half));
        let key = json!({ "kty": "EC", "crv": "P-256", "x": x, "y": y, "kid": "one" });
        let set = json!({ "keys": [key] }).to_string();
        Self { pkcs8: pair.to_pkcs8v1().unwrap().as_ref().to_vec(), set }
    }

    fn signed(&self, header: &Header, claims: &Value) -> String {
        encode(header, claims, &EncodingKey::from_ec_der(&self.pkcs8)).unwrap()
    }

    fn event(&self, claims: &Value) -> String {
        self.signed(&header(), claims)
    }
}

fn header() -> Header {
    let kid = Some("one".to_owned());
    Header { typ: Some("secevent+jwt".to_owned()), kid, ..Header::new(Algorithm::ES256) }
}

fn now() -> u64 {
    SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs()
}

/// That `subject` is not to be trusted any more, in the event called `jti`.
fn revoked(jti: &str, subject: &Value) -> Value {
    let kind = format!("{CAEP}session-revoked");
    json!({
        "iss": ISSUER, "aud": "https://us.example.org", "iat": now(), "jti": jti,
        "sub_id": subject, "events": { kind: { "initiating_entity": "policy" } },
    })
}

fn agent(id: &str) -> Value {
    json!({ "format": "uri", "uri": id })
}

/// A site that hears `idp`, about whom `speaks` says.
struct Scene {
    site: Site,
    people: Authority,
    idp: Idp,
}

impl Scene {
    fn new(upstream: &Upstream, speaks: &str) -> Self {
        let (people, idp, ann) =
            (Authority::new("people.example.org"), Idp::new(), Human::new("ann"));
        let more = format!(", aliases: [ann@example.org], agents: ['{READER}', '{WRITER}']");
        let site = Setup::new(upstream)
            .listener("control: { address: 127.0.0.1:0 }")
            .file("pki/people.pem", people.pem())
            .file("pki/idp.json", &idp.set)
            .section("state: { url: sqlite:state/countersign.db }")
            .section(&format!("approvals: {{ people: {{ {} }} }}", ann.entry(&more)))
            .section(
                "control: { trust: { people.example.org: { bundle: pki/people.pem } }, operators: \
                 [spiffe://people.example.org/ops] }",
            )
            .section(&format!(
                "signals: {{ receive: {{ idp: {{ issuer: '{ISSUER}', audience: \
                 'https://us.example.org', keys: {{ file: pki/idp.json }}{speaks} }} }} }}"
            ))
            .start();
        Self { site, people, idp }
    }

    async fn push(&self, token: String) -> Answer {
        self.site.at_control(None).send(pushed(token)).await
    }

    /// The status and `err` of what comes of these claims.
    async fn answered(&self, claims: &Value) -> (u16, String) {
        said(&self.push(self.idp.event(claims)).await)
    }

    fn ops(&self) -> Agent {
        self.site.at_control(Some(self.people.issue(svid("spiffe://people.example.org/ops"))))
    }

    /// The names of what is revoked.
    async fn revocations(&self) -> Vec<Value> {
        let page = self.ops().get("/v1/revocations").await.json();
        page["items"].as_array().unwrap().iter().map(|one| one["name"].clone()).collect()
    }
}

fn pushed(token: String) -> Request<Outgoing> {
    let request = Request::post("/v1/signals").header("content-type", "application/secevent+jwt");
    request.body(body(token)).unwrap()
}

fn said(answer: &Answer) -> (u16, String) {
    let document = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
    (answer.status.as_u16(), document["err"].as_str().unwrap_or_default().to_owned())
}

fn taken() -> (u16, String) {
    (202, String::new())
}

const OF_EXAMPLE: &str = ", trust_domains: [example.org]";

#[tokio::test]
async fn an_event_about_an_agent_cuts_what_it_has_open() {
    let (upstream, feed) = events();
    let scene = Scene::new(&upstream, OF_EXAMPLE);
    let mut client = scene.site.agent("reader").h2().await;
    let opened = soon("a head", client.open(request("GET", "/events"))).await.unwrap();
    let mut stream = opened.into_body();
    feed.send(Frame::data("data: 1\n\n".into())).await.unwrap();
    soon("an event", stream.frame()).await.unwrap().unwrap();
    assert_eq!(scene.answered(&revoked("one", &agent(READER))).await, taken());
    assert!(soon("the cut", stream.frame()).await.unwrap().is_err());
    let outcome = &scene.site.recorded("outcome", 1).await[0];
    assert_eq!((&outcome["outcome"], &outcome["why"]), (&"aborted".into(), &"revoked".into()));
    let page = scene.ops().get("/v1/revocations").await.json();
    assert_eq!(page["items"][0]["reason"], "session-revoked, says idp (one)");
}

#[tokio::test]
async fn an_event_that_was_acted_on_does_nothing_a_second_time() {
    let upstream = Upstream::answering(|_| reply("done"));
    let scene = Scene::new(&upstream, OF_EXAMPLE);
    let one = scene.idp.event(&revoked("one", &agent(READER)));
    assert_eq!(said(&scene.push(one.clone()).await), taken());
    assert_eq!(scene.revocations().await, [READER]);
    let path = "/v1/revocations/agent/spiffe:%2F%2Fexample.org%2Fagent%2Freader";
    let lifted = scene.ops().send(request("DELETE", path)).await;
    assert_eq!(lifted.status, 204);
    assert_eq!(said(&scene.push(one).await), taken());
    assert_eq!(scene.revocations().await, [""; 0]);
    assert_eq!(scene.answered(&revoked("two", &agent(READER))).await, taken());
    assert_eq!(scene.revocations().await, [READER]);
    let name = "countersign_signals_received_total";
    assert_eq!(scene.site.metric(name, &[("result", "repeated")]).await, 1.0);
    assert_eq!(scene.site.metric(name, &[("result", "revoked")]).await, 2.0);
}

#[tokio::test]
async fn an_event_about_a_person_is_one_about_their_agents() {
    let upstream = Upstream::answering(|_| reply("done"));
    for (subject, known) in [
        (json!({ "format": "email", "email": "Ann@Example.org" }), true),
        (json!({ "format": "account", "uri": "acct:ann@example.org" }), true),
        (json!({ "format": "opaque", "id": "ann" }), true),
        (json!({ "format": "iss_sub", "iss": ISSUER, "sub": "ann" }), true),
        (json!({ "format": "iss_sub", "iss": "https://other.org", "sub": "ann" }), false),
        (json!({ "format": "email", "email": "bob@example.org" }), false),
    ] {
        let scene = Scene::new(&upstream, OF_EXAMPLE);
        assert_eq!(scene.answered(&revoked("one", &subject)).await, taken(), "{subject}");
        let expected = if known { vec![READER, WRITER] } else { Vec::new() };
        assert_eq!(scene.revocations().await, expected, "{subject}");
    }
    // Of a person's agents, those that the issuer may speak about.
    let scene = Scene::new(&upstream, &format!(", agents: ['{WRITER}']"));
    assert_eq!(
        scene.answered(&revoked("one", &json!({ "format": "opaque", "id": "ann" }))).await,
        taken()
    );
    assert_eq!(scene.revocations().await, [WRITER]);
}

#[tokio::test]
async fn nobody_speaks_about_agents_that_are_not_theirs() {
    let upstream = Upstream::answering(|_| reply("done"));
    let denied = (400, "access_denied".to_owned());
    for speaks in
        ["", ", trust_domains: [other.org]", ", agents: ['spiffe://example.org/agent/read']"]
    {
        let scene = Scene::new(&upstream, speaks);
        assert_eq!(scene.answered(&revoked("one", &agent(READER))).await, denied, "{speaks}");
        let ann = json!({ "format": "opaque", "id": "ann" });
        assert_eq!(scene.answered(&revoked("two", &ann)).await, denied, "{speaks}");
        assert_eq!(scene.revocations().await, [""; 0]);
        assert_eq!(scene.site.agent("reader").get("/orders").await.status, 200);
    }
}

#[tokio::test]
async fn what_is_no_bad_news_has_a_receipt_and_does_nothing() {
    let upstream = Upstream::answering(|_| reply("done"));
    let scene = Scene::new(&upstream, OF_EXAMPLE);
    let verification = "https://schemas.openid.net/secevent/ssf/event-type/verification";
    for (number, (kind, said)) in [
        (verification.to_owned(), json!({ "state": "x" })),
        (format!("{CAEP}session-established"), json!({})),
        (format!("{CAEP}risk-level-change"), json!({ "current_level": "LOW" })),
        (format!("{CAEP}credential-change"), json!({ "change_type": "create" })),
        ("https://example.org/something".to_owned(), json!({})),
    ]
    .into_iter()
    .enumerate()
    {
        let mut claims = revoked(&number.to_string(), &agent(READER));
        claims["events"] = json!({ kind: said });
        assert_eq!(scene.answered(&claims).await, taken(), "{claims}");
    }
    assert_eq!(scene.revocations().await, [""; 0]);
    for (jti, word, said) in [
        ("a", "risk-level-change", json!({ "current_level": "HIGH" })),
        ("b", "credential-change", json!({ "change_type": "delete" })),
    ] {
        let id = format!("spiffe://example.org/agent/{jti}");
        let mut claims = revoked(jti, &agent(&id));
        let kind = format!("{CAEP}{word}");
        claims["events"] = json!({ kind: said });
        assert_eq!(scene.answered(&claims).await, taken());
        assert!(scene.revocations().await.contains(&id.into()), "{word}");
    }
}

#[tokio::test]
async fn an_event_that_is_not_proved_or_not_whole_is_refused() {
    let upstream = Upstream::answering(|_| reply("done"));
    let scene = Scene::new(&upstream, OF_EXAMPLE);
    let good = revoked("one", &agent(READER));
    let day = 86_400;
    for (claim, value, err) in [
        ("iss", json!("https://other.example.org"), "invalid_issuer"),
        ("iss", json!([ISSUER]), "invalid_request"),
        ("aud", json!("https://them.example.org"), "invalid_audience"),
        ("aud", Value::Null, "invalid_audience"),
        ("jti", Value::Null, "invalid_request"),
        ("iat", Value::Null, "invalid_request"),
        ("iat", json!(now() - day - 60), "invalid_request"),
        ("iat", json!(now() + 600), "invalid_request"),
        ("events", json!({ "a": {}, "b": {} }), "invalid_request"),
        ("events", Value::Null, "invalid_request"),
        ("sub_id", Value::Null, "invalid_request"),
        ("sub_id", json!({ "format": "uri" }), "invalid_request"),
    ] {
        let mut claims = good.clone();
        claims[claim] = value;
        assert_eq!(scene.answered(&claims).await, (400, err.to_owned()), "{claims}");
    }
    for (token, err) in forged(&scene.idp, &good) {
        assert_eq!(said(&scene.push(token.clone()).await), (400, err.to_owned()), "{token}");
    }
    assert_eq!(scene.revocations().await, [""; 0]);
    assert_eq!(scene.answered(&good).await, taken());
}

/// What somebody could make of a good event without the issuer's key, or out of another of its tokens.
fn forged(idp: &Idp, claims: &Value) -> Vec<(String, &'static str)> {
    let good = idp.event(claims);
    let [head, payload, signature] = good.split('.').collect::<Vec<_>>().try_into().unwrap();
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let with = |name: &str, value: Value| {
        let mut head: Value =
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
        head[name] = value;
        part(&head)
    };
    let mut other = claims.clone();
    other["sub_id"] = agent(WRITER);
    let secret = EncodingKey::from_secret(idp.set.as_bytes()).unwrap();
    let shared = Header { alg: Algorithm::HS256, ..header() };
    let typed = |typ: Option<&str>| Header { typ: typ.map(str::to_owned), ..header() };
    vec![
        (Idp::new().event(claims), "authentication_failed"),
        (format!("{head}.{}.{signature}", part(&other)), "authentication_failed"),
        (encode(&shared, claims, &secret).unwrap(), "invalid_key"),
        (format!("{}.{payload}.", with("alg", "none".into())), "invalid_request"),
        (format!("{}.{payload}.{signature}", with("alg", "HS256".into())), "invalid_key"),
        (format!("{}.{payload}.{signature}", with("alg", "ES384".into())), "invalid_key"),
        (format!("{}.{payload}.{signature}", with("kid", "two".into())), "invalid_key"),
        (idp.signed(&typed(None), claims), "invalid_request"),
        (idp.signed(&typed(Some("JWT")), claims), "invalid_request"),
        (idp.signed(&typed(Some("at+jwt")), claims), "invalid_request"),
        (format!("{head}.{payload}"), "invalid_request"),
        (String::new(), "invalid_request"),
        ("{}".to_owned(), "invalid_request"),
    ]
}

#[tokio::test]
async fn what_is_no_push_is_not_read_and_nothing_else_is_open_to_strangers() {
    let upstream = Upstream::answering(|_| reply("done"));
    let scene = Scene::new(&upstream, OF_EXAMPLE);
    let token = scene.idp.event(&revoked("one", &agent(READER)));
    let stranger = scene.site.at_control(None);
    for kind in ["application/json", "application/jwt", "application/secevent+jwt; a=b"] {
        let request = Request::post("/v1/signals").header("content-type", kind);
        let answer = stranger.send(request.body(body(token.clone())).unwrap()).await;
        assert_eq!(said(&answer), (400, "invalid_request".to_owned()), "{kind}");
    }
    let mut coded = pushed(token.clone());
    coded.headers_mut().insert("content-encoding", "gzip".parse().unwrap());
    assert_eq!(said(&stranger.send(coded).await), (400, "invalid_request".to_owned()));
    let large = stranger.h2().await.send(pushed("x".repeat(70_000))).await;
    assert_eq!(large.problem(), (413, "body_too_large".to_owned()));
    let nobody = (401, "not_authenticated".to_owned());
    assert_eq!(stranger.get("/v1/signals").await.problem(), nobody);
    assert_eq!(stranger.get("/v1/revocations").await.problem(), nobody);
    let bearer = Request::get("/v1/revocations").header("authorization", format!("Bearer {token}"));
    let answer = stranger.send(bearer.body(crate::harness::empty()).unwrap()).await;
    assert_eq!(answer.problem(), nobody);
    assert_eq!(scene.revocations().await, [""; 0]);
}

#[tokio::test]
async fn an_event_may_be_a_day_late() {
    let upstream = Upstream::answering(|_| reply("done"));
    let scene = Scene::new(&upstream, OF_EXAMPLE);
    let mut late = revoked("one", &agent(READER));
    late["iat"] = (now() - Duration::from_secs(86_000).as_secs()).into();
    assert_eq!(scene.answered(&late).await, taken());
    assert_eq!(scene.revocations().await, [READER]);
}
