//! The rule packs and the library that ship: on both engines, and by themselves.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::clock::Clock;
use crate::policy::check::{Bodies, check};
use crate::policy::contents::Contents;
use crate::policy::engine::answer::read;
use crate::policy::engine::document::Document;
use crate::policy::engine::source::Source;
use crate::policy::engine::vm::Image;
use crate::policy::tests::input;
use crate::policy::{Bundle, Config, gate, suite};

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn packs() -> Vec<String> {
    let entries = std::fs::read_dir(rules().join("packs")).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.collect();
    names.sort();
    assert!(names.len() >= 1, "{names:?}");
    names
}

fn config(pack: &str) -> Config {
    let query = format!("data.countersign.packs.{pack}.decision");
    Config { query, ..Config::new(rules()) }
}

#[test]
fn every_pack_is_fast_and_passes_its_tests_on_both_engines() {
    for pack in packs() {
        let bundle = Bundle::load(&config(&pack), &Clock::System).unwrap();
        assert!(!bundle.is_interpreted(), "{pack}: {:#?}", bundle.differences());
        let report = suite::run(&config(&pack), &Clock::System).unwrap();
        assert!(report.passed(), "{pack}: {report}");
        let own = format!("data.countersign.packs.{pack}_test.");
        let count = report.cases().iter().filter(|case| case.name.starts_with(&own)).count();
        assert!(count >= 4, "{pack} has {count} tests");
    }
}

#[test]
fn every_pack_is_clean_and_says_what_it_is_for() {
    for pack in packs() {
        let report = check(&[rules()], &config(&pack).query, Bodies::Somewhere);
        let own = report.findings().iter().filter(|finding| {
            finding.place.file.starts_with(rules().join("packs")) || pack == "github"
        });
        let found: Vec<String> = own.map(ToString::to_string).collect();
        assert!(found.is_empty(), "{}", found.join("\n\n"));
        let folder = rules().join("packs").join(&pack);
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        for word in ["**Allows**", "**Denies**", "**Data"] {
            assert!(readme.contains(word), "{pack}/README.md lacks {word}");
        }
        let text = std::fs::read_to_string(folder.join(format!("{pack}.rego"))).unwrap();
        for code in text.lines().filter_map(|line| line.strip_prefix("#   code: ")) {
            assert!(readme.contains(&format!("| `{code}` |")), "{pack}/README.md lacks {code}");
        }
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
        let bundle = Bundle::load(&config(&pack), &Clock::System).unwrap();
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
