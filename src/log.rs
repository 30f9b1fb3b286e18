//! What Countersign says about itself: text for a person at a terminal, JSON for everything else.
//!
//! Always on standard error: standard output is for results.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging at `level` (an `EnvFilter` directive, such as `info` or `countersign=debug`). Only
/// the first call of a process has an effect.
pub fn start(level: &str) {
    let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("info"));
    let to_stderr = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start is no mistake: tests start many.
    let _ = if std::io::stderr().is_terminal() {
        to_stderr.with_target(false).finish().try_init()
    } else {
        to_stderr.json().flatten_event(true).finish().try_init()
    };
}
