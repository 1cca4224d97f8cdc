//! The sockets of the Cilium agent on this host.

use std::path::{Path, PathBuf};

use crate::config::process_environment;

/// The sockets of the shipped configuration, and the variables that override them there.
const MONITOR: (&str, &str) = ("CILIUM_MONITOR_SOCK", "/var/run/cilium/monitor1_2.sock");
const API_VARIABLE: &str = "CILIUM_SOCK";
/// The name of the socket of the API, in the directory of the monitor socket.
const API_NAME: &str = "cilium.sock";

/// The monitor socket that a verb reads if no argument names one.
pub(crate) fn default_socket() -> PathBuf {
    of_environment(MONITOR.0).unwrap_or_else(|| MONITOR.1.into())
}

/// The socket of the API of the agent that has this monitor socket.
pub(crate) fn api_socket(monitor: &Path) -> PathBuf {
    of_environment(API_VARIABLE).unwrap_or_else(|| monitor.with_file_name(API_NAME))
}

fn of_environment(variable: &str) -> Option<PathBuf> {
    let path = process_environment(variable).filter(|path| !path.is_empty())?;
    Some(path.into())
}
