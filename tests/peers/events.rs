//! Server-sent events: each is there before the next one exists.

use super::program::{Server, run_python};
use super::stand::Stand;

#[test]
fn a_stream_of_events_arrives_event_by_event() {
    let server = Server::python("events.py", &[]);
    let stand = Stand::new(&server, "", |setup| setup);
    let said = run_python("events.py", &stand.arguments(""));
    assert_eq!(said.ok(), "200 text/event-stream\nevent 1\nevent 2\nevent 3\n");
}
