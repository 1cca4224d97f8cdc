//! How the tests start the agent and play its surroundings.

mod agent;
mod books;
pub(crate) mod capture;
mod cilium;
mod collector;
mod http;

pub(crate) use agent::{
    Agent, Ended, PATIENCE, tidegate, tidegate_reading, tidegate_unread, tidegate_with,
};
pub(crate) use books::Books;
pub(crate) use cilium::{Cilium, recording};
pub(crate) use collector::{Answer, Collector};
pub(crate) use http::{get, try_get};

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Asks until the answer is yes; a test that would wait for ever fails with what it waited for.
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_so() {
        assert!(
            since.elapsed() < PATIENCE,
            "it did not come to pass that {what}"
        );
        // Leaves the processor to those that are waited for.
        thread::sleep(Duration::from_millis(2));
    }
}

/// A directory of a test's own.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// The path of a file that may not exist.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// Writes a configuration: a recording of simulated frames through `processors` to `exporter`,
    /// whose keys may follow its name. Telemetry takes a free port.
    pub(crate) fn replay(
        &self,
        frames: u64,
        processors: &[&str],
        exporter: &str,
        keys: &str,
    ) -> PathBuf {
        let file = self.write("recording", recording(frames));
        let declared: String = processors
            .iter()
            .map(|kind| format!("[processors.{kind}]\n"))
            .collect();
        let text = format!(
            "[receivers.replay]\nfile = {file:?}\n{declared}[exporters.{exporter}]\n{keys}\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\ngrace_period = \"300ms\"\n\
             [service.pipelines.flows]\nreceivers = [\"replay\"]\nprocessors = {processors:?}\nexporters = [\"{exporter}\"]\n"
        );
        self.write("pipeline.toml", text)
    }

    /// Writes a configuration that reads a socket until its first stream ends.
    pub(crate) fn socket(&self, on_eof: &str) -> PathBuf {
        let text = format!(
            "[receivers.monitor1_2]\nsocket = {:?}\non_eof = \"{on_eof}\"\n[processors.cilium_decode]\n[exporters.nop]\n\
             [service]\ntelemetry.listen = \"127.0.0.1:0\"\n\
             [service.pipelines.flows]\nreceivers = [\"monitor1_2\"]\nprocessors = [\"cilium_decode\"]\nexporters = [\"nop\"]\n",
            self.path("monitor.sock")
        );
        self.write("pipeline.toml", text)
    }
}
