//! Text that Prometheus scrapes: the text format 0.0.4 and OpenMetrics 1.0.0.
//!
//! Our own writer, because the `prometheus-client` crate writes OpenMetrics only and keeps the
//! state of the metrics itself, which here belongs to the pipeline. Follows the writers of
//! Prometheus' Go libraries (`prometheus/common/expfmt` 0.66), so that the text is the one that
//! Cilium's agent would write. Does not write `_created` samples, exemplars, UTF-8 metric names, or
//! the protobuf format.

mod format;
mod number;

pub use format::Format;

use tidegate_model::metric::{Histogram, MetricKind, Value};

/// Writes families and their samples, one after the other.
#[derive(Debug)]
pub struct Writer {
    format: Format,
    text: String,
    name: String,
    bounds: Vec<f64>,
}

impl Writer {
    /// An empty exposition.
    #[must_use]
    pub fn new(format: Format) -> Self {
        Self {
            format,
            text: String::new(),
            name: String::new(),
            bounds: Vec::new(),
        }
    }

    /// Begins a family: its metadata, to which the samples that follow belong. A name may come only
    /// once. `name` ends in `_total` for counters; `unit` is UCUM (`s`, `By`) or empty.
    pub fn family(&mut self, name: &str, help: &str, unit: &str, kind: &MetricKind) {
        name.clone_into(&mut self.name);
        self.bounds.clear();
        if let MetricKind::Histogram { bounds } = kind {
            self.bounds.extend_from_slice(bounds);
        }
        let (metadata_name, kind) = self.metadata(name, kind);
        self.push(&["# HELP ", metadata_name, " "]);
        let quotes_escaped = self.format == Format::OpenMetrics;
        self.escape(help, quotes_escaped);
        self.push(&["\n# TYPE ", metadata_name, " ", kind, "\n"]);
        if self.format == Format::OpenMetrics
            && let Some(word) = unit_word(unit)
            && metadata_name
                .strip_suffix(word)
                .is_some_and(|rest| rest.ends_with('_'))
        {
            self.push(&["# UNIT ", metadata_name, " ", word, "\n"]);
        }
    }

    /// Writes a sample of the family that was begun last. Names and values are those of its labels,
    /// in the same order. A histogram writes its buckets, sum and count; [`Value::Ended`] writes
    /// nothing.
    pub fn sample<N: AsRef<str>, V: AsRef<str>>(
        &mut self,
        names: &[N],
        values: &[V],
        value: &Value,
    ) {
        self.labelled(
            names
                .iter()
                .zip(values)
                .map(|(name, value)| (name.as_ref(), value.as_ref())),
            value,
        );
    }

    /// The same with names and values in pairs.
    pub fn labelled<'a>(
        &mut self,
        labels: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        value: &Value,
    ) {
        match value {
            Value::Counter(number) | Value::Gauge(number) => {
                self.series("", labels, None);
                self.number(*number);
            }
            Value::Histogram(histogram) => self.histogram(labels, histogram),
            Value::Ended => {}
        }
    }

    /// Bytes that were written and not taken.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.text.len()
    }

    /// Takes what was written until now, to which the rest is to be joined.
    #[must_use]
    pub fn take(&mut self) -> String {
        let rest = String::with_capacity(self.text.len());
        std::mem::replace(&mut self.text, rest)
    }

    /// The text, or what is left of it.
    #[must_use]
    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    /// Name and type as the metadata give them. OpenMetrics names a counter without its `_total`,
    /// and has no counters whose name does not end so.
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
        for at in 0..self.bounds.len() {
            cumulative += histogram.buckets.get(at).copied().unwrap_or_default();
            self.series("_bucket", labels.clone(), Some(self.bounds[at]));
            self.count(cumulative);
        }
        self.series("_bucket", labels.clone(), Some(f64::INFINITY));
        self.count(histogram.count);
        self.series("_sum", labels.clone(), None);
        self.number(histogram.sum);
        self.series("_count", labels, None);
        self.count(histogram.count);
    }

    /// Everything before the value: `name_suffix{label="value",le="bound"} `.
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
            number::write(&mut self.text, bound, self.format);
            self.text.push('"');
            separator = ",";
        }
        self.text
            .push_str(if separator == "," { "} " } else { " " });
    }

    fn number(&mut self, value: f64) {
        number::write(&mut self.text, value, self.format);
        self.text.push('\n');
    }

    fn count(&mut self, count: u64) {
        self.push(&[&count.to_string(), "\n"]);
    }

    fn push(&mut self, parts: &[&str]) {
        self.text.extend(parts.iter().copied());
    }

    fn escape(&mut self, text: &str, quotes: bool) {
        let mut rest = text;
        let is_special = |byte: u8| matches!(byte, b'\\' | b'\n') || (quotes && byte == b'"');
        while let Some(at) = rest.bytes().position(is_special) {
            let (plain, special) = rest.split_at(at);
            self.push(&[
                plain,
                if special.starts_with('\n') {
                    "\\n"
                } else {
                    "\\"
                },
            ]);
            // What is escaped is one byte; a line feed is replaced, the others follow their
            // backslash.
            self.text.push_str(if special.starts_with('\n') {
                ""
            } else {
                &special[..1]
            });
            rest = &special[1..];
        }
        self.text.push_str(rest);
    }
}

/// The word that Prometheus has for a UCUM unit; `None` for none, for annotations, and for units
/// that our metrics do not have.
fn unit_word(unit: &str) -> Option<&'static str> {
    match unit {
        "s" => Some("seconds"),
        "By" => Some("bytes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
