//! The resource and the instrumentation scope of everything that the exporter sends.

use std::collections::BTreeMap;

use tidegate_runtime::component::BuildContext;

use super::messages::{AnyValue, AnyValueKind, InstrumentationScope, KeyValue, Resource};

const NAME: &str = "tidegate";
const VERSION: &str = env!("CARGO_PKG_VERSION");

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
}
