//! The resource of the agent's own telemetry, with the names of OpenTelemetry's semantic conventions.

use std::fs;

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;

use crate::config::{HOSTNAME, OwnTelemetry};

/// The attributes that are known, then those of the configuration.
pub(super) fn resource(settings: &OwnTelemetry) -> Resource {
    let (cluster, node) = match settings.node_name.split_once('/') {
        Some((cluster, node)) => (cluster, node),
        None => ("", &*settings.node_name),
    };
    let host = fs::read_to_string(HOSTNAME).unwrap_or_default();
    let known_node = if settings.is_named_by_host { "" } else { node };
    let executable = std::env::current_exe().unwrap_or_default();
    let name = executable.file_name().unwrap_or_default();
    let detected = [
        ("service.name", "tidegate"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", &settings.node_name),
        ("host.name", host.trim()),
        ("k8s.node.name", known_node),
        ("k8s.cluster.name", cluster),
        ("process.executable.name", &name.to_string_lossy()),
        ("process.executable.path", &executable.to_string_lossy()),
    ];
    let detected = detected.into_iter().filter(|(_, value)| !value.is_empty());
    let detected = detected.map(|(key, value)| KeyValue::new(key, value.to_owned()));
    let configured = settings.resource.iter();
    let configured = configured.map(|(key, value)| KeyValue::new(key.clone(), value.clone()));
    Resource::builder_empty()
        .with_attribute(KeyValue::new("process.pid", i64::from(std::process::id())))
        .with_attributes(detected)
        .with_attributes(configured)
        .build()
}
