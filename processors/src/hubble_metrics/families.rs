//! The metric families of an item, and how an observation finds its series in one of them.

use tidegate_model::flow::{Flow, MessageSource};
use tidegate_model::metric::{Family, MetricKind};
use tidegate_model::tally::Tally;

use super::context::{Context, ContextOptions};
use super::series::{
    BUCKETS, Collect, CounterValue, HistogramValue, LabelValues, SERIES_LIMIT, SeriesKey,
    SeriesTable, SeriesValue, SymbolTable,
};

tidegate_runtime::config_choice! {
    /// Which families count DNS and HTTP messages found in captured packets.
    pub enum WireFamilies = Own {
        /// In families such as `tidegate_wire_dns_queries_total`, so that `hubble_*` counts what
        /// Hubble counts.
        Own = "own",
        /// In Hubble's families such as `hubble_dns_queries_total`, together with the messages that
        /// proxies report: for Hubble's dashboards on nodes without L7 policies.
        Hubble = "hubble",
    }
}

/// The settings of the processor that families depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct FamilySettings {
    /// As [`super::Config::max_series`].
    pub(super) max_series: usize,
    /// As [`super::Config::wire`].
    pub(super) wire: WireFamilies,
    /// As [`super::Config::exponential_histograms`].
    pub(super) exponential_histograms: bool,
}

/// What a scrape shows of a family besides its series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Description<'a> {
    pub(super) name: &'a str,
    pub(super) help: &'a str,
    pub(super) unit: &'a str,
}

/// Where a family has the context's labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ContextLabels {
    /// Before the metric's own labels.
    First,
    /// After the metric's own labels.
    Last,
}

/// Builds the families of one item.
#[derive(Debug)]
pub(super) struct FamilyBuilder {
    context_labels: ContextLabels,
    context_label_names: Vec<&'static str>,
    settings: FamilySettings,
}

/// A flow to be counted, with what is needed to find its series.
pub(super) struct Observation<'a> {
    pub(super) flow: &'a Flow,
    /// The position of the flow among all flows, from 1.
    pub(super) flow_number: u64,
    /// The context of the metric.
    pub(super) context: &'a mut Context,
    pub(super) tally: &'a mut Tally,
}

/// A family and its series.
#[derive(Debug)]
pub(super) struct MetricFamily<V> {
    context_labels: ContextLabels,
    pub(super) table: SeriesTable<V>,
}

/// A family of Hubble's, and the family for messages found in packets.
#[derive(Debug)]
pub(super) struct SplitFamily<V> {
    hubble: MetricFamily<V>,
    /// `None` if Hubble's family counts messages found in packets too.
    wire: Option<MetricFamily<V>>,
}

impl FamilyBuilder {
    pub(super) fn new(
        context_labels: ContextLabels,
        options: &ContextOptions,
        settings: FamilySettings,
    ) -> Self {
        Self {
            context_labels,
            context_label_names: options.label_names(),
            settings,
        }
    }

    /// A counter of messages from proxies, which Hubble has, and a counter of messages found in
    /// packets with the same labels. The name of the latter has `tidegate_wire_` in place of
    /// `hubble_`.
    pub(super) fn split_counter(
        &self,
        hubble: Description<'_>,
        wire_help: &str,
        labels: &[&'static str],
    ) -> SplitFamily<CounterValue> {
        let wire = match self.settings.wire {
            WireFamilies::Hubble => None,
            WireFamilies::Own => {
                let name = hubble.name.replacen("hubble_", "tidegate_wire_", 1);
                let description = Description {
                    name: &name,
                    help: wire_help,
                    unit: hubble.unit,
                };
                Some(self.counter(description, labels))
            }
        };
        SplitFamily {
            hubble: self.counter(hubble, labels),
            wire,
        }
    }

    /// A counter with these labels and those of the context.
    pub(super) fn counter(
        &self,
        description: Description<'_>,
        labels: &[&'static str],
    ) -> MetricFamily<CounterValue> {
        self.family(description, labels, MetricKind::Counter)
    }

    /// A histogram of durations with these labels and those of the context.
    pub(super) fn histogram(
        &self,
        description: Description<'_>,
        labels: &[&'static str],
    ) -> MetricFamily<HistogramValue> {
        let bounds = BUCKETS.to_vec();
        self.family(description, labels, MetricKind::Histogram { bounds })
    }

    fn family<V: SeriesValue>(
        &self,
        description: Description<'_>,
        labels: &[&'static str],
        kind: MetricKind,
    ) -> MetricFamily<V> {
        let label_names = match self.context_labels {
            ContextLabels::First => [&self.context_label_names, labels].concat(),
            ContextLabels::Last => [labels, &self.context_label_names].concat(),
        };
        let family = Family {
            name: description.name.to_owned(),
            help: description.help.to_owned(),
            unit: description.unit.to_owned(),
            kind,
            label_names: label_names.into_iter().map(str::to_owned).collect(),
        };
        MetricFamily {
            context_labels: self.context_labels,
            table: SeriesTable::new(family, self.settings.max_series),
        }
    }
}

impl<V: SeriesValue> MetricFamily<V> {
    /// The value of the series for a flow: the one with `labels` and the flow's context labels.
    #[inline]
    pub(super) fn value(
        &mut self,
        labels: &impl LabelValues,
        symbols: &mut SymbolTable,
        observation: &mut Observation<'_>,
    ) -> &mut V {
        self.find_or_add(labels, symbols, observation, false)
    }

    /// The value of the series for a response. The context labels are those of its request: source
    /// and destination are exchanged.
    pub(super) fn value_as_request(
        &mut self,
        labels: &impl LabelValues,
        symbols: &mut SymbolTable,
        response: &mut Observation<'_>,
    ) -> &mut V {
        self.find_or_add(labels, symbols, response, true)
    }

    #[inline]
    fn find_or_add(
        &mut self,
        labels: &impl LabelValues,
        symbols: &mut SymbolTable,
        observation: &mut Observation<'_>,
        swapped: bool,
    ) -> &mut V {
        let Observation {
            flow,
            flow_number,
            context,
            ..
        } = observation;
        let numbers = labels.lookup(symbols);
        let context = context.lookup(*flow_number, flow, swapped);
        let found = match (numbers, context) {
            (Some(numbers), Some(context)) => self.table.find(&SeriesKey::new(numbers, context)),
            _ => None,
        };
        let row = found.unwrap_or_else(|| self.add_series(labels, symbols, observation, swapped));
        self.table.value_mut(row)
    }

    /// Adds the series and returns its row: the overflow row if the family is full. Label values
    /// are interned only for a series that is added.
    #[cold]
    fn add_series(
        &mut self,
        labels: &impl LabelValues,
        symbols: &mut SymbolTable,
        observation: &mut Observation<'_>,
        swapped: bool,
    ) -> u32 {
        let Observation {
            flow,
            flow_number,
            context,
            tally,
        } = observation;
        if !self.table.has_room() {
            tally.note(SERIES_LIMIT);
            return self.table.overflow_row(flow.time);
        }
        let (numbers, texts) = labels.intern(symbols);
        let context_number = context.intern(*flow_number, flow, swapped);
        let context_texts = context.texts(context_number);
        let labels = match self.context_labels {
            ContextLabels::First => [context_texts, texts].concat(),
            ContextLabels::Last => [texts, context_texts].concat(),
        };
        let key = SeriesKey::new(numbers, context_number);
        self.table.insert(key, labels, flow.time)
    }
}

impl<V: SeriesValue> SplitFamily<V> {
    /// The family that counts a flow.
    #[inline]
    pub(super) fn for_flow(&mut self, flow: &Flow) -> &mut MetricFamily<V> {
        match &mut self.wire {
            Some(wire)
                if flow
                    .l7
                    .as_ref()
                    .is_some_and(|l7| l7.source == MessageSource::Wire) =>
            {
                wire
            }
            _ => &mut self.hubble,
        }
    }

    /// The tables of both families.
    pub(super) fn tables(&mut self) -> impl Iterator<Item = &mut dyn Collect> {
        let hubble: &mut dyn Collect = &mut self.hubble.table;
        let wire = self
            .wire
            .as_mut()
            .map(|wire| -> &mut dyn Collect { &mut wire.table });
        [hubble].into_iter().chain(wire)
    }
}
