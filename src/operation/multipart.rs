//! `multipart/form-data` (RFC 7578): what the parts are, not what they hold.
//!
//! Parsers of multipart disagree about everything: preambles, bare line feeds, header folding,
//! `filename*`, a boundary inside of a part. Only the form that all of them read alike passes.

use memchr::memmem;
use serde_json::{Value, json};

use crate::operation::form::Names;
use crate::operation::operations::MAX_OPERATIONS as MAX_PARTS;
use crate::operation::unreadable::Unreadable;
use crate::route::Ambiguity;

/// `{"parts": [{"name", "filename", "type", "size", "text"}, …]}`. `text` is there for small plain
/// fields; nothing of a file is.
///
/// # Errors
/// [`Unreadable::Multipart`], [`Unreadable::Count`] or [`Ambiguity::MethodOverride`].
pub(super) fn read(content_type: &str, bytes: &[u8]) -> Result<Value, Unreadable> {
    let delimiter = format!("--{}", boundary(content_type).ok_or(Unreadable::Multipart)?);
    let mut names = Names::default();
    let mut parts = Vec::new();
    for content in split(bytes, delimiter.as_bytes()).ok_or(Unreadable::Multipart)? {
        if parts.len() == MAX_PARTS {
            return Err(Unreadable::Count);
        }
        let part = Part::read(content).ok_or(Unreadable::Multipart)?;
        names.take(&part.name).map_err(|_| Unreadable::Multipart)?;
        parts.push(part.told());
    }
    if names.overrides {
        return Err(Ambiguity::MethodOverride.into());
    }
    Ok(json!({ "parts": parts }))
}

/// One part.
#[derive(Debug)]
struct Part<'a> {
    name: String,
    filename: Option<String>,
    content_type: Option<&'a str>,
    content: &'a [u8],
}

impl<'a> Part<'a> {
    /// Reads headers and content; each header at most once, and no other than these two.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let end = memmem::find(bytes, b"\r\n\r\n")?;
        let (head, content) = (str::from_utf8(bytes.get(..end)?).ok()?, bytes.get(end + 4..)?);
        let (mut disposition, mut content_type) = (None, None);
        for line in head.split("\r\n") {
            let (name, value) = line.split_once(':')?;
            let value = value.trim_matches([' ', '\t']);
            let header = match name.to_ascii_lowercase().as_str() {
                "content-disposition" => &mut disposition,
                "content-type" => &mut content_type,
                _ => return None,
            };
            if header.replace(value).is_some() || value.chars().any(char::is_control) {
                return None;
            }
        }
        let (name, filename) = names(disposition?)?;
        Some(Self { name, filename, content_type, content })
    }

    fn told(&self) -> Value {
        json!({
            "name": self.name,
            "filename": self.filename,
            "type": self.content_type,
            "size": self.content.len(),
            "text": self.text(),
        })
    }

    /// What a plain field says, if it is small.
    fn text(&self) -> Option<&'a str> {
        let plain = self.content_type.is_none_or(|kind| {
            kind.split(';')
                .next()
                .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"))
        });
        let small = self.filename.is_none() && plain && self.content.len() <= MAX_TEXT;
        str::from_utf8(self.content).ok().filter(|_| small)
    }
}

/// The one parameter that `multipart/form-data` has, of RFC 2046's characters.
fn boundary(content_type: &str) -> Option<&str> {
    let (_, parameter) = content_type.split_once(';')?;
    let (name, value) = parameter.trim().split_once('=')?;
    let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    let boundary = quoted.unwrap_or(value);
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"'()+_,-./:=?".contains(&b);
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"'+_-.".contains(&b);
    let fits = match quoted {
        Some(_) => boundary.bytes().all(allowed),
        None => boundary.bytes().all(plain),
    };
    let named = name.eq_ignore_ascii_case("boundary");
    (named && fits && (1..=70).contains(&boundary.len())).then_some(boundary)
}

/// What stands between the delimiters. There is nothing before the first and nothing but a line
/// ending behind the last, and no delimiter anywhere but at the start of a line.
fn split<'a>(bytes: &'a [u8], delimiter: &[u8]) -> Option<Vec<&'a [u8]>> {
    let mut starts = memmem::find_iter(bytes, delimiter).peekable();
    if *starts.peek()? != 0 {
        return None;
    }
    let mut parts = Vec::new();
    while let Some(start) = starts.next() {
        let behind = bytes.get(start + delimiter.len()..)?;
        let Some(next) = starts.peek() else {
            let closed = matches!(behind, b"--" | b"--\r\n") && !parts.is_empty();
            return closed.then_some(parts);
        };
        let part = behind.get(..next.checked_sub(start + delimiter.len())?)?;
        parts.push(part.strip_prefix(b"\r\n")?.strip_suffix(b"\r\n")?);
    }
    None
}

/// `form-data; name="…"` with at most one `filename="…"` behind it.
fn names(disposition: &str) -> Option<(String, Option<String>)> {
    let rest = disposition.strip_prefix("form-data;")?.trim_start();
    let (name, rest) = quoted(rest.strip_prefix("name=")?)?;
    if rest.is_empty() {
        return Some((name, None));
    }
    let rest = rest.trim_start().strip_prefix(';')?.trim_start();
    let (filename, rest) = quoted(rest.strip_prefix("filename=")?)?;
    rest.is_empty().then_some((name, Some(filename)))
}

/// A quoted text without escapes, and what follows it. Browsers write quotes as `%22`, which stays.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (value, rest) = text.strip_prefix('"')?.split_once('"')?;
    (!value.contains('\\')).then(|| (value.to_owned(), rest))
}

/// The longest field that policy sees, in bytes.
const MAX_TEXT: usize = 1024;

#[cfg(test)]
mod tests {
    use super::read;
    use crate::operation::unreadable::Unreadable;
    use crate::route::Ambiguity;
    use proptest::prelude::{prop_assert_eq, proptest};
    use serde_json::{Value, json};

    const KIND: &str = "multipart/form-data; boundary=xYz";

    fn parts(parts: &[&str]) -> Result<Value, Unreadable> {
        let each = parts.iter().map(|part| format!("--xYz\r\n{part}\r\n"));
        read(KIND, format!("{}--xYz--\r\n", each.collect::<String>()).as_bytes())
    }

    fn field(disposition: &str) -> Result<Value, Unreadable> {
        parts(&[&format!("Content-Disposition: {disposition}\r\n\r\nv")])
    }

    #[test]
    fn a_field_is_told_and_a_file_only_described() {
        let told = parts(&[
            "Content-Disposition: form-data; name=\"to\"\r\n\r\nZo\u{eb}\r\nX",
            "content-disposition: form-data; name=\"f\"; filename=\"a b.png\"\r\nContent-Type: \
             image/png\r\n\r\n\u{1}\u{2}",
        ]);
        let expected = json!({"parts": [
            {"name": "to", "filename": null, "type": null, "size": 7, "text": "Zo\u{eb}\r\nX"},
            {"name": "f", "filename": "a b.png", "type": "image/png", "size": 2, "text": null},
        ]});
        assert_eq!(told.unwrap(), expected);
        let long =
            format!("Content-Disposition: form-data; name=\"a\"\r\n\r\n{}", "x".repeat(1025));
        assert_eq!(parts(&[&long]).unwrap()["parts"][0]["text"], Value::Null);
    }

    #[test]
    fn a_part_has_a_quoted_name_and_nothing_unusual() {
        for disposition in [
            "form-data",
            "form-data; name=a",
            "form-data; name=\"\"",
            "form-data; name=\"a\\\"b\"",
            "form-data; name=\"a\"; name=\"b\"",
            "form-data; filename=\"x\"; name=\"a\"",
            "form-data; name=\"a\"; filename=\"x\"; filename=\"y\"",
            "form-data; name=\"a\"; filename*=UTF-8''x",
            "attachment; name=\"a\"",
            "form-data; name=\"a\"\r\nContent-Transfer-Encoding: base64",
            "form-data; name=\"a\"\r\n folded: x",
            "form-data; name=\"a\"\r\nContent-Disposition: form-data; name=\"b\"",
        ] {
            assert_eq!(field(disposition), Err(Unreadable::Multipart), "{disposition}");
        }
        assert!(field("form-data; name=\"a\"").is_ok());
    }

    #[test]
    fn a_body_that_could_be_split_in_another_way_is_refused() {
        let head = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
        for body in [
            String::new(),
            "--xYz--\r\n".to_owned(),
            format!("preamble\r\n--xYz\r\n{head}v\r\n--xYz--"),
            format!("--xYz\r\n{head}v\r\n--xYz--\r\nepilogue"),
            format!("--xYz\r\n{head}v\r\n--xYz"),
            format!("--xYz\r\n{head}v\n--xYz--"),
            format!("--xYz\n{head}v\r\n--xYz--"),
            format!("--xYz \r\n{head}v\r\n--xYz--"),
            format!("--xYz\r\n{head}v\r\n--xYzz\r\n{head}w\r\n--xYz--"),
            format!("--xYz\r\n{head}a--xYz\r\nb\r\n--xYz--"),
            format!("--xYz\r\n{head}v\r\n--xYz--\r\n--xYz--"),
        ] {
            assert_eq!(read(KIND, body.as_bytes()), Err(Unreadable::Multipart), "{body:?}");
        }
    }

    #[test]
    fn names_are_single_minded_and_the_boundary_is_plain() {
        let part = |name: &str| format!("Content-Disposition: form-data; name=\"{name}\"\r\n\r\nv");
        assert!(parts(&[&part("a"), &part("a")]).is_ok());
        assert_eq!(parts(&[&part("a"), &part("A")]), Err(Unreadable::Multipart));
        let refused = Unreadable::Ambiguous(Ambiguity::MethodOverride);
        assert_eq!(parts(&[&part("_method")]), Err(refused));
        let many = vec![part("a"); 65];
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(parts(&many), Err(Unreadable::Count));
        let body = format!("--xYz\r\n{}\r\n--xYz--", part("a"));
        for (kind, is_read) in [
            ("multipart/form-data; boundary=\"xYz\"", true),
            ("multipart/form-data;boundary=xYz", true),
            ("multipart/form-data; boundary=xYz; boundary=b", false),
            ("multipart/form-data; boundary=\"xYz", false),
            ("multipart/form-data; charset=utf-8", false),
            ("multipart/form-data; boundary=", false),
        ] {
            assert_eq!(read(kind, body.as_bytes()).is_ok(), is_read, "{kind}");
        }
    }

    proptest! {
        #[test]
        fn what_was_put_in_is_told(value in "[ -~\\r\\n]{0,64}") {
            let told = parts(&[&format!("Content-Disposition: form-data; name=\"a\"\r\n\r\n{value}")]);
            match value.contains("--xYz") {
                true => prop_assert_eq!(told, Err(Unreadable::Multipart)),
                false => {
                    let told = told.unwrap();
                    prop_assert_eq!(told["parts"][0]["text"].as_str(), Some(value.as_str()));
                }
            }
        }
    }
}
