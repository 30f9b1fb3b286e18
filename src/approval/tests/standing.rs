//! What a standing approval is for, and everything that it is not.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use proptest::prelude::{any, proptest};
use proptest::{option, prop_assert_eq};
use serde_json::{Value, json};

use crate::approval::standing::{Cap, Field, MAX_USES, Paths, Predicate, Standing, StandingProof};
use crate::approval::tests::proof::{AGENT, made, name, need, people, proposal};
use crate::approval::tests::signer::Signer;
use crate::approval::{MAX_LIFE, Malformed, Nonce, Person, Refusal};
use crate::clock::Timestamp;
use crate::identity::SpiffeId;
use crate::proposal::{Draft, Proposal, Request, Substance};

fn predicate() -> Predicate {
    Predicate {
        agent: SpiffeId::parse(AGENT).unwrap(),
        method: "POST".to_owned(),
        authority: "pay.example.org".to_owned(),
        paths: Paths::Exactly("/v1/refunds".to_owned()),
        headers: vec![("x-account".to_owned(), "a 1".to_owned())],
        fields: vec![Field { pointer: "/currency".to_owned(), value: json!("EUR") }],
        cap: Some(Cap { pointer: "/amount".to_owned(), each: 100, sum: 500 }),
    }
}

fn later(seconds: u64) -> Timestamp {
    made().plus(Duration::from_secs(seconds))
}

fn standing(predicate: Predicate) -> Result<Standing, Malformed> {
    Standing::new(name("maria"), predicate, 3, Nonce::new([7; 16]), (made(), later(60)))
}

fn signed(signer: &Signer, standing: &Standing) -> StandingProof {
    signer.sign_standing(standing)
}

fn request(method: Method, url: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let headers = headers.iter().map(|(name, value)| {
        let name = HeaderName::try_from(*name).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    });
    let (url, headers) = (Uri::try_from(url).unwrap(), HeaderMap::from_iter(headers));
    Request::new(method, &url, &headers, Bytes::from(body.to_owned())).unwrap()
}

fn asked(request: Request) -> Proposal {
    let base = proposal(vec![need(1, &[])]);
    let substance = base.substance();
    let substance = Substance::new(substance.owner().clone(), request, substance.policy_revision());
    Proposal::new(Draft { substance, ..base.draft().clone() })
}

const URL: &str = "https://pay.example.org/v1/refunds";
const JSON: (&str, &str) = ("content-type", "application/json");
const ACCOUNT: (&str, &str) = ("x-account", "a 1");

#[test]
fn it_is_printed_in_one_way_and_read_back() {
    let text = standing(predicate()).unwrap().to_string();
    let printed = "countersign standing approval v1\napprover: maria\n\
        agent: spiffe://example.org/agent\nmethod: POST\nauthority: pay.example.org\n\
        path: /v1/refunds\nheader: x-account: a 1\nbody: json\nfield: /currency = \"EUR\"\n\
        amount: /amount\neach: 100\nsum: 500\nuses: 3\nnonce: 07070707070707070707070707070707\n\
        issued: 2026-11-23T19:22:00.000000Z\nexpires: 2026-11-23T19:23:00.000000Z\n";
    assert_eq!(text, printed);
    assert_eq!(Standing::parse(&text).unwrap().to_string(), text);
    for (from, to) in [
        ("uses: 3\n", ""),
        ("uses: 3", "uses: 03"),
        ("uses: 3", "uses: 0"),
        ("uses: 3", "uses: 1001"),
        ("body: json", "body: any"),
        ("\"EUR\"", "\"EU\\u0052\""),
        ("sum: 500", "sum: 99"),
        ("path: /v1/refunds", "path: /v1/../refunds"),
        ("path: /v1/refunds", "path: /v1//refunds"),
        ("path: /v1/refunds", "path: /v1/refund*"),
        ("path: /v1/refunds", "path: *"),
        ("x-account", "X-Account"),
        ("2026-11-23T19:23", "2026-12-23T19:23"),
        ("standing approval v1", "approval v1"),
        ("\nbody", "\nbody: any\nbody"),
    ] {
        assert!(Standing::parse(&text.replace(from, to)).is_err(), "{to}");
    }
    let forever = Standing::new(
        name("maria"),
        predicate(),
        MAX_USES,
        Nonce::fresh(),
        (made(), made().plus(MAX_LIFE + Duration::from_micros(1))),
    );
    assert_eq!(forever, Err(Malformed::Lifetime));
}

#[test]
fn it_is_for_what_it_says_and_for_nothing_else() {
    let (maria, agreed) = (Signer::new("maria"), standing(predicate()).unwrap());
    let (proof, people) = (signed(&maria, &agreed), people(&[maria.person()], &[]));
    let body = r#"{"amount": 40, "currency": "EUR", "note": "x"}"#;
    let heard =
        |request| proof.answer(&asked(request), &people, later(1)).map(|(_, amount)| amount);
    let post = |headers: &[_], body| heard(request(Method::POST, URL, headers, body));
    assert_eq!(post(&[JSON, ACCOUNT], body), Ok(40));
    assert_eq!(post(&[JSON, ACCOUNT, ("user-agent", "x")], body), Ok(40));
    let utf8 = ("content-type", "application/json; charset=UTF-8");
    assert_eq!(post(&[utf8, ACCOUNT], body), Ok(40));
    let outside = Err(Refusal::Outside);
    for headers in [
        &[JSON][..],
        &[JSON, ("x-account", "a 2")],
        &[JSON, ACCOUNT, ("x-other", "1")],
        &[JSON, ACCOUNT, ("x-account", "a 2")],
        &[ACCOUNT],
        &[ACCOUNT, ("content-type", "application/x-www-form-urlencoded")],
        &[ACCOUNT, ("content-type", "application/json; charset=utf-7")],
        &[ACCOUNT, ("content-type", "application/json; charset=utf-8; charset=utf-7")],
    ] {
        let headers: Vec<_> = headers.to_vec();
        let mut map = HeaderMap::new();
        for (name, value) in &headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        let url = Uri::from_static(URL);
        let request = Request::new(Method::POST, &url, &map, Bytes::from_static(body.as_bytes()));
        assert_eq!(heard(request.unwrap()), outside, "{headers:?}");
    }
    for body in [
        "",
        "[]",
        r#"{"amount": 101, "currency": "EUR"}"#,
        r#"{"amount": -1, "currency": "EUR"}"#,
        r#"{"amount": 40.5, "currency": "EUR"}"#,
        r#"{"amount": "40", "currency": "EUR"}"#,
        r#"{"amount": 40, "currency": "USD"}"#,
        r#"{"amount": 40, "currency": ["EUR"]}"#,
        r#"{"amount": 40}"#,
        r#"{"currency": "EUR"}"#,
        r#"{"amount": 40, "currency": "USD", "currency": "EUR"}"#,
        r#"{"amount": 40, "Amount": 4000, "currency": "EUR"}"#,
        r#"{"amount": 40, "currency": "EUR"} {}"#,
    ] {
        assert_eq!(post(&[JSON, ACCOUNT], body), outside, "{body}");
    }
    for (method, url) in [
        (Method::PUT, URL),
        (Method::POST, "https://pay.example.org/v1/refunds?dry=no"),
        (Method::POST, "https://pay.example.org/v1/refunds/"),
        (Method::POST, "https://pay.example.org/v1/refunds/7"),
        (Method::POST, "https://pay.example.org:8443/v1/refunds"),
        (Method::POST, "https://other.example.org/v1/refunds"),
        (Method::POST, "http://pay.example.org/v1/refunds"),
    ] {
        let request = request(method, url, &[JSON, ACCOUNT], body);
        assert_eq!(heard(request), outside, "{url}");
    }
}

#[test]
fn all_below_a_path_are_no_more_than_that() {
    let paths = Paths::Under("/v1/orders/".to_owned());
    let open = Predicate { paths, headers: vec![], fields: vec![], cap: None, ..predicate() };
    let agreed = standing(open).unwrap();
    assert!(agreed.to_string().contains("path: /v1/orders/*\nbody: any\nuses"));
    assert_eq!(Standing::parse(&agreed.to_string()), Ok(agreed.clone()));
    let (maria, people) = (Signer::new("maria"), |maria: &Signer| people(&[maria.person()], &[]));
    let (proof, people) = (signed(&maria, &agreed), people(&maria));
    for (path, fits) in [
        ("/v1/orders/7", true),
        ("/v1/orders/7/lines", true),
        ("/v1/orders/", false),
        ("/v1/orders", false),
        ("/v1/ordersX", false),
        ("/v1/orders/%2e%2e/users", false),
    ] {
        let url = format!("https://pay.example.org{path}");
        let asked = asked(request(Method::POST, &url, &[], "whatever"));
        let heard = proof.answer(&asked, &people, later(1));
        assert_eq!(heard.is_ok(), fits, "{path}: {heard:?}");
    }
}

#[test]
fn nobody_grants_it_for_their_own_or_for_what_was_handed_on() {
    let (maria, agreed) = (Signer::new("maria"), standing(predicate()).unwrap());
    let proof = signed(&maria, &agreed);
    let plain = maria.person();
    let verify = |person: Person, now| {
        proof.verify(&people(&[person], &[]), now).map(|(_, person)| person.name.clone())
    };
    assert_eq!(verify(plain.clone(), later(1)), Ok(name("maria")));
    assert_eq!(verify(plain.clone(), later(60)), Err(Refusal::Expired));
    assert_eq!(verify(plain.clone(), Timestamp::from_secs(1)), Err(Refusal::Untimely));
    let owner = Person { owns: vec![SpiffeId::parse(AGENT).unwrap()], ..plain.clone() };
    assert_eq!(verify(owner, later(1)), Err(Refusal::OwnRequest));
    let alias = Person { aliases: vec![name(AGENT)], ..plain.clone() };
    assert_eq!(verify(alias, later(1)), Err(Refusal::OwnRequest));
    assert_eq!(verify(Signer::new("maria").person(), later(1)), Err(Refusal::WrongKey));
    assert_eq!(verify(Signer::new("eve").person(), later(1)), Err(Refusal::Stranger));

    let body = r#"{"amount": 40, "currency": "EUR"}"#;
    let own = asked(request(Method::POST, URL, &[JSON, ACCOUNT], body));
    let people = people(&[plain], &[]);
    assert!(proof.answer(&own, &people, later(1)).is_ok());
    let chain = vec![SpiffeId::parse("spiffe://example.org/first").unwrap()];
    let substance = own.substance().clone().on_behalf_of(chain).unwrap();
    let handed = Proposal::new(Draft { substance, ..own.draft().clone() });
    assert_eq!(proof.answer(&handed, &people, later(1)), Err(Refusal::Outside));
    // Whom no need asks agrees to nothing, in advance either.
    let needs = vec![need(1, &["payments"])];
    let terms = crate::proposal::Terms { needs, ..own.draft().terms.clone() };
    let closed = Proposal::new(Draft { terms, ..own.draft().clone() });
    assert_eq!(proof.answer(&closed, &people, later(1)), Err(Refusal::NotAsked));
}

proptest! {
    #[test]
    fn what_is_printed_parses_back(
        method in "[A-Z]{1,8}", path in "(/[a-z0-9._~-]{1,6}){1,4}", under in any::<bool>(),
        text in "[!-~]([ -~]{0,9}[!-~])?", number in any::<i64>(), which in 0..4_usize,
        cap in option::of((1..1_000_u64, 0..1_000_u64)), uses in 1..=MAX_USES, life in 1..604_800_u64,
    ) {
        let value = [Value::Null, json!(true), json!(number), json!(text.clone())][which].clone();
        let paths = if under { Paths::Under(format!("{path}/")) } else { Paths::Exactly(path) };
        let predicate = Predicate {
            method,
            paths,
            headers: vec![("x-a".to_owned(), text)],
            fields: vec![Field { pointer: "/a/b".to_owned(), value }],
            cap: cap.map(|(each, more)| {
                Cap { pointer: "/c".to_owned(), each, sum: each + more }
            }),
            ..predicate()
        };
        let times = (made(), later(life));
        if let Ok(agreed) =
            Standing::new(name("maria"), predicate, uses, Nonce::fresh(), times)
        {
            prop_assert_eq!(Standing::parse(&agreed.to_string()), Ok(agreed));
        }
    }
}
