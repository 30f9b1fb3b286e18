//! Batches as they are put together, and how far they were sent.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::clock::Timestamp;
use crate::history::backlog::{BYTES, Backlog, Batch, CURSOR, EVENTS, Filled};
use crate::history::segment::{self, Segment};

/// A file of its own with these lines.
fn write(folder: &Path, at: i64, lines: &str) {
    let mut segment = Segment::create(folder, Timestamp::from_secs(at)).unwrap();
    segment.append(lines.as_bytes()).unwrap();
}

fn plain(batch: &Batch) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(&batch.body[..]).read_to_end(&mut plain).unwrap();
    plain
}

fn events(batch: &Batch) -> Vec<Value> {
    serde_json::from_slice(&plain(batch)).unwrap()
}

/// Everything that is sent until nothing is left, a batch at a time.
fn drained(backlog: &Backlog) -> Vec<Vec<Value>> {
    let mut all = Vec::new();
    while let Some(batch) = backlog.next().unwrap() {
        assert!(batch.events <= EVENTS);
        assert!(plain(&batch).len() <= BYTES || batch.events == 1, "{}", batch.events);
        backlog.done(&batch).unwrap();
        // Whoever comes next knows nothing but the folder.
        all.push(if batch.events == 0 { Vec::new() } else { events(&batch) });
    }
    all
}

#[test]
fn what_was_not_taken_is_offered_again_and_what_was_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let backlog = Backlog::at(folder.path());
    assert!(backlog.next().unwrap().is_none());
    write(folder.path(), 1, "{\"n\":1}\n{\"n\":2}\n");
    for _ in 0..2 {
        let batch = backlog.next().unwrap().unwrap();
        assert_eq!(events(&batch), [json!({"n": 1}), json!({"n": 2})]);
        assert_eq!((batch.events, batch.filled), (2, Filled::Partly));
    }
    assert_eq!(backlog.bytes().unwrap(), 16);
    backlog.done(&backlog.next().unwrap().unwrap()).unwrap();
    assert!(Backlog::at(folder.path()).next().unwrap().is_none());
    assert_eq!(backlog.bytes().unwrap(), 0);
    write(folder.path(), 2, "{\"n\":3}\n");
    assert_eq!(drained(&backlog), [[json!({"n": 3})]]);
}

#[test]
fn a_line_that_is_being_written_waits_and_a_torn_one_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let backlog = Backlog::at(folder.path());
    write(folder.path(), 1, "{\"n\":1}\n\0\0\0\n{\"n\":2");
    let batch = backlog.next().unwrap().unwrap();
    assert_eq!((events(&batch), batch.torn), (vec![json!({"n": 1})], 1));
    backlog.done(&batch).unwrap();
    assert!(backlog.next().unwrap().is_none());
    write(folder.path(), 2, "{\"n\":3}\n");
    let batch = backlog.next().unwrap().unwrap();
    assert_eq!((events(&batch), batch.torn), (vec![json!({"n": 3})], 1));
}

#[test]
fn a_batch_is_bounded_in_events_and_in_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let small: String = (0..EVENTS + 1).map(|n| format!("{n}\n")).collect();
    write(folder.path(), 1, &small);
    let large = format!("\"{}\"\n", "x".repeat(BYTES / 2));
    let huge = format!("\"{}\"\n", "y".repeat(BYTES));
    write(folder.path(), 2, &format!("{large}{large}{huge}1\n"));
    let sizes: Vec<usize> = drained(&Backlog::at(folder.path())).iter().map(Vec::len).collect();
    assert_eq!(sizes, [EVENTS as usize, 2, 1, 1, 1]);
}

#[test]
fn a_file_that_went_unsent_is_known_by_its_events_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let backlog = Backlog::at(folder.path());
    write(folder.path(), 1, "1\n");
    backlog.done(&backlog.next().unwrap().unwrap()).unwrap();
    let (first, more) = (segment::list(folder.path()).unwrap().remove(0), "2\n3\n4");
    let text = std::fs::read_to_string(&first.path).unwrap();
    std::fs::write(&first.path, text + more).unwrap();
    let first = segment::list(folder.path()).unwrap().remove(0);
    assert_eq!(backlog.unsent(&first).unwrap(), 2);
    std::fs::remove_file(&first.path).unwrap();
    write(folder.path(), 2, "5\n");
    assert_eq!(drained(&backlog), [[json!(5)]]);
}

#[test]
fn a_cursor_that_cannot_be_read_sends_again_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let backlog = Backlog::at(folder.path());
    write(folder.path(), 1, "1\n");
    drained(&backlog);
    std::fs::write(folder.path().join(CURSOR), "").unwrap();
    assert_eq!(drained(&backlog), [[json!(1)]]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn every_event_is_sent_once_and_in_order(
        files in prop::collection::vec(prop::collection::vec(1_usize..300_000, 0..6), 1..5),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut wanted = Vec::new();
        for (at, sizes) in (1..).zip(&files) {
            let mut lines = String::new();
            for size in sizes {
                let event = json!({"n": wanted.len(), "x": "x".repeat(*size)});
                lines += &format!("{event}\n");
                wanted.push(event);
            }
            write(folder.path(), at, &lines);
        }
        prop_assert_eq!(drained(&Backlog::at(folder.path())).concat(), wanted);
    }
}
