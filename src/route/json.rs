//! Strict JSON: one text that every parser reads the same way.
//!
//! serde_json checks the grammar (RFC 8259), UTF-8 and surrogates; this adds what parsers disagree
//! on: a key that stands twice, keys that differ only in case or in blanks (some decoders fold
//! them), nesting, and numbers that would silently change when held in 64 bits.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::route::ambiguity::Ambiguity;

/// Checks that `bytes` are one strict JSON text.
///
/// # Errors
/// [`Ambiguity::JsonSyntax`], [`Ambiguity::JsonDuplicateKey`] or [`Ambiguity::JsonNumber`].
pub fn check(bytes: &[u8]) -> Result<(), Ambiguity> {
    let text = str::from_utf8(bytes).map_err(|_| Ambiguity::JsonSyntax)?;
    let mut parser = serde_json::Deserializer::from_str(text);
    let mut duplicate = false;
    let value = Value { depth: 0, duplicate: &mut duplicate };
    let parsed = value.deserialize(&mut parser).and_then(|()| parser.end());
    if duplicate {
        return Err(Ambiguity::JsonDuplicateKey);
    }
    parsed.map_err(|_| Ambiguity::JsonSyntax)?;
    if numbers(text).all(is_exact) {
        return Ok(());
    }
    Err(Ambiguity::JsonNumber)
}

/// Any value, at some depth.
struct Value<'a> {
    depth: usize,
    /// Set when a key stood twice: serde's errors carry only text.
    duplicate: &'a mut bool,
}

impl Value<'_> {
    fn inner<E: Error>(&mut self) -> Result<Value<'_>, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Value { depth: self.depth + 1, duplicate: self.duplicate })
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        while elements.next_element_seed(self.inner()?)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = entries.next_key::<String>()? {
            if !keys.insert(folded(&key)) {
                *self.duplicate = true;
                return Err(A::Error::custom("duplicate key"));
            }
            entries.next_value_seed(self.inner()?)?;
        }
        Ok(())
    }
}

/// A key as the laxest decoder would look it up.
fn folded(key: &str) -> String {
    key.trim_matches(|c: char| c.is_whitespace() || c == '\0').to_lowercase()
}

/// The number tokens of a text that is known to be JSON.
fn numbers(json: &str) -> impl Iterator<Item = &str> {
    let mut rest = json;
    std::iter::from_fn(move || {
        loop {
            let start = rest.find(|c: char| c == '"' || c == '-' || c.is_ascii_digit())?;
            rest = &rest[start..];
            if let Some(string) = rest.strip_prefix('"') {
                rest = behind_string(string);
                continue;
            }
            let end = rest.find(|c: char| !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E'));
            let (number, behind) = rest.split_at(end.unwrap_or(rest.len()));
            rest = behind;
            return Some(number);
        }
    })
}

/// What follows a string whose opening quote is already behind.
fn behind_string(mut rest: &str) -> &str {
    while let Some(at) = rest.find(['"', '\\']) {
        if rest.as_bytes()[at] == b'"' {
            return &rest[at + 1..];
        }
        // What is escaped may be a quote; every escape that matters here is two bytes.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    ""
}

/// Whether an `i64`, a `u64` or an `f64` holds this number so that it prints back as the same one.
fn is_exact(number: &str) -> bool {
    if number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok() {
        return true;
    }
    let is_integer = number.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    if is_integer {
        return false;
    }
    let Ok(float) = number.parse::<f64>() else { return false };
    float.is_finite() && shortest(float).iter().any(|printed| digits(number) == digits(printed))
}

/// A number's shortest decimals. There can be two, equally near: printers break the tie either way.
fn shortest(float: f64) -> [String; 2] {
    [format!("{float:e}"), serde_json::Value::from(float).to_string()]
}

/// A decimal as its significant digits and the power of ten behind them.
fn digits(number: &str) -> (String, i64) {
    let number = number.trim_start_matches('-');
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_end_matches('0');
    let zeros = i64::try_from(all.len() - significant.len()).unwrap_or(i64::MAX);
    let places = i64::try_from(fraction.len()).unwrap_or(i64::MAX);
    let digits = significant.trim_start_matches('0').to_owned();
    if digits.is_empty() {
        return (digits, 0);
    }
    let exponent: i64 = exponent.parse().unwrap_or(i64::MAX / 4);
    (digits, exponent.saturating_sub(places).saturating_add(zeros))
}

const MAX_DEPTH: usize = 64;

#[cfg(test)]
mod tests {
    use super::check;
    use crate::route::ambiguity::Ambiguity;
    use proptest::prelude::{prop_assert_eq, proptest};

    #[test]
    fn ordinary_json_passes() {
        for text in [
            "{}",
            " [1, -2.50, 1e3, 0.30000000000000004, true, null, \"\\\"9e999\\u00e9\"] ",
            r#"{"a":{"a":1},"b":[{"a":1},{"a":2}]}"#,
            "18446744073709551615",
            "0.1",
            "1E22",
            "-0",
            "\"\\\\\"",
            "-9223372036854775808",
            "1.10",
            "0.0e5",
            // Both stand for 1697654064587569.25, one a printer.
            "1697654064587569.2",
            "1697654064587569.3",
        ] {
            assert_eq!(check(text.as_bytes()), Ok(()), "{text}");
        }
    }

    #[test]
    fn a_key_that_some_decoder_finds_twice_is_refused() {
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"A":2}"#,
            r#"{"a":1," a":2}"#,
            r#"{"a":1,"a\u0000":2}"#,
            r#"{"x":[{"a":1,"\u0061":2}]}"#,
        ] {
            assert_eq!(check(text.as_bytes()), Err(Ambiguity::JsonDuplicateKey), "{text}");
        }
    }

    #[test]
    fn what_is_not_one_json_text_is_refused() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        for text in [
            "",
            "{",
            "{}x",
            "{} {}",
            "\u{feff}{}",
            "NaN",
            "01",
            "+1",
            "'a'",
            "[1,]",
            "{\"a\":1,}",
            "\"\\ud800\"",
            "\"\u{1}\"",
            "// x\n{}",
            deep.as_str(),
        ] {
            assert_eq!(check(text.as_bytes()), Err(Ambiguity::JsonSyntax), "{text:?}");
        }
        assert_eq!(check(b"\"\xff\""), Err(Ambiguity::JsonSyntax));
    }

    #[test]
    fn a_number_that_would_change_is_refused() {
        for text in [
            "18446744073709551616",
            "-9223372036854775809",
            "[100000000000000000000]",
            "0.1234567890123456789",
            "{\"a\":1.00000000000000000001}",
            "1e-400",
            "1697654064587569.1",
        ] {
            assert_eq!(check(text.as_bytes()), Err(Ambiguity::JsonNumber), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_serde_json_refuses_is_refused(text in "[\\[\\]{}\",:a0-9.eE\\\\ -]{0,16}") {
            if serde_json::from_str::<serde_json::Value>(&text).is_err() {
                prop_assert_eq!(check(text.as_bytes()).is_err(), true);
            }
        }

        #[test]
        fn every_float_that_serde_prints_passes(float in proptest::num::f64::NORMAL) {
            let text = serde_json::to_string(&float).unwrap();
            prop_assert_eq!(check(text.as_bytes()), Ok(()));
        }
    }
}
