//! Sizes in bytes as people write them: `64KiB`, `1MiB`, `512B`.
//!
//! Powers of 1,024 only. `MB` is refused rather than guessed at: half of the world's programs mean
//! a million by it.

use std::fmt;

use crate::config::text::{Text, Written};

/// A number of bytes, of at most one tebibyte.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Size(u64);

impl Size {
    /// So many bytes.
    pub const fn bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    /// So many times 1,024 bytes.
    pub const fn kib(kib: u64) -> Self {
        Self(kib << 10)
    }

    /// So many times 1,024 × 1,024 bytes.
    pub const fn mib(mib: u64) -> Self {
        Self(mib << 20)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number of bytes, as memory is counted.
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl From<Size> for Text<Size> {
    fn from(size: Size) -> Self {
        Self(size)
    }
}

impl Written for Size {
    const WHAT: &'static str = "a size";
    const NAME: &'static str = "Size";
    const PATTERN: &'static str = r"^\d+(B|KiB|MiB|GiB)$";

    fn read(text: &str) -> Result<Self, String> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at(digits);
        let wrong = || "not a size; write `64KiB`, `1MiB`, `1GiB` or `512B`".to_owned();
        let number: u64 = number.parse().map_err(|_| wrong())?;
        if unit.is_empty() {
            return Err(without_unit(number));
        }
        let Some((_, bytes)) = UNITS.iter().find(|(name, _)| *name == unit) else {
            return Err(meant(unit).map_or_else(wrong, |unit| {
                format!("sizes are in powers of 1024; write `{number}{unit}`")
            }));
        };
        let total = number.checked_mul(*bytes).filter(|total| *total <= LARGEST);
        total.map(Self).ok_or_else(|| "larger than a tebibyte".to_owned())
    }

    fn bare(number: u64) -> Option<String> {
        Some(without_unit(number))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |bytes: &u64| self.0 != 0 && self.0.is_multiple_of(*bytes);
        let (unit, bytes) = UNITS.iter().find(|(_, bytes)| fits(bytes)).unwrap_or(&("B", 1));
        write!(f, "{}{unit}", self.0 / bytes)
    }
}

fn without_unit(number: u64) -> String {
    format!("a size needs a unit; write `{number}B` for bytes, `{number}KiB` or `{number}MiB`")
}

/// The unit that somebody meant who wrote another.
fn meant(unit: &str) -> Option<&'static str> {
    let first = unit.bytes().next()?.to_ascii_uppercase();
    let known = UNITS.iter().find(|(name, _)| name.as_bytes()[0] == first)?;
    matches!(unit.len(), 1..=3).then_some(known.0)
}

/// The units and their bytes, largest first.
const UNITS: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

const LARGEST: u64 = 1 << 40;

#[cfg(test)]
mod tests {
    use super::{LARGEST, Size};
    use crate::config::text::Written;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in [("0B", 0), ("512B", 512), ("64KiB", 65_536), ("1MiB", 1 << 20)] {
            assert_eq!(Size::read(text), Ok(Size::bytes(bytes)), "{text}");
        }
        assert_eq!(Size::kib(2048).to_string(), "2MiB");
    }

    #[test]
    fn anything_else_is_refused_and_told_what_to_write() {
        for (text, instead) in
            [("10MB", "`10MiB`"), ("64k", "`64KiB`"), ("1gib", "`1GiB`"), ("7", "`7KiB`")]
        {
            let error = Size::read(text).unwrap_err();
            assert!(error.contains(instead), "{text}: {error}");
        }
        for text in ["", "KiB", "-1KiB", "1.5MiB", "1 KiB", "9999GiB", "99999999999999999999B"] {
            assert!(Size::read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(bytes in 0..=LARGEST) {
            prop_assert_eq!(Size::read(&Size::bytes(bytes).to_string()), Ok(Size::bytes(bytes)));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = Size::read(&text);
        }
    }
}
