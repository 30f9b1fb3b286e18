//! The forms in which software writes a value down.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

/// Every form of a value: as it is, JSON-escaped, percent-escaped, in hexadecimal, and in base64 at
/// each of the three offsets that it can have inside a longer text. Without duplicates.
pub(super) fn forms(text: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let mut forms: Vec<Zeroizing<Vec<u8>>> = Vec::with_capacity(14);
    let bytes = text.as_bytes();
    let mut add = |form: Vec<u8>| {
        let form = Zeroizing::new(form);
        if !form.is_empty() && !forms.contains(&form) {
            forms.push(form);
        }
    };
    add(bytes.to_vec());
    add(json(text));
    add(json(text).into_iter().flat_map(slash_escaped).collect());
    for hex in [UPPER, LOWER] {
        add(bytes.iter().flat_map(|b| digits(*b, hex)).collect());
        add(bytes.iter().flat_map(|b| percent(*b, hex)).collect());
        add(bytes.iter().flat_map(|b| percent_reserved(*b, hex)).collect());
    }
    for offset in 0..3 {
        add(base64(&BASE64_STANDARD_NO_PAD, bytes, offset));
        add(base64(&BASE64_URL_SAFE_NO_PAD, bytes, offset));
    }
    forms
}

/// As the inside of a JSON string.
fn json(text: &str) -> Vec<u8> {
    let quoted = serde_json::to_vec(text).unwrap_or_default();
    quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default().to_vec()
}

/// Some encoders escape the slash as well.
fn slash_escaped(byte: u8) -> Vec<u8> {
    if byte == b'/' { b"\\/".to_vec() } else { vec![byte] }
}

fn digits(byte: u8, hex: &[u8; 16]) -> [u8; 2] {
    [hex[usize::from(byte >> 4)], hex[usize::from(byte & 15)]]
}

fn percent(byte: u8, hex: &[u8; 16]) -> [u8; 3] {
    let [high, low] = digits(byte, hex);
    [b'%', high, low]
}

/// Escaped only where a URL needs it.
fn percent_reserved(byte: u8, hex: &[u8; 16]) -> Vec<u8> {
    if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
        return vec![byte];
    }
    percent(byte, hex).to_vec()
}

/// The characters that the value alone decides when it begins at `offset` bytes (modulo three) of
/// a longer text.
fn base64(engine: &impl Engine, bytes: &[u8], offset: usize) -> Vec<u8> {
    let mut padded = vec![0; offset];
    padded.extend_from_slice(bytes);
    let encoded = engine.encode(&padded).into_bytes();
    // The first characters carry bits of what stands before, the last may carry bits of what follows.
    let first = (offset * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    encoded.get(first..last).unwrap_or_default().to_vec()
}

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";

#[cfg(test)]
mod tests {
    use super::forms;
    use base64::Engine;
    use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
    use proptest::prelude::{prop_assert, proptest};

    fn found_in(secret: &str, text: &str) -> bool {
        forms(secret).iter().any(|form| memchr::memmem::find(text.as_bytes(), form).is_some())
    }

    #[test]
    fn the_usual_forms_are_known() {
        let secret = "sk_live/a+b=\"c\"";
        for text in [
            "x sk_live/a+b=\"c\" y",
            r#"{"k":"sk_live/a+b=\"c\""}"#,
            r#"{"k":"sk_live\/a+b=\"c\""}"#,
            "?k=sk_live%2Fa%2Bb%3D%22c%22",
            "?k=sk_live%2fa%2bb%3d%22c%22",
            "736b5f6c6976652f612b623d226322",
            "736B5F6C6976652F612B623D226322",
        ] {
            assert!(found_in(secret, text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn base64_of_any_text_around_it_is_found(
            before in "[ -~]{0,7}", secret in "[!-~]{8,40}", after in "[ -~]{0,7}",
        ) {
            let text = format!("{before}{secret}{after}");
            prop_assert!(found_in(&secret, &BASE64_STANDARD.encode(&text)));
            prop_assert!(found_in(&secret, &BASE64_URL_SAFE.encode(&text)));
        }
    }
}
