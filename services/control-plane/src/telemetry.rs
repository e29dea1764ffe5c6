//! The log and the metrics: how they are set up, and the metrics there are.
//!
//! The log goes to the standard error. It never carries a secret: what is
//! logged is made of domain values and of errors, which hold none.

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use lictor_domain::{ClusterName, Revision};
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::settings::{LogFormat, LogSection};

/// Failovers that ended, by cluster and outcome (`done`, `aborted`).
const FAILOVERS: &str = "lictor_failovers_total";
/// Differences in Consul's catalog that were repaired.
const CONSUL_REPAIRS: &str = "lictor_consul_repairs_total";
/// How long answered probes of MySQL nodes took, in seconds.
pub(crate) const PROBE_SECONDS: &str = "lictor_probe_seconds";
/// Subscribers of the routing push.
const SUBSCRIBERS: &str = "lictor_subscribers";
/// Number of the routing table's revision within its term.
const ROUTING_REVISION_N: &str = "lictor_routing_revision_n";
/// Entries of the history that wait on disk for Postgres.
const HISTORY_WAITS: &str = "lictor_history_waiting_entries";
/// Entries of the history that were lost.
const HISTORY_DROPPED: &str = "lictor_history_dropped_total";
/// Requests that were turned away.
const DENIED: &str = "lictor_denied_requests_total";
/// 1 while this instance leads, 0 otherwise.
const LEADER: &str = "lictor_leader";

/// When the certificate that is served with ends, in Unix seconds.
const CERTIFICATE_ENDS: &str = "lictor_tls_certificate_not_after_seconds";

/// Upper bounds of the probes' buckets, in seconds.
const PROBE_BUCKETS: [f64; 10] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0,
];
/// How often samples are sorted into buckets when nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why the log or the metrics could not be set up.
#[derive(Debug, Error)]
pub(crate) enum TelemetryError {
    /// The level is none.
    #[error("the log's level is no filter")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// Something else has set up the log.
    #[error("the log is set up already")]
    Log(#[from] tracing_subscriber::util::TryInitError),
    /// The metrics' recorder was refused.
    #[error("the metrics cannot be recorded")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// The recorder of this process.
static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Sets up the log and the metrics, once in a process.
pub(crate) fn init(log: &LogSection) -> Result<(), TelemetryError> {
    start_log(log)?;
    let recorder = start_metrics()?;
    RECORDER.get_or_init(|| recorder);
    Ok(())
}

/// The metrics in Prometheus' text format.
pub(crate) fn render() -> String {
    RECORDER
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

/// Keeps the memory of the metrics bounded while nobody asks for them. Never
/// returns.
pub(crate) async fn keep_up() {
    loop {
        tokio::time::sleep(UPKEEP).await;
        if let Some(recorder) = RECORDER.get() {
            recorder.run_upkeep();
        }
    }
}

fn start_log(log: &LogSection) -> Result<(), TelemetryError> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(log.level.parse::<EnvFilter>()?)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match log.format {
        LogFormat::Text => builder.finish().try_init()?,
        LogFormat::Json => builder.json().flatten_event(true).finish().try_init()?,
    }
    Ok(())
}

fn start_metrics() -> Result<PrometheusHandle, TelemetryError> {
    let probes = Matcher::Full(PROBE_SECONDS.to_owned());
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(probes, &PROBE_BUCKETS)?
        .install_recorder()?;
    describe_counter!(FAILOVERS, "Failovers that ended, by cluster and outcome.");
    describe_counter!(
        CONSUL_REPAIRS,
        "Differences in Consul's catalog that were repaired."
    );
    describe_histogram!(
        PROBE_SECONDS,
        "How long answered probes of MySQL nodes took."
    );
    describe_gauge!(SUBSCRIBERS, "Subscribers of the routing push.");
    describe_gauge!(
        ROUTING_REVISION_N,
        "Number of the routing table's revision within its term."
    );
    describe_gauge!(
        HISTORY_WAITS,
        "Entries of the history that wait on disk for Postgres."
    );
    describe_counter!(
        DENIED,
        "Requests that were turned away, by whether that goes to the audit log."
    );
    describe_counter!(HISTORY_DROPPED, "Entries of the history that were lost.");
    counter!(HISTORY_DROPPED).absolute(0);
    gauge!(HISTORY_WAITS).set(0);
    describe_gauge!(LEADER, "1 while this instance leads, 0 otherwise.");
    describe_gauge!(
        CERTIFICATE_ENDS,
        "When the certificate that is served with ends, in Unix seconds."
    );
    counter!(CONSUL_REPAIRS).absolute(0);
    gauge!(SUBSCRIBERS).set(0);
    leading(false);
    Ok(handle)
}

/// Counts a failover that ended.
pub(crate) fn failover_ended(cluster: &ClusterName, outcome: &'static str) {
    counter!(FAILOVERS, "cluster" => cluster.to_string(), "outcome" => outcome).increment(1);
}

/// Counts a difference in Consul's catalog that was repaired.
pub(crate) fn consul_repaired() {
    counter!(CONSUL_REPAIRS).increment(1);
}

/// Notes the routing table's revision.
#[expect(clippy::cast_precision_loss, reason = "a gauge for people")]
pub(crate) fn published(revision: Revision) {
    gauge!(ROUTING_REVISION_N).set(revision.n as f64);
}

/// Notes how many entries of the history wait on disk.
#[expect(clippy::cast_precision_loss, reason = "a gauge for people")]
pub(crate) fn history_waits(entries: u64) {
    gauge!(HISTORY_WAITS).set(entries as f64);
}

/// Counts entries of the history that are lost.
pub(crate) fn history_dropped(entries: usize) {
    counter!(HISTORY_DROPPED).increment(entries as u64);
}

/// Counts a request that was turned away.
pub(crate) fn denied(audited: bool) {
    let audited = if audited { "true" } else { "false" };
    counter!(DENIED, "audited" => audited).increment(1);
}

/// Notes how many subscribe to the routing push.
pub(crate) fn subscribed(count: u32) {
    gauge!(SUBSCRIBERS).set(count);
}

/// Notes when the certificate that is served with ends.
pub(crate) fn certificate_ends(at: SystemTime) {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    gauge!(CERTIFICATE_ENDS).set(since.unwrap_or_default().as_secs_f64());
}

/// Notes whether this instance leads.
pub(crate) fn leading(leads: bool) {
    gauge!(LEADER).set(if leads { 1.0 } else { 0.0 });
}
