//! Notifications to systemd, and the shipped unit file.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::support::{Agent, TIMEOUT, TestDir};

/// The receiving end of `NOTIFY_SOCKET`.
struct NotifySocket(UnixDatagram);

impl NotifySocket {
    /// Waits for a notification of a state, and ignores others.
    fn wait_for(&self, state: &str) {
        let mut buffer = [0; 4096];
        loop {
            let n = self
                .0
                .recv(&mut buffer)
                .unwrap_or_else(|error| panic!("no {state}: {error}"));
            if std::str::from_utf8(&buffer[..n])
                .unwrap()
                .lines()
                .any(|line| line.starts_with(state))
            {
                return;
            }
        }
    }
}

#[test]
fn systemd_is_notified_of_readiness_watchdog_reload_and_shutdown() {
    let dir = TestDir::new();
    let notifications = NotifySocket(UnixDatagram::bind(dir.path("notify")).unwrap());
    notifications.0.set_read_timeout(Some(TIMEOUT)).unwrap();
    let config = dir.socket("reconnect");
    let args = ["run".as_ref(), "-c".as_ref(), config.as_os_str()];
    let socket = dir.path("notify");
    let environment = [
        ("NOTIFY_SOCKET", socket.as_os_str()),
        ("WATCHDOG_USEC", "100000".as_ref()),
    ];
    let agent = Agent::start_with_env(&args, &environment);
    notifications.wait_for("READY=1");
    notifications.wait_for("WATCHDOG=1");
    notifications.wait_for("WATCHDOG=1");
    agent.send_signal("HUP");
    notifications.wait_for("RELOADING=1");
    notifications.wait_for("READY=1");
    agent.send_signal("TERM");
    notifications.wait_for("STOPPING=1");
    assert_eq!(agent.wait().code, Some(0));
}

#[test]
#[expect(clippy::print_stderr, reason = "a skipped test is reported")]
fn the_shipped_unit_file_is_valid() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/tidegate.service");
    let dir = TestDir::new();
    // systemd-analyze requires that the program exists.
    let unit = std::fs::read_to_string(shipped)
        .unwrap()
        .replace("=tidegate ", "=/bin/true ");
    let unit = dir.write("tidegate.service", unit);
    let Ok(output) = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(unit)
        .output()
    else {
        eprintln!("skipped: systemd-analyze is not installed (Debian: apt-get install systemd)");
        return;
    };
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let findings: Vec<_> = stderr
        .lines()
        .filter(|line| line.contains("tidegate.service"))
        .collect();
    assert_eq!(findings, [""; 0]);
}
