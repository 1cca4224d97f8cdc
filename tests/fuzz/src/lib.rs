//! Properties that hold for arbitrary bytes: one function for each decoder, called by the fuzzers
//! and by the replay in the default tests.
//!
//! A target's `run` panics if a property is violated; its `seeds` are initial inputs in the form
//! that `run` expects. [`memory`] limits allocation, [`seeds`] makes inputs from the golden files
//! and the simulator.

pub mod access_log;
pub mod agent_api;
pub mod agent_notify;
pub mod capture;
// In a test build, which linters make, it would include the tests of the agent's configuration.
#[cfg(not(test))]
pub mod config;
pub mod debug;
pub mod dns;
pub mod drop;
pub mod event;
pub mod filter;
pub mod gob;
pub mod http;
pub mod memory;
pub mod packet;
pub mod payload;
pub mod pipeline;
pub mod policy_verdict;
pub mod recorder_capture;
pub mod seeds;
pub mod trace;
pub mod trace_sock;

/// A fuzz target.
pub struct Target {
    /// The name of the target, its fuzzer and its corpus.
    pub name: &'static str,
    /// Checks an input, and panics if a property is violated.
    pub run: fn(&[u8]),
    /// Initial inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// The targets, in order of importance.
pub const TARGETS: &[Target] = &[
    Target {
        name: "gob",
        run: gob::run,
        seeds: gob::seeds,
    },
    Target {
        name: "packet",
        run: packet::run,
        seeds: packet::seeds,
    },
    Target {
        name: "access_log",
        run: access_log::run,
        seeds: access_log::seeds,
    },
    Target {
        name: "pipeline",
        run: pipeline::run,
        seeds: pipeline::seeds,
    },
    Target {
        name: "agent_api",
        run: agent_api::run,
        seeds: agent_api::seeds,
    },
    Target {
        name: "payload",
        run: payload::run,
        seeds: payload::seeds,
    },
    #[cfg(not(test))]
    Target {
        name: "config",
        run: config::run,
        seeds: config::seeds,
    },
    Target {
        name: "filter",
        run: filter::run,
        seeds: filter::seeds,
    },
    Target {
        name: "dns",
        run: dns::run,
        seeds: dns::seeds,
    },
    Target {
        name: "http",
        run: http::run,
        seeds: http::seeds,
    },
    Target {
        name: "agent_notify",
        run: agent_notify::run,
        seeds: agent_notify::seeds,
    },
    Target {
        name: "drop",
        run: drop::run,
        seeds: drop::seeds,
    },
    Target {
        name: "trace",
        run: trace::run,
        seeds: trace::seeds,
    },
    Target {
        name: "policy_verdict",
        run: policy_verdict::run,
        seeds: policy_verdict::seeds,
    },
    Target {
        name: "trace_sock",
        run: trace_sock::run,
        seeds: trace_sock::seeds,
    },
    Target {
        name: "capture",
        run: capture::run,
        seeds: capture::seeds,
    },
    Target {
        name: "recorder_capture",
        run: recorder_capture::run,
        seeds: recorder_capture::seeds,
    },
    Target {
        name: "debug",
        run: debug::run,
        seeds: debug::seeds,
    },
];
