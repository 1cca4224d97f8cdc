//! Tables in a wrong place. Each is an error that says where it belongs, and is moved there: so one
//! mistake is one error, and what the table holds is still checked.

mod components;
mod moves;
mod pipelines;
mod sections;

use toml::de::DeTable;

use super::{Problems, Registry};

/// The tables that a file can have.
const SECTIONS: [&str; 4] = ["receivers", "processors", "exporters", "service"];

/// Moves tables to where they belong, and removes unknown ones.
pub(super) fn correct(root: &mut DeTable<'_>, registry: &Registry, problems: &mut Problems) {
    pipelines::correct_root(root, problems);
    sections::correct(root, registry, problems);
    pipelines::correct(root, problems);
    components::correct(root, registry, problems);
}
