//! Durations as people write them: `30s`, `20ms`, `1h30m`.
//!
//! A bare number is refused, because seconds and milliseconds are both a habit.

use std::fmt;
use std::time::Duration;

use crate::config::text::{Text, Written};

/// A duration in whole milliseconds, of at most ten years.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Period(u64);

impl Period {
    /// So many milliseconds.
    pub const fn millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    pub const fn secs(secs: u64) -> Self {
        Self(secs * 1_000)
    }

    /// As the standard library's type.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl From<Period> for Text<Period> {
    fn from(period: Period) -> Self {
        Self(period)
    }
}

impl Written for Period {
    const WHAT: &'static str = "a duration";
    const NAME: &'static str = "Duration";
    const PATTERN: &'static str = r"^(?=\d)(\d+d)?(\d+h)?(\d+m)?(\d+s)?(\d+ms)?$";

    fn read(text: &str) -> Result<Self, String> {
        if let Ok(number) = text.parse() {
            return Err(without_unit(number));
        }
        sum(text).filter(|millis| *millis <= LONGEST).map(Self).ok_or_else(|| {
            "not a duration; write whole numbers with d, h, m, s or ms, largest first, as in \
             `30s`, `20ms` or `1h30m`"
                .to_owned()
        })
    }

    fn bare(number: u64) -> Option<String> {
        Some(without_unit(number))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, millis) in UNITS {
            if rest >= millis {
                write!(f, "{}{unit}", rest / millis)?;
                rest %= millis;
            }
        }
        Ok(())
    }
}

fn without_unit(number: u64) -> String {
    format!("a duration needs a unit; write `{number}s` for seconds or `{number}ms`")
}

/// The milliseconds of a text whose units come largest first, each at most once.
fn sum(text: &str) -> Option<u64> {
    let mut total = 0_u64;
    let mut rest = text;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, after) = rest[digits..].split_at(letters);
        let (_, millis) = units.find(|(name, _)| *name == unit)?;
        total = total.checked_add(number.checked_mul(*millis)?)?;
        rest = after;
    }
    (!text.is_empty()).then_some(total)
}

/// The units and their milliseconds, largest first.
const UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// Ten years: longer is a slip of the hand, and nothing adds up to an overflow.
const LONGEST: u64 = 3650 * 86_400_000;

#[cfg(test)]
mod tests {
    use super::{LONGEST, Period};
    use crate::config::text::Written;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn durations_are_sums_of_units() {
        for (text, millis) in [
            ("0s", 0),
            ("20ms", 20),
            ("30s", 30_000),
            ("1m", 60_000),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            ("1d", 86_400_000),
            ("1s500ms", 1_500),
        ] {
            assert_eq!(Period::read(text), Ok(Period::millis(millis)), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "s",
            "1.5s",
            "-1s",
            "1 s",
            "1S",
            "1m1h",
            "1s1s",
            "1x",
            "1sm",
            "٣s",
            "9999999999d",
            "18446744073709551616ms",
        ] {
            assert!(Period::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_number_without_a_unit_is_told_which_to_add() {
        assert!(Period::read("30").unwrap_err().contains("`30s`"));
        assert!(Period::bare(30).unwrap().contains("`30ms`"));
    }

    proptest! {
        #[test]
        fn what_is_printed_parses_back(millis in 0..=LONGEST) {
            let period = Period::millis(millis);
            prop_assert_eq!(Period::read(&period.to_string()), Ok(period));
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = Period::read(&text);
        }
    }
}
