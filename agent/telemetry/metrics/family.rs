//! A metric family of the agent.

use tidegate_format::exposition::{ExpositionWriter, Format};
use tidegate_model::metric::{MetricKind, Value};

/// A metric of the agent, with its current samples.
#[derive(Debug, PartialEq)]
pub(in crate::telemetry) struct MetricFamily {
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    is_counter: bool,
    samples: Vec<Sample>,
}

/// The names and values of the labels of a sample.
pub(in crate::telemetry) type Labels<'s> = Vec<(&'static str, &'s str)>;

#[derive(Debug, PartialEq)]
struct Sample {
    names: Vec<&'static str>,
    values: Vec<String>,
    value: f64,
}

impl MetricFamily {
    /// A counter without samples; `name` ends in `_total`.
    pub(super) fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            unit: "",
            is_counter: true,
            samples: Vec::new(),
        }
    }

    /// A gauge without samples.
    pub(super) fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            is_counter: false,
            ..Self::counter(name, help)
        }
    }

    /// Sets the unit (UCUM).
    pub(super) fn unit(self, unit: &'static str) -> Self {
        Self { unit, ..self }
    }

    /// Adds a sample.
    pub(super) fn sample(mut self, labels: &[(&'static str, &str)], value: f64) -> Self {
        self.add(labels, value);
        self
    }

    /// Adds a sample.
    pub(super) fn add(&mut self, labels: &[(&'static str, &str)], value: f64) {
        let (names, values) = labels
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .unzip();
        self.samples.push(Sample {
            names,
            values,
            value,
        });
    }

    /// The name as in Prometheus.
    pub(in crate::telemetry) fn name(&self) -> &'static str {
        self.name
    }

    /// What it counts or shows.
    pub(in crate::telemetry) fn help(&self) -> &'static str {
        self.help
    }

    /// The unit (UCUM); empty if it has none.
    pub(in crate::telemetry) fn unit_symbol(&self) -> &'static str {
        self.unit
    }

    /// Whether it is a counter, rather than a gauge.
    pub(in crate::telemetry) fn is_counter(&self) -> bool {
        self.is_counter
    }

    /// The number of samples.
    pub(in crate::telemetry) fn len(&self) -> usize {
        self.samples.len()
    }

    /// The labels and the value of each sample.
    pub(in crate::telemetry) fn samples(&self) -> impl Iterator<Item = (Labels<'_>, f64)> {
        self.samples.iter().map(|sample| {
            let names = sample.names.iter().copied();
            let labels = names.zip(sample.values.iter().map(String::as_str));
            (labels.collect(), sample.value)
        })
    }

    fn write(&self, writer: &mut ExpositionWriter) {
        let kind = if self.is_counter {
            MetricKind::Counter
        } else {
            MetricKind::Gauge
        };
        writer.family(self.name, self.help, &kind);
        for Sample {
            names,
            values,
            value,
        } in &self.samples
        {
            let value = if self.is_counter {
                Value::Counter(*value)
            } else {
                Value::Gauge(*value)
            };
            writer.sample(names, values, &value);
        }
    }
}

/// The text of a scrape. A family without samples is omitted.
pub(super) fn write(families: &[MetricFamily], format: Format) -> String {
    let mut writer = ExpositionWriter::new(format);
    families
        .iter()
        .filter(|family| !family.samples.is_empty())
        .for_each(|family| family.write(&mut writer));
    writer.finish()
}

/// A count as a sample value, exact up to 2^53.
#[expect(
    clippy::cast_precision_loss,
    reason = "the exposition formats have nothing wider"
)]
pub(super) fn sample_value(count: u64) -> f64 {
    count as f64
}
