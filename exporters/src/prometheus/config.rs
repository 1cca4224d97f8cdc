//! Configuration of the `prometheus` exporter.

use std::net::SocketAddr;

use serde::Deserialize;
use tidegate_model::{Kind, Kinds};
use tidegate_runtime::component::{
    BuildContext, BuildError, ComponentKind, ExporterConfig, ExporterKind, Outcomes, Reasons,
};
use tidegate_runtime::config::{ListenAddress, Signal, Signals, Table as _};
use tidegate_runtime::limits::Limits;
use tidegate_runtime::stage::Exporter;

use super::{Prometheus, TYPE_CONFLICT};
use crate::http::parse_allowed_host;

/// The kind.
pub const KIND: ExporterKind = ComponentKind {
    name: "prometheus",
    about: Config::ABOUT,
    keys: Config::KEYS,
    outcomes: Outcomes {
        dropped: &[Reasons::load(&[TYPE_CONFLICT])],
        ..Outcomes::NONE
    },
    parse: |table| Ok(Box::new(Config::deserialize(table)?)),
};

tidegate_runtime::config_table! {
    /// Serves metrics for Prometheus to scrape.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// IP address and port of the endpoint, or "localhost" and a port. "0.0.0.0:10965" lets other
        /// hosts scrape it; port 0 takes a free one, which is logged.
        pub listen: ListenAddress = ListenAddress::local(10965),
        /// Path of the metrics.
        pub path: String = "/metrics".to_owned(),
        /// Whether scrapers that ask for OpenMetrics get it, which has exemplars. As in Hubble
        /// (`enable-hubble-open-metrics`), they do not by default.
        pub open_metrics: bool = false,
        /// Additional names that requests to a loopback address may have in their Host header, such
        /// as that of a proxy in front of it. ".example.org" allows all names below it.
        pub allowed_hosts: Vec<String> = Vec::new(),
        /// What is exported; nothing else is possible.
        pub signals: Signals = Signals::of(&[Signal::Metrics]),
    }
}

impl ExporterConfig for Config {
    fn consumes(&self) -> Kinds {
        self.signals.kinds()
    }

    fn listens(&self) -> Vec<SocketAddr> {
        vec![self.listen.get()]
    }

    /// A small limit, because points of metrics do not count towards it.
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
                "`{}` is not a path; it has to start with `/`, without query or fragment",
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
                format!("`{name}` is not a host name or IP address without scheme and port");
            return Err(BuildError {
                key: "allowed_hosts",
                message,
            });
        }
        Ok(Box::new(Prometheus::new(self, context)))
    }
}
