//! The configuration of the receiver.

use std::path::PathBuf;

use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{ByteSize, HumanDuration, NonZeroDuration};

/// The longest path that fits in the address of a Unix socket, in bytes.
const MAX_PATH: usize = 107;

tidegate_runtime::config_table! {
    /// Reads the Cilium agent's REST API, for `cilium_enrich`: the names of what existed before the
    /// monitor socket was opened, labels of identities, services, and the agent's release.
    ///
    /// List it beside `monitor1_2`. It reads everything once the monitor socket is connected, again
    /// after the agent has restarted or events were lost, and what changes without an event at an
    /// interval. Without the socket it waits for it, and flows have the names of announcements alone.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// Path of the socket. Change it where the agent's run directory is mounted elsewhere.
        pub socket: PathBuf = PathBuf::from("/var/run/cilium/cilium.sock"),
        /// What is read; the agent's release always is. docs/cilium-api.md describes each list.
        pub lists: Vec<ApiList> = ApiList::ALL.to_vec(),
        /// How often identities and services are read again, with a tenth of it at random. "0s" reads
        /// them only when something was lost.
        pub refresh: HumanDuration = HumanDuration::from_secs(600),
        /// The directory with the network interfaces of the host. Their names are read if they agree with
        /// those that the agent lists for its endpoints, so not in a container without the host's
        /// network, unless the host's directory is mounted there. "" reads none.
        pub interfaces: PathBuf = PathBuf::from("/sys/class/net"),
        /// The largest response that is read. Its elements are read one by one, so it costs no memory.
        /// Raise it for a cluster with more than some 400,000 pods.
        pub max_body: ByteSize = ByteSize::new(64 << 20),
        /// How long the agent may take to accept a connection, to begin its answer, and to go on with
        /// it. A whole answer may take ten times as long.
        pub timeout: NonZeroDuration = NonZeroDuration::from_millis(10_000),
        /// The pause after a failed request, shortened by up to a half at random. What the agent does
        /// not serve is tried again after ten minutes.
        pub retry: Retry = Retry::default(),
    }
}

tidegate_runtime::config_choice! {
    /// A list of the agent's API.
    pub enum ApiList {
        /// `/v1/identity`: labels of all identities, those of CIDRs and remote nodes included.
        Identities = "identities",
        /// `/v1/ip`: identity, node and pod of each address of the cluster.
        Addresses = "addresses",
        /// `/v1/policy`: what rules of the network policy have verdicts log (`policy_log`).
        RuleLogs = "rule_logs",
        /// `/v1/endpoint`: the pods of this node, with their labels, network interfaces and policies.
        Endpoints = "endpoints",
        /// `/v1/service`: the names of services by address and port.
        Services = "services",
        /// `/v1/cgroup-dump-metadata`: pods by control group, for flows of sockets (since Cilium 1.14).
        Cgroups = "cgroups",
        /// `/v1/fqdn/cache`: DNS names that pods have asked for, where a policy has Cilium see them.
        Dns = "dns",
        /// `/v1/cluster/nodes`: names and addresses of nodes.
        Nodes = "nodes",
    }
}

tidegate_runtime::config_table! {
    /// The pause after a failed request.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Retry {
        /// The longest first pause. Each further one can be twice as long as the one before.
        pub initial: NonZeroDuration = NonZeroDuration::from_millis(1_000),
        /// The longest pause.
        pub max: NonZeroDuration = NonZeroDuration::from_millis(60_000),
    }
}

impl ApiList {
    /// All lists, in the order in which they are read: identities, addresses and logs of rules, which
    /// the others refer to, come first.
    pub const ALL: [Self; 8] = [
        Self::Identities,
        Self::Addresses,
        Self::RuleLogs,
        Self::Endpoints,
        Self::Services,
        Self::Cgroups,
        Self::Dns,
        Self::Nodes,
    ];
}

impl Config {
    /// Rejects values that the types allow but that make no sense.
    pub(super) fn check(&self) -> Result<(), BuildError> {
        let path = self.socket.as_os_str().len();
        let Retry { initial, max } = self.retry;
        let [initial, max] = [initial.get(), max.get()];
        let (key, message) = if path == 0 || path > MAX_PATH {
            (
                "socket",
                format!("a socket's path has 1 to {MAX_PATH} bytes, this one has {path}"),
            )
        } else if max < initial {
            (
                "retry.max",
                format!("`max` ({max:?}) is less than `initial` ({initial:?})"),
            )
        } else {
            return Ok(());
        };
        Err(BuildError { key, message })
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::{Config, MAX_PATH};

    #[test]
    fn values_that_make_no_sense_are_rejected_with_their_key() {
        let long = format!("{{ socket = '/{}' }}", "x".repeat(MAX_PATH));
        let cases = [
            ("{}", None),
            ("{ lists = [] }", None),
            ("{ refresh = '0s', retry = { initial = '60s' } }", None),
            ("{ socket = '' }", Some("socket")),
            (&long, Some("socket")),
            ("{ retry = { initial = '61s' } }", Some("retry.max")),
        ];
        for (toml, key) in cases {
            let table = toml::de::ValueDeserializer::parse(toml).unwrap();
            let config = Config::deserialize(table).unwrap();
            assert_eq!(config.check().err().map(|error| error.key), key, "{toml}");
        }
    }
}
