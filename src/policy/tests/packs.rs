//! The rule packs and the library that ship: on both engines, and by themselves.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::policy::check::{Bodies, check};
use crate::policy::config::Tests;
use crate::policy::contents::Contents;
use crate::policy::engine::answer::read;
use crate::policy::engine::document::Document;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Image;
use crate::policy::tests::{input, write_all};
use crate::policy::{Bundle, Config, gate, suite};

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn packs() -> Vec<String> {
    let entries = std::fs::read_dir(rules().join("packs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    names
}

fn query(pack: &str) -> String {
    format!("data.countersign.packs.{pack}.decision")
}

/// The library and one pack, at their places; without the library's tests, which run elsewhere.
fn alone(pack: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut open = vec![rules().join("lib"), rules().join("packs").join(pack)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let name = path.strip_prefix(rules()).unwrap().to_str().unwrap().to_owned();
        if !(name.starts_with("lib") && name.ends_with("_test.rego")) {
            write_all(folder.path(), &[(&name, &std::fs::read_to_string(&path).unwrap())]);
        }
    }
    folder
}

fn config(folder: &Path, pack: &str) -> Config {
    Config { query: query(pack), tests: Tests::Off, ..Config::new(folder) }
}

#[test]
fn every_pack_is_fast_and_passes_its_tests_on_both_engines() {
    for pack in packs() {
        let folder = alone(&pack);
        let bundle = Bundle::load(&config(folder.path(), &pack), &Clock::System).unwrap();
        assert!(!bundle.is_interpreted(), "{pack}: {:#?}", bundle.differences());
        let report = suite::run(&config(folder.path(), &pack), &Clock::System).unwrap();
        assert!(report.passed(), "{pack}: {report}");
        assert!(report.differences().is_empty(), "{pack}: {:#?}", report.differences());
        assert!(report.cases().len() >= 4, "{pack} has {} tests", report.cases().len());
        assert!(report.replayed() >= 3, "{pack} has {} inputs", report.replayed());
    }
}

#[test]
fn every_pack_is_clean_and_says_what_it_is_for() {
    for pack in packs() {
        let folder = alone(&pack);
        let paths = [folder.path().to_owned()];
        let report = check(&paths, &query(&pack), Bodies::Somewhere);
        assert!(report.findings().is_empty(), "{report}");
        let folder = rules().join("packs").join(&pack);
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        for word in ["**Allows**", "**Denies**", "**Data"] {
            assert!(readme.contains(word), "{pack}/README.md lacks {word}");
        }
        let text = std::fs::read_to_string(folder.join(format!("{pack}.rego"))).unwrap();
        for code in text.lines().filter_map(|line| line.strip_prefix("#   code: ")) {
            assert!(readme.contains(&format!("| `{code}` |")), "{pack}/README.md lacks {code}");
        }
        let tests = std::fs::read_to_string(folder.join(format!("{pack}_test.rego"))).unwrap();
        assert!(tests.contains("# The mistake: "), "{pack} names no mistake that it prevents");
    }
}

/// The library's tests, compiled for the fast machine and asked there one by one.
#[test]
fn the_library_answers_the_same_on_the_fast_machine() {
    let contents = Contents::read_all(&[rules().join("lib")], None).unwrap();
    let files = gate::parse(&contents.sources).unwrap();
    let data = Document::parse(&contents.data).unwrap();
    let tests = gate::tests(&files);
    assert!(tests.len() > 30, "{}", tests.len());
    for test in tests {
        let image = Image::compile(&contents.sources, &data, &test.name);
        let image = image.unwrap_or_else(|why| panic!("{}: {why}", test.name));
        let mut machine = image.machine(Document::parse("{}").unwrap(), 1_000_000).unwrap();
        let said = machine.evaluate(input("{}")).unwrap();
        assert!(said.is_true(), "{} is not true on the fast machine", test.name);
    }
}

/// Requests made of the words in a pack and in its tests: the engines say the same to all of them.
#[test]
fn both_engines_agree_on_requests_in_a_packs_own_words() {
    for pack in packs() {
        let folder = alone(&pack);
        let bundle = Bundle::load(&config(folder.path(), &pack), &Clock::System).unwrap();
        let (mut machine, mut interpreter) = (bundle.machine().unwrap(), bundle.interpreter());
        let mut words = Words::of(&rules().join("packs").join(&pack));
        for _ in 0..300 {
            let request = words.request();
            let document = input(&request.to_string());
            let slow = bundle.interpret(&mut interpreter, &document);
            let fast = machine.evaluate(document).and_then(|said| read(&said));
            assert_eq!(slow.unwrap(), fast.unwrap(), "{pack}: {request:#}");
        }
    }
}

/// A vocabulary, drawn from in an order that is the same every time.
struct Words {
    words: Vec<String>,
    state: u64,
}

impl Words {
    fn of(folder: &Path) -> Self {
        let mut words = Vec::new();
        for Source { text, .. } in Contents::read_all(&[folder.to_owned()], None).unwrap().sources {
            words.extend(text.split('"').skip(1).step_by(2).map(str::to_owned));
        }
        Self { words, state: 0x9e37_79b9_7f4a_7c15 }
    }

    /// A number below `limit` (xorshift64).
    fn below(&mut self, limit: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % (limit as u64)).unwrap()
    }

    fn word(&mut self) -> String {
        let index = self.below(self.words.len());
        self.words[index].clone()
    }

    fn path(&mut self) -> Vec<String> {
        let paths: Vec<String> =
            self.words.iter().filter(|word| word.starts_with('/')).cloned().collect();
        let mut segments: Vec<String> = match paths.len() {
            0 => (0..self.below(4)).map(|_| self.word()).collect(),
            count => {
                let index = self.below(count);
                paths[index].split('/').skip(1).map(str::to_owned).collect()
            }
        };
        if self.below(4) == 0 && !segments.is_empty() {
            let index = self.below(segments.len());
            segments[index] = self.word();
        }
        segments
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 7 } else { 10 }) {
            0 => Value::Null,
            1 => json!(self.below(2) == 0),
            2 => json!(self.below(9000)),
            3..=6 => json!(self.word()),
            7 => (0..self.below(3)).map(|_| self.value(depth - 1)).collect(),
            _ => self.object(depth - 1),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        let count = self.below(5);
        let members = (0..count).map(|_| (self.word(), self.value(depth)));
        Value::Object(members.collect::<Map<_, _>>())
    }

    fn lists(&mut self) -> Value {
        let count = self.below(3);
        let members = (0..count).map(|_| (self.word(), json!([self.word()])));
        Value::Object(members.collect::<Map<_, _>>())
    }

    fn request(&mut self) -> Value {
        let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"];
        let method = methods[self.below(methods.len())];
        let body = if self.below(4) == 0 { self.lists() } else { self.value(3) };
        json!({
            "attributes": {"request": {"http": {"method": method}}},
            "countersign": {
                "mcp": self.value(3),
                "request": {
                    "headers": self.lists(),
                    "operations": [self.object(2)],
                    "segments": self.path(),
                },
            },
            "parsed_body": body,
            "parsed_query": self.lists(),
        })
    }
}
