//! Who the telemetry comes from: one resource and one scope for all that the exporter sends.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use tidegate_core::component::BuildContext;

const NAME: &str = "tidegate";
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The resource's attributes, sorted.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    attributes: BTreeMap<String, String>,
}

impl Origin {
    /// `service.instance.id` is the node's name as on flows: Prometheus makes the label `instance`
    /// of it, which keeps the series of nodes apart. `given` adds attributes, or replaces them.
    pub(super) fn new(context: &BuildContext, given: &BTreeMap<String, String>) -> Self {
        let node = context.bare_node_name();
        let own = [
            ("service.name", NAME),
            ("service.version", VERSION),
            ("service.instance.id", &context.node_name),
            ("host.name", node),
            ("k8s.node.name", node),
            ("k8s.cluster.name", context.cluster_name()),
        ];
        let known = own.into_iter().filter(|(_, value)| !value.is_empty());
        let mut attributes: BTreeMap<_, _> = known
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        attributes.extend(given.clone());
        Self { attributes }
    }

    /// The resource.
    pub(super) fn resource(&self) -> Resource {
        let attributes = self
            .attributes
            .iter()
            .map(|(key, value)| text_attribute(key, value))
            .collect();
        Resource {
            attributes,
            ..Resource::default()
        }
    }
}

/// The scope.
pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: NAME.to_owned(),
        version: VERSION.to_owned(),
        ..InstrumentationScope::default()
    }
}

/// An attribute that is a string.
pub(super) fn text_attribute(key: &str, value: &str) -> KeyValue {
    let value = AnyValue {
        value: Some(Value::StringValue(value.to_owned())),
    };
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests {
    use tidegate_core::telemetry::Telemetry;

    use super::*;

    #[test]
    fn node_and_cluster_are_told_apart_in_every_form_of_the_nodes_name() {
        for (node_name, instance, cluster) in [
            ("node-a", "node-a", "default"),
            ("prod/node-a", "prod/node-a", "prod"),
        ] {
            let context = BuildContext {
                stage: "exporters.otlp".to_owned(),
                node_name: node_name.to_owned(),
                telemetry: Telemetry::default(),
                health: Default::default(),
            };
            let attributes = Origin::new(&context, &BTreeMap::new()).attributes;
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
}
