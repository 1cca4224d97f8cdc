//! Checks that concern several tables: [unused components](unused), [what a component reports about
//! itself](findings), [missing inputs](super::flow), [records that nobody uses](unread), [components
//! that do the same](duplicates), [queues], the [name of the node](node_name),
//! [addresses](super::listeners), and files that are [written](outputs).

mod duplicates;
mod findings;
mod node_name;
mod outputs;
mod queues;
mod unread;
mod unused;

use super::{Config, Problems, Registry, Source, flow, listeners};

impl Config {
    /// Reports what is wrong with the tables together, and removes components that no pipeline
    /// names.
    pub(crate) fn check(&mut self, source: &Source, registry: &Registry, problems: &mut Problems) {
        unused::check(self, problems);
        findings::check(self, source, problems);
        let before = problems.errors();
        flow::check(self, registry, problems);
        if problems.errors() == before {
            unread::check(self, registry, problems);
        }
        duplicates::check(self, problems);
        queues::check(self, problems);
        node_name::check(self, problems);
        listeners::check(self, problems);
        outputs::check(self, problems);
    }
}
