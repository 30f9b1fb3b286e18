//! How much of something that is counted: money, pieces, whatever policy says that a request costs.
//!
//! Exact decimals, kept as whole billionths. Nothing is ever rounded: what cannot be held exactly
//! cannot be read.

use std::collections::BTreeMap;
use std::fmt;

/// What is counted: `EUR`, `seats`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Unit(String);

/// An exact number from zero on.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Quantity(u128);

/// So much of one unit.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Amount {
    /// What is counted.
    pub unit: Unit,
    /// How much.
    pub value: Quantity,
}

/// So much of several units.
pub type Amounts = BTreeMap<Unit, Quantity>;

impl Unit {
    /// Reads a unit: 1 to 16 letters, digits, `_` and `-`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let is_letter = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        let fits = (1..=16).contains(&text.len()) && text.bytes().all(is_letter);
        fits.then(|| Self(text.to_owned()))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Reads a plain decimal: `12`, `12.50`; at most 18 digits before the point and 9 behind it.
    /// `None` for anything else, signs and exponents included.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, part) = match text.split_once('.') {
            Some((whole, part)) => (whole, Some(part)),
            None => (text, None),
        };
        let whole = digits(whole, 18)?;
        let part = match part {
            Some(part) => {
                digits(part, PLACES)? * 10_u128.pow(PLACES - u32::try_from(part.len()).ok()?)
            }
            None => 0,
        };
        Some(Self(whole * ONE + part))
    }

    /// Both together. Only what nobody bounds could ever reach the top, and stays there.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// What is left of it, once `other` is taken away.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

/// One to `most` digits.
fn digits(text: &str, most: u32) -> Option<u128> {
    let fits = !text.is_empty() && text.len() <= most as usize;
    (fits && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// `12.5 EUR`
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.value, self.unit)
    }
}

/// `EUR`
impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `12.5`: without zeros that say nothing.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / ONE, self.0 % ONE);
        if part == 0 {
            return write!(f, "{whole}");
        }
        let places = format!("{part:09}");
        write!(f, "{whole}.{}", places.trim_end_matches('0'))
    }
}

/// How many digits stand behind the point.
const PLACES: u32 = 9;

/// One, in billionths.
const ONE: u128 = 1_000_000_000;

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Quantity, Unit};

    #[test]
    fn a_quantity_is_a_plain_decimal_and_nothing_else() {
        for (text, shown) in [
            ("0", "0"),
            ("100.00", "100"),
            ("0.000000001", "0.000000001"),
            ("007.5", "7.5"),
            ("999999999999999999.999999999", "999999999999999999.999999999"),
        ] {
            assert_eq!(Quantity::parse(text).unwrap().to_string(), shown);
        }
        for text in
            ["", ".5", "5.", "-1", "+1", "1e3", "1,5", " 1", "0.0000000001", "1234567890123456789"]
        {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_unit_is_one_short_word() {
        assert!(["EUR", "seats", "gpu_hours"].into_iter().all(|text| Unit::parse(text).is_some()));
        assert!(
            ["", "a b", "€", "abcdefghijklmnopq"].into_iter().all(|t| Unit::parse(t).is_none())
        );
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(whole in 0_u64..1_000_000, part in 0_u32..1_000_000_000) {
            let text = format!("{whole}.{part:09}");
            let quantity = Quantity::parse(&text).unwrap();
            prop_assert_eq!(Quantity::parse(&quantity.to_string()), Some(quantity));
            let twice = quantity.plus(quantity);
            prop_assert_eq!(twice.minus(quantity), quantity);
        }
    }
}
