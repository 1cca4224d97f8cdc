//! Where flows and metrics go.

pub mod exposition;
