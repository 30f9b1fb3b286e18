//! What is covered, and what is not.

use serde_json::{Map, Value, json};

use crate::history::mask::{COVER, Mask, Pointer, SECRET};
use crate::history::told::Told;

/// What is left of an event with this input and result, where it was masked, and where erased.
fn covered(mask: &Mask, event: Value, said: &Value) -> (Value, Vec<String>, Vec<String>) {
    let Ok(Told::These(orders)) = Told::read(said) else { panic!("{said}") };
    let mut event: Map<String, Value> = serde_json::from_value(event).unwrap();
    let places = mask.cover(&mut event, &orders);
    let sorted = |places: std::collections::BTreeSet<String>| places.into_iter().collect();
    (event.into(), sorted(places.masked), sorted(places.erased))
}

/// The same for an input alone, without orders.
fn cover(mask: &Mask, input: &mut Value) -> Vec<String> {
    let (mut event, masked, erased) = covered(mask, json!({ "input": input }), &json!([]));
    assert!(erased.is_empty());
    *input = event["input"].take();
    masked
}

#[test]
fn the_names_are_in_the_order_that_a_search_needs() {
    assert!(SECRET.is_sorted());
}

#[test]
fn a_secret_by_name_is_covered_wherever_it_stands() {
    let mut input = json!({
        "attributes": {"request": {"http": {
            "path": "/login?Token=hunter22&a=1",
            "body": "{\"user\":\"u\",\"Password\":\"hunter22\"}",
            "headers": {":path": "/login?Token=hunter22&a=1", "x-api-key": "k-123456"},
        }}},
        "parsed_query": {"Token": ["hunter22"], "a": ["1"]},
        "parsed_body": {"user": "u", "Password": "hunter22"},
        "countersign": {"operations": [{"arguments": {"note": "my password is hunter22!"}}]},
    });
    let masked = cover(&Mask::default(), &mut input);
    let text = input.to_string();
    assert!(!text.contains("hunter22") && !text.contains("k-123456"), "{text}");
    assert_eq!(input["parsed_body"]["user"], "u");
    assert_eq!(input["attributes"]["request"]["http"]["path"], format!("/login?{COVER}"));
    assert!(masked.contains(&"/input/parsed_body/Password".to_owned()), "{masked:?}");
    assert!(masked.contains(&"/input/countersign/operations/0/arguments/note".to_owned()));
}

#[test]
fn a_pointer_covers_what_it_points_at_and_its_raw_copy() {
    let pointers = ["/input/parsed_body/cards/*/number", "/parsed_body/missing"];
    let mask = Mask { pointers: pointers.map(|text| Pointer::parse(text).unwrap()).to_vec() };
    let mut input = json!({
        "attributes": {"request": {"http": {"body": "{\"cards\":[{\"number\":4111}]}"}}},
        "parsed_body": {"cards": [{"number": 4111, "name": "n"}]},
    });
    let masked = cover(&mask, &mut input);
    assert_eq!(input["parsed_body"]["cards"][0], json!({"number": COVER, "name": "n"}));
    assert!(!input.to_string().contains("4111"));
    assert_eq!(
        masked,
        ["/input/attributes/request/http/body", "/input/parsed_body/cards/0/number"]
    );
}

#[test]
fn an_input_without_secrets_stays_as_it_is() {
    let mut input = json!({"parsed_body": {"amount": 5, "tokens": 7}, "parsed_path": ["a"]});
    let before = input.clone();
    assert!(cover(&Mask::default(), &mut input).is_empty());
    assert_eq!(input, before);
}

#[test]
fn what_is_no_pointer_is_refused() {
    for text in ["", "/", "parsed_body", "/input"] {
        let parsed = Pointer::parse(text);
        assert!(parsed.is_none() || text == "/", "{text}");
    }
}

fn event() -> Value {
    json!({
        "input": {
            "attributes": {"request": {"http": {"body": "{\"cards\":[{\"number\":4111}]}"}}},
            "parsed_body": {"cards": [{"number": 4111}], "note": "n", "memo": "hunter22"},
            "seen": "it was hunter22",
        },
        "result": {"allowed": true, "reasons": ["hunter22"]},
    })
}

#[test]
fn what_is_ordered_away_is_erased_with_its_raw_copy() {
    let said = json!(["/input/parsed_body/memo", "/result/reasons"]);
    let (event, masked, erased) = covered(&Mask::default(), event(), &said);
    assert_eq!(event["input"]["parsed_body"], json!({"cards": [{"number": 4111}], "note": "n"}));
    assert_eq!(event["result"], json!({"allowed": true}));
    assert_eq!(erased, ["/input/parsed_body/memo", "/result/reasons"]);
    assert_eq!(masked, ["/input/attributes/request/http/body", "/input/seen"]);
    assert!(!event.to_string().contains("hunter22"), "{event}");
}

#[test]
fn what_is_ordered_otherwise_takes_its_place() {
    let upsert = |path: &str| json!({"op": "upsert", "path": path, "value": {"a": 1}});
    let said = json!([upsert("/input/parsed_body/note"), upsert("/input/new"), upsert("/result")]);
    let (event, masked, erased) = covered(&Mask::default(), event(), &said);
    assert_eq!(event["input"]["parsed_body"]["note"], json!({"a": 1}));
    assert_eq!((&event["input"]["new"], &event["result"]), (&json!({"a": 1}), &json!({"a": 1})));
    assert!(erased.is_empty());
    assert_eq!(masked.len(), 4, "{masked:?}");
    assert!(masked.contains(&"/input/attributes/request/http/body".to_owned()), "{masked:?}");
}

#[test]
fn an_element_keeps_its_place_and_what_is_not_there_is_no_matter() {
    let said = json!(["/input/parsed_body/cards/0", "/input/parsed_body/none/deeper", "/input/9"]);
    let (event, masked, erased) = covered(&Mask::default(), event(), &said);
    assert_eq!(event["input"]["parsed_body"]["cards"], json!([COVER]));
    assert!(erased.is_empty() && masked.contains(&"/input/parsed_body/cards/0".to_owned()));
}

#[test]
fn a_value_that_was_put_in_is_covered_by_its_name() {
    let said = json!([{"op": "upsert", "path": "/input/parsed_body/token", "value": "t-123456"}]);
    let (event, ..) = covered(&Mask::default(), event(), &said);
    assert_eq!(event["input"]["parsed_body"]["token"], COVER);
}

#[test]
fn the_whole_of_both_can_be_erased() {
    let said = json!(["/input", "/result"]);
    let (event, masked, erased) = covered(&Mask::default(), event(), &said);
    assert_eq!((event, masked.len()), (json!({}), 0));
    assert_eq!(erased, ["/input", "/result"]);
}
