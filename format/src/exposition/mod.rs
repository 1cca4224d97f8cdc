//! The formats that Prometheus scrapes: the text format 0.0.4 and OpenMetrics 1.0.0.
//!
//! Written here because the `prometheus-client` crate writes OpenMetrics only, and owns the values
//! of the metrics, which here belong to the pipeline. The writer follows Prometheus' Go libraries
//! (`prometheus/common/expfmt` 0.66), so that the output equals that of Cilium's agent. OpenMetrics has
//! the exemplars of buckets. `_created` samples, UTF-8 metric names and the protobuf format are not
//! supported.

mod format;
mod number;

pub use format::Format;

use std::fmt::Write as _;
use std::ops::Range;

use number::push_number;
use tidegate_model::metric::{Exemplar, Histogram, MetricKind, Value};

use crate::text::push_decimal;

/// Writes metric families and their samples.
#[derive(Debug)]
pub struct ExpositionWriter {
    format: Format,
    text: String,
    /// The name of the current family.
    name: String,
    /// The bounds of the current family's buckets.
    bounds: Vec<f64>,
}

impl ExpositionWriter {
    /// Creates an empty exposition.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            text: String::new(),
            name: String::new(),
            bounds: Vec::new(),
        }
    }

    /// Begins a family by writing its metadata. A name must not be used twice. `name` ends in
    /// `_total` for counters. As in Go's libraries, the unit is only in the name.
    pub fn family(&mut self, name: &str, help: &str, kind: &MetricKind) {
        name.clone_into(&mut self.name);
        self.bounds.clear();
        if let MetricKind::Histogram { bounds } = kind {
            self.bounds.extend_from_slice(bounds);
        }
        let (metadata_name, kind) = self.metadata(name, kind);
        self.push(&["# HELP ", metadata_name, " "]);
        let escapes_quotes = self.format == Format::OpenMetrics;
        self.escape(help, escapes_quotes);
        self.push(&["\n# TYPE ", metadata_name, " ", kind, "\n"]);
    }

    /// Writes a sample of the current family. `names` and `values` are those of its labels, in the
    /// same order. Of a histogram, writes buckets, sum and count; of [`Value::Ended`], nothing.
    pub fn sample<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        names: &[N],
        values: &[V],
        value: &Value,
    ) {
        self.sample_with_labels(
            names
                .iter()
                .zip(values)
                .map(|(name, value)| (name.as_ref(), value.as_ref())),
            value,
        );
    }

    /// Writes a sample of the current family, as [`Self::sample`] does.
    pub fn sample_with_labels<'a>(
        &mut self,
        labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        value: &Value,
    ) {
        match value {
            Value::Counter(number) | Value::Gauge(number) => {
                self.series("", labels, None);
                self.finish_line(*number);
            }
            Value::Histogram(histogram) => self.histogram(labels, histogram),
            Value::Ended => {}
        }
    }

    /// Returns the number of bytes that [`Self::take`] would return.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.text.len()
    }

    /// Returns the text that was written since the last call.
    #[must_use]
    pub fn take(&mut self) -> String {
        let empty = String::with_capacity(self.text.len());
        std::mem::replace(&mut self.text, empty)
    }

    /// Ends the exposition, and returns the text that was written since the last call of
    /// [`Self::take`].
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    /// Returns the name and the type in the metadata. OpenMetrics omits a counter's `_total` there,
    /// and a counter without that suffix is not one.
    fn metadata<'a>(&self, name: &'a str, kind: &MetricKind) -> (&'a str, &'static str) {
        match (kind, self.format, name.strip_suffix("_total")) {
            (MetricKind::Counter, Format::OpenMetrics, Some(stem)) => (stem, "counter"),
            (MetricKind::Counter, Format::OpenMetrics, None) => (name, "unknown"),
            (MetricKind::Counter, Format::Text, _) => (name, "counter"),
            (MetricKind::Gauge, ..) => (name, "gauge"),
            (MetricKind::Histogram { .. }, ..) => (name, "histogram"),
        }
    }

    fn histogram<'a>(
        &mut self,
        labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        histogram: &Histogram,
    ) {
        let mut cumulative = 0;
        let mut lower = f64::NEG_INFINITY;
        for at in 0..self.bounds.len() {
            let bound = self.bounds[at];
            cumulative += histogram.buckets.get(at).copied().unwrap_or_default();
            self.bucket(labels.clone(), histogram, lower..bound, cumulative);
            lower = bound;
        }
        self.bucket(
            labels.clone(),
            histogram,
            lower..f64::INFINITY,
            histogram.count,
        );
        self.series("_sum", labels.clone(), None);
        self.finish_line(histogram.sum);
        self.series("_count", labels, None);
        self.finish_line_with_count(histogram.count);
    }

    /// Writes the line of the bucket with the values in `range`, without its lower bound.
    fn bucket<'a>(
        &mut self,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
        histogram: &Histogram,
        range: Range<f64>,
        count: u64,
    ) {
        self.series("_bucket", labels, Some(range.end));
        push_decimal(&mut self.text, count);
        if self.format == Format::OpenMetrics {
            let is_of = |one: &&Exemplar| one.value > range.start && one.value <= range.end;
            if let Some(exemplar) = histogram.exemplars.iter().find(is_of) {
                self.exemplar(exemplar);
            }
        }
        self.text.push('\n');
    }

    /// Writes an exemplar with Hubble's label.
    fn exemplar(&mut self, exemplar: &Exemplar) {
        self.text.push_str(" # {traceID=\"");
        let trace_id = u128::from_be_bytes(exemplar.trace.trace_id);
        let _ = write!(self.text, "{trace_id:032x}");
        self.text.push_str("\"} ");
        push_number(&mut self.text, exemplar.value, self.format);
        self.text.push(' ');
        #[expect(clippy::cast_precision_loss, reason = "as Go's library writes it")]
        let seconds = exemplar.time.0 as f64 / 1e9;
        push_number(&mut self.text, seconds, self.format);
    }

    /// Writes a line up to its value: `name_suffix{label="value",le="bound"} `.
    fn series<'a>(
        &mut self,
        suffix: &str,
        labels: impl Iterator<Item = (&'a str, &'a str)>,
        le: Option<f64>,
    ) {
        self.text.push_str(&self.name);
        self.text.push_str(suffix);
        let mut separator = "{";
        for (name, value) in labels {
            self.push(&[separator, name, "=\""]);
            self.escape(value, true);
            self.text.push('"');
            separator = ",";
        }
        if let Some(bound) = le {
            self.push(&[separator, "le=\""]);
            push_number(&mut self.text, bound, self.format);
            self.text.push('"');
            separator = ",";
        }
        self.text
            .push_str(if separator == "," { "} " } else { " " });
    }

    fn finish_line(&mut self, value: f64) {
        push_number(&mut self.text, value, self.format);
        self.text.push('\n');
    }

    fn finish_line_with_count(&mut self, count: u64) {
        push_decimal(&mut self.text, count);
        self.text.push('\n');
    }

    fn push(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }

    fn escape(&mut self, text: &str, escapes_quotes: bool) {
        let mut rest = text;
        let needs_escape =
            |byte: u8| matches!(byte, b'\\' | b'\n') || (escapes_quotes && byte == b'"');
        while let Some(at) = rest.bytes().position(needs_escape) {
            let escape = match rest.as_bytes()[at] {
                b'\n' => "\\n",
                b'"' => "\\\"",
                _ => "\\\\",
            };
            self.push(&[&rest[..at], escape]);
            rest = &rest[at + 1..];
        }
        self.text.push_str(rest);
    }
}

#[cfg(test)]
mod tests;
