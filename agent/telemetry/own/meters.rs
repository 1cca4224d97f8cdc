//! Observable instruments of the SDK, one for each family of `/metrics`. They read a snapshot of all
//! families, so that what is exported together is of one time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{AsyncInstrument, Meter, MeterProvider as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{
    Instrument, InstrumentKind, ManualReader, Pipeline, SdkMeterProvider, Stream, Temporality,
};

use crate::telemetry::metrics::MetricFamily;

/// The smallest cardinality limit. The SDK allocates a table for as many series.
const MIN_LIMIT: usize = 32;

/// The values of each family, by name.
type Values = HashMap<&'static str, Vec<(Vec<KeyValue>, f64)>>;

/// The instruments.
pub(super) struct Meters {
    resource: Resource,
    snapshot: Snapshot,
    instruments: Option<Instruments>,
}

#[derive(Clone, Default)]
struct Snapshot(Arc<Mutex<Values>>);

/// Instruments that have room for some number of series each.
struct Instruments {
    _provider: SdkMeterProvider,
    reader: Reader,
    limits: HashMap<&'static str, usize>,
}

impl Meters {
    pub(super) fn new(resource: Resource) -> Self {
        Self {
            resource,
            snapshot: Snapshot::default(),
            instruments: None,
        }
    }

    /// Collects the current values of the families.
    pub(super) fn collect(
        &mut self,
        families: &[MetricFamily],
        collected: &mut ResourceMetrics,
    ) -> OTelSdkResult {
        *self.snapshot.lock() = families.iter().map(values).collect();
        let have_room = |instruments: &Instruments| instruments.have_room(families);
        if !self.instruments.as_ref().is_some_and(have_room) {
            self.instruments = None;
        }
        let instruments = self.instruments.get_or_insert_with(|| {
            Instruments::new(families, self.resource.clone(), &self.snapshot)
        });
        instruments.reader.collect(collected)
    }
}

impl Instruments {
    /// Creates an instrument for each family that has series. A view gives each twice the room that
    /// it needs now, so that no series falls into the SDK's overflow.
    fn new(families: &[MetricFamily], resource: Resource, snapshot: &Snapshot) -> Self {
        let used = families.iter().filter(|family| family.len() > 0);
        let limits: HashMap<_, _> = used
            .map(|family| (family.name(), (2 * family.len()).max(MIN_LIMIT)))
            .collect();
        let of_names: HashMap<_, _> = limits
            .iter()
            .map(|(name, limit)| (sent_name(name), *limit))
            .collect();
        let view = move |instrument: &Instrument| {
            let limit = of_names.get(instrument.name())?;
            let stream = Stream::builder().with_cardinality_limit(*limit);
            stream.build().ok()
        };
        let reader = Reader::default();
        let provider = SdkMeterProvider::builder()
            .with_resource(resource)
            .with_reader(reader.clone())
            .with_view(view)
            .build();
        let meter = provider.meter("tidegate");
        let used = families.iter().filter(|family| family.len() > 0);
        used.for_each(|family| add_instrument(&meter, family, snapshot.clone()));
        Self {
            _provider: provider,
            reader,
            limits,
        }
    }

    /// Whether every series of the families has an instrument.
    fn have_room(&self, families: &[MetricFamily]) -> bool {
        families.iter().all(|family| {
            let limit = self.limits.get(family.name());
            family.len() <= limit.copied().unwrap_or(0)
        })
    }
}

impl Snapshot {
    fn lock(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Observes every series of a family.
    fn observe<T>(
        &self,
        name: &str,
        observer: &dyn AsyncInstrument<T>,
        convert: impl Fn(f64) -> T,
    ) {
        for (labels, value) in self.lock().get(name).into_iter().flatten() {
            observer.observe(convert(*value), labels);
        }
    }
}

/// The name that is sent. Prometheus appends `_total` to that of a monotonic sum.
fn sent_name(name: &'static str) -> &'static str {
    name.strip_suffix("_total").unwrap_or(name)
}

fn values(family: &MetricFamily) -> (&'static str, Vec<(Vec<KeyValue>, f64)>) {
    let samples = family.samples().map(|(labels, value)| {
        let labels = labels.into_iter();
        let labels = labels.map(|(name, value)| KeyValue::new(name, value.to_owned()));
        (labels.collect(), value)
    });
    (family.name(), samples.collect())
}

/// Creates the instrument of a family. Times are numbers with a fraction, all else is counted.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts, which were whole numbers before"
)]
fn add_instrument(meter: &Meter, family: &MetricFamily, snapshot: Snapshot) {
    let name = family.name();
    let has_fraction = family.unit_symbol() == "s";
    macro_rules! add {
        ($kind:ident, $convert:expr) => {
            drop(
                meter
                    .$kind(sent_name(name))
                    .with_description(family.help())
                    .with_unit(family.unit_symbol())
                    .with_callback(move |observer| snapshot.observe(name, observer, $convert))
                    .build(),
            )
        };
    }
    match (family.is_counter(), has_fraction) {
        (true, true) => add!(f64_observable_counter, |value| value),
        (true, false) => add!(u64_observable_counter, |value| value as u64),
        (false, true) => add!(f64_observable_gauge, |value| value),
        (false, false) => add!(i64_observable_gauge, |value| value as i64),
    }
}

/// A reader that two own.
#[derive(Clone, Debug, Default)]
struct Reader(Arc<ManualReader>);

impl MetricReader for Reader {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, collected: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(collected)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}
