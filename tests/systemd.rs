//! What systemd is told, and the unit file that ships.

use std::os::unix::net::UnixDatagram;
use std::process::Command;

use crate::support::{Agent, TIMEOUT, TestDir};

/// What a service says to its manager.
struct Manager(UnixDatagram);

impl Manager {
    /// Waits until it is told a state, whatever it is told before.
    fn hears(&self, state: &str) {
        let mut buffer = [0; 4096];
        loop {
            let n = self
                .0
                .recv(&mut buffer)
                .unwrap_or_else(|error| panic!("nobody says {state}: {error}"));
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
    let manager = Manager(UnixDatagram::bind(dir.path("notify")).unwrap());
    manager.0.set_read_timeout(Some(TIMEOUT)).unwrap();
    let config = dir.socket("reconnect");
    let args = ["run".as_ref(), "-c".as_ref(), config.as_os_str()];
    let socket = dir.path("notify");
    let environment = [
        ("NOTIFY_SOCKET", socket.as_os_str()),
        ("WATCHDOG_USEC", "100000".as_ref()),
    ];
    let agent = Agent::start_with_env(&args, &environment);
    manager.hears("READY=1");
    manager.hears("WATCHDOG=1");
    manager.hears("WATCHDOG=1");
    agent.send_signal("HUP");
    manager.hears("RELOADING=1");
    manager.hears("READY=1");
    agent.send_signal("TERM");
    manager.hears("STOPPING=1");
    assert_eq!(agent.wait().code, Some(0));
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests should know what was not run"
)]
fn the_shipped_unit_file_is_valid() {
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/tidegate.service");
    let dir = TestDir::new();
    // systemd-analyze wants the program to be there.
    let unit = std::fs::read_to_string(shipped)
        .unwrap()
        .replace("/usr/local/bin/tidegate", "/bin/true");
    let unit = dir.write("tidegate.service", unit);
    let Ok(output) = Command::new("systemd-analyze")
        .args(["verify", "--man=no"])
        .arg(unit)
        .output()
    else {
        eprintln!("skipped: systemd-analyze is not installed (Debian: apt-get install systemd)");
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let complaints: Vec<_> = said
        .lines()
        .filter(|line| line.contains("tidegate.service"))
        .collect();
    assert_eq!(complaints, [""; 0]);
}
