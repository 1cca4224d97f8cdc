//! Namespaces, which are combined with the names of pods and services.

use crate::FlowFilter;

/// The side of a flow that a namespace is of.
#[derive(Clone, Copy, Debug)]
pub(super) enum NamespaceOf {
    Either,
    Source,
    Destination,
}

/// The namespaces of a list. An empty one is any.
#[derive(Debug, Default)]
pub(super) struct Namespaces {
    either: Vec<String>,
    source: Vec<String>,
    destination: Vec<String>,
}

impl Namespaces {
    pub(super) fn add(&mut self, of: NamespaceOf, namespace: &str) {
        let list = match of {
            NamespaceOf::Either => &mut self.either,
            NamespaceOf::Source => &mut self.source,
            NamespaceOf::Destination => &mut self.destination,
        };
        list.push(namespace.to_owned());
    }

    /// Puts the namespaces before the names of pods and services that have none. A side without such
    /// names gets one of any pod in each namespace.
    pub(super) fn apply(&self, first: &mut FlowFilter, second: &mut FlowFilter) {
        for filter in [&mut *first, &mut *second] {
            if !self.destination.is_empty() {
                apply_destination(filter, &self.destination);
            }
            if !self.source.is_empty() {
                apply_source(filter, &self.source);
            }
        }
        if !self.either.is_empty() {
            apply_source(first, &self.either);
            apply_destination(second, &self.either);
        }
    }

    /// Names of pods and services that have another namespace than is asked for, or than each other.
    pub(super) fn contradiction(&self, filter: &FlowFilter) -> Option<String> {
        let FlowFilter {
            source_pod,
            source_service,
            destination_pod,
            destination_service,
            ..
        } = filter;
        let texts = [
            other_namespace(&self.either, source_pod),
            other_namespace(&self.either, source_service),
            other_namespace(&self.either, destination_pod),
            other_namespace(&self.either, destination_service),
            other_namespace(&self.source, source_pod),
            other_namespace(&self.source, source_service),
            other_namespace(&self.destination, destination_pod),
            other_namespace(&self.destination, destination_service),
            other_service(source_pod, source_service),
            other_service(destination_pod, destination_service),
        ];
        let texts: Vec<String> = texts.into_iter().flatten().collect();
        (!texts.is_empty()).then(|| texts.join("\n"))
    }
}

fn apply_source(filter: &mut FlowFilter, namespaces: &[String]) {
    let FlowFilter {
        source_pod: pods,
        source_service: services,
        ..
    } = filter;
    apply(pods, services, namespaces);
}

fn apply_destination(filter: &mut FlowFilter, namespaces: &[String]) {
    let FlowFilter {
        destination_pod: pods,
        destination_service: services,
        ..
    } = filter;
    apply(pods, services, namespaces);
}

fn apply(pods: &mut Vec<String>, services: &mut Vec<String>, namespaces: &[String]) {
    if pods.is_empty() && services.is_empty() {
        pods.push(String::new());
    }
    for names in [pods, services] {
        *names = names
            .iter()
            .flat_map(|name| with_namespaces(name, namespaces))
            .collect();
    }
}

fn with_namespaces(name: &str, namespaces: &[String]) -> Vec<String> {
    if name.contains('/') {
        return vec![name.to_owned()];
    }
    namespaces
        .iter()
        .map(|namespace| format!("{namespace}/{name}"))
        .collect()
}

/// The namespace in front of a name; empty without one.
fn namespace(name: &str) -> &str {
    name.split_once('/').map_or("", |(namespace, _)| namespace)
}

fn other_namespace(namespaces: &[String], names: &[String]) -> Option<String> {
    for wanted in namespaces {
        let is_other = |name: &&String| !namespace(name).is_empty() && namespace(name) != wanted;
        if let Some(name) = names.iter().find(is_other) {
            return Some(format!(
                "namespace conflict: {wanted:?} does not contain {name:?}"
            ));
        }
    }
    None
}

fn other_service(pods: &[String], services: &[String]) -> Option<String> {
    let named = pods.iter().map(|pod| namespace(pod));
    for pod in named.filter(|namespace| !namespace.is_empty()) {
        if let Some(service) = services.iter().find(|service| namespace(service) != pod) {
            return Some(format!(
                "namespace of service {service:?} conflict with pod {pod:?}"
            ));
        }
    }
    None
}
