//! What the cloud counts, in Prometheus' text form; the recorder belongs to the server, there is no global one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Key, KeyName, Label, Level, Metadata, Recorder, SharedString};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle, PrometheusRecorder};
use usher_keys::EventId;

/// Bucket bounds of request durations, in seconds: from a seat map out of memory to a slow payment.
const DURATION_BUCKETS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 5.0, 30.0];

/// What a figure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// Every figure, and what `/metrics` says of it.
const FIGURES: [(&str, Kind, &str); 13] = [
    (
        "usher_holds_total",
        Kind::Counter,
        "Claims on units, by what came of them.",
    ),
    (
        "usher_booking_requests_total",
        Kind::Counter,
        "Requests to book, by what came of them.",
    ),
    (
        "usher_job_runs_total",
        Kind::Counter,
        "Work on jobs, by whether it was done or failed.",
    ),
    ("usher_jobs", Kind::Gauge, "Jobs that are open, of all servers."),
    (
        "usher_jobs_failing",
        Kind::Gauge,
        "Open jobs that failed when they were last tried.",
    ),
    (
        "usher_linked_devices",
        Kind::Gauge,
        "Devices linked to this server, by event.",
    ),
    (
        "usher_devices_clock_off",
        Kind::Gauge,
        "Linked devices whose clock is more than two minutes off, by event.",
    ),
    (
        "usher_clock_ahead_seconds",
        Kind::Gauge,
        "How far this machine's clock is ahead of most devices'; 0 when nothing is known to be wrong.",
    ),
    (
        "usher_wrong_keys_total",
        Kind::Counter,
        "Requests with an API key or token that there is not.",
    ),
    (
        "usher_wrong_log_ins_total",
        Kind::Counter,
        "Log-ins with a wrong password or code.",
    ),
    (
        "usher_records_sent_total",
        Kind::Counter,
        "Records of logs that were sent to devices.",
    ),
    (
        "usher_records_received_total",
        Kind::Counter,
        "Records of logs that devices sent.",
    ),
    (
        "usher_http_request_duration_seconds",
        Kind::Histogram,
        "How long requests took, by route and status.",
    ),
];

const METADATA: Metadata<'static> = Metadata::new("usher", Level::INFO, None);

/// The counters; clones share them.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&DURATION_BUCKETS)
            .expect("there are buckets")
            .build_recorder();
        for (name, kind, help) in FIGURES {
            let (name, help) = (KeyName::from_const_str(name), SharedString::const_str(help));
            match kind {
                Kind::Counter => recorder.describe_counter(name, None, help),
                Kind::Gauge => recorder.describe_gauge(name, None, help),
                Kind::Histogram => recorder.describe_histogram(name, None, help),
            }
        }
        Self {
            handle: recorder.handle(),
            recorder: Arc::new(recorder),
        }
    }
}

impl Metrics {
    /// Adds one to a counter with one label.
    pub fn count(&self, name: &'static str, label: &'static str, value: &'static str) {
        let key = Key::from_parts(name, vec![Label::from_static_parts(label, value)]);
        self.recorder.register_counter(&key, &METADATA).increment(1);
    }

    /// Adds to a counter.
    pub fn add(&self, name: &'static str, by: u64) {
        self.recorder
            .register_counter(&Key::from_static_name(name), &METADATA)
            .increment(by);
    }

    /// Sets a gauge of an event.
    pub fn event_gauge(&self, name: &'static str, event: EventId, value: f64) {
        let key = Key::from_parts(name, vec![Label::new("event", event.to_string())]);
        self.recorder.register_gauge(&key, &METADATA).set(value);
    }

    /// Sets a gauge.
    pub fn gauge(&self, name: &'static str, value: f64) {
        self.recorder
            .register_gauge(&Key::from_static_name(name), &METADATA)
            .set(value);
    }

    /// Counts a claim on units by what came of it.
    pub fn held(&self, outcome: &'static str) {
        self.count("usher_holds_total", "outcome", outcome);
    }

    /// Counts a request to book by what came of it.
    pub fn booked(&self, outcome: &'static str) {
        self.count("usher_booking_requests_total", "outcome", outcome);
    }

    /// Counts work on a job by whether it failed.
    pub fn worked(&self, is_done: bool) {
        let outcome = if is_done { "done" } else { "failed" };
        self.count("usher_job_runs_total", "outcome", outcome);
    }

    /// Records how long a request took. `route` is the route's pattern, never a path with ids in it.
    pub fn answered(&self, route: &str, status: u16, took: Duration) {
        let labels = vec![
            Label::new("route", route.to_owned()),
            Label::new("status", status.to_string()),
        ];
        let key = Key::from_parts("usher_http_request_duration_seconds", labels);
        self.recorder
            .register_histogram(&key, &METADATA)
            .record(took.as_secs_f64());
    }

    /// Moves what was recorded into its buckets; called now and then so that nothing piles up between scrapes.
    pub fn upkeep(&self) {
        self.handle.run_upkeep();
    }

    /// Returns everything in Prometheus' text form.
    pub fn render(&self) -> String {
        self.handle.render()
    }
}
