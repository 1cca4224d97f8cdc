//! What several verbs use.

pub(super) mod catalog;
pub(super) mod cilium_socket;
pub(super) mod closed_output;
pub(super) mod config_file;
pub(super) mod filters;
pub(super) mod output_file;
pub(super) mod quantity;
pub(super) mod runtime;
pub(super) mod shipped;
pub(super) mod table_output;
pub(super) mod tap_stream;
