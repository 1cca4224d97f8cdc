//! Which kinds of records arrive where: a processor or an exporter that would never get any is a
//! mistake.

use tidegate_model::Kinds;
use tidegate_runtime::component::{ComponentKind, ExporterConfig, ProcessorConfig};
use tidegate_runtime::stage_id::StageId;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

use super::component::Component;
use super::{Config, Pipeline, Problem, Problems, Registry, Use};

/// The kinds that arrive at each processor of a pipeline, and behind the last one.
pub(crate) fn arrivals(config: &Config, pipeline: &Pipeline) -> Vec<Kinds> {
    let receivers = pipeline
        .receivers
        .iter()
        .filter_map(|one| config.receivers[one.at].config.as_deref());
    let mut arriving = receivers.fold(Kinds::NONE, |kinds, receiver| {
        kinds.union(receiver.produces())
    });
    let mut arrivals = vec![arriving];
    for processor in pipeline
        .processors
        .iter()
        .filter_map(|one| config.processors[one.at].config.as_deref())
    {
        // Where its input is missing, the mistake is told there and not again behind it.
        let missing = if processor.consumes().intersection(arriving).is_empty() {
            processor.consumes()
        } else {
            Kinds::NONE
        };
        arriving = processor.produces(arriving.union(missing));
        arrivals.push(arriving);
    }
    arrivals
}

/// Finds processors and exporters for which nothing arrives.
pub(crate) fn check(config: &Config, registry: &Registry, problems: &mut Problems) {
    for pipeline in config
        .pipelines
        .iter()
        .filter(|pipeline| is_readable(config, pipeline))
    {
        let arrivals = arrivals(config, pipeline);
        let check = Check {
            config,
            registry,
            pipeline,
        };
        for (at, one) in pipeline.processors.iter().enumerate() {
            let component = &config.processors[one.at];
            let needs = component
                .config
                .as_deref()
                .map_or(Kinds::ALL, ProcessorConfig::consumes);
            check.starved(
                one,
                &component.stage,
                needs,
                arrivals[at],
                Some(at),
                problems,
            );
        }
        for one in &pipeline.exporters {
            let component = &config.exporters[one.at];
            let takes = component
                .config
                .as_deref()
                .map_or(Kinds::ALL, ExporterConfig::consumes);
            check.starved(
                one,
                &component.stage,
                takes,
                arrivals[arrivals.len() - 1],
                None,
                problems,
            );
        }
    }
}

/// Whether everything in the pipeline is known, so that statements about it are certain.
fn is_readable(config: &Config, pipeline: &Pipeline) -> bool {
    fn read<C: ?Sized>(uses: &[Use], components: &[Component<C>]) -> bool {
        uses.iter().all(|one| components[one.at].config.is_some())
    }
    !pipeline.incomplete
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
    /// A problem if nothing of what a stage takes arrives. `at` is the place of a processor in the
    /// chain.
    fn starved(
        &self,
        one: &Use,
        stage: &StageId,
        takes: Kinds,
        arriving: Kinds,
        at: Option<usize>,
        problems: &mut Problems,
    ) {
        if !takes.intersection(arriving).is_empty() {
            return;
        }
        let title = format!(
            "nothing for `{stage}` arrives in pipeline `{}`",
            self.pipeline.name
        );
        let label = format!("takes {takes}; what arrives here is {arriving}");
        problems.push(
            Problem::new(title, one.span.clone())
                .label(label)
                .maybe_help(self.maker(takes, arriving, at)),
        );
    }

    /// Who would make what is missing: a processor that stands too late, or a kind that is not
    /// there.
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
        let later = later.map(|one| &self.config.processors[one.at]);
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
            "put a processor of the kind `{}` before it",
            kind.name
        ))
    }
}

/// A kind's configuration without any key, if it can do without.
fn default(kind: &ComponentKind<dyn ProcessorConfig>) -> Option<Box<dyn ProcessorConfig>> {
    let empty = Spanned::new(0..0, DeValue::Table(DeTable::new()));
    (kind.parse)(ValueDeserializer::from(empty)).ok()
}
