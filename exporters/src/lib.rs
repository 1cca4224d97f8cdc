//! Where flows and metrics go.
