//! What the steps of the tour share: a running deployment, and the agent that visits it.

use std::fs;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use memchr::memmem::find;
use zeroize::Zeroizing;

use crate::dev::agent::Agent;
use crate::dev::deployment::Deployment;
use crate::dev::layout::hex;

/// A deployment with its visitor.
pub(super) struct Visit {
    /// What is visited.
    pub(super) deployment: Deployment,
    /// Who visits.
    pub(super) agent: Agent,
}

/// How much was searched for the credential, and how often it was there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Search {
    /// Bytes that the agent holds or was ever sent.
    pub(super) bytes: usize,
    /// Times that the credential stood in them, in any spelling.
    pub(super) found: usize,
}

impl Visit {
    /// Looks for the sample API's key in everything that the agent has: its files, and every byte
    /// that it was ever sent.
    ///
    /// # Errors
    /// If a file cannot be read.
    pub(super) fn search(&self) -> io::Result<Search> {
        let layout = &self.deployment.layout;
        let mut places = vec![self.agent.seen()];
        for entry in fs::read_dir(layout.agent())? {
            places.push(fs::read(entry?.path())?);
        }
        let key = Zeroizing::new(fs::read(layout.api_key())?);
        let spellings = spellings(key.trim_ascii_end());
        let times = |place: &Vec<u8>| spellings.iter().filter(|s| find(place, s).is_some()).count();
        Ok(Search {
            bytes: places.iter().map(Vec::len).sum(),
            found: places.iter().map(times).sum(),
        })
    }
}

/// The key as it is, in base64 at each of its three alignments, and in hexadecimal digits.
fn spellings(key: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    let mut spellings = vec![Zeroizing::new(key.to_vec()), Zeroizing::new(hex(key).into_bytes())];
    for before in 0..3 {
        let shifted = Zeroizing::new([&b"::"[..before.min(2)], key].concat());
        for engine in [&STANDARD, &URL_SAFE_NO_PAD] {
            let encoded = Zeroizing::new(engine.encode(&*shifted));
            // What depends on the neighbours is left out, at both ends.
            let inner = encoded.trim_end_matches('=').as_bytes();
            let inner = inner.get(4..inner.len().saturating_sub(2)).unwrap_or_default();
            spellings.push(Zeroizing::new(inner.to_vec()));
        }
    }
    spellings
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use memchr::memmem::find;

    use super::spellings;

    #[test]
    fn a_key_is_found_in_each_spelling() {
        let key = b"demo_0123456789abcdef";
        let is_found =
            |text: &str| spellings(key).iter().any(|s| find(text.as_bytes(), s).is_some());
        assert!(is_found("Bearer demo_0123456789abcdef"));
        assert!(is_found("64656d6f5f30313233343536373839616263646566"));
        for before in ["", "a", "ab", "abc"] {
            let text = format!("{before}demo_0123456789abcdef and more");
            assert!(is_found(&STANDARD.encode(&text)), "{text}");
        }
        assert!(!is_found("Bearer ********************"));
    }
}
