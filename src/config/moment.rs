//! Points in time as people write them: `2026-12-01T00:00:00Z`.

use crate::clock::Timestamp;
use crate::config::text::Written;

impl Written for Timestamp {
    const WHAT: &'static str = "a point in time";
    const NAME: &'static str = "Moment";
    const PATTERN: &'static str =
        r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$";

    fn read(text: &str) -> Result<Self, String> {
        let message = "not a point in time; write it like `2026-12-01T00:00:00Z`";
        Self::parse(text).ok_or_else(|| message.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use crate::clock::Timestamp;
    use crate::config::text::Written;

    #[test]
    fn a_time_with_its_zone_is_read_and_nothing_else() {
        assert_eq!(Timestamp::read("1970-01-01T01:00:01+01:00"), Ok(Timestamp::from_secs(1)));
        for text in ["", "tomorrow", "2026-12-01", "2026-12-01T00:00:00", "1700000000"] {
            assert!(Timestamp::read(text).is_err(), "{text}");
        }
    }
}
