//! `tidegate version`: the version of the binary, how it was built, and what it understands.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use serde::Serialize;
use tidegate_runtime::ledger::SCHEMA;
use tidegate_simulate::Release;
use tidegate_wire::recording;

use crate::config::Registry;
use crate::error::Error;

/// Print the version, the build and what it understands
///
/// `tidegate --version` prints the version alone, in one line. The commit is known in release builds
/// from a checkout or an archive of it, and unknown otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate version
  tidegate version --json | jq -r .commit")]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Everything that the verb shows, in the order of the JSON.
#[derive(Debug, Serialize)]
struct Version {
    version: &'static str,
    commit: Option<&'static str>,
    target: &'static str,
    profile: &'static str,
    rustc: &'static str,
    features: Vec<&'static str>,
    receivers: Vec<&'static str>,
    processors: Vec<&'static str>,
    exporters: Vec<&'static str>,
    cilium: Releases,
    formats: Formats,
}

/// The releases of Cilium whose events are understood.
#[derive(Debug, Serialize)]
struct Releases {
    first: &'static str,
    last: &'static str,
}

/// The numbers of the formats that are written.
#[derive(Debug, Serialize)]
struct Formats {
    recording: u32,
    ledger: u32,
}

/// Runs the verb.
pub(crate) fn run(args: &Args) -> Result<(), Error> {
    let version = Version::of_this_binary();
    let text = match args.json {
        true => serde_json::to_string_pretty(&version)? + "\n",
        false => version.text(),
    };
    io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

impl Version {
    fn of_this_binary() -> Self {
        let registry = &Registry::BUILT_IN;
        let commit = env!("TIDEGATE_COMMIT");
        let features = env!("TIDEGATE_FEATURES").split(',');
        Self {
            version: env!("CARGO_PKG_VERSION"),
            commit: (!commit.is_empty()).then_some(commit),
            target: env!("TIDEGATE_TARGET"),
            profile: env!("TIDEGATE_PROFILE"),
            rustc: env!("TIDEGATE_RUSTC"),
            features: features.filter(|name| !name.is_empty()).collect(),
            receivers: registry.receivers.iter().map(|kind| kind.name).collect(),
            processors: registry.processors.iter().map(|kind| kind.name).collect(),
            exporters: registry.exporters.iter().map(|kind| kind.name).collect(),
            cilium: Releases {
                first: Release::ALL[0].name(),
                last: Release::ALL[Release::ALL.len() - 1].name(),
            },
            formats: Formats {
                recording: recording::FORMAT,
                ledger: SCHEMA,
            },
        }
    }

    fn text(&self) -> String {
        let mut text = format!("tidegate {}\n", self.version);
        let list = |names: &[&str]| match names {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let lines = [
            ("commit", self.commit.unwrap_or("unknown").to_owned()),
            ("target", self.target.to_owned()),
            ("profile", self.profile.to_owned()),
            ("rustc", self.rustc.to_owned()),
            ("features", list(&self.features)),
            ("receivers", list(&self.receivers)),
            ("processors", list(&self.processors)),
            ("exporters", list(&self.exporters)),
            (
                "Cilium",
                format!("{} to {}", self.cilium.first, self.cilium.last),
            ),
            (
                "formats",
                format!(
                    "recordings {}, ledger {}",
                    self.formats.recording, self.formats.ledger
                ),
            ),
        ];
        for (name, value) in lines {
            let _ = writeln!(text, "  {name:10}  {value}");
        }
        text
    }
}
