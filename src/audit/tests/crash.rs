//! What is left after Countersign ended in any other way than in good order.

use std::fs;
use std::path::Path;

use super::{Order, Place, exchange, origin, read_lines, worker};
use crate::audit::{Damage, Error, Log, SigningKey, verify};
use crate::clock::Clock;
use crate::id::DecisionId;
use crate::route::terms::Durability;

/// Copies a trail as a crash would leave it, with the last segment cut to `length` bytes.
fn crashed(from: &Path, to: &Path, segment: &str, length: u64) {
    fs::create_dir(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
    let segment = fs::OpenOptions::new().write(true).open(to.join(segment)).unwrap();
    segment.set_len(length).unwrap();
}

/// The whole lines and the length of a file.
fn measure(path: &Path, length: u64) -> u64 {
    let bytes = fs::read(path).unwrap();
    let end = usize::try_from(length).unwrap();
    bytes[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at as u64 + 1)
}

#[test]
fn a_torn_record_is_cut_and_the_repair_recorded_wherever_it_is_torn() {
    let place = Place::new();
    let log = place.open().unwrap();
    let first = "00000000000000000000.jsonl";
    let signed = fs::metadata(place.trail().join(first)).unwrap().len();
    // A copy of the trail as it was when only its beginning was signed.
    let early = place.folder.path().join("early");
    crashed(&place.trail(), &early, first, signed);
    worker(&log, async |recorder| exchange(&recorder, "/").await);
    log.close();
    fs::copy(place.trail().join(first), early.join(first)).unwrap();
    let whole = fs::metadata(early.join(first)).unwrap().len();

    for length in signed..whole {
        let torn = place.folder.path().join(format!("torn-{length}"));
        crashed(&early, &torn, first, length);
        let kept = measure(&torn.join(first), length);
        let mut config = place.config();
        config.path.clone_from(&torn);
        Log::open(config, Clock::System, place.metrics.clone()).unwrap().close();
        let report = place.verify_at(&torn);
        assert_eq!(report.problem, None, "{length}");
        assert_eq!(report.repairs, u64::from(kept < length), "{length}");
        let lines = read_lines(&torn);
        let noted = format!("\"type\":\"repair\",\"bytes\":{},", length - kept);
        assert_eq!(lines.iter().any(|line| line.contains(&noted)), kept < length, "{length}");
        fs::remove_dir_all(&torn).unwrap();
    }
}

#[test]
fn a_segment_whose_beginning_was_torn_is_begun_again() {
    let place = Place::new();
    let log = place.open_small(1_000);
    let early = fs::read_to_string(place.trail().join("checkpoint")).unwrap();
    worker(&log, async |recorder| {
        let mut trail = recorder.open(DecisionId::new());
        let _recorded = trail.commit(Order::new("/"), Durability::Kernel).await.unwrap();
        exchange(&recorder, "/").await;
        exchange(&recorder, "/").await;
    });
    log.close();
    let mut segments: Vec<_> = fs::read_dir(place.trail())
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".jsonl"))
        .collect();
    segments.sort();
    let last = segments.last().unwrap();
    let size = fs::metadata(place.trail().join(last)).unwrap().len();
    let head = measure(&place.trail().join(last), size.min(600));
    for length in 0..head {
        let torn = place.folder.path().join("torn");
        crashed(&place.trail(), &torn, last, length);
        fs::write(torn.join("checkpoint"), &early).unwrap();
        fs::write(torn.join("checkpoints"), format!("{early}\n")).unwrap();
        let mut config = place.config();
        config.path.clone_from(&torn);
        Log::open(config, Clock::System, place.metrics.clone()).unwrap().close();
        assert_eq!(place.verify_at(&torn).problem, None, "{length}");
        fs::remove_dir_all(&torn).unwrap();
    }
}

#[test]
fn an_intent_without_an_outcome_becomes_unknown_at_the_next_start() {
    let place = Place::new();
    // In small segments, so that the exchange is only known from the head of the last one.
    let log = place.open_small(1_500);
    let id = worker(&log, async |recorder| {
        let mut trail = recorder.open(DecisionId::new());
        let _recorded = trail.commit(Order::new("/lost"), Durability::Kernel).await.unwrap();
        for _ in 0..20 {
            exchange(&recorder, "/").await;
        }
        let id = trail.id();
        // The outcomes get their turn; after that nothing closes the first one, as in a crash.
        tokio::task::yield_now().await;
        log.close();
        id
    });
    assert_eq!(place.verify().outcomes.open, 1);
    place.open().unwrap().close();
    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!((report.outcomes.unknown, report.outcomes.open), (1, 0));
    let lost = format!("\"type\":\"outcome\",\"id\":\"{id}\",\"outcome\":\"unknown\"");
    assert_eq!(read_lines(&place.trail()).iter().filter(|line| line.contains(&lost)).count(), 1);
}

#[test]
fn a_trail_is_taken_up_again_and_again() {
    let place = Place::new();
    for _ in 0..5 {
        let log = place.open_small(1_000);
        worker(&log, async |recorder| exchange(&recorder, "/").await);
    }
    let report = place.verify();
    assert_eq!(report.problem, None);
    assert_eq!((report.outcomes.answered, report.unsigned()), (5, 0));
}

#[test]
fn only_one_process_has_a_trail_open() {
    let place = Place::new();
    let log = place.open().unwrap();
    assert!(matches!(place.open(), Err(Error::Locked { .. })));
    log.close();
    drop(log);
    place.open().unwrap();
}

#[test]
fn a_trail_that_is_not_what_was_signed_is_not_taken_up() {
    let place = Place::new();
    let log = place.open().unwrap();
    worker(&log, async |recorder| exchange(&recorder, "/").await);
    log.close();
    drop(log);
    let path = place.trail().join("00000000000000000000.jsonl");
    let good = fs::read_to_string(&path).unwrap();

    fs::write(&path, good.replacen("POST", "PUT", 1)).unwrap();
    let error = place.open().unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "{error}");

    let cut = good.trim_end().rfind('\n').unwrap();
    fs::write(&path, &good[..=cut]).unwrap();
    assert!(matches!(place.open().unwrap_err(), Error::Damaged { entry: 4, .. }));

    fs::write(&path, &good).unwrap();
    fs::remove_file(place.trail().join("checkpoint")).unwrap();
    fs::remove_file(place.trail().join("checkpoints")).unwrap();
    assert!(matches!(place.open().unwrap_err(), Error::Unsigned { .. }));
    assert_eq!(fs::read_to_string(&path).unwrap(), good, "the evidence was touched");
}

#[test]
fn a_trail_is_not_taken_up_with_another_key() {
    let place = Place::new();
    place.open().unwrap().close();
    fs::remove_file(place.key()).unwrap();
    SigningKey::make(&place.key(), origin()).unwrap();
    assert!(matches!(place.open(), Err(Error::Foreign { .. })));
}

#[test]
fn an_empty_newest_checkpoint_after_a_power_cut_is_made_good() {
    let place = Place::new();
    place.open().unwrap().close();
    fs::write(place.trail().join("checkpoint"), "").unwrap();
    assert!(matches!(place.verify().problem.unwrap().damage, Damage::Checkpoint(_)));
    place.open().unwrap().close();
    assert_eq!(place.verify().problem, None);
}

#[test]
fn a_checkpoint_kept_elsewhere_finds_a_trail_that_was_rolled_back() {
    let place = Place::new();
    place.open().unwrap().close();
    let back = place.folder.path().join("back");
    fs::create_dir(&back).unwrap();
    for file in fs::read_dir(place.trail()).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), back.join(file.file_name())).unwrap();
    }
    place.open().unwrap().close();
    let kept = fs::read_to_string(place.trail().join("checkpoint")).unwrap();
    assert_eq!(place.verify_at(&back).problem, None);
    let report = verify(&back, &place.verifier(), Some(&kept)).unwrap();
    let problem = report.problem.unwrap();
    assert_eq!((problem.entry, problem.damage), (3, Damage::CutOff));
}
