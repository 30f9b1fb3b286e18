//! A WebSocket between two programs that know nothing of Countersign.

use super::program::{Server, run_python};
use super::stand::{Stand, rules};
use crate::harness::SECRET;

#[test]
fn a_websocket_carries_messages_both_ways() {
    let server = Server::python("echo.py", &[SECRET]);
    let stand = Stand::new(&server, "upgrade: [websocket]", |setup| {
        let open = "input.attributes.request.http.path == \"/open\"";
        setup.rules(&rules(open, "This room is closed."))
    });
    let talk = |path: &str| {
        let mut arguments = stand.arguments(path);
        arguments[0] = arguments[0].replace("https://", "wss://");
        run_python("echo.py", &arguments).json().remove(0)
    };
    assert_eq!(talk("/open")["returned"], serde_json::json!([true, true, true]));
    let refused = talk("/closed");
    assert_eq!(refused["status"], 403);
    assert!(refused["body"].to_string().contains("This room is closed."), "{refused}");
}
