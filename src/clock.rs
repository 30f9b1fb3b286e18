//! The time now, from one place.
//!
//! Everything that compares against a time takes a [`Clock`], so that a test can decide what time
//! it is and no part reads the system clock behind another's back (`clippy.toml` bans it).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in civil time, in microseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From whole microseconds since the Unix epoch.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// From whole seconds since the Unix epoch; times before it become the epoch.
    pub fn from_secs(secs: i64) -> Self {
        Self(u64::try_from(secs).unwrap_or(0).saturating_mul(1_000_000))
    }

    /// Reads an RFC 3339 time, such as [`Display`](std::fmt::Display) prints; `None` if `text` is
    /// anything else or lies before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        let time: jiff::Timestamp = text.parse().ok()?;
        u64::try_from(time.as_microsecond()).ok().map(Self)
    }

    /// Whole microseconds since the Unix epoch.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub const fn secs(self) -> u64 {
        self.0 / 1_000_000
    }

    /// This time moved later by `by`.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(u64::try_from(by.as_micros()).unwrap_or(u64::MAX)))
    }

    /// This time moved earlier by `by`; not before the epoch.
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(u64::try_from(by.as_micros()).unwrap_or(u64::MAX)))
    }

    /// How long from `earlier` until this time; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }
}

/// RFC 3339 in UTC with microseconds, always 27 characters: `2026-11-23T19:22:00.000000Z`.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = i64::try_from(self.0).map_err(|_| std::fmt::Error)?;
        let time = jiff::Timestamp::from_microsecond(micros).map_err(|_| std::fmt::Error)?;
        write!(f, "{time:.6}")
    }
}

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that moves only when told to; for tests.
    Manual(Manual),
}

impl Clock {
    /// The civil time now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
            }
            Self::Manual(manual) => Timestamp(manual.0.load(Ordering::SeqCst)),
        }
    }

    /// A monotonic instant, for measuring how long something took.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the clock")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}

/// The hands of a [`Clock::Manual`]; clones move together.
#[derive(Clone, Debug)]
pub struct Manual(Arc<AtomicU64>);

impl Manual {
    /// A clock that stands at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(start.0)))
    }

    /// Moves the clock forward by `by`.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_micros()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, Manual, Timestamp};
    use std::time::Duration;

    #[test]
    fn a_timestamp_prints_as_rfc_3339_with_a_fixed_width() {
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(
            Timestamp::from_micros(1_795_461_720_000_042).to_string(),
            "2026-11-23T19:22:00.000042Z"
        );
    }

    #[test]
    fn a_printed_timestamp_parses_back_and_nothing_else_does() {
        let time = Timestamp::from_micros(1_795_461_720_000_042);
        assert_eq!(Timestamp::parse(&time.to_string()), Some(time));
        assert_eq!(Timestamp::parse("1969-12-31T23:59:59Z"), None);
        assert_eq!(Timestamp::parse("yesterday"), None);
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let hands = Manual::new(Timestamp::from_secs(10));
        let clock = Clock::Manual(hands.clone());
        assert_eq!(clock.now().secs(), 10);
        hands.advance(Duration::from_secs(5));
        assert_eq!(clock.now().secs(), 15);
    }
}
