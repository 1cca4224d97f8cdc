//! What components report about their own configurations, at its place in the file.

use std::ops::Range;

use tidegate_model::Kinds;
use tidegate_runtime::component::{ChainPosition, Finding, Place, ProcessorConfig};

use super::super::component::Component;
use super::super::{Config, Pipeline, Problem, Problems, Source, arrivals};

/// Reports the findings of all components. A component with errors is not built.
pub(super) fn check(config: &mut Config, source: &Source, problems: &mut Problems) {
    let of_processors = processor_findings(config);
    for component in &mut config.receivers {
        let findings = component.config.as_ref().map(|config| config.inspect());
        report(component, everywhere(findings), source, problems);
    }
    for (component, findings) in config.processors.iter_mut().zip(of_processors) {
        report(component, findings, source, problems);
    }
    for component in &mut config.exporters {
        let findings = component.config.as_ref().map(|config| config.inspect());
        report(component, everywhere(findings), source, problems);
    }
}

/// A finding, and the pipelines that have it if others with the same component do not.
type Found = (Finding, Vec<String>);

fn everywhere(findings: Option<Vec<Finding>>) -> Vec<Found> {
    let findings = findings.unwrap_or_default().into_iter();
    findings.map(|finding| (finding, Vec::new())).collect()
}

/// The findings of each processor in all of its pipelines.
fn processor_findings(config: &Config) -> Vec<Vec<Found>> {
    let mut findings: Vec<Vec<Found>> = vec![Vec::new(); config.processors.len()];
    let mut inspected = vec![0; config.processors.len()];
    for pipeline in &config.pipelines {
        let Some(chain) = chain(config, pipeline) else {
            continue;
        };
        let arrivals = arrivals(config, pipeline);
        for (at, one) in pipeline.processors.iter().enumerate() {
            inspected[one.index] += 1;
            for finding in chain[at].inspect(&position(&chain, &arrivals, at)) {
                let found = &mut findings[one.index];
                match found.iter_mut().find(|(earlier, _)| *earlier == finding) {
                    Some((_, pipelines)) => pipelines.push(pipeline.name.clone()),
                    None => found.push((finding, vec![pipeline.name.clone()])),
                }
            }
        }
    }
    for (found, inspected) in findings.iter_mut().zip(inspected) {
        let of_all = found
            .iter_mut()
            .filter(|(_, in_pipelines)| in_pipelines.len() == inspected);
        of_all.for_each(|(_, in_pipelines)| in_pipelines.clear());
    }
    findings
}

/// The processors of a pipeline; `None` if one could not be read, without which the others are in the
/// wrong place.
fn chain<'c>(config: &'c Config, pipeline: &Pipeline) -> Option<Vec<&'c dyn ProcessorConfig>> {
    let components = pipeline
        .processors
        .iter()
        .map(|one| config.processors[one.index].config.as_deref());
    components.collect()
}

fn position(chain: &[&dyn ProcessorConfig], arrivals: &[Kinds], at: usize) -> ChainPosition {
    let contents = |processors: &[&dyn ProcessorConfig]| {
        let contents = processors.iter().flat_map(|one| one.contributes());
        contents.copied().collect()
    };
    let created = arrivals[at + 1..].windows(2);
    let created = created.map(|around| around[1].without(around[0]));
    ChainPosition {
        received: arrivals[0],
        arriving: arrivals[at],
        earlier: contents(&chain[..at]),
        later: contents(&chain[at + 1..]),
        created_later: created.fold(Kinds::NONE, Kinds::union),
    }
}

fn report<C: ?Sized>(
    component: &mut Component<C>,
    findings: Vec<Found>,
    source: &Source,
    problems: &mut Problems,
) {
    for (finding, pipelines) in findings {
        let span = span(&finding.place, component, source);
        let mut problem = match finding.lint {
            Some(lint) => Problem::warning(lint, finding.title, span),
            None => {
                component.is_refused = true;
                Problem::new(finding.title, span)
            }
        };
        if let Some(note) = finding.note {
            problem = problem.note(note);
        }
        if !pipelines.is_empty() {
            problem = problem.note(format!("in pipeline `{}`", pipelines.join("`, `")));
        }
        problems.push(problem.label(finding.label).maybe_help(finding.help));
    }
}

/// The place in the file. A part of a string is only found if the string is written as it is read,
/// without escapes and variables.
fn span<C: ?Sized>(place: &Place, component: &Component<C>, source: &Source) -> Range<usize> {
    match place {
        Place::Key(key) => component.span_of(key),
        Place::Path(path) => component.span_of(path),
        Place::Value(span) if span.is_empty() => component.span.clone(),
        Place::Value(span) => span.clone(),
        Place::Part {
            value,
            offset,
            text,
        } => {
            let start = value.start + 1 + offset;
            let part = start..start + text.len();
            if source.text.get(part.clone()) == Some(text) {
                part
            } else {
                span(&Place::Value(value.clone()), component, source)
            }
        }
    }
}
