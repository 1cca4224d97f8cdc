//! The section `[service]`, except its pipelines.

use std::collections::HashMap;
use std::ops::Range;
use std::time::Duration;

use serde::Deserialize as _;
use tidegate_runtime::component::DEFAULT_CLUSTER;
use tidegate_runtime::config::{HumanDuration, Table as _};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::directives::Directives;
use super::environment::Environment;
use super::own_telemetry::OwnTelemetry;
use super::renamed::replace_old_names;
use super::section::add_spans;
use super::table::{read_good_parts, refuse_unknown};
use super::telemetry::{AddressSpans, Telemetry, TelemetryTable};
use super::{Problem, Problems};

/// The file of the host name.
pub(crate) const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// The settings of the agent as a whole.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    /// Where the agent serves its own pages.
    pub(crate) telemetry: Telemetry,
    /// The places of its addresses in the file.
    pub(crate) address_spans: AddressSpans,
    /// The places of the values of its keys, those of inner tables as `table.key`.
    keys: HashMap<String, Range<usize>>,
    /// How the agent's own telemetry is sent, if it is.
    pub(crate) own_telemetry: Option<OwnTelemetry>,
    /// How long stages may take to drain after a stop is requested.
    pub(crate) grace: Duration,
    /// The node's name on flows: `<cluster>/<node>`, or the node alone in the cluster `default`.
    pub(crate) node_name: String,
    /// Whether that is the name of the host, because no other is given.
    pub(crate) is_named_by_host: bool,
    /// What is logged, unless `RUST_LOG` is set.
    pub(crate) log: Directives,
    /// The format of the log, unless the environment sets it.
    pub(crate) log_format: LogFormat,
}

tidegate_runtime::config_choice! {
    /// The format of the log and of all other output on standard error.
    pub(crate) enum LogFormat = Text {
        /// Lines for people.
        Text = "text",
        /// One JSON object per line.
        Json = "json",
    }
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

tidegate_runtime::config_table! {
    /// The agent as a whole.
    #[derive(Debug)]
    pub(crate) struct ServiceTable {
        /// The agent's own metrics, health and ledger.
        telemetry: TelemetryTable = TelemetryTable::default(),
        /// How long stages may take to drain during shutdown. Records left then are counted as lost,
        /// and the exit code is 1. Keep it below the time after which the service manager kills the
        /// process.
        grace_period: HumanDuration = HumanDuration::from_secs(10),
        /// The node's name on flows. Empty takes it from NODE_NAME, K8S_NODE_NAME or the host name.
        node_name: String = String::new(),
        /// The cluster's name as in Cilium's `cluster-name`. As in Hubble, it precedes the node's
        /// name unless it is "default".
        cluster_name: String = DEFAULT_CLUSTER.to_owned(),
        /// What is logged to standard error: "off", "error", "warn", "info", "debug" or "trace", or
        /// levels of crates such as "info,tidegate_exporters=debug". RUST_LOG overrides it.
        log: Spanned<String> = Spanned::new(0..0, Directives::default().as_str().to_owned()),
        /// The format of everything that `run` writes to standard error. TIDEGATE_LOG_FORMAT
        /// overrides it.
        log_format: LogFormat = LogFormat::Text,
    }
}

/// The table of `[service]` that is read by itself.
pub(crate) const PIPELINES: &str = "pipelines";

impl Service {
    /// Reads `[service]` without its pipelines.
    pub(crate) fn read(
        mut table: DeTable<'_>,
        span: Range<usize>,
        environment: Environment<'_>,
        problems: &mut Problems,
    ) -> Self {
        replace_old_names(&mut table, ServiceTable::KEYS, "service", problems);
        let keys = ServiceTable::KEYS.iter().map(|key| key.name);
        let known: Vec<_> = std::iter::once(PIPELINES).chain(keys).collect();
        refuse_unknown(&mut table, &known, "service", problems);
        let mut keys = HashMap::new();
        add_spans(&table, "", &mut keys);
        let value = Spanned::new(span, DeValue::Table(table));
        // Keys without errors are used, so that errors are reported in the format of the log, and
        // further ones are found.
        let read = read_good_parts(value, "service", ServiceTable::deserialize, problems);
        let (mut table, _) = read.unwrap_or_default();
        let own_telemetry = table.telemetry.otlp.take();
        let service = table.resolve(environment, problems);
        let mut service = Self { keys, ..service };
        service.own_telemetry =
            own_telemetry.and_then(|table| table.resolve(&service, environment, problems));
        service
    }

    /// The place of the value of a key, or nowhere.
    pub(crate) fn span_of(&self, key: &str) -> Range<usize> {
        self.keys.get(key).cloned().unwrap_or_default()
    }
}

impl ServiceTable {
    fn resolve(self, environment: Environment<'_>, problems: &mut Problems) -> Service {
        let given = given_node_name(self.node_name, environment);
        let is_named_by_host = given.is_none();
        let node = given.unwrap_or_else(host_name);
        let (telemetry, address_spans) = self.telemetry.resolve(problems);
        Service {
            telemetry,
            address_spans,
            keys: HashMap::new(),
            own_telemetry: None,
            grace: self.grace_period.0,
            node_name: absolute_node_name(&self.cluster_name, node),
            is_named_by_host,
            log: directives(&self.log, problems),
            log_format: self.log_format,
        }
    }
}

/// The node's name as Hubble writes it on flows (`GetAbsoluteNodeName` in
/// `pkg/node/types/nodename.go`, the same from v1.12.0 to v1.20.2): the cluster's name precedes it,
/// unless it is the default.
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

/// The configured name, or that of the environment.
fn given_node_name(configured: String, environment: Environment<'_>) -> Option<String> {
    let from_environment = ["NODE_NAME", "K8S_NODE_NAME"]
        .into_iter()
        .filter_map(environment);
    let mut names = std::iter::once(configured).chain(from_environment);
    names.find(|name| !name.is_empty())
}

fn host_name() -> String {
    let name = std::fs::read_to_string(HOSTNAME).unwrap_or_default();
    name.trim().to_owned()
}
