//! Templates for the peers of a flow.
//!
//! Their attributes, where `<side>` is `source` or `destination`. OpenTelemetry has no convention
//! for the Kubernetes objects at both ends; NetObserv and Mermin use the same names.
//!
//! | attribute | type | meaning |
//! | --- | --- | --- |
//! | `<side>.address` | string | IP address, before source translation |
//! | `<side>.port` | int | port |
//! | `<side>.mac` | string | MAC address |
//! | `<side>.k8s.cluster.name`, `<side>.k8s.namespace.name`, `<side>.k8s.pod.name` | string | the pod; the namespace of the service, if there is no pod |
//! | `<side>.k8s.<kind>.name` | string | an owner of the pod, such as `source.k8s.deployment.name` |
//! | `<side>.k8s.service.name` | string | the service that address and port belong to |
//! | `cilium.<side>.service.namespace` | string | its namespace, if the pod has another one |
//! | `cilium.<side>.identity` | int | security identity |
//! | `cilium.<side>.identity.name` | string | its name, if it is a reserved identity |
//! | `cilium.<side>.endpoint.id` | int | endpoint on this node |
//! | `cilium.<side>.labels` | string[] | security labels |
//! | `cilium.<side>.names` | string[] | DNS names of the address |

use tidegate_format::hubble::{FlowPeer, push_identity};
use tidegate_format::text::{mac_text, push_address};
use tidegate_model::flow::{Endpoint, EndpointNames, ServiceName, reserved_identity};

use super::cache::TemplateCache;
use super::peer_key::{PeerCacheKey, StoredPeer};
use super::sections::Template;
use crate::otlp::logs::attribute_key::AttributeKey;
use crate::otlp::logs::record_writer::{BODY_FORMAT, LogRecordWriter};

/// Slots of the cache, for the endpoints of a node and those that they talk to.
pub(super) const SLOTS: usize = 1024;

/// The sections for one peer: [`NAME_BEFORE_PORT`], [`IDENTITY`], [`ATTRIBUTES`] and [`NAME`].
pub(crate) type PeerTemplate = Template<4>;

/// The peer's name in the line, up to the port.
pub(crate) const NAME_BEFORE_PORT: usize = 0;
/// The peer's identity in the line, with the space before it.
pub(crate) const IDENTITY: usize = 1;
/// All attributes except the port.
pub(crate) const ATTRIBUTES: usize = 2;
/// The peer's name in the line, without a port.
pub(crate) const NAME: usize = 3;

/// Templates of the most recent peers on one side.
#[derive(Debug)]
pub(crate) struct PeerTemplates {
    keys: &'static PeerKeys,
    cache: TemplateCache<StoredPeer, 4>,
}

impl PeerTemplates {
    pub(crate) fn new(keys: &'static PeerKeys) -> Self {
        Self {
            keys,
            cache: TemplateCache::new(SLOTS),
        }
    }

    /// Returns the template for a peer. `scratch` is a buffer for texts.
    #[inline]
    pub(crate) fn get(&mut self, peer: &FlowPeer<'_>, scratch: &mut String) -> &PeerTemplate {
        let keys = self.keys;
        self.cache
            .get_or_build(&PeerCacheKey::new(peer), |template| {
                keys.build(template, peer, scratch);
            })
    }
}

/// The names of one side's attributes.
#[derive(Debug)]
pub(crate) struct PeerKeys {
    address: AttributeKey,
    pub(crate) port: AttributeKey,
    mac: AttributeKey,
    cluster: AttributeKey,
    namespace: AttributeKey,
    pod: AttributeKey,
    /// What precedes the kind of an owner.
    owner_prefix: &'static str,
    service: AttributeKey,
    service_namespace: AttributeKey,
    identity: AttributeKey,
    identity_name: AttributeKey,
    endpoint: AttributeKey,
    labels: AttributeKey,
    names: AttributeKey,
}

/// The names of the source's attributes.
pub(crate) static SOURCE: PeerKeys = PeerKeys {
    address: AttributeKey::new("source.address"),
    port: AttributeKey::new("source.port"),
    mac: AttributeKey::new("source.mac"),
    cluster: AttributeKey::new("source.k8s.cluster.name"),
    namespace: AttributeKey::new("source.k8s.namespace.name"),
    pod: AttributeKey::new("source.k8s.pod.name"),
    owner_prefix: "source.k8s.",
    service: AttributeKey::new("source.k8s.service.name"),
    service_namespace: AttributeKey::new("cilium.source.service.namespace"),
    identity: AttributeKey::new("cilium.source.identity"),
    identity_name: AttributeKey::new("cilium.source.identity.name"),
    endpoint: AttributeKey::new("cilium.source.endpoint.id"),
    labels: AttributeKey::new("cilium.source.labels"),
    names: AttributeKey::new("cilium.source.names"),
};

/// The names of the destination's attributes.
pub(crate) static DESTINATION: PeerKeys = PeerKeys {
    address: AttributeKey::new("destination.address"),
    port: AttributeKey::new("destination.port"),
    mac: AttributeKey::new("destination.mac"),
    cluster: AttributeKey::new("destination.k8s.cluster.name"),
    namespace: AttributeKey::new("destination.k8s.namespace.name"),
    pod: AttributeKey::new("destination.k8s.pod.name"),
    owner_prefix: "destination.k8s.",
    service: AttributeKey::new("destination.k8s.service.name"),
    service_namespace: AttributeKey::new("cilium.destination.service.namespace"),
    identity: AttributeKey::new("cilium.destination.identity"),
    identity_name: AttributeKey::new("cilium.destination.identity.name"),
    endpoint: AttributeKey::new("cilium.destination.endpoint.id"),
    labels: AttributeKey::new("cilium.destination.labels"),
    names: AttributeKey::new("cilium.destination.names"),
};

impl PeerKeys {
    fn build(&self, template: &mut PeerTemplate, peer: &FlowPeer<'_>, scratch: &mut String) {
        scratch.clear();
        if peer.is_host() {
            BODY_FORMAT.push_name(scratch, peer);
        }
        let name = scratch.clone();
        let [before, after] = if name.contains(':') {
            ["[", "]:"]
        } else {
            ["", ":"]
        };
        template.add_section(NAME_BEFORE_PORT, |out| {
            for part in [before, &name, after] {
                out.extend_from_slice(part.as_bytes());
            }
        });
        scratch.clear();
        scratch.push(' ');
        push_identity(scratch, peer.endpoint.identity);
        template.add_section(IDENTITY, |out| out.extend_from_slice(scratch.as_bytes()));
        template.add_section(ATTRIBUTES, |out| {
            self.write(&mut LogRecordWriter::attributes_only(out, scratch), peer);
        });
        template.add_section(NAME, |out| out.extend_from_slice(name.as_bytes()));
    }

    fn write(&self, out: &mut LogRecordWriter<'_>, peer: &FlowPeer<'_>) {
        if let Some(address) = peer.written_address() {
            out.string_with(&self.address, |text| push_address(text, address));
        }
        if let Some(mac) = peer.mac {
            out.ascii(&self.mac, &mac_text(mac));
        }
        self.write_endpoint(out, peer.endpoint);
    }

    fn write_endpoint(&self, out: &mut LogRecordWriter<'_>, endpoint: &Endpoint) {
        out.non_zero_int(&self.endpoint, endpoint.id);
        if endpoint.identity != 0 {
            out.int(&self.identity, endpoint.identity);
            out.non_empty_string(
                &self.identity_name,
                reserved_identity(endpoint.identity).unwrap_or_default(),
            );
        }
        if let Some(names) = &endpoint.names {
            self.write_names(out, names);
        }
        if let Some(service) = &endpoint.service {
            let namespace = endpoint.names.as_ref().map_or("", |names| &names.namespace);
            self.write_service(out, service, namespace);
        }
    }

    /// Writes a service. `namespace` is that of the pod.
    fn write_service(&self, out: &mut LogRecordWriter<'_>, service: &ServiceName, namespace: &str) {
        if namespace.is_empty() {
            out.non_empty_string(&self.namespace, &service.namespace);
        } else if namespace != service.namespace {
            out.non_empty_string(&self.service_namespace, &service.namespace);
        }
        out.non_empty_string(&self.service, &service.name);
    }

    fn write_names(&self, out: &mut LogRecordWriter<'_>, names: &EndpointNames) {
        out.non_empty_string(&self.cluster, &names.cluster_name);
        out.non_empty_string(&self.namespace, &names.namespace);
        out.non_empty_string(&self.pod, &names.pod_name);
        for (kind, name) in &names.workloads {
            let push = |key: &mut String| {
                key.push_str(self.owner_prefix);
                key.extend(kind.chars().map(|c| c.to_ascii_lowercase()));
                key.push_str(".name");
            };
            out.named_string(push, name);
        }
        out.strings(&self.labels, names.labels.iter());
        out.strings(&self.names, &names.dns_names);
    }
}
