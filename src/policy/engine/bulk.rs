//! How much there is of a document: what rules could copy of it.

use regorus::Value;

use crate::policy::engine::document::Document;

/// The bulk of a document. The gate bounds what rules take in these units.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::policy) struct Bulk {
    /// Its text as rules can print it, and [`Bulk::ELEMENT`] for each value.
    pub(in crate::policy) bytes: u64,
    /// Its values: containers, scalars and keys.
    pub(in crate::policy) elements: u64,
}

impl Bulk {
    /// What every value counts for, in bytes.
    pub(in crate::policy) const ELEMENT: u64 = 8;

    /// What a number counts for that is printed in full, in bytes.
    pub(in crate::policy) const NUMBER: u64 = 340;

    /// More than any listener lets through as the head of a request, in all the forms of it.
    pub(in crate::policy) const HEAD: Self = Self { bytes: 24 << 20, elements: 3 << 20 };

    /// Counts all of a document.
    pub(in crate::policy) fn of(document: &Document) -> Self {
        let mut bulk = Self::default();
        bulk.add(&document.0);
        bulk
    }

    fn add(&mut self, value: &Value) {
        self.elements += 1;
        self.bytes += Self::ELEMENT;
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.add(item)),
            Value::Object(members) => members.iter().for_each(|(key, value)| {
                self.add(key);
                self.add(value);
            }),
            Value::Set(items) => items.iter().for_each(|item| self.add(item)),
            // Doubles are printed without an exponent, to three hundred digits.
            Value::Number(number) if number.as_i128().is_some() => {
                self.bytes += 5 * Self::ELEMENT;
            }
            Value::Number(_) => self.bytes += Self::NUMBER,
            Value::String(text) => self.bytes += escaped(text),
            Value::Bool(_) | Value::Null | Value::Undefined => {}
        }
    }
}

/// The length of the text within a JSON document.
fn escaped(text: &str) -> u64 {
    let of = |byte: u8| match byte {
        b'"' | b'\\' => 2,
        0..0x20 | 0x7f => 6,
        _ => 1,
    };
    text.bytes().map(of).sum()
}
