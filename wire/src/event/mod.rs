//! Monitor events.
