//! Answers of the agent's REST API (`/var/run/cilium/cilium.sock`) about the simulated cluster, as
//! Cilium's `api/v1/models` (1.12 to 1.20) have them. They name every pod, from the beginning of a
//! stream on.

mod agent;
mod endpoints;
mod identities;
mod services;

use std::time::SystemTime;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::options::{Options, Release};

/// An answer: a status, and a JSON document or nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Status code of HTTP.
    pub status: u16,
    /// JSON; empty if the status is not 200.
    pub body: String,
}

/// The REST API of the simulated agent.
#[derive(Debug)]
pub struct Api {
    cluster: Cluster,
    release: Release,
}

impl Api {
    /// Returns the API of the agent whose events a [`Stream`](crate::Stream) with these options
    /// has.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            cluster: Cluster::new(),
            release: options.release,
        }
    }

    /// Answers `GET path` at a time, which DNS lookups are dated by. A path that this agent does
    /// not have is answered with 404, as `/v1/cgroup-dump-metadata` is before Cilium 1.14.
    #[must_use]
    pub fn get(&self, path: &str, now: SystemTime) -> Answer {
        match self.document(path, now) {
            Some(document) => Answer {
                status: 200,
                body: document.to_string(),
            },
            None => Answer {
                status: 404,
                body: String::new(),
            },
        }
    }

    fn document(&self, path: &str, now: SystemTime) -> Option<Value> {
        let cluster = &self.cluster;
        match path.strip_prefix("/v1/")? {
            "healthz" => Some(agent::health(self.release)),
            "identity" => Some(identities::all(cluster)),
            "ip" => Some(identities::addresses(cluster)),
            "endpoint" => Some(endpoints::all(cluster, self.release)),
            "service" => Some(services::all(cluster)),
            "cgroup-dump-metadata" if self.release >= Release::V1_16 => {
                Some(endpoints::cgroups(cluster))
            }
            "fqdn/cache" => Some(services::dns_lookups(cluster, now)),
            "policy" => Some(agent::policy()),
            "cluster/nodes" => Some(agent::nodes()),
            path => match path.split_once('/')? {
                ("identity", number) => identities::one(cluster, number.parse().ok()?),
                ("endpoint", number) => endpoints::one(cluster, self.release, number.parse().ok()?),
                _ => None,
            },
        }
    }
}
