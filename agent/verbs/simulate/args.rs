//! The arguments of `tidegate simulate`.

use std::path::PathBuf;

use clap::{ValueEnum, ValueHint};
use tidegate_runtime::config::ByteSize;
use tidegate_simulate::{Mix, Options, Release, Scenario};

/// Generate a realistic stream of monitor events of every type
///
/// Writes it to a file, as `record` does, or serves it on a unix socket, as the Cilium agent does.
/// The same options generate the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  tidegate simulate --out simulated.rec --events 50000 --seed 7
  tidegate simulate --listen /tmp/monitor1_2.sock --mix dns --rate 200
  tidegate simulate --listen /tmp/monitor1_2.sock --api-socket /tmp/cilium.sock")]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) target: Target,
    /// Overwrite the file of --out even if it has something other than a recording in it
    #[arg(long, requires = "out")]
    pub(super) force: bool,
    /// Seed of the random number generator
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Number of events; without it, 100000 in a file, and no limit on a socket
    #[arg(long, value_name = "N")]
    pub(super) events: Option<u64>,
    /// Events per second to each client; 0 is as fast as it reads
    #[arg(long, default_value_t = 1000.0, value_name = "N", value_parser = rate)]
    pub(super) rate: f64,
    /// The Cilium release whose event layouts are used
    #[arg(long, value_enum, default_value = "1.19", value_name = "RELEASE")]
    cilium: ReleaseArg,
    /// The traffic of the cluster
    #[arg(long, value_enum, default_value = "default")]
    mix: MixArg,
    /// Number of frames for each report of events lost in the kernel; 0 for no reports
    #[arg(long, default_value_t = 10_000, value_name = "N")]
    lost_every: u64,
    /// The largest number of packet bytes in an event
    #[arg(long, default_value_t = 128, value_name = "BYTES")]
    capture: usize,
    /// Bytes that are collected into one write, such as 64KiB; without it, each frame is a write
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) coalesce: Option<ByteSize>,
    /// End when the first client has disconnected
    #[arg(long, requires = "listen")]
    pub(super) once: bool,
    /// Serve the agent's REST API on SOCKET, which names the pods of the stream, for `cilium_api`
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath, requires = "listen")]
    pub(super) api_socket: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(super) struct Target {
    /// Write a recording to FILE, `-` for standard output
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) out: Option<PathBuf>,
    /// Serve the stream on SOCKET
    #[arg(long, value_name = "SOCKET", value_hint = ValueHint::FilePath)]
    pub(super) listen: Option<PathBuf>,
}

/// A Cilium release as an argument.
#[derive(Clone, Copy, Debug)]
struct ReleaseArg(Release);

impl ValueEnum for ReleaseArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [ReleaseArg; Release::ALL.len()] = {
            let mut all = [ReleaseArg(Release::V1_12); Release::ALL.len()];
            let mut at = 0;
            while at < all.len() {
                all[at] = ReleaseArg(Release::ALL[at]);
                at += 1;
            }
            all
        };
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.name()))
    }
}

/// A mix of traffic as an argument.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum MixArg {
    /// Mostly TCP, some DNS and HTTP, few drops
    Default,
    /// Every kind of event equally often
    Even,
    /// Only TCP
    Tcp,
    /// Only DNS, half of it through the proxy
    Dns,
    /// Only HTTP, half of it through the proxy
    Http,
    /// Only HTTP through the proxy, in distributed traces
    Traces,
    /// Only drops
    Drops,
}

impl MixArg {
    fn mix(self) -> Mix {
        let both = |one: Scenario, other: Scenario| {
            let mut weights = Mix::only(one).0;
            weights[other as usize] = 1;
            Mix(weights)
        };
        match self {
            Self::Default => Mix::default(),
            Self::Even => Mix::EVEN,
            Self::Tcp => Mix::only(Scenario::Tcp),
            Self::Dns => both(Scenario::DnsOnWire, Scenario::DnsProxied),
            Self::Http => both(Scenario::HttpOnWire, Scenario::HttpProxied),
            Self::Traces => Mix::only(Scenario::HttpTraced),
            Self::Drops => Mix::only(Scenario::Drop),
        }
    }
}

impl Args {
    pub(super) fn options(&self) -> Options {
        Options {
            seed: self.seed,
            release: self.cilium.0,
            mix: self.mix.mix(),
            lost_every: self.lost_every,
            capture: self.capture,
            ..Options::default()
        }
    }
}

/// Parses a number of events per second.
pub(crate) fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if rate.is_finite() && rate >= 0.0 => Ok(rate),
        _ => Err("a number of events per second, 0 or more".to_owned()),
    }
}

fn size(text: &str) -> Result<ByteSize, String> {
    text.parse()
}
