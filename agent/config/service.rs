//! The section `[service]`, but for its pipelines.

use std::net::SocketAddr;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use tidegate_core::component::{DEFAULT_CLUSTER, Key};
use tidegate_core::config::HumanDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use tracing_subscriber::EnvFilter;

use super::Problems;
use super::environment::Environment;
use super::table::{read, refuse_unknown};

/// Where the kernel keeps the name of the machine.
const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// What concerns the agent as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Where the agent tells about itself.
    pub(crate) telemetry_listen: SocketAddr,
    /// Where that stands in the file.
    pub(crate) telemetry_span: Range<usize>,
    /// How long stages may take to drain after a stop is requested.
    pub(crate) grace: Duration,
    /// The node's name on flows: `<cluster>/<node>`, or the node alone in the cluster `default`.
    pub(crate) node_name: String,
    /// What is logged, where `RUST_LOG` does not say.
    pub(crate) log: String,
}

/// Keys of `[service]`, for documentation and suggestions.
pub(crate) const KEYS: &[Key] = &[
    Key {
        name: "grace_period",
        default: "\"10s\"",
        effect: "how long stages may take to drain after a stop; what is left then is counted as lost, and the exit code is 1; keep it below the time after which the service manager kills",
    },
    Key {
        name: "node_name",
        default: "\"\"",
        effect: "the node's name on flows; empty takes it from NODE_NAME, K8S_NODE_NAME or the machine's host name",
    },
    Key {
        name: "cluster_name",
        default: "\"default\"",
        effect: "the cluster's name as in Cilium's `cluster-name`; it stands in front of the node's, unless it is \"default\", as in Hubble",
    },
    Key {
        name: "log",
        default: "\"info\"",
        effect: "what is logged to standard error, such as \"debug\" or \"info,tidegate_exporters=debug\"; RUST_LOG goes before it",
    },
];

/// Keys of `[service.telemetry]`.
pub(crate) const TELEMETRY_KEYS: &[Key] = &[Key {
    name: "listen",
    default: "\"127.0.0.1:9464\"",
    effect: "where the agent serves /metrics, /healthz, /readyz, /debug/ledger and /debug/tap about itself; port 0 takes a free one, which is logged",
}];

/// The tables of `[service]` that are no keys.
const TABLES: [&str; 2] = ["pipelines", "telemetry"];

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    telemetry: Telemetry,
    grace_period: Option<HumanDuration>,
    node_name: String,
    cluster_name: Option<String>,
    log: Option<LogFilter>,
}

/// Directives that the log filter understands.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct LogFilter(String);

impl TryFrom<String> for LogFilter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match EnvFilter::try_new(&text) {
            Ok(_) => Ok(Self(text)),
            Err(_) => {
                Err("write a level such as \"info\", or levels of modules such as \"warn,tidegate_core=debug\""
                    .to_owned())
            }
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Telemetry {
    listen: Option<Spanned<SocketAddr>>,
}

impl Service {
    /// Reads what is left of `[service]` without its pipelines.
    pub(crate) fn read(
        mut table: DeTable<'_>,
        span: Range<usize>,
        environment: Environment<'_>,
        problems: &mut Problems,
    ) -> Self {
        let known: Vec<_> = TABLES.into_iter().chain(KEYS.iter().map(|key| key.name)).collect();
        refuse_unknown(&mut table, &known, "service", problems);
        let value = Spanned::new(span, DeValue::Table(table));
        let file = read(value, "service", File::deserialize, problems).unwrap_or_default();
        file.resolve(environment)
    }
}

impl File {
    fn resolve(self, environment: Environment<'_>) -> Service {
        let listen = self.telemetry.listen.unwrap_or_else(|| Spanned::new(0..0, ([127, 0, 0, 1], 9464).into()));
        let node = node_name(self.node_name, environment);
        Service {
            telemetry_listen: *listen.get_ref(),
            telemetry_span: listen.span(),
            grace: self.grace_period.map_or(Duration::from_secs(10), |period| period.0),
            node_name: absolute_node_name(self.cluster_name.as_deref().unwrap_or_default(), node),
            log: self.log.map_or_else(|| "info".to_owned(), |log| log.0),
        }
    }
}

/// The node's name as Hubble writes it on flows (`GetAbsoluteNodeName` in `pkg/node/types/nodename.go`, the same from
/// v1.12.0 to v1.20.2): the cluster stands in front of it, unless the cluster has no name of its own.
fn absolute_node_name(cluster: &str, node: String) -> String {
    match cluster {
        "" | DEFAULT_CLUSTER => node,
        _ => format!("{cluster}/{node}"),
    }
}

/// The configured name, or what the environment or the kernel calls this node.
fn node_name(configured: String, environment: Environment<'_>) -> String {
    let from_environment = ["NODE_NAME", "K8S_NODE_NAME"].into_iter().filter_map(environment);
    let mut names = std::iter::once(configured).chain(from_environment);
    let name = names.find(|name| !name.is_empty());
    name.unwrap_or_else(|| std::fs::read_to_string(HOSTNAME).unwrap_or_default().trim().to_owned())
}
