//! The shipped configuration.

/// The text of `pipeline.toml`.
pub(crate) const PIPELINE: &str = include_str!("../../../pipeline.toml");
