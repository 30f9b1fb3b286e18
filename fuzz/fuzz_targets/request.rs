//! The canonical request: whatever is accepted has one spelling, and that spelling is accepted.
#![no_main]

use countersign::route::{Authority, Path, Query};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(path) = Path::parse(text) {
        let again = Path::parse(path.as_str()).expect("a canonical path is a path");
        assert_eq!(again.as_str(), path.as_str());
    }
    if let Ok(query) = Query::parse(text) {
        assert_eq!(query.pairs().count(), query.pairs().count());
    }
    if let Ok(authority) = Authority::parse(text) {
        let again = Authority::parse(authority.as_str()).expect("a canonical authority is one");
        assert_eq!(again.as_str(), authority.as_str());
    }
});
