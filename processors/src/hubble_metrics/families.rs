//! The families of one item, and how an observation finds its series in one of them.

use tidegate_core::flow::{Flow, Seen};
use tidegate_core::ledger::Tally;
use tidegate_core::metric::{Family, MetricKind};

use super::config::WireFamilies;
use super::context::{Context, Options};
use super::series::{
    BUCKETS, Cell, Changes, Count, Key, Observations, Own, SERIES_LIMIT, Symbols, Table,
};

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

/// The keys of the processor that families depend on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// As [`super::Config::max_series`].
    pub(super) max_series: usize,
    /// As [`super::Config::wire`].
    pub(super) wire: WireFamilies,
}

/// What the families of one item share.
#[derive(Debug)]
pub(super) struct Families {
    place: ContextLabels,
    context: Vec<&'static str>,
    settings: Settings,
}

impl Families {
    pub(super) fn new(place: ContextLabels, options: &Options, settings: Settings) -> Self {
        Self {
            place,
            context: options.names(),
            settings,
        }
    }

    /// A counter of what proxies report, as Hubble has it, with a counter of what packets show
    /// beside it: its name has `tidegate_wire_` in place of `hubble_`, its labels are the same.
    pub(super) fn counter_per_source(
        &self,
        hubble: About,
        wire_help: &str,
        labels: &[&'static str],
    ) -> PerSource<Count> {
        let (name, _, unit) = hubble;
        let wire = match self.settings.wire {
            WireFamilies::Hubble => None,
            WireFamilies::Own => {
                let name = name.replacen("hubble_", "tidegate_wire_", 1);
                Some(self.series((&name, wire_help, unit), labels, MetricKind::Counter))
            }
        };
        PerSource {
            hubble: self.counter(hubble, labels),
            wire,
        }
    }

    /// A counter with these labels and those of the context.
    pub(super) fn counter(&self, about: About, labels: &[&'static str]) -> Series<Count> {
        self.series(about, labels, MetricKind::Counter)
    }

    /// A histogram likewise.
    pub(super) fn histogram(&self, about: About, labels: &[&'static str]) -> Series<Observations> {
        self.series(
            about,
            labels,
            MetricKind::Histogram {
                bounds: BUCKETS.to_vec(),
            },
        )
    }

    fn series<V: Cell>(
        &self,
        (name, help, unit): (&str, &str, &str),
        labels: &[&'static str],
        kind: MetricKind,
    ) -> Series<V> {
        let names = match self.place {
            ContextLabels::First => [&self.context, labels].concat(),
            ContextLabels::Last => [labels, &self.context].concat(),
        };
        let family = Family {
            name: name.to_owned(),
            help: help.to_owned(),
            unit: unit.to_owned(),
            kind,
            label_names: names.into_iter().map(str::to_owned).collect(),
        };
        Series {
            place: self.place,
            table: Table::new(family, self.settings.max_series),
        }
    }
}

/// A flow that a metric is to count.
pub(super) struct Sight<'a> {
    pub(super) flow: &'a Flow,
    /// Its number among all flows.
    pub(super) turn: u64,
    /// Of the metric's options.
    pub(super) context: &'a mut Context,
    pub(super) tally: &'a mut Tally,
}

/// The series of a family.
#[derive(Debug)]
pub(super) struct Series<V> {
    place: ContextLabels,
    pub(super) table: Table<V>,
}

impl<V: Cell> Series<V> {
    /// The value for a flow with these labels, and those that its context adds.
    #[inline]
    pub(super) fn of(
        &mut self,
        own: &impl Own,
        symbols: &mut Symbols,
        sight: &mut Sight<'_>,
    ) -> &mut V {
        self.value(own, symbols, sight, false)
    }

    /// Likewise of a response, shown from the side of its request.
    pub(super) fn of_request(
        &mut self,
        own: &impl Own,
        symbols: &mut Symbols,
        response: &mut Sight<'_>,
    ) -> &mut V {
        self.value(own, symbols, response, true)
    }

    #[inline]
    fn value(
        &mut self,
        own: &impl Own,
        symbols: &mut Symbols,
        sight: &mut Sight<'_>,
        swapped: bool,
    ) -> &mut V {
        let known = match (
            own.find(symbols),
            sight.context.find(sight.turn, sight.flow, swapped),
        ) {
            (Some(own), Some(context)) => self.table.find(&Key::new(own, context)),
            _ => None,
        };
        let at = known.unwrap_or_else(|| self.enter(own, symbols, sight, swapped));
        self.table.value(at)
    }

    /// Makes the series; texts beyond the limit leave nothing behind.
    #[cold]
    fn enter(
        &mut self,
        own: &impl Own,
        symbols: &mut Symbols,
        sight: &mut Sight<'_>,
        swapped: bool,
    ) -> u32 {
        let Sight {
            flow,
            turn,
            context,
            tally,
        } = sight;
        if !self.table.has_room() {
            tally.note(SERIES_LIMIT);
            return self.table.overflow(flow.time);
        }
        let ((numbers, own), number) = (own.settle(symbols), context.settle(*turn, flow, swapped));
        let labels = match self.place {
            ContextLabels::First => [context.texts(number), own].concat(),
            ContextLabels::Last => [own, context.texts(number)].concat(),
        };
        self.table.add(Key::new(numbers, number), labels, flow.time)
    }
}

/// The series of a family of Hubble's, and of the one for messages found on the wire.
#[derive(Debug)]
pub(super) struct PerSource<V> {
    hubble: Series<V>,
    /// `None` where such messages are counted in Hubble's family.
    wire: Option<Series<V>>,
}

impl<V: Cell> PerSource<V> {
    /// The series in which a flow is counted.
    #[inline]
    pub(super) fn for_flow(&mut self, flow: &Flow) -> &mut Series<V> {
        match &mut self.wire {
            Some(wire) if flow.l7.as_ref().is_some_and(|l7| l7.seen == Seen::Wire) => wire,
            _ => &mut self.hubble,
        }
    }

    /// All series.
    pub(super) fn tables(&mut self) -> impl Iterator<Item = &mut dyn Changes> {
        let hubble: &mut dyn Changes = &mut self.hubble.table;
        let wire = self
            .wire
            .as_mut()
            .map(|wire| -> &mut dyn Changes { &mut wire.table });
        [hubble].into_iter().chain(wire)
    }
}
