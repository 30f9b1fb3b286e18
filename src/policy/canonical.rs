//! JSON as OPA digests it: without blanks, keys in order, numbers as they were written.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// The canonical text; `None` for what is not JSON.
pub(super) fn json(bytes: &[u8]) -> Option<String> {
    let value: &RawValue = serde_json::from_slice(bytes).ok()?;
    let mut text = String::with_capacity(bytes.len());
    write(value, &mut text)?;
    Some(text)
}

/// Nesting is bounded by the parser, which has read the whole text.
fn write(value: &RawValue, text: &mut String) -> Option<()> {
    match value.get().as_bytes().first()? {
        b'{' => {
            let members: BTreeMap<String, &RawValue> = serde_json::from_str(value.get()).ok()?;
            text.push('{');
            for (index, (key, value)) in members.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                string(key, text)?;
                text.push(':');
                write(value, text)?;
            }
            text.push('}');
        }
        b'[' => {
            let elements: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
            text.push('[');
            for (index, value) in elements.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write(value, text)?;
            }
            text.push(']');
        }
        b'"' => string(&serde_json::from_str::<String>(value.get()).ok()?, text)?,
        _ => text.push_str(value.get()),
    }
    Some(())
}

/// As Go writes it, which escapes two separators that others leave alone.
fn string(value: &str, text: &mut String) -> Option<()> {
    let plain = serde_json::to_string(value).ok()?;
    text.push_str(&plain.replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029"));
    Some(())
}

#[cfg(test)]
mod tests {
    use super::json;

    #[test]
    fn one_document_has_one_text() {
        let text = " {\"b\": [1.0, 1e3, true], \"a\\u0041\": \"<\\u2028\\n\\u00e9\"} ".as_bytes();
        let canonical = "{\"aA\":\"<\\u2028\\n\u{e9}\",\"b\":[1.0,1e3,true]}";
        assert_eq!(json(text).unwrap(), canonical);
        assert_eq!(json(canonical.as_bytes()).unwrap(), canonical);
        assert_eq!(json(b"{"), None);
    }
}
