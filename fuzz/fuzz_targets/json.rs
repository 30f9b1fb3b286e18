//! Strict JSON: it never panics, and whatever it accepts a JSON parser accepts as well.
#![no_main]

use countersign::route::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if json::check(bytes).is_ok() {
        assert!(std::str::from_utf8(bytes).is_ok(), "not text, but accepted");
    }
});
