//! Puts the label values of an observation together and finds its series.

use std::fmt::Write;

use tidegate_core::Timestamp;
use tidegate_core::flow::Flow;
use tidegate_core::ledger::Tally;
use tidegate_core::metric::{Family, MetricKind};

use super::context::Context;
use super::item::{Item, ItemError};
use super::series::{Cell, Count, Observations, Row, Symbols, Table};

/// Upper bounds of every histogram: the defaults of Prometheus' Go client.
pub(super) const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Name, help text and unit of a family.
pub(super) type About = (&'static str, &'static str, &'static str);

/// Where the context's labels stand among a family's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContextLabels {
    /// In front.
    First,
    /// Behind.
    Last,
}

/// What the families of one item share: label texts and context options.
#[derive(Debug)]
pub(super) struct Labels {
    symbols: Symbols,
    context: Context,
    place: ContextLabels,
    max_series: usize,
    row: Row,
    digits: String,
}

impl Labels {
    pub(super) fn new(item: &Item, place: ContextLabels, max_series: usize) -> Result<Self, ItemError> {
        let (symbols, context) = (Symbols::new(), Context::new(item)?);
        Ok(Self { symbols, context, place, max_series, row: Row::default(), digits: String::new() })
    }

    /// A counter with these labels and those of the context.
    pub(super) fn counter(&self, about: About, labels: &[&str]) -> Table<Count> {
        self.table(about, labels, MetricKind::Counter)
    }

    /// A histogram likewise.
    pub(super) fn histogram(&self, about: About, labels: &[&str]) -> Table<Observations> {
        self.table(about, labels, MetricKind::Histogram { bounds: BUCKETS.to_vec() })
    }

    /// Begins an observation of a flow. The metric's own labels follow in the order of their names.
    pub(super) fn of<'a>(&'a mut self, flow: &'a Flow) -> Observation<'a> {
        self.begin(flow, false)
    }

    /// Likewise of a response, shown from the side of its request.
    pub(super) fn of_request_of<'a>(&'a mut self, response: &'a Flow) -> Observation<'a> {
        self.begin(response, true)
    }

    fn begin<'a>(&'a mut self, flow: &'a Flow, swapped: bool) -> Observation<'a> {
        self.row.clear();
        if self.place == ContextLabels::First {
            self.context.fill(&mut self.row, &self.symbols, flow, swapped);
        }
        Observation { labels: self, flow }
    }

    fn table<V: Cell>(&self, (name, help, unit): About, labels: &[&str], kind: MetricKind) -> Table<V> {
        let context = self.context.names();
        let names = match self.place {
            ContextLabels::First => [&context, labels].concat(),
            ContextLabels::Last => [labels, &context].concat(),
        };
        let family = Family {
            name: name.to_owned(),
            help: help.to_owned(),
            unit: unit.to_owned(),
            kind,
            label_names: names.into_iter().map(str::to_owned).collect(),
        };
        Table::new(family, self.max_series)
    }
}

/// An observation whose labels are being told.
#[derive(Debug)]
pub(super) struct Observation<'a> {
    labels: &'a mut Labels,
    flow: &'a Flow,
}

impl Observation<'_> {
    /// The next label has a text of the program.
    pub(super) fn name(self, text: &'static str) -> Self {
        self.labels.row.push_static(text, &self.labels.symbols);
        self
    }

    /// The next label has a text of the flow.
    pub(super) fn text(self, text: &str) -> Self {
        self.labels.row.push_text(text, &self.labels.symbols);
        self
    }

    /// The next label has a number, in decimal.
    pub(super) fn number(self, number: impl std::fmt::Display) -> Self {
        self.labels.digits.clear();
        let _ = write!(self.labels.digits, "{number}");
        self.labels.row.push_text(&self.labels.digits, &self.labels.symbols);
        self
    }

    /// Adds one.
    pub(super) fn count(self, table: &mut Table<Count>, tally: &mut Tally) {
        self.value(table, tally).add(1);
    }

    /// Enters a duration.
    pub(super) fn observe_nanos(self, table: &mut Table<Observations>, nanos: u64, tally: &mut Tally) {
        #[expect(clippy::cast_precision_loss, reason = "as in Hubble; exact up to 104 days")]
        self.value(table, tally).observe(nanos as f64 / 1e9);
    }

    fn value<'t, V: Cell>(self, table: &'t mut Table<V>, tally: &mut Tally) -> &'t mut V {
        let Labels { symbols, context, place, row, .. } = self.labels;
        if *place == ContextLabels::Last {
            context.fill(row, symbols, self.flow, false);
        }
        table.value(row, symbols, self.flow.time, tally)
    }
}

/// A series without a flow: its label values are given, its start too.
pub(super) fn fixed<'t>(
    labels: &mut Labels,
    table: &'t mut Table<Count>,
    value: &'static str,
    start: Timestamp,
    tally: &mut Tally,
) -> &'t mut Count {
    labels.row.clear();
    labels.row.push_static(value, &labels.symbols);
    table.value(&mut labels.row, &mut labels.symbols, start, tally)
}
