//! Whatever is done to a trail is found, and named at the first line that differs.

use std::fs;
use std::path::Path;

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

use super::{Place, exchange, read_lines, worker};
use crate::audit::tests::refuse;
use crate::audit::{Damage, Hash, Problem};
use crate::id::DecisionId;

type EditLine = fn(&mut Vec<u8>);
type EditLines = fn(&mut Vec<Vec<u8>>);

/// A closed trail of three segments, or of one.
fn written(segment: u64) -> (Place, Vec<Vec<Vec<u8>>>) {
    let place = Place::new();
    let log = place.open_small(segment);
    worker(&log, async |recorder| {
        for number in 0..4 {
            exchange(&recorder, &format!("/{number}")).await;
            refuse(recorder.open(DecisionId::new()), b"/..");
        }
    });
    log.close();
    let segments = names(&place.trail()).iter().map(|name| split(&place, name)).collect();
    (place, segments)
}

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<_> = files.map(|name| name.into_string().unwrap()).collect();
    names.retain(|name| name.ends_with(".jsonl"));
    names.sort();
    names
}

/// The lines of a segment, each with its line feed.
fn split(place: &Place, name: &str) -> Vec<Vec<u8>> {
    let bytes = fs::read(place.trail().join(name)).unwrap();
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

/// Writes `segments` in the place of the trail's.
fn put(place: &Place, segments: &[Vec<Vec<u8>>]) {
    for (name, lines) in names(&place.trail()).iter().zip(segments) {
        fs::write(place.trail().join(name), lines.concat()).unwrap();
    }
}

/// Links every entry from `at` on anew, as someone would who knows the format and not the key.
fn link(lines: &mut [Vec<u8>], at: usize) {
    for later in at + 1..lines.len() {
        let entry = [&[0], &lines[later - 1][..lines[later - 1].len() - 1]].concat();
        let text = String::from_utf8(lines[later].clone()).unwrap();
        let start = text.find("\"prev\":\"").unwrap() + 8;
        let prev = Hash::leaf(&entry).to_string();
        lines[later] = format!("{}{prev}{}", &text[..start], &text[start + 44..]).into_bytes();
    }
}

fn problem(place: &Place) -> Problem {
    place.verify().problem.expect("the damage was not found")
}

#[test]
fn every_single_byte_is_vouched_for() {
    let (place, segments) = written(1 << 20);
    let lines = &segments[0];
    for at in 0..lines.len() {
        for byte in (0..lines[at].len()).step_by(7).chain([lines[at].len() - 1]) {
            let mut damaged = segments.clone();
            damaged[0][at][byte] ^= 1;
            put(&place, &damaged);
            assert_eq!(problem(&place).entry, at as u64, "byte {byte} of line {at}");
        }
    }
    put(&place, &segments);
    assert_eq!(place.verify().problem, None);
}

#[test]
fn white_space_line_ends_and_added_lines_show() {
    let (place, segments) = written(1 << 20);
    let last = segments[0].len() - 1;
    let edits: [(usize, EditLine); 5] = [
        (3, |line| line.insert(1, b' ')),
        (3, |line| line.insert(line.len() - 1, b'\r')),
        (3, |line| line.push(b'\n')),
        (last, |line| line.push(b'\n')),
        (last, |line| line.extend_from_slice(b"{}\n")),
    ];
    for (number, (at, edit)) in edits.into_iter().enumerate() {
        let mut damaged = segments.clone();
        edit(&mut damaged[0][at]);
        put(&place, &damaged);
        let after = u64::from(number >= 2);
        assert_eq!(problem(&place).entry, at as u64 + after, "edit {number}");
    }
}

#[test]
fn each_kind_of_damage_has_its_name() {
    let (place, segments) = written(1 << 20);
    let cases: [(EditLines, u64, Damage); 6] = [
        (|lines| lines[4] = lines[4].to_ascii_uppercase(), 4, Damage::Edited),
        (|lines| drop(lines.remove(4)), 4, Damage::Dropped { through: 4 }),
        (|lines| drop(lines.drain(4..7)), 4, Damage::Dropped { through: 6 }),
        (|lines| lines.swap(4, 7), 4, Damage::Reordered),
        (|lines| lines.insert(5, lines[3].clone()), 5, Damage::Inserted),
        (|lines| lines.truncate(7), 7, Damage::CutOff),
    ];
    for (number, (damage, entry, expected)) in cases.into_iter().enumerate() {
        let mut damaged = segments.clone();
        damage(&mut damaged[0]);
        put(&place, &damaged);
        let problem = problem(&place);
        assert_eq!((problem.entry, problem.damage), (entry, expected), "case {number}");
    }
}

#[test]
fn a_forged_entry_before_the_last_is_told_from_the_last() {
    let (place, segments) = written(1 << 20);
    let mut damaged = segments.clone();
    let last = damaged[0].len() - 1;
    let text = String::from_utf8(damaged[0][last].clone()).unwrap();
    damaged[0].insert(last, text.replace("\"stop\"", "\"start\"").into_bytes());
    put(&place, &damaged);
    let problem = problem(&place);
    assert_eq!((problem.entry, problem.damage), (last as u64, Damage::Inserted));
}

#[test]
fn entries_that_were_linked_anew_do_not_fit_the_checkpoint() {
    let (place, segments) = written(1 << 20);
    let mut damaged = segments.clone();
    let text = String::from_utf8(damaged[0][5].clone()).unwrap();
    damaged[0][5] = text.replace("example.org", "example.com").into_bytes();
    link(&mut damaged[0], 5);
    put(&place, &damaged);
    let problem = problem(&place);
    let Damage::Rewritten { through } = problem.damage else { panic!("{problem}") };
    assert!((problem.entry..=through).contains(&5), "{problem}");
}

#[test]
fn entries_added_after_the_end_show() {
    let (place, segments) = written(1 << 20);
    let mut damaged = segments.clone();
    let size = damaged[0].len();
    let text = String::from_utf8(damaged[0][size - 2].clone()).unwrap();
    let index = format!("\"index\":{}", size - 2);
    damaged[0].push(text.replace(&index, &format!("\"index\":{size}")).into_bytes());
    link(&mut damaged[0], size - 1);
    put(&place, &damaged);
    let problem = problem(&place);
    assert_eq!((problem.entry, problem.damage), (size as u64, Damage::Inserted));
}

#[test]
fn a_missing_or_renamed_segment_shows() {
    let (place, segments) = written(1_200);
    let names = names(&place.trail());
    assert!(names.len() > 2, "{names:?}");
    let at = segments[0].len() as u64;
    let (name, hidden) = (place.trail().join(&names[1]), place.trail().join("hidden"));
    fs::rename(&name, &hidden).unwrap();
    let through = at + segments[1].len() as u64 - 1;
    let found = problem(&place);
    assert_eq!((found.entry, found.damage), (at, Damage::Dropped { through }));
    let misnamed = place.trail().join(format!("{:020}.jsonl", at - 1));
    fs::rename(&hidden, &misnamed).unwrap();
    let found = problem(&place);
    assert_eq!((found.entry, found.damage), (at, Damage::Misplaced));
}

#[test]
fn a_checkpoint_that_was_tampered_with_shows() {
    let (place, _) = written(1 << 20);
    for name in ["checkpoint", "checkpoints"] {
        let path = place.trail().join(name);
        let good = fs::read_to_string(&path).unwrap();
        fs::write(&path, good.replacen("\n2\n", "\n3\n", 1).replacen("\n15\n", "\n14\n", 1))
            .unwrap();
        let found = problem(&place);
        assert!(matches!(found.damage, Damage::Checkpoint(Some(_))), "{name}: {found}");
        fs::write(&path, good).unwrap();
    }
    fs::remove_file(place.trail().join("checkpoint")).unwrap();
    assert_eq!(problem(&place).damage, Damage::Checkpoint(None));
}

#[test]
fn a_report_reads_as_sentences() {
    let (place, mut segments) = written(1 << 20);
    let text = place.verify().to_string();
    assert!(text.starts_with("intact\n15 entries from "), "{text}");
    assert!(text.contains("4 requests: 4 answered, 0 failed"), "{text}");
    segments[0][3][100] ^= 1;
    put(&place, &segments);
    let text = place.verify().to_string();
    let offset: usize = segments[0][..3].iter().map(Vec::len).sum();
    let start =
        format!("damaged: entry 3 (00000000000000000000.jsonl, line 4, byte {offset}): edited");
    assert!(text.starts_with(&start), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_damage_is_named_at_the_first_line_that_differs(
        small in any::<bool>(),
        kind in 0..5,
        one in any::<proptest::sample::Index>(),
        other in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let (place, segments) = written(if small { 2_000 } else { 1 << 20 });
        let before = read_lines(&place.trail());
        let mut damaged = segments.clone();
        let (at, to) = (one.index(segments.len()), other.index(segments.len()));
        let from = one.index(segments[at].len());
        let into = other.index(segments[to].len());
        match kind {
            0 => {
                let place = other.index(damaged[at][from].len());
                damaged[at][from][place] = byte;
            }
            1 => drop(damaged[at].remove(from)),
            2 => {
                let line = std::mem::replace(&mut damaged[at][from], segments[to][into].clone());
                damaged[to][into] = line;
            }
            3 => damaged[to].insert(into, segments[at][from].clone()),
            _ => {
                let line = other.index(damaged[at][from].len());
                damaged[at][from].truncate(line);
                damaged[at].truncate(from + 1);
                for later in damaged.iter_mut().skip(at + 1) {
                    later.clear();
                }
            }
        }
        put(&place, &damaged);
        let after: Vec<Vec<u8>> = damaged.concat().concat()
            .split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
        let same = before.iter().zip(&after)
            .take_while(|(before, after)| [before.as_bytes(), b"\n"].concat() == **after).count();
        if same == before.len() && same == after.len() {
            prop_assert_eq!(place.verify().problem, None);
        } else {
            let report = place.verify();
            prop_assert!(report.problem.is_some());
            prop_assert_eq!(report.problem.clone().map(|problem| problem.entry), Some(same as u64),
                "{}", report);
        }
    }
}
