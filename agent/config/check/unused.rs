//! Components that no pipeline names: they do not run, and do not listen.

use tidegate_runtime::component::Lint;
use tidegate_runtime::telemetry::Telemetry;

use super::super::component::Component;
use super::super::{ComponentRef, Config, Pipeline, Problem, Problems};

/// Warns about unused components, and removes them. They are built once for their errors.
pub(super) fn check(config: &mut Config, problems: &mut Problems) {
    // A list that could not be read may refer to any component, and so may a pipeline that is missing.
    let is_unread = |pipeline: &Pipeline| pipeline.is_unread;
    if config.pipelines.is_empty() || config.pipelines.iter().any(is_unread) {
        return;
    }
    config.build_unused(&Telemetry::default(), problems);
    let receivers = remove(&mut config.receivers, "receivers", problems);
    let processors = remove(&mut config.processors, "processors", problems);
    let exporters = remove(&mut config.exporters, "exporters", problems);
    for pipeline in &mut config.pipelines {
        renumber(&mut pipeline.receivers, &receivers);
        renumber(&mut pipeline.processors, &processors);
        renumber(&mut pipeline.exporters, &exporters);
    }
}

/// Removes the unused ones of a section. Returns the old indices of those that are left.
fn remove<C: ?Sized>(
    components: &mut Vec<Component<C>>,
    section: &str,
    problems: &mut Problems,
) -> Vec<usize> {
    let unused = components.iter().filter(|component| !component.is_used);
    unused.for_each(|component| problems.push(unused_component(component, section)));
    let kept = components.iter().enumerate();
    let kept = kept.filter(|(_, component)| component.is_used);
    let kept = kept.map(|(at, _)| at).collect();
    components.retain(|component| component.is_used);
    kept
}

fn unused_component<C: ?Sized>(component: &Component<C>, section: &str) -> Problem {
    let title = format!("no pipeline uses `{}`", component.stage);
    let help = format!(
        "add \"{}\" to the `{section}` of a pipeline, or remove it",
        component.id
    );
    Problem::warning(Lint::UnusedComponent, title, component.span.clone())
        .label("does not run")
        .help(help)
}

/// Replaces old indices by their positions in `kept`.
fn renumber(references: &mut [ComponentRef], kept: &[usize]) {
    for reference in references {
        let position = kept.iter().position(|old| *old == reference.index);
        reference.index = position.unwrap_or(reference.index);
    }
}
