//! What several verbs use.

pub(super) mod catalog;
pub(super) mod config_file;
pub(super) mod output_file;
pub(super) mod quantity;
pub(super) mod runtime;
pub(super) mod shipped;
