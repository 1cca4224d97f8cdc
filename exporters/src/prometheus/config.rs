//! Configuration of the `prometheus` exporter.

use std::net::{Ipv4Addr, SocketAddr};

use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, ExporterConfig, ExporterKind, Key, Outcomes, Reasons,
};
use tidegate_runtime::config::Signals;
use tidegate_runtime::limits::Limits;
use tidegate_runtime::stage::Exporter;

use super::{Prometheus, TYPE_CONFLICT};
use crate::http::parse_allowed_host;

/// The kind.
pub const KIND: ExporterKind = ComponentKind {
    name: "prometheus",
    about: "Serves metrics for Prometheus to scrape",
    keys: KEYS,
    outcomes: Outcomes {
        dropped: &[Reasons::load(&[TYPE_CONFLICT])],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

/// Configuration of the `prometheus` exporter.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where it listens, IP address and port. Default `"127.0.0.1:10965"`, for this host only;
    /// `"0.0.0.0:10965"` lets Prometheus reach it from elsewhere. No exporter has this port by
    /// default: Prometheus' list of default ports, which numbers them one after the other, has not
    /// come to it. Port 0 takes a free one, which is logged.
    pub listen: SocketAddr,
    /// The path of the metrics. Default `"/metrics"`; to be changed where a scrape configuration
    /// wants another.
    pub path: String,
    /// Whether a scraper that asks for OpenMetrics gets it. Default `true`; with `false` everybody
    /// gets the text format, as from Hubble by default.
    pub open_metrics: bool,
    /// Further names that requests to a loopback address may have in their `Host` header, such as
    /// that of a proxy in front of it. Default `[]`; one that begins with a dot allows all names
    /// below. Elsewhere any name is allowed.
    pub allowed_hosts: Vec<String>,
    /// What it takes. Default and only possible value `["metrics"]`.
    pub signals: Option<Signals>,
}

const KEYS: &[Key] = &[
    Key {
        name: "listen",
        default: "\"127.0.0.1:10965\"",
        effect: "IP address and port of the endpoint; \"0.0.0.0:10965\" lets other hosts scrape it",
    },
    Key {
        name: "path",
        default: "\"/metrics\"",
        effect: "path of the metrics",
    },
    Key {
        name: "open_metrics",
        default: "true",
        effect: "whether scrapers that ask for OpenMetrics get it",
    },
    Key {
        name: "allowed_hosts",
        default: "[]",
        effect: "further names that requests to a loopback address may have in their Host header, such as that of a proxy in front of it",
    },
    Key {
        name: "signals",
        default: "[\"metrics\"]",
        effect: "what it takes; it can do nothing else",
    },
];

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 10965)),
            path: "/metrics".to_owned(),
            open_metrics: true,
            allowed_hosts: Vec::new(),
            signals: None,
        }
    }
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.signals
            .as_ref()
            .map_or(Kinds::of(&[Kind::Metric]), Signals::kinds)
    }

    fn listens(&self) -> Vec<SocketAddr> {
        vec![self.listen]
    }

    /// Points of metrics, which are all that comes, wait beside what `bytes` bounds.
    fn default_queue(&self) -> Limits {
        Limits {
            bytes: 1 << 20,
            ..Limits::DEFAULT
        }
    }

    fn build(&self, context: &BuildContext) -> Result<Box<dyn Exporter>, BuildError> {
        if self.consumes() != Kinds::of(&[Kind::Metric]) {
            let message = "Prometheus takes \"metrics\" and nothing else".to_owned();
            return Err(BuildError {
                key: "signals",
                message,
            });
        }
        if !self.path.starts_with('/') || self.path.contains(['?', '#', ' ']) {
            let message = format!(
                "`{}` is no path; it has to start with `/`, without query or fragment",
                self.path
            );
            return Err(BuildError {
                key: "path",
                message,
            });
        }
        if let Some(name) = self
            .allowed_hosts
            .iter()
            .find(|name| parse_allowed_host(name).is_none())
        {
            let message =
                format!("`{name}` is no host name or IP address, without scheme and port");
            return Err(BuildError {
                key: "allowed_hosts",
                message,
            });
        }
        Ok(Box::new(Prometheus::new(self, context)))
    }
}
