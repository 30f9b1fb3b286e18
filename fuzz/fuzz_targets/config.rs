//! The configuration: any text is read, or refused with problems that can be printed.
#![no_main]

use countersign::config;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Err(problems) = config::parse("countersign.yaml", text) {
        assert!(!problems.to_string().is_empty());
    }
});
