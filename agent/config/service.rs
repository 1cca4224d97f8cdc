//! The section `[service]`, but for its pipelines.

use std::ops::Range;
use std::time::Duration;

use serde::Deserialize;
use tidegate_runtime::component::{DEFAULT_CLUSTER, Key};
use tidegate_runtime::config::HumanDuration;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::directives::Directives;
use super::environment::Environment;
use super::table::{read_good_parts, refuse_unknown};
use super::telemetry::{Places, Telemetry, TelemetryFile};
use super::{Problem, Problems};

/// Where the kernel keeps the name of the machine.
pub(crate) const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// What concerns the agent as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Where the agent serves its own pages.
    pub(crate) telemetry: Telemetry,
    /// Where that stands in the file.
    pub(crate) places: Places,
    /// How long stages may take to drain after a stop is requested.
    pub(crate) grace: Duration,
    /// The node's name on flows: `<cluster>/<node>`, or the node alone in the cluster `default`.
    pub(crate) node_name: String,
    /// What is logged, where `RUST_LOG` does not say.
    pub(crate) log: Directives,
    /// How, where the environment does not say.
    pub(crate) log_format: LogFormat,
}

/// How logs, and all else on standard error, are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The format of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "text" => Some(Self::Text),
            "json" => Some(Self::Json),
            _ => None,
        }
    }
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
        effect: "what is logged to standard error: \"off\", \"error\", \"warn\", \"info\", \"debug\", \"trace\", or levels of crates such as \"info,tidegate_exporters=debug\"; RUST_LOG goes before it",
    },
    Key {
        name: "log_format",
        default: "\"text\"",
        effect: "\"text\", or \"json\" for one JSON object a line of everything that `run` writes to standard error; TIDEGATE_LOG_FORMAT goes before it",
    },
];

/// The tables of `[service]` that are no keys.
const TABLES: [&str; 2] = ["pipelines", "telemetry"];

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    telemetry: TelemetryFile,
    grace_period: Option<HumanDuration>,
    node_name: String,
    cluster_name: Option<String>,
    log: Option<Spanned<String>>,
    log_format: LogFormat,
}

impl Service {
    /// Reads what is left of `[service]` without its pipelines.
    pub(crate) fn read(
        mut table: DeTable<'_>,
        span: Range<usize>,
        environment: Environment<'_>,
        problems: &mut Problems,
    ) -> Self {
        let known: Vec<_> = TABLES
            .into_iter()
            .chain(KEYS.iter().map(|key| key.name))
            .collect();
        refuse_unknown(&mut table, &known, "service", problems);
        let value = Spanned::new(span, DeValue::Table(table));
        // What can be read is read: mistakes are reported in the log's format, and further ones are
        // found.
        let file =
            read_good_parts(value, "service", File::deserialize, problems).map(|(file, _)| file);
        file.unwrap_or_default().resolve(environment, problems)
    }
}

impl File {
    fn resolve(self, environment: Environment<'_>, problems: &mut Problems) -> Service {
        let node = node_name(self.node_name, environment);
        let (telemetry, places) = self.telemetry.resolve(problems);
        Service {
            telemetry,
            places,
            grace: self
                .grace_period
                .map_or(Duration::from_secs(10), |period| period.0),
            node_name: absolute_node_name(self.cluster_name.as_deref().unwrap_or_default(), node),
            log: self
                .log
                .map(|log| directives(&log, problems))
                .unwrap_or_default(),
            log_format: self.log_format,
        }
    }
}

/// The node's name as Hubble writes it on flows (`GetAbsoluteNodeName` in
/// `pkg/node/types/nodename.go`, the same from v1.12.0 to v1.20.2): the cluster stands in front of
/// it, unless the cluster has no name of its own.
fn absolute_node_name(cluster: &str, node: String) -> String {
    match cluster {
        "" | DEFAULT_CLUSTER => node,
        _ => format!("{cluster}/{node}"),
    }
}

fn directives(log: &Spanned<String>, problems: &mut Problems) -> Directives {
    Directives::parse(log.get_ref()).unwrap_or_else(|bad| {
        let problem = Problem::new(
            format!("wrong value in `service.log`: {}", bad.what),
            log.span(),
        );
        problems.push(problem.note(bad.note).maybe_help(bad.help));
        Directives::default()
    })
}

/// The configured name, or what the environment or the kernel calls this node.
fn node_name(configured: String, environment: Environment<'_>) -> String {
    let from_environment = ["NODE_NAME", "K8S_NODE_NAME"]
        .into_iter()
        .filter_map(environment);
    let mut names = std::iter::once(configured).chain(from_environment);
    let name = names.find(|name| !name.is_empty());
    name.unwrap_or_else(|| {
        std::fs::read_to_string(HOSTNAME)
            .unwrap_or_default()
            .trim()
            .to_owned()
    })
}
