//! Records that a pipeline makes and nothing in it uses.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{ExporterConfig, Lint, ProcessorConfig, ReceiverConfig};

use super::super::flow::{absorbed, default, is_readable};
use super::super::{Config, Pipeline, Problem, Problems, Registry, arrivals};

/// The kinds that are made for something else in the pipeline.
const MADE_FOR_OTHERS: [(Kind, Lint); 3] = [
    (Kind::Event, Lint::EventsWithoutFlows),
    (Kind::Flow, Lint::FlowsNotExported),
    (Kind::Metric, Lint::MetricsNotExported),
];

/// Warns about records that nothing uses, and about signals that never arrive.
pub(super) fn check(config: &Config, registry: &Registry, problems: &mut Problems) {
    let readable = config.pipelines.iter();
    let readable: Vec<_> = readable.filter(|one| is_readable(config, one)).collect();
    for pipeline in &readable {
        for (kind, lint) in MADE_FOR_OTHERS {
            check_kind(kind, lint, (config, registry), pipeline, problems);
        }
        check_names(config, registry, pipeline, problems);
    }
    if readable.len() == config.pipelines.len() {
        check_signals(config, problems);
    }
}

/// Warns at the first processor that makes records of a kind, if nothing behind it uses them.
fn check_kind(
    kind: Kind,
    lint: Lint,
    (config, registry): (&Config, &Registry),
    pipeline: &Pipeline,
    problems: &mut Problems,
) {
    let arrivals = arrivals(config, pipeline);
    let makes = |at: usize| !arrivals[at].contains(kind) && arrivals[at + 1].contains(kind);
    let Some(maker) = (0..pipeline.processors.len()).find(|at| makes(*at)) else {
        return;
    };
    let later = pipeline.processors.iter().skip(maker + 1);
    let mut later = later.filter_map(|one| config.processors[one.index].config.as_deref());
    let mut exporters = pipeline
        .exporters
        .iter()
        .filter_map(|one| config.exporters[one.index].config.as_deref());
    if later.any(|one| turns_into_others(one, kind))
        || exporters.any(|one| one.consumes().contains(kind))
    {
        return;
    }
    let reference = &pipeline.processors[maker];
    let stage = &config.processors[reference.index].stage;
    let records = Kinds::of(&[kind]);
    let title = format!(
        "nothing in pipeline `{}` uses the {records} of `{stage}`",
        pipeline.name
    );
    let label = format!("makes {records}");
    let problem = Problem::warning(lint, title, reference.span.clone()).label(label);
    problems.push(problem.maybe_help(user(kind, registry)));
}

/// Warns at each receiver of names, if no processor absorbs them.
fn check_names(config: &Config, registry: &Registry, pipeline: &Pipeline, problems: &mut Problems) {
    let names = Kinds::of(&[Kind::Names]);
    let processors = pipeline.processors.iter();
    let mut processors =
        processors.filter_map(|one| config.processors[one.index].config.as_deref());
    if processors.any(|one| !absorbed(one, names).is_empty()) {
        return;
    }
    for reference in &pipeline.receivers {
        let receiver = &config.receivers[reference.index];
        let produces = receiver.config.as_deref().map(ReceiverConfig::produces);
        if !produces.is_some_and(|kinds| kinds.contains(Kind::Names)) {
            continue;
        }
        let title = format!(
            "no processor in pipeline `{}` uses the names of `{}`",
            pipeline.name, receiver.stage
        );
        let mut kinds = registry.processors.iter();
        let user = kinds
            .find(|kind| default(kind).is_some_and(|config| !absorbed(&*config, names).is_empty()));
        let help = user.map(|kind| format!("add a processor of the kind `{}`", kind.name));
        let problem = Problem::warning(Lint::NamesNotUsed, title, reference.span.clone());
        problems.push(
            problem
                .label("its records reach no stage that takes them")
                .maybe_help(help),
        );
    }
}

/// Whether a processor makes records of other kinds of those of this one.
fn turns_into_others(processor: &dyn ProcessorConfig, kind: Kind) -> bool {
    let only = Kinds::of(&[kind]);
    processor.consumes().contains(kind) && !processor.produces(only).without(only).is_empty()
}

/// What could use records of a kind: a processor, or else exporters.
fn user(kind: Kind, registry: &Registry) -> Option<String> {
    let mut processors = registry.processors.iter();
    if kind == Kind::Event
        && let Some(found) =
            processors.find(|one| default(one).is_some_and(|one| turns_into_others(&*one, kind)))
    {
        return Some(format!(
            "add a processor such as `{}` behind it",
            found.name
        ));
    }
    let takes = |config: &dyn ExporterConfig| {
        config.consumes().contains(kind) && config.consumes() != Kinds::ALL
    };
    let exporters = registry.exporters.iter();
    let exporters = exporters.filter(|one| default(one).is_some_and(|config| takes(&*config)));
    let names: Vec<_> = exporters.map(|one| format!("`{}`", one.name)).collect();
    let kind = Kinds::of(&[kind]);
    (!names.is_empty()).then(|| {
        format!(
            "add an exporter that takes {kind}, such as {}",
            names.join(" or ")
        )
    })
}

/// The key with which an exporter chooses what it takes.
const SIGNALS: &str = "signals";

/// Warns about configured signals that arrive through no pipeline of an exporter.
fn check_signals(config: &Config, problems: &mut Problems) {
    for (at, component) in config.exporters.iter().enumerate() {
        let Some(exporter) = component.config.as_deref() else {
            continue;
        };
        if !component.keys.contains_key(SIGNALS) {
            continue;
        }
        let feeding = config.pipelines.iter();
        let feeding = feeding.filter(|one| one.exporters.iter().any(|one| one.index == at));
        let arriving = feeding.filter_map(|pipeline| arrivals(config, pipeline).last().copied());
        let missing = exporter
            .consumes()
            .without(arriving.fold(Kinds::NONE, Kinds::union));
        if missing.is_empty() {
            continue;
        }
        let title = format!("`{}` never gets {missing}", component.stage);
        let span = component.span_of(SIGNALS);
        let problem = Problem::warning(Lint::SignalNeverArrives, title, span);
        problems.push(problem.label("no processor of its pipelines makes them"));
    }
}
