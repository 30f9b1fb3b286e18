//! gRPC: calls, streams, trailers and statuses, over HTTP/2 on both sides.

use super::program::{Server, run_python};
use super::stand::{Stand, rules};
use crate::harness::{SECRET, till};

#[test]
fn grpc_calls_and_streams_arrive_with_their_trailers() {
    let server = Server::python("remote_calls.py", &[SECRET]);
    let stand = Stand::new(&server, "", |setup| {
        setup.upstream("protocol: h2").rules(&rules(
            "input.attributes.request.http.path != \"/shop.Till/Remove\"",
            "The till stays where it is.",
        ))
    });
    let mut arguments = stand.arguments("");
    arguments[0] = arguments[0].replace("https://", "");
    let calls = run_python("remote_calls.py", &arguments).json();
    let call = |method: &str| calls.iter().find(|call| call["method"] == method).unwrap();

    let echoed = call("Echo");
    assert_eq!((&echoed["code"], &echoed["messages"][0]), (&"OK".into(), &"hello".into()));
    assert_eq!(echoed["served_by"], "echo");

    let failed = call("Fail");
    assert_eq!(failed["code"], "FAILED_PRECONDITION");
    assert_eq!(
        (&failed["details"], &failed["served_by"]),
        (&"the till is closed".into(), &"fail".into())
    );

    let counted = call("Count");
    assert_eq!(counted["code"], "OK");
    assert_eq!(counted["messages"], serde_json::json!(["hello 1", "hello 2", "hello 3"]));
    assert_eq!(counted["served_by"], "count");

    let denied = call("Remove");
    assert_eq!(denied["code"], "PERMISSION_DENIED");
    assert!(
        denied["details"].as_str().unwrap().contains("The till stays where it is."),
        "{denied}"
    );
}

/// Sales of at most 100, every one of them.
const SMALL_SALES: &str = r#"package countersign.authz

default decision := {
	"allowed": false,
	"reasons": [{"code": "large", "message": "A sale is at most 100."}],
}

decision := {"allowed": true} if {
	every operation in input.countersign.request.operations {
		small(operation.arguments)
	}
}

small(sale) if {
	is_number(sale.amount)
	sale.amount <= 100
}
"#;

#[test]
fn grpc_messages_are_judged_by_what_they_say() {
    let server = Server::python("remote_calls.py", &[SECRET]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("shop.pb");
    std::fs::write(&file, till()).unwrap();
    let inspect = format!(
        "protocol: grpc, inspect: {{ body: grpc, limit: 4KiB, descriptors: {} }}",
        file.display()
    );
    let stand =
        Stand::new(&server, &inspect, |setup| setup.upstream("protocol: h2").rules(SMALL_SALES));
    let mut arguments = stand.arguments("");
    arguments[0] = arguments[0].replace("https://", "");
    let calls = run_python("sales.py", &arguments).json();
    let code = |name: &str| {
        let call = calls.iter().find(|call| call["name"] == name).unwrap();
        (call["code"].as_str().unwrap().to_owned(), call["answer"].as_str().unwrap().to_owned())
    };
    let refused = |code: &str| (code.to_owned(), String::new());
    assert_eq!(code("small"), ("OK".to_owned(), "0807".to_owned()));
    assert_eq!(code("large"), refused("PERMISSION_DENIED"));
    assert_eq!(code("stream"), ("OK".to_owned(), "08070805".to_owned()));
    assert_eq!(code("stream with a large one"), refused("PERMISSION_DENIED"));
    assert_eq!(code("unknown field"), refused("INVALID_ARGUMENT"));
    assert_eq!(code("compressed"), refused("INVALID_ARGUMENT"));
    assert_eq!(code("unknown method"), refused("UNIMPLEMENTED"));
    assert_eq!(code("over the limit"), refused("RESOURCE_EXHAUSTED"));
    let large = calls.iter().find(|call| call["name"] == "large").unwrap();
    assert!(large["details"].as_str().unwrap().contains("A sale is at most 100."), "{large}");
}
