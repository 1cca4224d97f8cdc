//! What must hold for any bytes: one function for each decoder, called by the fuzzers and by the
//! replay among the default tests.
//!
//! A target's `run` panics where something does not hold; its `seeds` are inputs to begin with, in
//! the form that `run` describes. [`memory`] bounds what decoding allocates, [`seeds`] makes inputs
//! from the golden files and the simulator.

pub mod access_log;
pub mod agent_notify;
pub mod capture;
// Compiled as a test, which linters do, it would bring along the tests of the agent's
// configuration.
#[cfg(not(test))]
pub mod config;
pub mod debug;
pub mod dns;
pub mod drop;
pub mod event;
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

/// One decoder under test.
pub struct Target {
    /// Its name, which is also that of its fuzzer and of its corpus.
    pub name: &'static str,
    /// Panics if something does not hold for these bytes.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// The targets, those first in which a mistake would cost most.
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
