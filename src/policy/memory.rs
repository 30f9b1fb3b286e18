//! What was decided lately, for whoever asks the same again.
//!
//! Agents repeat themselves, and a rule that sees the same gives the same answer. So an answer is
//! kept under exactly those values that its rules could read, and the next request with the same
//! values gets it without an evaluation. Nobody learns anything by it: where rules look at who asks,
//! who asks is part of what the answer is kept under, and where they do not, all who ask have the
//! same answer anyway. Nothing is kept that holds only once, nor a failure, nor anything beyond the
//! bundle that answered: each bundle begins with an empty memory.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;

use crate::identity::Certificate;
use crate::policy::decision::Answer;
use crate::policy::engine::reads::{Life, Names, PARTS, Part, Reads};
use crate::policy::query::Asked;

/// The longest question that an answer is kept under, in bytes.
const QUESTION_BYTES: usize = 2048;

/// The largest half of a memory, in bytes of questions and answers: a worker keeps at most twice
/// that.
const HALF_BYTES: usize = 2 << 20;

/// What an entry takes beside its texts, roughly.
const ENTRY_BYTES: usize = 256;

/// One worker's memory.
///
/// It has two halves. What is asked moves to the new one; once that is full it becomes the old one,
/// and what was not asked since is forgotten.
#[derive(Debug, Default)]
pub(super) struct Memory {
    new: HashMap<Question, Answer>,
    old: HashMap<Question, Answer>,
    /// The size of the new half.
    bytes: usize,
}

/// The values that an answer rests on.
#[derive(Debug, Eq, Hash, PartialEq)]
pub(super) struct Question(Vec<u8>);

impl Question {
    /// What the entry point with this number is asked if it reads `reads`; `None` where an answer holds only once, or where the
    /// question is too long to be kept.
    pub(super) fn new(
        entry: usize,
        reads: &Reads,
        caller: &Certificate,
        asked: &Asked<'_>,
    ) -> Option<Self> {
        if !reads.is_lasting() {
            return None;
        }
        let mut question = Self(Vec::with_capacity(QUESTION_BYTES / 8));
        question.0.extend_from_slice(&entry.to_le_bytes());
        for (part, _, life) in PARTS {
            if *life != Life::Constant && reads.has(*part) {
                question.part(*part, reads, caller, asked)?;
            }
        }
        Some(question).filter(|question| question.0.len() <= QUESTION_BYTES)
    }

    /// Adds the value of one part, or one from which it follows. `None` for a part that has no
    /// lasting value.
    fn part(
        &mut self,
        part: Part,
        reads: &Reads,
        caller: &Certificate,
        asked: &Asked<'_>,
    ) -> Option<()> {
        let head = asked.target.head();
        match part {
            Part::Certificate => self.add(&caller.thumbprint),
            Part::Destination => self.address(asked.local),
            Part::EveryHeader => self.headers(reads.every_header(), asked),
            Part::Headers => self.headers(reads.headers(), asked),
            Part::Host | Part::HostName | Part::Port => {
                self.add(head.authority().as_str().as_bytes());
            }
            Part::Listener => self.add(asked.listener.as_str().as_bytes()),
            Part::Method => self.add(head.method().as_str().as_bytes()),
            Part::Operations => self.operations(asked)?,
            Part::ParsedPath | Part::RawPath | Part::RawSegments | Part::Segments => {
                self.add(head.path().as_str().as_bytes());
            }
            Part::ParsedQuery => self.query(asked),
            Part::PrincipalId
            | Part::PrincipalPath
            | Part::SourcePrincipal
            | Part::SourcePrincipalAlone
            | Part::TrustDomain => self.add(caller.spiffe_id.as_str().as_bytes()),
            Part::Protocol => self.add(head.protocol().as_bytes()),
            Part::Route => self.add(asked.target.route().name.as_str().as_bytes()),
            Part::Source => self.address(asked.peer),
            Part::Target => {
                self.add(head.path().as_str().as_bytes());
                self.query(asked);
            }
            Part::Approval
            | Part::Body
            | Part::Chain
            | Part::ContentDigest
            | Part::Id
            | Part::Labels
            | Part::Mcp
            | Part::ParsedBody
            | Part::Proposal
            | Part::RequestTime
            | Part::Scheme
            | Part::Size
            | Part::Task
            | Part::Time
            | Part::TruncatedBody
            | Part::Version => return None,
        }
        Some(())
    }

    /// Adds one value; its length goes first, so that two values never read as two others.
    fn add(&mut self, value: &[u8]) {
        self.0.extend_from_slice(&value.len().to_le_bytes());
        self.0.extend_from_slice(value);
    }

    /// What operations follow from, where there is no body that they might be told from.
    fn operations(&mut self, asked: &Asked<'_>) -> Option<()> {
        if asked.body.is_some() {
            return None;
        }
        let head = asked.target.head();
        self.add(asked.target.route().name.as_str().as_bytes());
        self.add(head.method().as_str().as_bytes());
        self.add(head.path().as_str().as_bytes());
        self.query(asked);
        Some(())
    }

    /// A query without a word in it is not the same as none.
    fn query(&mut self, asked: &Asked<'_>) {
        match asked.target.head().query() {
            Some(query) => {
                self.add(b"?");
                self.add(query.raw().as_bytes());
            }
            None => self.add(b""),
        }
    }

    fn address(&mut self, address: SocketAddr) {
        match address.ip().to_canonical() {
            IpAddr::V4(ip) => self.add(&ip.octets()),
            IpAddr::V6(ip) => self.add(&ip.octets()),
        }
        self.add(&address.port().to_le_bytes());
    }

    fn headers(&mut self, names: &Names, asked: &Asked<'_>) {
        let head = asked.target.head();
        let headers = head.headers();
        match names {
            Names::All => {
                self.pseudo(asked);
                self.add(&headers.len().to_le_bytes());
                for (name, value) in headers {
                    self.add(name.as_str().as_bytes());
                    self.add(value.as_bytes());
                }
            }
            Names::Only(names) => names.iter().for_each(|name| match name.starts_with(':') {
                true => self.pseudo(asked),
                false => self.header(headers, name),
            }),
        }
    }

    fn header(&mut self, headers: &HeaderMap, name: &str) {
        let values = headers.get_all(name);
        self.add(&values.iter().count().to_le_bytes());
        values.iter().for_each(|value| self.add(value.as_bytes()));
    }

    /// What the pseudo-headers say.
    fn pseudo(&mut self, asked: &Asked<'_>) {
        let head = asked.target.head();
        self.add(head.authority().as_str().as_bytes());
        self.add(head.method().as_str().as_bytes());
        self.add(head.path().as_str().as_bytes());
        self.query(asked);
    }
}

impl Memory {
    /// The answer to `question`, if it was given lately.
    pub(super) fn recall(&mut self, question: &Question) -> Option<Answer> {
        if let Some(answer) = self.new.get(question) {
            return Some(answer.clone());
        }
        let (question, answer) = self.old.remove_entry(question)?;
        self.keep(question, &answer);
        Some(answer)
    }

    /// Keeps `answer` for those who ask the same.
    pub(super) fn keep(&mut self, question: Question, answer: &Answer) {
        let bytes = ENTRY_BYTES + question.0.len() + answer.text_bytes();
        if bytes > HALF_BYTES / 16 {
            return;
        }
        if self.bytes + bytes > HALF_BYTES {
            self.old = std::mem::take(&mut self.new);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.new.insert(question, answer.clone());
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::decision::Effect;

    fn question(number: u32) -> Question {
        Question(number.to_le_bytes().to_vec())
    }

    #[test]
    fn a_memory_is_bounded_and_forgets_what_is_not_asked() {
        let answer = Answer::plain(Effect::Allow);
        let mut memory = Memory::default();
        let most = u32::try_from(2 * HALF_BYTES / ENTRY_BYTES).unwrap();
        for number in 0..2 * most {
            memory.keep(question(number), &answer);
            assert_eq!(memory.recall(&question(0)), Some(answer.clone()), "it is asked each time");
        }
        assert!(memory.new.len() + memory.old.len() <= usize::try_from(most).unwrap());
        assert_eq!(memory.recall(&question(1)), None);
    }

    #[test]
    fn values_of_different_lengths_do_not_read_as_others() {
        let (mut one, mut other) = (Question(Vec::new()), Question(Vec::new()));
        one.add(b"ab");
        one.add(b"c");
        other.add(b"a");
        other.add(b"bc");
        assert_ne!(one, other);
    }
}
