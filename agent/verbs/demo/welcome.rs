//! What the demo prints beside flows: what is simulated and what to try, and at the end how to read
//! the ledger.

use std::env;
use std::fs;
use std::path::Path;

use tracing::Level;

use super::addresses::{Addresses, COLLECTOR, TELEMETRY_PORT};
use crate::log;

/// Prints what is simulated, and commands to try.
pub(super) fn print(rate: f64, addresses: &Addresses) {
    log::print(Level::INFO, &text(rate, addresses, &this_program()));
}

/// Prints how to read the ledger.
pub(super) fn print_legend() {
    let text = "CREATED: flows of DNS and HTTP messages found in packets, and metrics. ABSORBED: \
                printed, served or sent, or names that are now in the table.\nfiltered{KIND}: a \
                kind of record that this exporter does not take: prometheus takes metrics, stdout \
                flows.";
    log::print(Level::INFO, text);
}

fn text(rate: f64, addresses: &Addresses, program: &str) -> String {
    let events = match rate > 0.0 {
        true => format!("{rate} events a second"),
        false => "events as fast as they are read".to_owned(),
    };
    let otlp = match &addresses.collector {
        Some(endpoint) => format!("Flows and metrics are also sent to {endpoint} ({COLLECTOR})."),
        None => format!(
            "To send flows and metrics to an OpenTelemetry collector, too, set \
             {COLLECTOR}=http://HOST:4317."
        ),
    };
    let commands = commands(addresses, program);
    format!(
        "A simulated Cilium agent sends {events}: pods, addresses and traffic are made up.\n\
         Flows are printed as `hubble observe` prints them. Ctrl-C ends the demo and accounts for \
         every event.\n\n\
         In another terminal:\n{commands}\n{otlp}\n"
    )
}

/// Commands that can be pasted, each with what it shows.
fn commands(addresses: &Addresses, program: &str) -> String {
    let telemetry = addresses.telemetry.target();
    let address = match telemetry == format!("127.0.0.1:{TELEMETRY_PORT}") {
        true => String::new(),
        false => format!(" --address {telemetry}"),
    };
    let mut commands = Vec::new();
    // `/debug` is served on loopback addresses alone.
    if addresses.telemetry.is_loopback() {
        commands.extend([
            (
                format!("{program} top{address}"),
                "stages, queues, losses, CPU and memory",
            ),
            (
                format!("{program} observe{address} --verdict DROPPED"),
                "dropped flows alone",
            ),
        ]);
    }
    commands.push((
        format!("curl -s http://{}/metrics", addresses.prometheus.target()),
        "Hubble's metrics, as Prometheus scrapes them",
    ));
    let width = commands.iter().map(|(command, _)| command.len()).max();
    let width = width.unwrap_or(0);
    commands
        .iter()
        .map(|(command, about)| format!("  {command:width$}  # {about}\n"))
        .collect()
}

/// The command that runs this program: its name if the shell finds it, or else its path.
fn this_program() -> String {
    const NAME: &str = env!("CARGO_BIN_NAME");
    let Ok(path) = env::current_exe() else {
        return NAME.to_owned();
    };
    let directories = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&directories)
        .map(|directory| directory.join(NAME))
        .find(|candidate| candidate.is_file());
    match found.and_then(|found| fs::canonicalize(found).ok()) {
        Some(found) if found == path => NAME.to_owned(),
        _ => quoted(&path),
    }
}

/// The path as a word of a shell.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%:,".contains(c);
    if text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::quoted;

    #[test]
    fn a_path_is_quoted_where_a_shell_needs_it() {
        for (path, expected) in [
            ("/opt/tidegate-1.0/tidegate", "/opt/tidegate-1.0/tidegate"),
            ("/my programs/tidegate", "'/my programs/tidegate'"),
            ("/it's/tidegate", r"'/it'\''s/tidegate'"),
        ] {
            assert_eq!(quoted(Path::new(path)), expected);
        }
    }
}
