//! What can be said about a configuration from its declarations alone.

use super::component::Component;
use super::{Config, Problem, Problems, Registry, flow, listeners};

impl Config {
    /// Finds what does not fit together.
    pub(crate) fn check(&self, registry: &Registry, problems: &mut Problems) {
        // A list that could not be read may name any of them.
        if !self.pipelines.iter().any(|pipeline| pipeline.unread) {
            self.receivers
                .iter()
                .for_each(|component| unused(component, "receivers", problems));
            self.processors
                .iter()
                .for_each(|component| unused(component, "processors", problems));
            self.exporters
                .iter()
                .for_each(|component| unused(component, "exporters", problems));
        }
        flow::check(self, registry, problems);
        listeners::check(self, problems);
    }
}

fn unused<C: ?Sized>(component: &Component<C>, section: &str, problems: &mut Problems) {
    if !component.used {
        let help = format!(
            "add \"{}\" to the `{section}` of a pipeline, or remove it",
            component.id
        );
        let title = format!("`{}` is used by no pipeline", component.stage);
        problems.push(Problem::new(title, component.span.clone()).help(help));
    }
}
