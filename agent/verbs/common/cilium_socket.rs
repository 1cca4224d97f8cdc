//! The monitor socket of the Cilium agent on this host.

use std::path::PathBuf;

use crate::config::process_environment;

/// The socket of the shipped configuration, and the variable that overrides it there.
const DEFAULT_SOCKET: &str = "/var/run/cilium/monitor1_2.sock";
const SOCKET_VARIABLE: &str = "CILIUM_MONITOR_SOCK";

/// The socket that a verb reads if no argument names one.
pub(crate) fn default_socket() -> PathBuf {
    process_environment(SOCKET_VARIABLE)
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| DEFAULT_SOCKET.to_owned())
        .into()
}
