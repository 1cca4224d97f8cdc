//! A seeded, realistic stream of Cilium monitor events.
