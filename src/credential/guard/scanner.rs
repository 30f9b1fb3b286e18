//! The search through a stream, in bounded memory and without holding a stream up.
//!
//! A value may be cut by the border between two chunks. So the end of a chunk that could be the
//! beginning of a value is remembered, and held back once it is long enough to matter; a shorter
//! beginning is let through, for otherwise any answer that happens to end in the right letter would
//! wait for a next chunk that may never come.

use std::sync::Arc;

use bytes::Bytes;
use zeroize::Zeroizing;

use crate::credential::guard::Patterns;

/// Searches one stream of bytes.
#[derive(Debug)]
pub struct Scanner {
    patterns: Arc<Patterns>,
    /// The end of what was seen, where it is the beginning of a form.
    tail: Zeroizing<Vec<u8>>,
    /// How many bytes of `tail` were let through already.
    passed: usize,
    found: usize,
}

impl Scanner {
    pub(super) fn new(patterns: Arc<Patterns>) -> Self {
        Self { patterns, tail: Zeroizing::new(Vec::new()), passed: 0, found: 0 }
    }

    /// How many occurrences were replaced since this was last asked.
    pub fn take_found(&mut self) -> usize {
        std::mem::take(&mut self.found)
    }

    /// The next bytes of the stream; returns what may go on, which can be empty.
    pub fn push(&mut self, chunk: Bytes) -> Bytes {
        if self.tail.is_empty() {
            let end = self.patterns.beginning(&chunk);
            if end == chunk.len() && self.patterns.automaton.find(&*chunk).is_none() {
                return chunk;
            }
        }
        let mut work = Zeroizing::new(std::mem::take(&mut *self.tail));
        work.extend_from_slice(&chunk);
        self.search(work)
    }

    /// The end of the stream; returns what was held back.
    pub fn finish(&mut self) -> Bytes {
        let tail = std::mem::take(&mut *self.tail);
        let held = tail.get(self.passed..).unwrap_or_default();
        self.passed = 0;
        Bytes::copy_from_slice(held)
    }

    fn search(&mut self, mut work: Zeroizing<Vec<u8>>) -> Bytes {
        let hits: Vec<_> = self.patterns.automaton.find_iter(&**work).collect();
        let border = hits.last().map_or(0, |hit| hit.end());
        let tail = border + self.patterns.beginning(&work[border..]);
        self.tail.extend_from_slice(&work[tail..]);
        self.found += hits.len();
        for hit in hits {
            work[hit.range()].fill(MASK);
        }
        let ready = if self.tail.len() < HELD { work.len() } else { tail };
        let ready = ready.max(self.passed);
        let out = Bytes::copy_from_slice(&work[self.passed..ready]);
        self.passed = ready - tail;
        out
    }
}

impl Patterns {
    /// Where the longest end of `bytes` starts that is the beginning of a form; its length if none.
    fn beginning(&self, bytes: &[u8]) -> usize {
        let first = bytes.len().saturating_sub(self.longest - 1);
        (first..bytes.len())
            .filter(|at| self.starts[usize::from(bytes[*at])])
            .find(|at| self.forms.iter().any(|form| form.starts_with(&bytes[*at..])))
            .unwrap_or(bytes.len())
    }
}

/// What stands where a secret stood.
pub(super) const MASK: u8 = b'*';

/// The shortest beginning of a form that is held back. Three letters of a secret are no secret, and
/// chance seldom makes four.
const HELD: usize = 4;

#[cfg(test)]
mod tests {
    use super::{HELD, Scanner};
    use crate::credential::guard::Patterns;
    use bytes::Bytes;
    use proptest::prelude::{any, prop, prop_assert, prop_assert_eq, proptest};
    use std::sync::Arc;
    use zeroize::Zeroizing;

    const SECRET: &str = "sk_live_abcabcabd";

    fn scan(chunks: &[&[u8]]) -> (Vec<u8>, usize) {
        let patterns = Patterns::new(&[Zeroizing::new(SECRET.to_owned())]).unwrap();
        let mut scanner = Scanner::new(Arc::new(patterns));
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&scanner.push(Bytes::copy_from_slice(chunk)));
        }
        out.extend_from_slice(&scanner.finish());
        (out, scanner.take_found())
    }

    #[test]
    fn a_value_is_replaced_by_as_many_asterisks() {
        let (out, found) = scan(&[b"a sk_live_abcabcabd b sk_live_abcabcabd"]);
        assert_eq!(out, b"a ***************** b *****************");
        assert_eq!(found, 2);
    }

    #[test]
    fn what_only_begins_like_a_value_passes() {
        let (out, found) = scan(&[b"sk_live_abc", b"abcabc", b"sk_live"]);
        assert_eq!(out, b"sk_live_abcabcabcsk_live");
        assert_eq!(found, 0);
    }

    #[test]
    fn an_event_that_ends_like_a_beginning_is_not_held_up() {
        let patterns = Patterns::new(&[Zeroizing::new(SECRET.to_owned())]).unwrap();
        let mut scanner = Scanner::new(Arc::new(patterns));
        assert_eq!(scanner.push(Bytes::from_static(b"data: tasks")), "data: tasks");
        assert_eq!(scanner.push(Bytes::from_static(b"k_live_abcabcabd!")), "****************!");
    }

    proptest! {
        /// However a stream is cut, no more than the first letters of a value come through.
        #[test]
        fn no_border_lets_a_value_through(
            before in prop::collection::vec(any::<u8>(), 0..20),
            after in prop::collection::vec(any::<u8>(), 0..20),
            mut cuts in prop::collection::vec(0usize..60, 0..12),
        ) {
            let whole = [&before[..], SECRET.as_bytes(), &after[..]].concat();
            cuts.iter_mut().for_each(|cut| *cut = (*cut).min(whole.len()));
            cuts.sort_unstable();
            let bounds: Vec<_> = std::iter::once(0).chain(cuts).chain([whole.len()]).collect();
            let chunks: Vec<_> = bounds.windows(2).map(|w| &whole[w[0]..w[1]]).collect();
            let (out, _) = scan(&chunks);
            prop_assert_eq!(out.len(), whole.len());
            let leaked = &out[before.len()..before.len() + SECRET.len()];
            prop_assert!(leaked[HELD..].iter().all(|b| *b == b'*'), "{:?}", leaked);
            prop_assert_eq!(&out[..before.len()], &before[..]);
            prop_assert_eq!(&out[before.len() + SECRET.len()..], &after[..]);
        }

        #[test]
        fn other_bytes_are_never_changed(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..30), 0..6)) {
            let slices: Vec<_> = chunks.iter().map(Vec::as_slice).collect();
            let (out, found) = scan(&slices);
            if found == 0 {
                prop_assert_eq!(out, chunks.concat());
            }
        }
    }
}
