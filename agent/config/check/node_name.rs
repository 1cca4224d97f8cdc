//! Receivers that need the name of the node in Kubernetes.

use tidegate_runtime::component::{Lint, ReceiverConfig};

use super::super::{Config, Problem, Problems};

/// Warns at each receiver that needs the name of the node, if only the host's name is known: in a pod,
/// it is that of the pod.
pub(super) fn check(config: &Config, problems: &mut Problems) {
    if !config.service.is_named_by_host {
        return;
    }
    for receiver in &config.receivers {
        let needs = receiver
            .config
            .as_deref()
            .map(ReceiverConfig::needs_node_name);
        if needs != Some(true) {
            continue;
        }
        let stage = &receiver.stage;
        let name = &config.service.node_name;
        let title =
            format!("`{stage}` takes the name of this host, {name:?}, for that of the node");
        problems.push(
            Problem::warning(Lint::HostNameAsNode, title, receiver.span.clone())
                .label("finds nothing if the node has another name")
                .maybe_help(Some(
                    "set the variable NODE_NAME, in a pod from `spec.nodeName`, or \
                     `service.node_name`"
                        .to_owned(),
                )),
        );
    }
}
