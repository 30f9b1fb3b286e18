//! Every metric: its name, its help and its labels, in one list.
//!
//! Names start with `countersign_`, units are base units, and no label holds an id, a path or
//! anything an agent chose; `docs/operations.md` lists the same names, and a test compares the two.
//! Each part takes its own handle struct and never sees the registry.

use prometheus::core::Collector;
use prometheus::{
    Encoder, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    IntGaugeVec, Opts, Registry, TextEncoder,
};

/// The HTTP latency buckets of OpenTelemetry's semantic conventions, in seconds, with two finer
/// ones in front: a proxy that answers in a hundred microseconds would sit in a single bucket.
const SECONDS: [f64; 16] = [
    0.0001, 0.0005, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Policy evaluations are microseconds; these buckets end where the instruction cap does.
const EVALUATION_SECONDS: [f64; 10] = [
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

/// All metrics of one running Countersign. Cheap to clone; clones share the same numbers.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Registry,
    /// What the audit trail counts.
    pub audit: AuditMetrics,
    /// What configuration and its reloads count.
    pub config: ConfigMetrics,
    /// What credentials and the response guard count.
    pub credential: CredentialMetrics,
    /// What the history of decisions counts.
    pub history: HistoryMetrics,
    /// What exchanges count.
    pub http: HttpMetrics,
    /// What handshakes and connections count.
    pub listener: ListenerMetrics,
    /// What decisions and the policy engine count.
    pub policy: PolicyMetrics,
    /// What upstreams count.
    pub upstream: UpstreamMetrics,
}

/// The audit trail's numbers.
#[derive(Clone, Debug)]
pub struct AuditMetrics {
    /// `countersign_audit_records_total`
    pub records: IntCounter,
    /// `countersign_audit_write_errors_total`
    pub write_errors: IntCounter,
    /// `countersign_audit_writable`: 1 while records can be written, 0 while requests are refused.
    pub writable: IntGauge,
    /// `countersign_audit_checkpoint_size`: entries under the newest signed checkpoint.
    pub checkpoint_size: IntGauge,
    /// `countersign_audit_last_checkpoint_timestamp_seconds`
    pub last_checkpoint: IntGauge,
}

/// Configuration's numbers.
#[derive(Clone, Debug)]
pub struct ConfigMetrics {
    /// `countersign_config_reloads_total{result}`: `result` is `applied` or `refused`.
    pub reloads: IntCounterVec,
    /// `countersign_config_last_reload_success`: 1 if the newest reload was applied, 0 if refused.
    pub last_reload_success: IntGauge,
    /// `countersign_svid_expiry_timestamp_seconds`: when our own certificate ends.
    pub svid_expiry: IntGauge,
}

/// Credentials' numbers.
#[derive(Clone, Debug)]
pub struct CredentialMetrics {
    /// `countersign_credential_uses_total{credential}`
    pub uses: IntCounterVec,
    /// `countersign_credential_errors_total{credential}`: injections that could not be made.
    pub errors: IntCounterVec,
    /// `countersign_response_secrets_replaced_total{credential}`: occurrences of an injected value
    /// found in a response and replaced.
    pub replaced: IntCounterVec,
}

/// The numbers of the history of decisions.
#[derive(Clone, Debug)]
pub struct HistoryMetrics {
    /// `countersign_history_records_total{result}`: `result` is `kept`, `dropped` (more came than
    /// could be written) or `failed` (the disk refused).
    pub records: IntCounterVec,
    /// `countersign_candidate_decisions_total{change}`: decisions that a candidate was asked about
    /// as well; `change` is `none`, or what would change, such as `newly_allowed`.
    pub candidate: IntCounterVec,
}

/// The exchanges' numbers.
#[derive(Clone, Debug)]
pub struct HttpMetrics {
    /// `countersign_http_requests_total{listener,route,method,code}`
    pub requests: IntCounterVec,
    /// `countersign_http_request_duration_seconds{listener,route}`: until the head of the answer.
    pub duration: HistogramVec,
    /// `countersign_http_refused_requests_total{rule}`: requests refused as ambiguous, by rule.
    pub refused: IntCounterVec,
    /// `countersign_http_exchange_panics_total`
    pub panics: IntCounter,
}

/// The listeners' numbers.
#[derive(Clone, Debug)]
pub struct ListenerMetrics {
    /// `countersign_tls_handshakes_total{result,reason}`: `result` is `ok` or `failed`.
    pub handshakes: IntCounterVec,
    /// `countersign_connections{listener}`: open now.
    pub connections: IntGaugeVec,
    /// `countersign_connections_refused_total{listener,reason}`
    pub refused: IntCounterVec,
}

/// Policy's numbers.
#[derive(Clone, Debug)]
pub struct PolicyMetrics {
    /// `countersign_decisions_total{route,decision}`: `decision` is `allow`, `deny`, `escalate`,
    /// `error`, or on a route that is only observed `would_deny` or `would_ask`.
    pub decisions: IntCounterVec,
    /// `countersign_route_observed_until_timestamp_seconds{route}`: until when a route lets pass what
    /// policy denies.
    pub observed: IntGaugeVec,
    /// `countersign_policy_eval_duration_seconds`
    pub duration: Histogram,
    /// `countersign_policy_errors_total{reason}`
    pub errors: IntCounterVec,
    /// `countersign_policy_interpreted`: 1 while the bundle is refused by the fast engine's gate
    /// and runs on the interpreter.
    pub interpreted: IntGauge,
    /// `countersign_policy_memory_total{result}`
    pub memory: MemoryNumbers,
    /// `countersign_policy_shadow_checks_total{result}`: `result` is `same`, `different` or
    /// `dropped`.
    pub shadow: IntCounterVec,
    /// `countersign_bundle_info{name,revision}`: 1 for the revision in force.
    pub bundle: IntGaugeVec,
    /// `countersign_bundle_last_success_timestamp_seconds{name}`
    pub bundle_loaded: IntGaugeVec,
    /// `countersign_bundle_downloads_total{result}`: `result` is `new`, `same`, `refused` or
    /// `failed`.
    pub bundle_downloads: IntCounterVec,
    /// `countersign_bundle_last_download_timestamp_seconds`: when the server last answered.
    pub bundle_heard: IntGauge,
}

/// What the workers' memories of decisions count. Policies whose answers hold only once are in
/// neither number.
#[derive(Clone, Debug)]
pub struct MemoryNumbers {
    /// `hit`: decisions that were remembered.
    pub hits: IntCounter,
    /// `miss`: decisions that were made anew, and might have been remembered.
    pub misses: IntCounter,
}

/// Upstreams' numbers.
#[derive(Clone, Debug)]
pub struct UpstreamMetrics {
    /// `countersign_upstream_request_duration_seconds{upstream,code_class}`
    pub duration: HistogramVec,
    /// `countersign_upstream_errors_total{upstream,reason}`
    pub errors: IntCounterVec,
    /// `countersign_upstream_connections{upstream}`: open now, idle ones included.
    pub connections: IntGaugeVec,
}

/// The numbers of one upstream, looked up once: looking them up takes a lock.
#[derive(Clone, Debug)]
pub struct UpstreamNumbers {
    /// Its part of [`UpstreamMetrics::connections`].
    pub connections: IntGauge,
    duration: [Histogram; 6],
    errors: IntCounterVec,
    name: Box<str>,
}

impl Metrics {
    /// A fresh set, all zero.
    ///
    /// # Errors
    /// Only if two metrics in this file were given the same name, which a test rules out.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let r = &registry;
        let build = int_gauges(r, "build_info", "The running version, as a label.", &["version"])?;
        build.with_label_values(&[env!("CARGO_PKG_VERSION")]).set(1);
        Ok(Self {
            audit: AuditMetrics::new(r)?,
            config: ConfigMetrics::new(r)?,
            credential: CredentialMetrics::new(r)?,
            history: HistoryMetrics::new(r)?,
            http: HttpMetrics::new(r)?,
            listener: ListenerMetrics::new(r)?,
            policy: PolicyMetrics::new(r)?,
            upstream: UpstreamMetrics::new(r)?,
            registry,
        })
    }

    /// Everything in the Prometheus text format, version 0.0.4.
    ///
    /// # Errors
    /// If a metric cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        TextEncoder::new().encode(&process(), &mut text)?;
        Ok(text)
    }
}

/// Memory, descriptors and CPU of this process, under Prometheus' usual `process_*` names.
fn process() -> Vec<prometheus::proto::MetricFamily> {
    prometheus::process_collector::ProcessCollector::for_self().collect()
}

impl AuditMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            records: int_counter(r, "audit_records_total", "Records written to the trail.")?,
            write_errors: int_counter(r, "audit_write_errors_total", "Writes that failed.")?,
            writable: int_gauge(r, "audit_writable", "1 while the trail takes records.")?,
            checkpoint_size: int_gauge(
                r,
                "audit_checkpoint_size",
                "Entries under the newest signed checkpoint.",
            )?,
            last_checkpoint: int_gauge(
                r,
                "audit_last_checkpoint_timestamp_seconds",
                "When the newest checkpoint was signed.",
            )?,
        })
    }
}

impl ConfigMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            reloads: int_counters(r, "config_reloads_total", "Reloads.", &["result"])?,
            last_reload_success: int_gauge(
                r,
                "config_last_reload_success",
                "1 if the newest reload was applied, 0 if it was refused.",
            )?,
            svid_expiry: int_gauge(
                r,
                "svid_expiry_timestamp_seconds",
                "When our own certificate ends.",
            )?,
        })
    }
}

impl CredentialMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let by = &["credential"];
        Ok(Self {
            uses: int_counters(r, "credential_uses_total", "Injections made.", by)?,
            errors: int_counters(r, "credential_errors_total", "Injections that failed.", by)?,
            replaced: int_counters(
                r,
                "response_secrets_replaced_total",
                "Injected values found in responses and replaced.",
                by,
            )?,
        })
    }
}

impl HistoryMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            records: int_counters(
                r,
                "history_records_total",
                "Decisions handed to the history.",
                &["result"],
            )?,
            candidate: int_counters(
                r,
                "candidate_decisions_total",
                "Decisions that a candidate was asked about, by what it would change.",
                &["change"],
            )?,
        })
    }
}

impl HttpMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            requests: int_counters(
                r,
                "http_requests_total",
                "Exchanges answered.",
                &["listener", "route", "method", "code"],
            )?,
            duration: histograms(
                r,
                "http_request_duration_seconds",
                "From the request's head to the answer's head.",
                &["listener", "route"],
            )?,
            refused: int_counters(
                r,
                "http_refused_requests_total",
                "Requests refused as ambiguous, by the rule they broke.",
                &["rule"],
            )?,
            panics: int_counter(r, "http_exchange_panics_total", "Exchanges that panicked.")?,
        })
    }
}

impl ListenerMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            handshakes: int_counters(
                r,
                "tls_handshakes_total",
                "TLS handshakes with agents.",
                &["result", "reason"],
            )?,
            connections: int_gauges(r, "connections", "Connections open now.", &["listener"])?,
            refused: int_counters(
                r,
                "connections_refused_total",
                "Connections turned away.",
                &["listener", "reason"],
            )?,
        })
    }
}

impl PolicyMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            decisions: int_counters(
                r,
                "decisions_total",
                "Decisions made.",
                &["route", "decision"],
            )?,
            observed: int_gauges(
                r,
                "route_observed_until_timestamp_seconds",
                "Until when the route lets pass what policy denies.",
                &["route"],
            )?,
            duration: histogram(
                r,
                "policy_eval_duration_seconds",
                "One decision, remembered or made anew.",
                &EVALUATION_SECONDS,
            )?,
            errors: int_counters(
                r,
                "policy_errors_total",
                "Evaluations that gave no clear answer and so denied.",
                &["reason"],
            )?,
            interpreted: int_gauge(
                r,
                "policy_interpreted",
                "1 while the bundle runs on the interpreter instead of the fast engine.",
            )?,
            memory: MemoryNumbers::new(r)?,
            shadow: int_counters(
                r,
                "policy_shadow_checks_total",
                "Live decisions evaluated again on the interpreter.",
                &["result"],
            )?,
            bundle: int_gauges(
                r,
                "bundle_info",
                "1 for the policy revision in force.",
                &["name", "revision"],
            )?,
            bundle_loaded: int_gauges(
                r,
                "bundle_last_success_timestamp_seconds",
                "When the bundle in force was activated.",
                &["name"],
            )?,
            bundle_downloads: int_counters(
                r,
                "bundle_downloads_total",
                "Requests to the bundle server, by what came of them.",
                &["result"],
            )?,
            bundle_heard: int_gauge(
                r,
                "bundle_last_download_timestamp_seconds",
                "When the bundle server last answered.",
            )?,
        })
    }
}

impl MemoryNumbers {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        let asked = int_counters(
            r,
            "policy_memory_total",
            "Decisions that could have been remembered, by whether they were.",
            &["result"],
        )?;
        let counter = |result| asked.with_label_values(&[result]);
        Ok(Self { hits: counter("hit"), misses: counter("miss") })
    }
}

impl UpstreamMetrics {
    fn new(r: &Registry) -> Result<Self, prometheus::Error> {
        Ok(Self {
            duration: histograms(
                r,
                "upstream_request_duration_seconds",
                "From sending to the head of the upstream's answer.",
                &["upstream", "code_class"],
            )?,
            errors: int_counters(
                r,
                "upstream_errors_total",
                "Requests an upstream did not answer.",
                &["upstream", "reason"],
            )?,
            connections: int_gauges(
                r,
                "upstream_connections",
                "Connections to upstreams open now.",
                &["upstream"],
            )?,
        })
    }
}

impl UpstreamMetrics {
    /// The numbers of the upstream called `name`.
    pub fn of(&self, name: &str) -> UpstreamNumbers {
        let duration = CODE_CLASSES.map(|class| self.duration.with_label_values(&[name, class]));
        UpstreamNumbers {
            connections: self.connections.with_label_values(&[name]),
            duration,
            errors: self.errors.clone(),
            name: name.into(),
        }
    }
}

impl UpstreamNumbers {
    /// Counts an answer with `status`, whose head took `duration`.
    pub fn answered(&self, status: http::StatusCode, duration: std::time::Duration) {
        let class = usize::from(status.as_u16() / 100).min(CODE_CLASSES.len());
        let histogram = self.duration.get(class.wrapping_sub(1));
        histogram.unwrap_or(&self.duration[5]).observe(duration.as_secs_f64());
    }

    /// Counts a request that was not answered.
    pub fn failed(&self, reason: &str) {
        self.errors.with_label_values(&[&self.name, reason]).inc();
    }
}

/// What [`code_class`] gives, in order.
const CODE_CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"];

/// `method` as a label: a known method, or `_OTHER`, so that an agent cannot grow the metrics.
pub fn method_label(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "_OTHER",
    }
}

/// A status code as a class: `2xx`, `5xx`, …
pub fn code_class(status: http::StatusCode) -> &'static str {
    match status.as_u16() / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        5 => "5xx",
        _ => "other",
    }
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

fn int_counter(r: &Registry, name: &str, help: &str) -> Result<IntCounter, prometheus::Error> {
    registered(r, IntCounter::with_opts(opts(name, help))?)
}

fn int_counters(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntCounterVec, prometheus::Error> {
    registered(r, IntCounterVec::new(opts(name, help), labels)?)
}

fn int_gauge(r: &Registry, name: &str, help: &str) -> Result<IntGauge, prometheus::Error> {
    registered(r, IntGauge::with_opts(opts(name, help))?)
}

fn int_gauges(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<IntGaugeVec, prometheus::Error> {
    registered(r, IntGaugeVec::new(opts(name, help), labels)?)
}

fn histogram(
    r: &Registry,
    name: &str,
    help: &str,
    buckets: &[f64],
) -> Result<Histogram, prometheus::Error> {
    let opts = HistogramOpts::from(opts(name, help)).buckets(buckets.to_vec());
    registered(r, Histogram::with_opts(opts)?)
}

fn histograms(
    r: &Registry,
    name: &str,
    help: &str,
    labels: &[&str],
) -> Result<HistogramVec, prometheus::Error> {
    let opts = HistogramOpts::from(opts(name, help)).buckets(SECONDS.to_vec());
    registered(r, HistogramVec::new(opts, labels)?)
}

#[cfg(test)]
mod tests {
    use super::{Metrics, method_label};

    #[test]
    fn every_metric_has_a_name_of_its_own_and_encodes() {
        let metrics = Metrics::new().unwrap();
        metrics.audit.records.inc();
        let text = String::from_utf8(metrics.encode().unwrap()).unwrap();
        assert!(text.contains("countersign_audit_records_total 1"), "{text}");
        assert!(text.contains("process_resident_memory_bytes"), "{text}");
    }

    #[test]
    fn an_unknown_method_does_not_become_a_label() {
        assert_eq!(method_label(&http::Method::from_bytes(b"BREW").unwrap()), "_OTHER");
    }
}
