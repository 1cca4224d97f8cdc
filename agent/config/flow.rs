//! Checks that every processor and exporter gets records that it can use.

use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{ComponentKind, ExporterConfig, ProcessorConfig};
use tidegate_runtime::stage_id::StageId;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::component::Component;
use super::{ComponentRef, Config, Pipeline, Problem, Problems, Registry};

/// The kinds of records that arrive at each processor of a pipeline, and after the last one.
pub(crate) fn arrivals(config: &Config, pipeline: &Pipeline) -> Vec<Kinds> {
    let receivers = pipeline
        .receivers
        .iter()
        .filter_map(|one| config.receivers[one.index].config.as_deref());
    let mut arriving = receivers.fold(Kinds::NONE, |kinds, receiver| {
        kinds.union(receiver.produces())
    });
    let mut arrivals = vec![arriving];
    let processors = pipeline
        .processors
        .iter()
        .map(|one| config.processors[one.index].config.as_deref());
    for (at, processor) in processors.enumerate() {
        let Some(processor) = processor else {
            continue;
        };
        // A missing input is reported once, not again for the stages that follow.
        let missing = if processor.consumes().intersection(arriving).is_empty() {
            processor.consumes()
        } else {
            Kinds::NONE
        };
        arriving = processor
            .produces(arriving.union(missing))
            .union(demanded(config, pipeline, at));
        arrivals.push(arriving);
    }
    arrivals
}

/// The kinds of records that the processor at `at` creates because a later one absorbs them.
pub(super) fn demanded(config: &Config, pipeline: &Pipeline, at: usize) -> Kinds {
    let on_demand = config.processors[pipeline.processors[at].index]
        .config
        .as_deref()
        .map_or(Kinds::NONE, ProcessorConfig::creates_on_demand);
    let later = pipeline.processors.iter().skip(at + 1);
    let later = later.filter_map(|one| config.processors[one.index].config.as_deref());
    later.fold(Kinds::NONE, |kinds, processor| {
        kinds.union(absorbed(processor, on_demand))
    })
}

/// The kinds among `kinds` that a processor takes and does not pass on.
pub(super) fn absorbed(processor: &dyn ProcessorConfig, kinds: Kinds) -> Kinds {
    let taken = processor.consumes().intersection(kinds);
    let absorbs = |kind: &Kind| {
        let only = Kinds::of(&[*kind]);
        processor.produces(only).intersection(only).is_empty()
    };
    taken
        .iter()
        .filter(absorbs)
        .fold(Kinds::NONE, |all, kind| all.union(Kinds::of(&[kind])))
}

/// Reports processors and exporters that get no input.
pub(crate) fn check(config: &Config, registry: &Registry, problems: &mut Problems) {
    let readable = config
        .pipelines
        .iter()
        .filter(|pipeline| is_readable(config, pipeline));
    for pipeline in readable {
        let check = Check {
            config,
            registry,
            pipeline,
        };
        check.run(&arrivals(config, pipeline), problems);
    }
}

/// Whether every component of the pipeline could be read.
pub(super) fn is_readable(config: &Config, pipeline: &Pipeline) -> bool {
    fn read<C: ?Sized>(references: &[ComponentRef], components: &[Component<C>]) -> bool {
        references
            .iter()
            .all(|one| components[one.index].config.is_some())
    }
    !pipeline.has_errors
        && read(&pipeline.receivers, &config.receivers)
        && read(&pipeline.processors, &config.processors)
        && read(&pipeline.exporters, &config.exporters)
}

struct Check<'a> {
    config: &'a Config,
    registry: &'a Registry,
    pipeline: &'a Pipeline,
}

impl Check<'_> {
    /// Compares what the stages of the pipeline take with what arrives.
    fn run(&self, arrivals: &[Kinds], problems: &mut Problems) {
        for (at, one) in self.pipeline.processors.iter().enumerate() {
            let component = &self.config.processors[one.index];
            let config = component.config.as_deref();
            let takes = config.map_or(Kinds::ALL, ProcessorConfig::consumes);
            let stage = &component.stage;
            self.report_missing_input(one, stage, takes, arrivals[at], Some(at), problems);
        }
        let last = arrivals[arrivals.len() - 1];
        for one in &self.pipeline.exporters {
            let component = &self.config.exporters[one.index];
            let config = component.config.as_deref();
            let takes = config.map_or(Kinds::ALL, ExporterConfig::consumes);
            self.report_missing_input(one, &component.stage, takes, last, None, problems);
        }
    }

    /// Reports a stage that gets none of the kinds that it takes. `at` is the position of a processor
    /// in the chain.
    fn report_missing_input(
        &self,
        one: &ComponentRef,
        stage: &StageId,
        takes: Kinds,
        arriving: Kinds,
        at: Option<usize>,
        problems: &mut Problems,
    ) {
        // Names are no input by themselves: they are for the records that they describe.
        let names = Kinds::of(&[Kind::Names]);
        let input = match takes.without(names) {
            rest if rest.is_empty() => takes,
            rest => rest,
        };
        if !input.intersection(arriving).is_empty() {
            return;
        }
        let title = format!(
            "`{stage}` gets no input in pipeline `{}`",
            self.pipeline.name
        );
        let label = match arriving.is_empty() {
            true => format!("takes {takes}, but gets nothing"),
            false => format!("takes {takes}, but gets {arriving}"),
        };
        problems.push(
            Problem::new(title, one.span.clone())
                .label(label)
                .maybe_help(self.maker(takes, arriving, at)),
        );
    }

    /// What would produce the missing input: a later processor, or a kind that is not in the
    /// pipeline.
    fn maker(&self, wanted: Kinds, arriving: Kinds, at: Option<usize>) -> Option<String> {
        let makes = |config: &dyn ProcessorConfig| {
            !config.consumes().intersection(arriving).is_empty()
                && !config.produces(arriving).intersection(wanted).is_empty()
        };
        let later = self
            .pipeline
            .processors
            .iter()
            .skip(at.map_or(usize::MAX, |at| at + 1));
        let later = later.map(|one| &self.config.processors[one.index]);
        let mut late = later.filter(|component| component.config.as_deref().is_some_and(makes));
        if let Some(component) = late.next() {
            return Some(format!("move `{}` before it", component.id));
        }
        let kind = self
            .registry
            .processors
            .iter()
            .find(|kind| default(kind).is_some_and(|config| makes(&*config)))?;
        Some(format!(
            "add a processor of the kind `{}` before it",
            kind.name
        ))
    }
}

/// The default configuration of a kind, unless it has required keys.
pub(super) fn default<C: ?Sized>(kind: &ComponentKind<C>) -> Option<Box<C>> {
    let empty = Spanned::new(0..0, DeValue::Table(DeTable::new()));
    (kind.parse)(ValueDeserializer::from(empty)).ok()
}
