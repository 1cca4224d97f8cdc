//! From frames to flows, and from flows to metrics.
