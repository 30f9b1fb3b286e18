//! One entry of an audit segment, and a signed note: read or refused, never a panic.
#![no_main]

use countersign::audit::{Head, VerifierKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(head) = Head::parse(bytes) {
        assert!(bytes.starts_with(format!("{{\"index\":{},", head.index).as_bytes()));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(key) = VerifierKey::parse(text) {
        let _ = key.open(text);
    }
});
