//! `application/x-www-form-urlencoded`: names with all their values.
//!
//! A name that stands twice is no trick here, so every value is kept; which of them a server takes
//! is for rules to foresee. Names that differ only in case or blanks are one: some servers fold them.

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::operation::plain::is_override;
use crate::operation::unreadable::Unreadable;
use crate::route::{Ambiguity, Query};

/// `{name: [value, …]}` in the form's order of names.
///
/// # Errors
/// [`Unreadable::Form`], [`Unreadable::Count`] or [`Ambiguity::MethodOverride`].
pub(super) fn read(bytes: &[u8]) -> Result<Value, Unreadable> {
    let text = str::from_utf8(bytes).map_err(|_| Unreadable::Form)?;
    let form = Query::parse(text).map_err(|_| Unreadable::Form)?;
    let mut names = Names::default();
    let mut fields = Map::new();
    for (index, (name, value)) in form.pairs().enumerate() {
        if index == MAX_FIELDS {
            return Err(Unreadable::Count);
        }
        names.take(&name).map_err(|_| Unreadable::Form)?;
        let values = fields.entry(name).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(values) = values {
            values.push(value.into());
        }
    }
    if names.overrides {
        return Err(Ambiguity::MethodOverride.into());
    }
    Ok(Value::Object(fields))
}

/// The names of a form so far.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Each as it was written, by the folded one.
    seen: HashMap<String, String>,
    /// Whether one of them names another method.
    pub(super) overrides: bool,
}

/// A name that is empty, or that some server takes for another one.
#[derive(Debug)]
pub(super) struct Clash;

impl Names {
    /// Takes one more.
    pub(super) fn take(&mut self, name: &str) -> Result<(), Clash> {
        let folded = name.trim().to_lowercase();
        if folded.is_empty() {
            return Err(Clash);
        }
        self.overrides |= is_override(name);
        let first = self.seen.entry(folded).or_insert_with(|| name.to_owned());
        if first == name { Ok(()) } else { Err(Clash) }
    }
}

/// The most pairs in a form.
const MAX_FIELDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::{MAX_FIELDS, read};
    use crate::operation::unreadable::Unreadable;
    use crate::route::Ambiguity;
    use proptest::prelude::{prop_assert_eq, proptest};
    use serde_json::json;

    #[test]
    fn every_value_of_a_name_is_kept() {
        let form = read(b"amount=1&to=Zo%C3%AB+X&amount=2&flag&&empty=").unwrap();
        let expected =
            json!({"amount": ["1", "2"], "to": ["Zo\u{eb} X"], "flag": [""], "empty": [""]});
        assert_eq!(form, expected);
    }

    #[test]
    fn a_form_with_two_readings_is_refused() {
        for form in ["a=1;b=2", "a=%2", "a=%ff", "=1", "a=1&A=2", "a=1&a%20=2", "a=\u{e9}", "a=\0"]
        {
            assert_eq!(read(form.as_bytes()), Err(Unreadable::Form), "{form:?}");
        }
        assert_eq!(read(b"a=\xff"), Err(Unreadable::Form));
        let many = vec!["a=1"; MAX_FIELDS + 1].join("&");
        assert_eq!(read(many.as_bytes()), Err(Unreadable::Count));
    }

    #[test]
    fn a_form_names_no_other_method() {
        for form in ["_method=DELETE", "a=1&_Method=x", "%5fmethod=PUT", "+_method+=PUT"] {
            let refused = Unreadable::Ambiguous(Ambiguity::MethodOverride);
            assert_eq!(read(form.as_bytes()), Err(refused), "{form:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(value in "\\PC{0,12}") {
            let escaped: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            prop_assert_eq!(read(format!("v={escaped}").as_bytes()), Ok(json!({"v": [value]})));
        }
    }
}
