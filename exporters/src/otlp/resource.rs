//! The resource and the instrumentation scope of everything that the exporter sends.
//!
//! The names are those of OpenTelemetry's semantic conventions.

use std::collections::BTreeMap;

use tidegate_runtime::component::BuildContext;

use super::messages::{AnyValue, AnyValueKind, InstrumentationScope, KeyValue, Resource};

const NAME: &str = "tidegate";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The labels of a node that become attributes, in bytes. A node has one or two kilobytes.
const MAX_NODE_LABELS_LEN: usize = 16 << 10;

/// The attributes of the resource, sorted by name.
#[derive(Clone, Debug)]
pub(super) struct ResourceAttributes {
    attributes: BTreeMap<String, String>,
}

impl ResourceAttributes {
    /// `service.instance.id` is the node's name as in flows. Prometheus turns it into the label
    /// `instance`, which keeps the series of different nodes apart. `configured` adds attributes or
    /// replaces them.
    pub(super) fn new(context: &BuildContext, configured: &BTreeMap<String, String>) -> Self {
        let node = context.bare_node_name();
        let detected = [
            ("service.name", NAME),
            ("service.version", VERSION),
            ("service.instance.id", &context.node_name),
            ("host.name", node),
            ("k8s.node.name", node),
            ("k8s.cluster.name", context.cluster_name()),
        ];
        let mut attributes: BTreeMap<_, _> = detected
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        attributes.extend(configured.clone());
        Self { attributes }
    }

    /// The same attributes, and labels of the node, `key=value`, as in OpenTelemetry's conventions.
    pub(super) fn with_node_labels(&self, labels: &[String]) -> Self {
        let mut attributes = self.attributes.clone();
        let mut len = 0;
        for label in labels {
            len += label.len();
            if len > MAX_NODE_LABELS_LEN {
                break;
            }
            let (key, value) = label.split_once('=').unwrap_or((label, ""));
            let attribute = attributes.entry(format!("k8s.node.label.{key}"));
            attribute.or_insert_with(|| value.to_owned());
        }
        Self { attributes }
    }

    /// Returns the OTLP message.
    pub(super) fn to_message(&self) -> Resource {
        let attributes = self
            .attributes
            .iter()
            .map(|(key, value)| string_attribute(key, value))
            .collect();
        Resource { attributes }
    }
}

/// Returns the instrumentation scope.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: NAME.to_owned(),
        version: VERSION.to_owned(),
    }
}

/// Returns an attribute with a string value.
pub(super) fn string_attribute(key: &str, value: &str) -> KeyValue {
    let value = AnyValue {
        value: Some(AnyValueKind::String(value.to_owned())),
    };
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
    }
}

#[cfg(test)]
mod tests {
    use tidegate_runtime::stage_id::StageId;
    use tidegate_runtime::telemetry::Telemetry;

    use super::*;

    #[test]
    fn node_and_cluster_are_separated_in_every_form_of_the_node_name() {
        for (node_name, instance, cluster) in [
            ("node-a", "node-a", "default"),
            ("prod/node-a", "prod/node-a", "prod"),
        ] {
            let context = BuildContext {
                stage: StageId::exporter("otlp"),
                node_name: node_name.to_owned(),
                telemetry: Telemetry::default(),
                health: Default::default(),
                requests: Default::default(),
            };
            let attributes = ResourceAttributes::new(&context, &BTreeMap::new()).attributes;
            for (key, value) in [
                ("service.instance.id", instance),
                ("k8s.node.name", "node-a"),
                ("host.name", "node-a"),
                ("k8s.cluster.name", cluster),
            ] {
                assert_eq!(
                    attributes.get(key).map(String::as_str),
                    Some(value),
                    "{key} of {node_name}"
                );
            }
        }
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn labels_of_the_node_are_attributes_unless_the_configuration_has_them() {
        let configured = [("k8s.node.label.pool".to_owned(), "mine".to_owned())];
        let resource = ResourceAttributes {
            attributes: configured.into(),
        };
        let labels = owned(&["pool=blue", "topology.kubernetes.io/zone=eu-1a", "worker="]);
        let attributes = resource.with_node_labels(&labels).attributes;
        let expected = [
            ("k8s.node.label.pool", "mine"),
            ("k8s.node.label.topology.kubernetes.io/zone", "eu-1a"),
            ("k8s.node.label.worker", ""),
        ];
        let shown = attributes
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()));
        assert_eq!(Vec::from_iter(shown), expected);
    }

    #[test]
    fn labels_of_the_node_are_limited_to_what_leaves_room_for_records() {
        let resource = ResourceAttributes {
            attributes: BTreeMap::new(),
        };
        let labels: Vec<String> = (0..100).map(|n| format!("k{n:03}={:0996}", 0)).collect();
        let attributes = resource.with_node_labels(&labels).attributes;
        assert_eq!(attributes.len(), MAX_NODE_LABELS_LEN / 1001);
    }
}
