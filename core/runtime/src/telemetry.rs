//! The agent's own instruments: connection states, attempts, reconnects. The agent serves them; a
//! component holds handles, each update of which is one atomic operation.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use crate::health::HealthRegistry;
use crate::stage_id::StageId;
use crate::sync::lock;

/// Counter of the bytes that a receiver read; the label is `stage`.
pub const RECEIVER_BYTES: &str = "tidegate_receiver_bytes_total";
/// Counter of the bytes that an exporter delivered; the label is `stage`.
pub const EXPORTER_BYTES: &str = "tidegate_exporter_bytes_total";

/// The agent's own instruments; clones share them.
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    instruments: Arc<Mutex<Vec<Instrument>>>,
    health: HealthRegistry,
}

/// One series of the agent's own metrics.
#[derive(Clone, Debug)]
pub struct Instrument {
    /// Name as in Prometheus; counters end in `_total`.
    pub name: &'static str,
    /// Its description, in one line.
    pub help: &'static str,
    /// Whether it is a counter.
    pub is_counter: bool,
    /// Names and values of the labels.
    pub labels: Vec<(&'static str, String)>,
    value: Arc<AtomicI64>,
}

impl Instrument {
    /// The current value.
    #[must_use]
    pub fn value(&self) -> i64 {
        self.value.load(Ordering::Relaxed)
    }
}

/// A counter.
#[derive(Clone, Debug, Default)]
pub struct Counter(Arc<AtomicI64>);

/// A gauge.
#[derive(Clone, Debug, Default)]
pub struct Gauge(Arc<AtomicI64>);

impl Counter {
    /// Adds `n`.
    pub fn add(&self, n: u64) {
        self.0
            .fetch_add(i64::try_from(n).unwrap_or(i64::MAX), Ordering::Relaxed);
    }
}

impl Gauge {
    /// Sets the value.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

impl Telemetry {
    /// Returns the counter with this name and these labels; registers it if it is new.
    #[must_use]
    pub fn counter(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
    ) -> Counter {
        Counter(self.instrument(name, help, labels, true))
    }

    /// Returns the gauge with this name and these labels; registers it if it is new.
    #[must_use]
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
    ) -> Gauge {
        Gauge(self.instrument(name, help, labels, false))
    }

    /// The counter of the bytes that a receiver read.
    #[must_use]
    pub fn receiver_bytes(&self, stage: &StageId) -> Counter {
        let labels = [("stage", stage.as_str())];
        self.counter(RECEIVER_BYTES, "Bytes read.", &labels)
    }

    /// The counter of the bytes that an exporter delivered: lines written, requests accepted, or
    /// responses sent, as compressed and without the overhead of transport and TLS.
    #[must_use]
    pub fn exporter_bytes(&self, stage: &StageId) -> Counter {
        let help = "Bytes written, accepted by the backend, or sent to scrapers.";
        self.counter(EXPORTER_BYTES, help, &[("stage", stage.as_str())])
    }

    /// The health of the agent's stages.
    #[must_use]
    pub fn health(&self) -> &HealthRegistry {
        &self.health
    }

    /// All instruments, in the order of their registration.
    #[must_use]
    pub fn instruments(&self) -> Vec<Instrument> {
        lock(&self.instruments).clone()
    }

    fn instrument(
        &self,
        name: &'static str,
        help: &'static str,
        labels: &[(&'static str, &str)],
        is_counter: bool,
    ) -> Arc<AtomicI64> {
        let labels: Vec<_> = labels
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        let mut instruments = lock(&self.instruments);
        if let Some(known) = instruments
            .iter()
            .find(|known| known.name == name && known.labels == labels)
        {
            return Arc::clone(&known.value);
        }
        let value = Arc::new(AtomicI64::new(0));
        instruments.push(Instrument {
            name,
            help,
            is_counter,
            labels,
            value: Arc::clone(&value),
        });
        value
    }
}
