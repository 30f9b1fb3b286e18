//! Which policy decided.

use std::fmt;

/// Which policy: the first 64 bits of the bundle's digest, printed as 16 hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Revision(u64);

impl Revision {
    /// Reads back what [`Display`](fmt::Display) printed; `None` if `text` is anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_whole = text.len() == 16 && text.bytes().all(is_digit);
        is_whole.then(|| u64::from_str_radix(text, 16).ok().map(Self)).flatten()
    }

    pub(super) fn of(digest: &[u8]) -> Self {
        let head = digest.iter().take(8);
        Self(head.fold(0, |bits, byte| (bits << 8) | u64::from(*byte)))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
