//! What a request asks for, however it is wrapped: judged one by one, sent whole or not at all.

use http::Request;
use serde_json::{Value, json};

use crate::harness::{Answer, RULES, Setup, Site, Upstream, body, reply, till};

/// Reads are allowed, and nothing else; every operation has to be one.
const READS: &str = r#"package countersign.authz

default decision := {"allowed": false, "reasons": [{"code": "writes", "message": "Only reads."}]}

decision := {"allowed": true} if {
	count(input.countersign.request.operations) > 0
	every operation in input.countersign.request.operations {
		operation.kind == "read"
	}
}
"#;

fn site(upstream: &Upstream, route: &str) -> Site {
    Setup::new(upstream).rules(READS).route(route).start()
}

async fn post(site: &Site, kind: &str, text: &str) -> Answer {
    let request = Request::post("/endpoint").header("content-type", kind);
    site.agent("caller").send(request.body(body(text.to_owned())).unwrap()).await
}

async fn post_json(site: &Site, value: &Value) -> Answer {
    post(site, "application/json", &value.to_string()).await
}

async fn get(site: &Site, target: &str) -> Answer {
    site.agent("caller").send(Request::get(target).body(body("")).unwrap()).await
}

#[tokio::test]
async fn a_graphql_query_passes_to_the_byte() {
    let upstream = Upstream::answering(|_| reply("{\"data\":{}}"));
    let site = site(&upstream, "protocol: graphql");
    let text = "{ \"query\" : \"query q { me { n: name ...f } } fragment f on U { id }\",\n \
                \"operationName\":\"q\" }";
    let answer = post(&site, "application/json", text).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    assert_eq!(&upstream.request().body[..], text.as_bytes());
    let answer = get(&site, "/endpoint?query=%7B+me+%7B+id+%7D+%7D").await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.text());
    assert_eq!(upstream.requests()[1].target, "/endpoint?query=%7B+me+%7B+id+%7D+%7D");
}

#[tokio::test]
async fn a_hidden_mutation_is_judged_as_what_it_is() {
    let upstream = Upstream::answering(|_| reply("{\"data\":{}}"));
    let site = site(&upstream, "protocol: graphql");
    let alias = json!({ "query": "mutation { balance: pay(amount: 7) { id } }" });
    let fragment =
        json!({ "query": "mutation { ...f } fragment f on Mutation { pay(amount: 7) { id } }" });
    let second = json!({
        "query": "query look { me { id } } mutation pay { pay { id } }",
        "operationName": "look",
    });
    let batch = json!([{ "query": "{ me { id } }" }, { "query": "mutation { pay { id } }" }]);
    for hidden in [&alias, &fragment, &second, &batch] {
        let answer = post_json(&site, hidden).await;
        assert_eq!(answer.status.as_u16(), 200, "{hidden}");
        let told: Value = serde_json::from_str(&answer.text()).unwrap();
        let first = told.as_array().map_or(&told, |all| &all[0]);
        assert_eq!(first["errors"][0]["extensions"]["code"], "writes", "{hidden}");
        assert_eq!(told.as_array().map(Vec::len), hidden.as_array().map(Vec::len));
    }
    let answer = get(&site, "/endpoint?query=mutation%7Bpay%7Bid%7D%7D").await;
    assert!(answer.text().contains("\"code\":\"writes\""), "{}", answer.text());
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn rules_see_real_names_and_the_variables_values() {
    let rules = r#"package countersign.authz

default decision := {"allowed": false, "reasons": [{"code": "too_much", "message": "At most 100."}]}

decision := {"allowed": true} if {
	every operation in input.countersign.request.operations {
		every field in operation.fields {
			small(field)
		}
	}
}

small(field) if field.path != "pay"

small(field) if {
	field.path == "pay"
	is_number(field.arguments.amount)
	field.arguments.amount <= 100
}
"#;
    let upstream = Upstream::answering(|_| reply("{\"data\":{}}"));
    let site = Setup::new(&upstream).rules(rules).route("protocol: graphql").start();
    let text = "mutation ($a: Int = 5000) { x: pay(amount: $a) }";
    let pay = |amount: Value| json!({ "query": text, "variables": { "a": amount } });
    for denied in [pay(json!(101)), pay(json!("1")), pay(Value::Null), json!({ "query": text })] {
        let answer = post_json(&site, &denied).await;
        assert!(answer.text().contains("too_much"), "{denied} {}", answer.text());
    }
    assert!(upstream.is_untouched());
    assert_eq!(post_json(&site, &pay(json!(100))).await.text(), "{\"data\":{}}");
}

#[tokio::test]
async fn a_graphql_request_with_two_readings_is_refused() {
    let upstream = Upstream::answering(|_| reply("{\"data\":{}}"));
    let site = site(&upstream, "protocol: graphql, graphql: { depth: 3, fields: 5 }");
    for (value, code) in [
        (json!({ "query": "{ a" }), "graphql_document"),
        (json!({ "Query": "{ a }" }), "graphql_request"),
        (json!({ "query": "{ a { b { c { d } } } }" }), "graphql_depth"),
        (json!({ "query": "{ a b c d e f }" }), "graphql_fields"),
        (json!({ "query": "{ ...f }" }), "graphql_fragment"),
        (json!({ "documentId": "x" }), "graphql_persisted"),
    ] {
        let answer = post_json(&site, &value).await;
        let told: Value = serde_json::from_str(&answer.text()).unwrap();
        assert_eq!(answer.status.as_u16(), 400, "{value}");
        assert_eq!(told["errors"][0]["extensions"]["code"], code, "{value}");
    }
    let twice = Request::post("/endpoint?query=mutation%7Ba%7D")
        .header("content-type", "application/json")
        .body(body("{\"query\":\"{ a }\"}"));
    let answer = site.agent("caller").send(twice.unwrap()).await;
    assert!(answer.text().contains("graphql_request"), "{}", answer.text());
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn who_accepts_graphqls_own_type_gets_its_status() {
    let upstream = Upstream::answering(|_| reply("{\"data\":{}}"));
    let site = site(&upstream, "protocol: graphql");
    let request = Request::post("/endpoint")
        .header("content-type", "application/json")
        .header("accept", "application/graphql-response+json, application/json;q=0.9")
        .body(body("{\"query\":\"mutation { pay }\"}"));
    let answer = site.agent("caller").send(request.unwrap()).await;
    assert_eq!(answer.status.as_u16(), 403);
    assert_eq!(answer.headers["content-type"], "application/graphql-response+json");
    let told: Value = serde_json::from_str(&answer.text()).unwrap();
    assert!(told.get("data").is_none());
    assert!(told["errors"][0]["message"].as_str().unwrap().contains("Only reads."));
}

#[tokio::test]
async fn a_batch_with_one_bad_element_executes_nothing() {
    let upstream = Upstream::answering(|_| reply("[]"));
    let site = site(&upstream, "protocol: jsonrpc, reads: [get, list]");
    let call = |id: Value, method: &str| json!({"jsonrpc": "2.0", "id": id, "method": method});
    let get = call(json!(1), "get");
    let denied = post_json(&site, &json!([get, call(json!("b"), "pay")])).await;
    assert_eq!(denied.status.as_u16(), 200);
    let told: Value = serde_json::from_str(&denied.text()).unwrap();
    let answers: Vec<_> =
        told.as_array().unwrap().iter().map(|one| (&one["id"], &one["error"]["code"])).collect();
    let code = json!(-32000);
    assert_eq!(answers, [(&json!(1), &code), (&json!("b"), &code)]);
    for (bad, code) in [
        (json!([get, 7]), "jsonrpc_request"),
        (json!([get, get]), "jsonrpc_id"),
        (json!([get, {"jsonrpc": "2.0", "id": 2, "result": {}}]), "jsonrpc_response"),
        (json!([get, {"jsonrpc": "2.0", "id": 2, "Method": "get"}]), "jsonrpc_request"),
        (json!([]), "jsonrpc_request"),
    ] {
        let answer = post_json(&site, &bad).await;
        let told: Value = serde_json::from_str(&answer.text()).unwrap();
        assert_eq!(answer.status.as_u16(), 400, "{bad}");
        let one = told.as_array().map_or(&told, |all| &all[0]);
        assert_eq!(one["error"]["data"]["code"], code, "{bad}");
        assert_eq!(one["error"]["code"], -32600, "{bad}");
    }
    assert!(upstream.is_untouched());
    let fine = json!([get, call(json!(2), "list")]).to_string();
    assert_eq!(post(&site, "application/json", &fine).await.text(), "[]");
    assert_eq!(&upstream.request().body[..], fine.as_bytes());
}

#[tokio::test]
async fn a_single_call_is_answered_with_its_id_and_a_notification_with_a_status() {
    let upstream = Upstream::answering(|_| reply("{}"));
    let site = site(&upstream, "protocol: jsonrpc");
    let call = json!({"jsonrpc": "2.0", "id": "7", "method": "pay", "params": {"amount": 1}});
    let answer = post_json(&site, &call).await;
    let told: Value = serde_json::from_str(&answer.text()).unwrap();
    assert_eq!((answer.status.as_u16(), &told["id"]), (200, &json!("7")));
    assert_eq!(told["error"]["data"]["code"], "writes");
    let note = post_json(&site, &json!({"jsonrpc": "2.0", "method": "pay"})).await;
    assert_eq!(note.status.as_u16(), 403);
    let broken = post(&site, "application/json", "{\"jsonrpc\":").await;
    let told: Value = serde_json::from_str(&broken.text()).unwrap();
    assert_eq!((broken.status.as_u16(), &told["error"]["code"]), (400, &json!(-32700)));
    let by_get = get(&site, "/endpoint?method=get").await;
    assert!(by_get.text().contains("jsonrpc_request"), "{}", by_get.text());
    assert!(upstream.is_untouched());
}

#[tokio::test]
async fn a_grpc_call_is_what_its_path_names() {
    let upstream = Upstream::http2(|_| reply(""));
    let site = Setup::new(&upstream)
        .rules(READS)
        .upstream("protocol: h2")
        .route("protocol: grpc, reads: [shop.v1.Orders/Get]")
        .start();
    let call = |path: &str, kind: &str| {
        Request::post(path).header("content-type", kind).body(body("\0\0\0\0\0")).unwrap()
    };
    let agent = site.agent("caller");
    let denied = agent.send(call("/shop.v1.Orders/Delete", "application/grpc")).await;
    assert_eq!(
        (denied.status.as_u16(), &denied.headers["grpc-status"]),
        (200, &"7".parse().unwrap())
    );
    let odd = agent.send(call("/shop.v1.Orders/Get/x", "application/grpc")).await;
    assert_eq!(&odd.headers["grpc-status"], "3");
    let other = agent.send(call("/shop.v1.Orders/Get", "application/json")).await;
    assert_eq!(other.problem(), (400, "grpc_call".to_owned()));
    assert!(upstream.requests().is_empty());
    let allowed = agent.send(call("/shop.v1.Orders/Get", "application/grpc+proto")).await;
    assert_eq!(allowed.status.as_u16(), 200);
    assert_eq!(upstream.request().target, "/shop.v1.Orders/Get");
}

#[tokio::test]
async fn grpc_messages_that_were_judged_are_sent_to_the_byte() {
    let upstream = Upstream::http2(|_| reply(""));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.pb");
    std::fs::write(&file, till()).unwrap();
    let site = Setup::new(&upstream)
        .rules(NINE)
        .upstream("protocol: h2")
        .route(&format!(
            "protocol: grpc, inspect: {{ body: grpc, descriptors: {} }}",
            file.display()
        ))
        .start();
    let agent = site.agent("caller");
    let pay = |text: &str| {
        let request = Request::post("/shop.Till/Pay").header("content-type", "application/grpc");
        request.body(body(text.to_owned())).unwrap()
    };
    // Of a field that stands twice the last one counts, wherever it is read.
    for (denied, status) in [
        ("\0\0\0\0\x04\x08\x09\x08\x07", "7"),
        ("\0\0\0\0\x04\x08\x07\x08", "3"),
        ("\0\0\0\0\x02\x08\x09\0\0\0\0\x02\x08\x09", "3"),
    ] {
        let answer = agent.send(pay(denied)).await;
        assert_eq!(&answer.headers["grpc-status"], status, "{denied:?}");
    }
    assert!(upstream.requests().is_empty());
    let twice = "\0\0\0\0\x04\x08\x07\x08\x09";
    assert_eq!(agent.send(pay(twice)).await.status.as_u16(), 200);
    assert_eq!(&upstream.request().body[..], twice.as_bytes());
}

/// A sale of exactly 9.
const NINE: &str = r#"package countersign.authz

default decision := {"allowed": false, "reasons": [{"code": "nine", "message": "Only nine."}]}

decision := {"allowed": true} if input.parsed_body.amount == 9
"#;

/// A transfer to Zoe of at most 100, in a form or in parts.
const TRANSFER: &str = r#"package countersign.authz

default decision := {"allowed": false, "reasons": [{"code": "not_this", "message": "Not this."}]}

decision := {"allowed": true} if {
	input.parsed_body.to == ["Zoe"]
	input.parsed_body.amount == ["1"]
}

decision := {"allowed": true} if {
	some operation in input.countersign.request.operations
	every part in operation.arguments.parts {
		part.size < 10
		part.filename in {null, "a.txt"}
	}
}
"#;

#[tokio::test]
async fn a_form_shows_every_value_of_its_names() {
    let upstream = Upstream::answering(|_| reply("paid"));
    let site = Setup::new(&upstream).rules(TRANSFER).route("inspect: { body: form, limit: 1KiB }");
    let site = site.start();
    let kind = "application/x-www-form-urlencoded";
    assert_eq!(post(&site, kind, "to=Zoe&amount=%31").await.text(), "paid");
    assert_eq!(&upstream.request().body[..], b"to=Zoe&amount=%31");
    for (form, status, code) in [
        ("to=Zoe&amount=1&amount=1000", 403, "not_this"),
        ("to=Zoe&amount=1&Amount=1000", 400, "form_syntax"),
        ("to=Zoe&amount=1;amount=1000", 400, "form_syntax"),
        ("to=Zoe&amount=1&_method=DELETE", 400, "method_override"),
    ] {
        assert_eq!(post(&site, kind, form).await.problem(), (status, code.to_owned()), "{form}");
    }
    let other = post(&site, "application/json", "{}").await;
    assert_eq!(other.problem(), (415, "body_type".to_owned()));
    let large = post(&site, kind, &format!("to={}", "x".repeat(1024))).await;
    assert_eq!(large.problem(), (413, "body_too_large".to_owned()));
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn parts_show_what_they_are() {
    let upstream = Upstream::answering(|_| reply("kept"));
    let site = Setup::new(&upstream).rules(TRANSFER).route("inspect: { body: multipart }").start();
    let kind = "multipart/form-data; boundary=b";
    let file = |name: &str, text: &str| {
        format!(
            "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"{name}\"\r\n\r\n\
             {text}\r\n--b--\r\n"
        )
    };
    let fine = file("a.txt", "small");
    assert_eq!(post(&site, kind, &fine).await.text(), "kept");
    assert_eq!(&upstream.request().body[..], fine.as_bytes());
    for (parts, status, code) in [
        (file("b.exe", "small"), 403, "not_this"),
        (file("a.txt", "not so small"), 403, "not_this"),
        (file("a.txt", "a--b"), 400, "multipart_syntax"),
        (file("a.txt", "a").replace("\r\n", "\n"), 400, "multipart_syntax"),
        (file("a.txt\"; name=\"g", "a"), 400, "multipart_syntax"),
    ] {
        assert_eq!(post(&site, kind, &parts).await.problem(), (status, code.to_owned()), "{parts}");
    }
    assert_eq!(upstream.requests().len(), 1);
}

#[tokio::test]
async fn no_request_stands_for_one_with_another_method() {
    let upstream = Upstream::answering(|_| reply("done"));
    let site = Setup::new(&upstream).rules(RULES).start();
    for header in ["X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"] {
        let request = Request::post("/orders/7").header(header, "DELETE").body(body(""));
        let answer = site.agent("caller").send(request.unwrap()).await;
        assert_eq!(answer.problem(), (400, "method_override".to_owned()), "{header}");
    }
    for query in ["_method=DELETE", "a=1&_METHOD=delete", "%5Fmethod=PUT"] {
        let request = Request::post(format!("/orders/7?{query}")).body(body(""));
        let answer = site.agent("caller").send(request.unwrap()).await;
        assert_eq!(answer.problem(), (400, "method_override".to_owned()), "{query}");
    }
    assert!(upstream.is_untouched());
}
