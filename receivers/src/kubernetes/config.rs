//! The configuration of the receiver.

use std::path::PathBuf;
use std::time::Duration;

use tidegate_runtime::component::BuildError;
use tidegate_runtime::config::{ByteSize, HumanDuration, NonZeroDuration, Whole};

use super::access::{AccessSource, Server, ServiceAccount};

/// The smallest `max_object`: no object that is used has less.
const MIN_MAX_OBJECT: usize = 4 << 10;
/// The largest one, which is far more than etcd stores.
const MAX_MAX_OBJECT: usize = 64 << 20;

tidegate_runtime::config_table! {
    /// Reads workloads of this node's pods, labels of this node, and services from the Kubernetes API,
    /// for `cilium_enrich`: what the Cilium agent does not serve. In a pod it uses the pod's service
    /// account, which needs to list and watch what is read; see docs/kubernetes.md.
    #[derive(Clone, Debug)]
    pub struct Config {
        /// What is read: "workloads" of the node's pods, "node_labels", and "services", which are for
        /// agents whose API does not serve `/v1/service`. NodePort addresses of services are known
        /// only together with "node_labels".
        pub read: Vec<Read> = vec![Read::Workloads, Read::NodeLabels],
        /// The name of this node's Node. Default: `service.node_name`, as the agent knows it.
        #[sample = "\"node-a\""]
        pub node_name: Option<String> = None,
        /// URL of the API server. Default: that of the kubeconfig, or of the environment of a pod.
        #[sample = "\"https://10.96.0.1\""]
        pub server: Option<String> = None,
        /// The directory with `token` and `ca.crt` of a service account. They are read for every
        /// request, so that rotated ones are used.
        pub service_account: PathBuf =
            PathBuf::from("/var/run/secrets/kubernetes.io/serviceaccount"),
        /// A kubeconfig to use in place of the service account: with a token, a token file or a client
        /// certificate. It is read for every request, too. Plugins (`exec`) are not run.
        #[sample = "\"/etc/tidegate/kubeconfig\""]
        pub kubeconfig: Option<PathBuf> = None,
        /// The context of the kubeconfig. Default: its current one.
        #[sample = "\"admin@cluster\""]
        pub context: Option<String> = None,
        /// The number of objects that are requested at once.
        pub page_size: Whole<1, 10_000> = Whole::new(500),
        /// How long the server may take to accept a connection, to begin its answer, and to go on with
        /// it.
        pub request_timeout: NonZeroDuration = NonZeroDuration::from_millis(30_000),
        /// How long a watch lasts before the next one goes on from where it ended, at least a second.
        /// One that is silent for longer is given up, so a lost connection is noticed after this time
        /// at the latest.
        pub watch_timeout: NonZeroDuration = NonZeroDuration::from_millis(300_000),
        /// The largest object that is read, from 4KiB to 64MiB. Larger ones are skipped and counted
        /// as `object_too_large`.
        pub max_object: ByteSize = ByteSize::new(4 << 20),
        /// The pause after a failure, shortened by up to a half at random. It begins anew once a watch
        /// has lasted. What is still forbidden after ten attempts is tried again every ten minutes.
        pub retry: Retry = Retry::default(),
    }
}

tidegate_runtime::config_choice! {
    /// What can be read.
    pub enum Read {
        /// Kind and name of what the node's pods belong to, by owner references, as Hubble derives
        /// them: `list` and `watch` of `pods`.
        Workloads = "workloads",
        /// The labels of the node: `list` and `watch` of `nodes`.
        NodeLabels = "node_labels",
        /// Addresses and ports of services: `list` and `watch` of `services`.
        Services = "services",
    }
}

tidegate_runtime::config_table! {
    /// The pause after a failure.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Retry {
        /// The longest first pause. Each further one can be twice as long as the one before.
        pub initial: NonZeroDuration = NonZeroDuration::from_millis(1000),
        /// The longest pause, except where the server asks for a longer one.
        pub max: HumanDuration = HumanDuration::from_secs(60),
    }
}

impl Config {
    /// Whether something is read.
    pub(super) fn reads(&self, what: Read) -> bool {
        self.read.contains(&what)
    }

    /// Where credentials come from.
    ///
    /// # Errors
    ///
    /// For values that the types allow but that make no sense.
    pub(super) fn source(&self) -> Result<AccessSource, BuildError> {
        let rejected = |key, message: String| BuildError { key, message };
        let server = self.server.as_deref().map(Server::parse).transpose();
        let server = server.map_err(|error| rejected("server", error.to_string()))?;
        match &self.kubeconfig {
            Some(path) if path.as_os_str().is_empty() => {
                Err(rejected("kubeconfig", "the path is empty".to_owned()))
            }
            Some(path) => Ok(AccessSource::Kubeconfig {
                path: path.clone(),
                context: self.context.clone(),
                server,
            }),
            None if self.context.is_some() => {
                let message = "a context is one of a `kubeconfig`, which is not given";
                Err(rejected("context", message.to_owned()))
            }
            None => Ok(AccessSource::ServiceAccount(ServiceAccount {
                directory: self.service_account.clone(),
                server,
            })),
        }
    }

    /// Rejects other values that the types allow but that make no sense. `node` is the name of the
    /// node.
    pub(super) fn check(&self, node: &str) -> Result<(), BuildError> {
        let reject = |key, message: String| Err(BuildError { key, message });
        if self.read.is_empty() {
            return reject("read", "nothing is read; leave the receiver out".to_owned());
        }
        if !is_node_name(node) {
            return reject("node_name", self.no_node(node));
        }
        if !(MIN_MAX_OBJECT..=MAX_MAX_OBJECT).contains(&self.max_object.get()) {
            return reject("max_object", "it is from 4KiB to 64MiB".to_owned());
        }
        if self.watch_timeout.get() < Duration::from_secs(1) {
            return reject("watch_timeout", "it is at least a second".to_owned());
        }
        let Retry { initial, max } = self.retry;
        if max.0 < initial.get() {
            let (max, initial) = (max.0, initial.get());
            return reject(
                "retry.max",
                format!("`max` ({max:?}) is less than `initial` ({initial:?})"),
            );
        }
        Ok(())
    }
}

impl Config {
    /// Why no Node can have this name, and where the name comes from.
    fn no_node(&self, node: &str) -> String {
        let rule = "its name has lower-case letters, digits, `-` and `.`";
        match &self.node_name {
            Some(own) if own.is_empty() => {
                "it is empty; leave it out to take `service.node_name`".to_owned()
            }
            Some(_) => format!("no Node can be named {node:?}: {rule}"),
            None => format!(
                "no Node can be named {node:?}, as `service.node_name`, NODE_NAME or this host is: \
                 {rule}; set `node_name`"
            ),
        }
    }
}

/// Whether a Node can have this name (a DNS subdomain, RFC 1123).
fn is_node_name(name: &str) -> bool {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    (1..=253).contains(&name.len()) && name.chars().all(is_allowed)
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;

    use super::*;

    fn rejected_key(toml: &str, node: &str) -> Option<&'static str> {
        let table = toml::de::ValueDeserializer::parse(toml).unwrap();
        let config = Config::deserialize(table).unwrap();
        let checked = config.check(node).and_then(|()| config.source().map(drop));
        checked.err().map(|error| error.key)
    }

    #[test]
    fn values_that_make_no_sense_are_rejected_with_their_key() {
        let cases = [
            ("{}", None),
            ("{ server = 'https://10.96.0.1' }", None),
            (
                "{ kubeconfig = '/etc/kubeconfig', context = 'admin' }",
                None,
            ),
            ("{ read = [] }", Some("read")),
            ("{ server = 'http://10.96.0.1' }", Some("server")),
            ("{ server = 'https://a', kubeconfig = '/k' }", None),
            ("{ kubeconfig = '' }", Some("kubeconfig")),
            ("{ context = 'admin' }", Some("context")),
            ("{ max_object = '1KiB' }", Some("max_object")),
            ("{ max_object = '65MiB' }", Some("max_object")),
            ("{ watch_timeout = '900ms' }", Some("watch_timeout")),
            ("{ retry = { initial = '61s' } }", Some("retry.max")),
        ];
        for (toml, key) in cases {
            assert_eq!(rejected_key(toml, "node-a.example"), key, "{toml}");
        }
    }

    #[test]
    fn a_name_that_no_node_can_have_is_rejected() {
        for name in [
            "",
            "Node",
            "node_a",
            "a b",
            "a,spec.nodeName=b",
            &"a".repeat(254),
        ] {
            assert_eq!(rejected_key("{}", name), Some("node_name"), "{name}");
        }
    }

    #[test]
    fn the_message_about_a_name_states_where_it_comes_from() {
        let message = |toml: &str, node: &str| {
            let table = toml::de::ValueDeserializer::parse(toml).unwrap();
            let config = Config::deserialize(table).unwrap();
            config.check(node).unwrap_err().message
        };
        assert_eq!(
            message("{ node_name = '' }", ""),
            "it is empty; leave it out to take `service.node_name`"
        );
        assert_eq!(
            message("{ node_name = 'A' }", "A"),
            "no Node can be named \"A\": its name has lower-case letters, digits, `-` and `.`"
        );
        assert!(message("{}", "A").ends_with("; set `node_name`"));
    }
}
