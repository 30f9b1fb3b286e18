//! The query of a request: kept as it was written, and split for policy.

use std::borrow::Cow;

use crate::route::ambiguity::Ambiguity;
use crate::route::escape::{decode, escaped};

/// A query that has one reading: `&` separates pairs, the first `=` ends a name, `+` is a blank.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Query {
    raw: Box<str>,
}

impl Query {
    /// Reads what stands behind the `?`.
    ///
    /// # Errors
    /// [`Ambiguity::QueryEscape`] or [`Ambiguity::QuerySemicolon`].
    pub fn parse(raw: &str) -> Result<Self, Ambiguity> {
        if raw.contains(';') {
            return Err(Ambiguity::QuerySemicolon);
        }
        if raw.bytes().any(|b| matches!(b, 0..=0x20 | 0x7f.. | b'#' | b'\\' | b'<' | b'>')) {
            return Err(Ambiguity::QueryEscape);
        }
        for part in raw.split(['&', '=']) {
            let text = decoded(part).ok_or(Ambiguity::QueryEscape)?;
            if text.contains('\0') {
                return Err(Ambiguity::QueryEscape);
            }
        }
        Ok(Self { raw: raw.into() })
    }

    /// The text, as it is sent on.
    pub fn raw(&self) -> &str {
        &self.raw
    }

    /// The pairs in order, decoded once. A name without `=` has an empty value; empty pairs
    /// (`a&&b`) are passed over.
    pub fn pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.raw.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // `parse` has decoded every part once already, so neither can fail.
            (decoded(name).unwrap_or_default(), decoded(value).unwrap_or_default())
        })
    }
}

/// `target` with one query parameter set to exactly these values, wherever its name stood before and
/// however it was escaped. With no values the parameter is taken off.
pub(crate) fn set<V: AsRef<str>>(target: &str, name: &str, values: &[V]) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_other = |pair: &&str| {
        let theirs = pair.split_once('=').map_or(*pair, |(name, _)| name);
        !pair.is_empty() && decoded(theirs).is_none_or(|theirs| theirs != name)
    };
    let set = values.iter().map(|value| format!("{}={}", escaped(name), escaped(value.as_ref())));
    let pairs = query.split('&').filter(is_other).map(str::to_owned).chain(set);
    let mut target = path.to_owned();
    for (separator, pair) in std::iter::once('?').chain(std::iter::repeat('&')).zip(pairs) {
        target.push(separator);
        target.push_str(&pair);
    }
    target
}

fn decoded(part: &str) -> Option<Cow<'_, str>> {
    let spaced = if part.contains('+') { Cow::Owned(part.replace('+', " ")) } else { part.into() };
    match decode(&spaced).ok()? {
        Some(bytes) => String::from_utf8(bytes).ok().map(Cow::Owned),
        None => Some(spaced),
    }
}

#[cfg(test)]
mod tests {
    use super::{Query, set};
    use crate::route::ambiguity::Ambiguity;

    #[test]
    fn pairs_are_decoded_once_and_the_text_is_kept() {
        let query = Query::parse("a=1&b=x+y&a=%2526&flag&=v&&c=d=e").unwrap();
        let pairs: Vec<_> = query.pairs().map(|(n, v)| format!("{n}>{v}")).collect();
        assert_eq!(pairs, ["a>1", "b>x y", "a>%26", "flag>", ">v", "c>d=e"]);
        assert_eq!(query.raw(), "a=1&b=x+y&a=%2526&flag&=v&&c=d=e");
    }

    #[test]
    fn a_parameter_that_is_set_is_the_only_one_of_its_name() {
        for (target, expected) in [
            ("/a", "/a?key=v%26"),
            ("/a?x=1", "/a?x=1&key=v%26"),
            ("/a?key=mine&x=1&key", "/a?x=1&key=v%26"),
            ("/a?k%65y=mine", "/a?key=v%26"),
            ("/a?KEY=other", "/a?KEY=other&key=v%26"),
        ] {
            assert_eq!(set(target, "key", &["v&"]), expected);
        }
        assert_eq!(set::<&str>("/a?key=1", "key", &[]), "/a");
    }

    #[test]
    fn a_query_with_two_readings_is_refused() {
        for (raw, rule) in [
            ("a=1;b=2", Ambiguity::QuerySemicolon),
            ("a=%2", Ambiguity::QueryEscape),
            ("a=%ff", Ambiguity::QueryEscape),
            ("a=%00", Ambiguity::QueryEscape),
            ("a=\u{1}", Ambiguity::QueryEscape),
            ("a=#x", Ambiguity::QueryEscape),
            ("a=é", Ambiguity::QueryEscape),
        ] {
            assert_eq!(Query::parse(raw), Err(rule), "{raw:?}");
        }
    }
}
