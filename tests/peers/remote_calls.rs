//! gRPC: calls, streams, trailers and statuses, over HTTP/2 on both sides.

use super::program::{Server, run_python};
use super::stand::{Stand, rules};
use crate::harness::SECRET;

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
