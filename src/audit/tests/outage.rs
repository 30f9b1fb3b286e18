//! A disk that takes no more, and one that fails to sync.
//!
//! The first is real: the test runs itself again in a shell that limits how large its files may
//! grow, and lifts the limit from within.

use std::env;
use std::process::Command;

use super::{Order, Place, answered, exchange, read_lines, refuse, worker};
use crate::audit::Unavailable;
use crate::id::DecisionId;
use crate::route::terms::Durability;

const CHILD: &str = "COUNTERSIGN_TEST_FULL_DISK";

/// The limit, in the shell's blocks of 512 bytes.
const BLOCKS: u64 = 16;

#[test]
fn a_full_disk_refuses_and_recovers_by_itself() {
    if env::var_os(CHILD).is_some() {
        return full_disk();
    }
    let script = format!("trap '' XFSZ; ulimit -S -f {BLOCKS}; exec \"$0\" \"$@\"");
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "audit::tests::outage::a_full_disk_refuses_and_recovers_by_itself"])
        .env(CHILD, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

fn full_disk() {
    let place = Place::new();
    let log = place.open().unwrap();
    worker(&log, async |recorder| {
        let mut early = recorder.open(DecisionId::new());
        let _recorded = early.commit(Order::new("/early"), Durability::Kernel).await.unwrap();
        let mut written = 0;
        let refused = loop {
            let mut trail = recorder.open(DecisionId::new());
            match trail.commit(Order::new("/"), Durability::Kernel).await {
                Ok(_) => trail.close(answered()),
                Err(refused) => break refused,
            }
            written += 1;
            assert!(written < 1000, "the disk never filled");
        };
        assert!(matches!(refused, Unavailable::Write(_)), "{refused}");
        assert!(log.ready().is_err());
        assert_eq!(place.metrics.writable.get(), 0);
        // What ends meanwhile waits; what begins is refused.
        early.close(answered());
        refuse(recorder.open(DecisionId::new()), b"/");
        let mut trail = recorder.open(DecisionId::new());
        assert!(trail.commit(Order::new("/"), Durability::Kernel).await.is_err());
        drop(trail);
    });

    let pid = std::process::id().to_string();
    let lifted = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status();
    assert!(lifted.unwrap().success());
    // The thread tries again by itself; there is no event to wait for but its success.
    while log.ready().is_err() {
        std::thread::yield_now();
    }
    assert_eq!(place.metrics.writable.get(), 1);
    worker(&log, async |recorder| exchange(&recorder, "/late").await);
    log.close();
    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!((report.outages, report.outcomes.open, report.outcomes.aborted), (1, 0, 0));
    let lines = read_lines(&place.trail());
    let outage = lines.iter().position(|line| line.contains("\"type\":\"outage\"")).unwrap();
    assert!(lines[outage].contains("\"refused\":"), "{}", lines[outage]);
    assert!(lines[outage + 1].contains("\"outcome\":\"answered\""), "{}", lines[outage + 1]);
}

#[test]
fn after_a_failed_sync_everything_is_written_anew_before_anything_else() {
    let place = Place::new();
    let log = place.open_small(1_000);
    worker(&log, async |recorder| {
        exchange(&recorder, "/before").await;
        log.desk().fail_sync();
        assert!(matches!(log.ready(), Err(Unavailable::Sync(_))));
        let mut trail = recorder.open(DecisionId::new());
        let refused = trail.commit(Order::new("/"), Durability::Kernel).await;
        assert!(matches!(refused, Err(Unavailable::Sync(_))));
        while log.ready().is_err() {
            tokio::task::yield_now().await;
        }
        exchange(&recorder, "/after").await;
    });
    log.close();
    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!((report.outages, report.outcomes.answered), (1, 2));
}
