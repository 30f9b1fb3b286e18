//! The time as rules read it. A second is taken apart once, however many requests it has.

use regorus::Value;

use crate::clock::Timestamp;
use crate::policy::engine::input::object;
use crate::policy::engine::keys::Keys;

/// The second that was taken apart last.
#[derive(Debug)]
pub(super) struct Moment {
    second: u64,
    /// `2026-11-23T19:22:00`, to which only the microseconds are missing.
    prefix: String,
    parts: Value,
}

impl Moment {
    /// Before any second was asked for.
    pub(super) fn new(keys: &Keys) -> Self {
        Self::of(Timestamp::default(), keys)
    }

    /// `attributes.request.time`, and `countersign.time`.
    pub(super) fn at(&mut self, now: Timestamp, keys: &Keys) -> (Value, Value) {
        if self.second != now.secs() {
            *self = Self::of(now, keys);
        }
        let text = format!("{}.{:06}Z", self.prefix, now.micros() % 1_000_000);
        (Value::from(text), self.parts.clone())
    }

    fn of(now: Timestamp, keys: &Keys) -> Self {
        let mut prefix = now.to_string();
        prefix.truncate(SECONDS);
        Self { second: now.secs(), prefix, parts: parts(now, keys) }
    }
}

/// The time in UTC, taken apart: rules then need no builtin to ask for the hour.
fn parts(now: Timestamp, keys: &Keys) -> Value {
    let whole = i64::try_from(now.secs()).unwrap_or(i64::MAX);
    let unix = (&keys.unix, Value::from(now.secs()));
    let Ok(stamp) = jiff::Timestamp::from_second(whole) else { return object([unix]) };
    let civil = jiff::tz::Offset::UTC.to_datetime(stamp);
    let weekday = civil.weekday().to_monday_one_offset();
    object([
        unix,
        (&keys.year, Value::from(i64::from(civil.year()))),
        (&keys.month, Value::from(i64::from(civil.month()))),
        (&keys.day, Value::from(i64::from(civil.day()))),
        (&keys.hour, Value::from(i64::from(civil.hour()))),
        (&keys.minute, Value::from(i64::from(civil.minute()))),
        (&keys.weekday, Value::from(i64::from(weekday))),
    ])
}

/// How much of an RFC 3339 time the whole second is.
const SECONDS: usize = "2026-11-23T19:22:00".len();
