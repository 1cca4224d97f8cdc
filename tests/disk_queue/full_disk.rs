//! Disks without space.

use std::process::Command;

use super::{EXPORTER, FRAMES, config, feed};
use crate::support::{Agent, Collector, FakeCilium, LedgerReport, Reply, TestDir, eventually, get};

#[test]
fn a_disk_without_space_degrades_the_exporter_which_keeps_requests_in_memory() {
    let dir = TestDir::new();
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let config = config(&dir, &collector, "timeout = \"1s\"");
    // A limit of the size of files, which has the effect of a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 4; exec {} run -c {}",
        env!("CARGO_BIN_EXE_tidegate"),
        config.display()
    );
    let mut agent = Agent::start_command(Command::new("sh").args(["-c", &script]));
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    let (_, ready) = get(&address, "/readyz");
    assert!(
        ready.contains("cannot write to the queue on disk"),
        "{ready}"
    );
    assert!(ready.contains("requests wait in memory"), "{ready}");
    // The requests that the server has swallowed are sent again when their attempts time out.
    collector.set_stalled(false);
    eventually("everything is delivered from memory", || {
        LedgerReport::live(&address).count(EXPORTER, "absorbed") == queued
    });
}

/// In a mount namespace of its own, which ends with the agent.
#[test]
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
fn a_full_file_system_degrades_the_exporter_until_it_has_space_again() {
    let dir = TestDir::new();
    let mount = |and: &str| {
        let queue = dir.path("queue");
        let script = format!("mount -t tmpfs -o size=64k none {queue:?} && {and}");
        let mut command = Command::new("unshare");
        command.args(["-m", "sh", "-c", &script]);
        command
    };
    std::fs::create_dir(dir.path("queue")).unwrap();
    let tried = mount("true").output();
    if !tried.as_ref().is_ok_and(|output| output.status.success()) {
        return eprintln!("skipped: no file system can be mounted: {tried:?}");
    }
    let collector = Collector::with_replies(&[], Reply::Accept);
    collector.set_stalled(true);
    let cilium = FakeCilium::listen(&dir.path("monitor.sock"));
    let config = config(&dir, &collector, "timeout = \"1s\"");
    let run = format!(
        "exec {} run -c {}",
        env!("CARGO_BIN_EXE_tidegate"),
        config.display()
    );
    let mut agent = Agent::start_command(&mut mount(&run));
    let address = agent.telemetry_address();
    let queued = feed(&address, &cilium);
    let (_, ready) = get(&address, "/readyz");
    assert!(ready.contains("No space left on device"), "{ready}");
    assert!(ready.contains("requests wait in memory"), "{ready}");
    collector.set_stalled(false);
    eventually("everything is delivered", || {
        LedgerReport::live(&address).count(EXPORTER, "absorbed") == queued
    });
    // The next request is written again: what was delivered has left space.
    let _stream = cilium.send(50);
    eventually("the exporter is well, and the rest delivered", || {
        let ledger = LedgerReport::live(&address);
        ledger.count("receivers.monitor1_2", "in") >= FRAMES + 50
            && ledger.count(EXPORTER, "absorbed") > queued
            && ledger.count(EXPORTER, "in_flight") == 0
            && get(&address, "/readyz").1.starts_with("ready")
    });
}
