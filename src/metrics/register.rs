//! Makes metrics and registers them, in one line each.

use prometheus::core::Collector;
use prometheus::{
    Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec, Opts,
    Registry,
};

/// The HTTP latency buckets of OpenTelemetry's semantic conventions, in seconds, with two finer
/// ones in front: a proxy that answers in a hundred microseconds would sit in a single bucket.
pub(super) const SECONDS: [f64; 16] = [
    0.0001, 0.0005, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Policy evaluations are microseconds; these buckets end where the instruction cap does.
pub(super) const EVALUATION_SECONDS: [f64; 10] = [
    0.000_001,
    0.000_002_5,
    0.000_005,
    0.000_01,
    0.000_025,
    0.000_05,
    0.000_1,
    0.000_5,
    0.001,
    0.01,
];

pub(super) fn int_counter(
    r: &Registry,
    name: &str,
    help: &str,
) -> Result<IntCounter, prometheus::Error> {
    registered(r, IntCounter::with_opts(opts(name, help))?)
}

pub(super) fn int_counters(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    registered(r, IntCounterVec::new(opts(name, help), labels)?)
}

pub(super) fn int_gauge(
    r: &Registry,
    name: &str,
    help: &str,
) -> Result<IntGauge, prometheus::Error> {
    registered(r, IntGauge::with_opts(opts(name, help))?)
}

pub(super) fn int_gauges(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    registered(r, IntGaugeVec::new(opts(name, help), labels)?)
}

pub(super) fn histogram(
    r: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
) -> Result<Histogram, prometheus::Error> {
    let opts = HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec());
    registered(r, Histogram::with_opts(opts)?)
}

pub(super) fn histograms(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<HistogramVec, prometheus::Error> {
    let opts = HistogramOpts::from(opts(name, help)).buckets(SECONDS.to_vec());
    registered(r, HistogramVec::new(opts, labels)?)
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("countersign_{name}"), help)
}

fn registered<C: Collector + Clone + 'static>(
    registry: &Registry,
    collector: C,
) -> Result<C, prometheus::Error> {
    registry.register(Box::new(collector.clone()))?;
    Ok(collector)
}
