//! Checks that concern several tables.

use super::component::Component;
use super::{Config, Problem, Problems, Registry, flow, listeners};

impl Config {
    /// Reports unused components, missing inputs and conflicting listeners.
    pub(crate) fn check(&self, registry: &Registry, problems: &mut Problems) {
        // A list that could not be read may refer to any component.
        if !self.pipelines.iter().any(|pipeline| pipeline.is_unread) {
            self.receivers
                .iter()
                .for_each(|component| report_unused(component, "receivers", problems));
            self.processors
                .iter()
                .for_each(|component| report_unused(component, "processors", problems));
            self.exporters
                .iter()
                .for_each(|component| report_unused(component, "exporters", problems));
        }
        flow::check(self, registry, problems);
        listeners::check(self, problems);
    }
}

fn report_unused<C: ?Sized>(component: &Component<C>, section: &str, problems: &mut Problems) {
    if !component.is_used {
        let help = format!(
            "add \"{}\" to the `{section}` of a pipeline, or remove it",
            component.id
        );
        let title = format!("`{}` is not used by any pipeline", component.stage);
        problems.push(Problem::new(title, component.span.clone()).help(help));
    }
}
