//! Strict JSON: it never panics, and whatever it accepts serde_json accepts as well.
#![no_main]

use countersign::route::json;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if json::check(bytes).is_ok() {
        serde_json::from_slice::<serde_json::Value>(bytes).expect("accepted, but no JSON");
    }
});
