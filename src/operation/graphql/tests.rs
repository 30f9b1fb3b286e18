//! What a document does, however it hides it.

use proptest::prelude::{prop_assert, proptest};
use serde_json::{Map, Value, json};

use crate::operation::graphql::request::{Reader, sha256};
use crate::operation::kind::Kind;
use crate::operation::operation::{Arguments, Operation};
use crate::operation::unreadable::Unreadable;
use crate::route::protocol::{GraphQl, Reads};

fn terms() -> GraphQl {
    GraphQl {
        depth: 4,
        fields: 20,
        persisted: ["known".into(), "seen".into()].into(),
        reads: Reads(["seen".into()].into()),
    }
}

fn read(body: Value) -> Result<Vec<Operation>, Unreadable> {
    let terms = terms();
    let mut reader = Reader::new(&terms);
    reader.take_all(body)?;
    Ok(reader.list)
}

fn document(text: &str) -> Result<Vec<Operation>, Unreadable> {
    read(json!({ "query": text }))
}

fn paths(operation: &Operation) -> Vec<&str> {
    operation.fields.iter().map(|field| &*field.path).collect()
}

#[test]
fn an_alias_hides_no_field() {
    let list = document("{ balance: me { name: password } }").unwrap();
    assert_eq!(paths(&list[0]), ["me", "me.password"]);
    assert_eq!((list[0].kind, &*list[0].verb, &*list[0].name), (Kind::Read, "query", ""));
}

#[test]
fn a_fragment_is_expanded_where_it_stands() {
    let text = "query q { me { ...a ... on User @include(if: false) { keys { id } } } }
                fragment a on User { email ...b } fragment b on User { phone: mobile }";
    let expected = ["me", "me.email", "me.mobile", "me.keys", "me.keys.id"];
    assert_eq!(paths(&document(text).unwrap()[0]), expected);
}

#[test]
fn every_operation_is_listed_whichever_is_selected() {
    let text = "query look { me { id } } mutation pay { refund(amount: 7) { id } }
                subscription watch { orders { id } }";
    let list = read(json!({ "query": text, "operationName": "look" })).unwrap();
    let verbs: Vec<_> = list.iter().map(|one| (&*one.verb, one.kind)).collect();
    let expected = [("query", Kind::Read), ("mutation", Kind::Write), ("subscription", Kind::Read)];
    assert_eq!(verbs, expected);
    let look = json!({ "query": "{ me { id } }" });
    let pay = json!({ "query": "mutation { pay { id } }" });
    let batch = read(json!([look, pay])).unwrap();
    assert_eq!(batch[1].kind, Kind::Write);
    assert_eq!(read(json!([look, 7])), Err(Unreadable::GraphQlRequest));
    assert_eq!(read(json!([look, [pay]])), Err(Unreadable::GraphQlRequest));
}

#[test]
fn arguments_have_the_values_of_their_variables() {
    let text = "mutation m($a: Int!, $b: [In!] = [{x: 1.5}], $c: String) {
                  pay(amount: $a, how: {k: [$b, CARD], t: \"a\\u00e9\", c: $c}, note: $c, f: true,
                      block: \"\"\"  x \"\"\", n: null) }";
    let variables = json!({ "a": 7, "unused": 1 });
    let list = read(json!({ "query": text, "variables": variables })).unwrap();
    let expected = json!({
        "amount": 7, "how": {"k": [[{"x": 1.5}], "CARD"], "t": "a\u{e9}"}, "f": true,
        "block": "  x ", "n": null,
    });
    assert_eq!(Value::Object(list[0].fields[0].arguments.clone()), expected);
    assert_eq!(list[0].arguments, Arguments::Of(variables));
}

#[test]
fn introspection_is_a_field_like_any_other() {
    let list = document("{ s: __schema { types { name } } __typename }").unwrap();
    assert_eq!(paths(&list[0])[0], "__schema");
}

#[test]
fn a_document_with_two_readings_is_refused() {
    for (text, rule) in [
        ("", Unreadable::GraphQlDocument),
        ("{ a", Unreadable::GraphQlDocument),
        ("{ a } }", Unreadable::GraphQlDocument),
        ("{}", Unreadable::GraphQlDocument),
        ("type A { a: Int }", Unreadable::GraphQlDocument),
        ("{ a } type A { a: Int }", Unreadable::GraphQlDocument),
        ("fragment f on A { a }", Unreadable::GraphQlDocument),
        ("{ a(x: 1, x: 2) }", Unreadable::GraphQlDocument),
        ("{ a(x: {y: 1, y: 2}) }", Unreadable::GraphQlDocument),
        ("{ a(x) }", Unreadable::GraphQlDocument),
        ("{ a(x: [1) }", Unreadable::GraphQlDocument),
        ("{ a(x: {y}) }", Unreadable::GraphQlDocument),
        ("{ a(x: \"b) }", Unreadable::GraphQlDocument),
        ("{ a @d(x: 1, x: 2) }", Unreadable::GraphQlDocument),
        ("{ a } { b }", Unreadable::GraphQlName),
        ("query a { a } query a { b }", Unreadable::GraphQlName),
        ("query a { a } { b }", Unreadable::GraphQlName),
        ("query a { a } query b { b }", Unreadable::GraphQlName),
        ("{ ...f }", Unreadable::GraphQlFragment),
        ("{ ...f } fragment f on A { ...f }", Unreadable::GraphQlFragment),
        (
            "{ ...f } fragment f on A { ...g } fragment g on A { a ...f }",
            Unreadable::GraphQlFragment,
        ),
        ("{ ...f } fragment f on A { a } fragment f on A { b }", Unreadable::GraphQlFragment),
        ("{ a(x: $x) }", Unreadable::GraphQlVariable),
        ("query ($x: Int, $x: Int) { a }", Unreadable::GraphQlVariable),
    ] {
        assert_eq!(document(text).map(|_| ()), Err(rule), "{text}");
    }
    let number = document("{ a(x: 100000000000000000000) }").unwrap_err();
    assert_eq!(number.rule(), "json_number");
}

#[test]
fn a_request_has_the_known_members_and_no_other() {
    for body in [
        json!({}),
        json!([]),
        json!("{ a }"),
        json!({ "query": null }),
        json!({ "Query": "{ a }" }),
        json!({ "query": "{ a }", "Variables": {} }),
        json!({ "query": "{ a }", "variables": "{}" }),
        json!({ "query": "{ a }", "operationName": 7 }),
        json!({ "query": "{ a }", "x": 1 }),
    ] {
        assert_eq!(read(body.clone()), Err(Unreadable::GraphQlRequest), "{body}");
    }
    assert!(read(json!({ "query": "{ a }", "variables": null, "operationName": null })).is_ok());
    let named = json!({ "query": "{ a }", "operationName": "b" });
    assert_eq!(read(named), Err(Unreadable::GraphQlName));
}

#[test]
fn a_persisted_query_is_asked_for_only_where_the_route_lists_it() {
    let apollo = |hash: &str| json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } });
    let list = read(json!({ "extensions": apollo("known"), "variables": {"a": 1} })).unwrap();
    assert_eq!((&*list[0].verb, &*list[0].name, list[0].kind), ("persisted", "known", Kind::Write));
    assert_eq!(read(json!({ "documentId": "seen" })).unwrap()[0].kind, Kind::Read);
    for body in [
        json!({ "extensions": apollo("other") }),
        json!({ "doc_id": "other" }),
        json!({ "id": "known", "doc_id": "known" }),
        json!({ "query": "{ a }", "id": "known" }),
        json!({ "query": "{ a }", "extensions": apollo("known") }),
        json!({ "extensions": { "persistedQuery": { "version": 2, "sha256Hash": "known" } } }),
        json!({ "extensions": { "persistedQuery": "known" } }),
    ] {
        assert_eq!(read(body.clone()), Err(Unreadable::GraphQlPersisted), "{body}");
    }
    let own = json!({ "query": "{ a }", "extensions": apollo(&sha256("{ a }")) });
    assert!(read(own).is_ok());
}

#[test]
fn depth_and_fields_are_bounded_after_expansion() {
    assert!(document("{ a { b { c { d } } } }").is_ok());
    assert_eq!(document("{ a { b { c { d { e } } } } }"), Err(Unreadable::GraphQlDepth));
    let hidden = "{ a { b { ...f } } } fragment f on A { c { d { e } } }";
    assert_eq!(document(hidden), Err(Unreadable::GraphQlDepth));
    assert!(document(&format!("{{ {} }}", "a ".repeat(20))).is_ok());
    assert_eq!(document(&format!("{{ {} }}", "a ".repeat(21))), Err(Unreadable::GraphQlFields));
    let doubling: String =
        (0..60).map(|n| format!("fragment f{n} on A {{ ...f{} ...f{} }} ", n + 1, n + 1)).collect();
    let doubling = format!("{{ ...f0 }} {doubling} fragment f60 on A {{ a }}");
    assert_eq!(document(&doubling), Err(Unreadable::GraphQlFields));
    let half = json!({ "query": format!("{{ {} }}", "a ".repeat(11)) });
    assert_eq!(read(json!([half, half])), Err(Unreadable::GraphQlFields));
}

#[test]
fn deep_nesting_of_any_sort_ends_in_a_refusal() {
    let chain: String =
        (0..5000).map(|n| format!("fragment f{n} on A {{ ...f{} }} ", n + 1)).collect();
    let texts = [
        "{a".repeat(20_000),
        format!("{{ a(x: {}1{}) }}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{ a(x: {}1{}) }}", "{y:".repeat(20_000), "}".repeat(20_000)),
        format!("query ($x: {}Int{}) {{ a }}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{ {} a {} }}", "...{".repeat(20_000), "}".repeat(20_000)),
        format!("{{ ...f0 }} {chain} fragment f5000 on A {{ a }}"),
        "\"".repeat(20_001),
        "@a".repeat(20_000),
    ];
    for text in texts {
        assert!(document(&text).is_err());
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "[{}()\\[\\]:$@.!\"\\\\# a-cqm0-9,\n-]{0,64}") {
        let _ = document(&text);
        let _ = document(&format!("{{ a(x: {text}) }}"));
    }

    #[test]
    fn no_alias_and_no_fragment_changes_what_is_touched(
        names in proptest::collection::vec("[a-z]{1,6}", 1..8),
    ) {
        let plain = format!("mutation {{ {} }}", names.join(" "));
        let mut hidden = String::from("mutation {");
        let mut fragments = String::new();
        for (n, name) in names.iter().enumerate() {
            match n % 3 {
                0 => hidden.push_str(&format!(" x{n}: {name}")),
                1 => hidden.push_str(&format!(" ... {{ {name} }}")),
                _ => {
                    hidden.push_str(&format!(" ...f{n}"));
                    fragments.push_str(&format!(" fragment f{n} on T {{ y: {name} }}"));
                }
            }
        }
        let told = document(&format!("{hidden} }}{fragments}")).unwrap();
        prop_assert!(told == document(&plain).unwrap());
        prop_assert!(told[0].kind == Kind::Write);
    }

    #[test]
    fn a_string_arrives_as_it_was_meant(text in "\\PC{0,16}") {
        let written = serde_json::to_string(&text).unwrap();
        let told = document(&format!("{{ a(x: {written}) }}")).unwrap();
        let mut expected = Map::new();
        expected.insert("x".to_owned(), text.into());
        prop_assert!(told[0].fields[0].arguments == expected);
    }
}
