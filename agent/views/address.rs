//! Which agent to look at.

use std::path::{Path, PathBuf};

use clap::ValueHint;

use crate::config::{Config, Problems, Registry, Source, process_environment};
use crate::error::Error;

/// Where the shipped configuration has the agent listen,
const DEFAULT: &str = "127.0.0.1:9464";
/// and the variable that it lets change that.
const VARIABLE: &str = "TIDEGATE_TELEMETRY_LISTEN";

/// Which agent.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Agent {
    /// The agent's telemetry address; else TIDEGATE_TELEMETRY_LISTEN, else 127.0.0.1:9464
    #[arg(short, long, value_name = "HOST:PORT", conflicts_with = "config")]
    address: Option<String>,
    /// Take the address from a configuration: `[service.telemetry] listen`
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    config: Option<PathBuf>,
}

impl Agent {
    /// Its address, `HOST:PORT`.
    pub(super) fn address(&self) -> Result<String, Error> {
        match (&self.address, &self.config) {
            (Some(address), _) => Ok(bare(address).to_owned()),
            (None, Some(path)) => configured(path),
            (None, None) => Ok(process_environment(VARIABLE).unwrap_or_else(|| DEFAULT.to_owned())),
        }
    }
}

/// The address without what makes it the start of a URL, as the agent logs it.
fn bare(address: &str) -> &str {
    address.strip_prefix("http://").unwrap_or(address).trim_end_matches('/')
}

fn configured(path: &Path) -> Result<String, Error> {
    let source = Source::read(path).map_err(|error| Error::Configuration(error.render()))?;
    let mut problems = Problems::default();
    let config = Config::parse(&source, &Registry::BUILT_IN, &process_environment, &mut problems);
    match config {
        Some(config) if problems.is_empty() => match config.service.telemetry_listen {
            listen if listen.port() == 0 => Err(Error::Usage(format!(
                "{} has the agent listen on a port that the system chooses; its log says which: `--address HOST:PORT`",
                path.display()
            ))),
            listen => Ok(listen.to_string()),
        },
        _ => Err(Error::Configuration(problems.render(&source, crate::terminal::colour(&std::io::stderr())))),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{DEFAULT, bare, configured};

    #[test]
    fn the_default_is_that_of_the_shipped_configuration() {
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipeline.toml");
        assert_eq!(configured(&shipped).unwrap(), DEFAULT);
    }

    #[test]
    fn an_address_may_be_written_as_the_agent_logs_it() {
        for address in ["127.0.0.1:1", "http://127.0.0.1:1", "http://127.0.0.1:1/"] {
            assert_eq!(bare(address), "127.0.0.1:1");
        }
    }
}
