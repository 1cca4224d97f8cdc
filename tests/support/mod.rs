//! How the tests start the agent and play its environment.

mod agent;
pub(crate) mod capture;
mod cilium;
mod cilium_api;
mod collector;
mod http;
mod http_collector;
mod ledger;

pub(crate) use agent::{
    Agent, AgentOutput, TIMEOUT, run_args, strict_run_args, tidegate, tidegate_in,
    tidegate_with_closed_stdout, tidegate_with_env, tidegate_with_stdin,
};
pub(crate) use cilium::{FakeCilium, simulated_frames};
pub(crate) use cilium_api::FakeApi;
pub(crate) use collector::{Collector, Reply};
pub(crate) use http::{get, send, try_get};
pub(crate) use http_collector::HttpCollector;
pub(crate) use ledger::LedgerReport;

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Polls a condition until it holds; panics with `what` after [`TIMEOUT`].
pub(crate) fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < TIMEOUT, "timed out: {what}");
        // Yields the CPU to the processes under test.
        thread::sleep(Duration::from_millis(2));
    }
}

/// A temporary directory of one test.
pub(crate) struct TestDir(TempDir);

impl TestDir {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a file, which need not exist.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Writes a recording of simulated frames and a configuration that replays it through
    /// `processors` to `exporter`, whose table has `keys`. Telemetry listens on a free port.
    pub(crate) fn replay(
        &self,
        frames: u64,
        processors: &[&str],
        exporter: &str,
        keys: &str,
    ) -> PathBuf {
        let file = self.write("recording", simulated_frames(frames));
        let declared: String = processors
            .iter()
            .map(|kind| format!("[processors.{kind}]\n"))
            .collect();
        let text = format!(
            "[receivers.replay]\nfile = {file:?}\n{declared}[exporters.{exporter}]\n{keys}\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\ngrace_period = \"300ms\"\n\
             [service.pipelines.flows]\nreceivers = [\"replay\"]\nprocessors = {processors:?}\n\
             exporters = [\"{exporter}\"]\n"
        );
        self.write("pipeline.toml", text)
    }

    /// Writes a configuration that reads the monitor socket in this directory.
    pub(crate) fn socket(&self, on_eof: &str) -> PathBuf {
        let text = format!(
            "[receivers.monitor1_2]\nsocket = {:?}\non_eof = \"{on_eof}\"\n\
             [processors.cilium_decode]\n[exporters.nop]\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\n\
             processors = [\"cilium_decode\"]\nexporters = [\"nop\"]\n",
            self.path("monitor.sock")
        );
        self.write("pipeline.toml", text)
    }
}
