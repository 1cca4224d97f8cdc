//! Attributes of the peers of a flow, `source` and `destination`. OpenTelemetry has no convention
//! for the Kubernetes objects at both ends: its `k8s.` attributes describe the one object that a
//! record belongs to.

use super::key::AttributeKey;

/// Declares the attributes of each side: the fields of [`PeerKeys`], and the rows of a table.
macro_rules! peer_attributes {
    (
        $($field:ident = $name:literal: $type:ident, $source:literal, $about:literal;)*
        @prefix $owner:ident = $prefixed:literal: $owner_source:literal, $owner_about:literal;
    ) => {
        /// The keys of one side's attributes.
        #[derive(Debug)]
        pub(crate) struct PeerKeys {
            $(pub(crate) $field: AttributeKey,)*
            /// What precedes the kind of an owner.
            pub(crate) $owner: &'static str,
        }

        impl PeerKeys {
            const fn new(side: &str, $owner: &'static str) -> Self {
                Self {
                    $($field: AttributeKey::of_side($name, side),)*
                    $owner,
                }
            }
        }

        #[cfg(test)]
        pub(super) const PEER: &[super::Attribute] = &[
            $(super::Attribute {
                name: $name,
                value_type: super::ValueType::$type,
                field: $source,
                about: $about,
            },)*
            super::Attribute {
                name: $prefixed,
                value_type: super::ValueType::String,
                field: $owner_source,
                about: $owner_about,
            },
        ];
    };
}

peer_attributes! {
    address = "<side>.address": String, "IP.<side>, IP.source_xlated",
        "IP address, as it was on the wire when it was observed";
    port = "<side>.port": Int, "l4.TCP, l4.UDP, l4.SCTP", "port, of a protocol with ports";
    mac = "cilium.<side>.mac": String, "ethernet.<side>", "MAC address, if its frame has one";
    endpoint = "cilium.<side>.endpoint.id": Int, "<side>.ID", "endpoint on this node";
    identity = "cilium.<side>.identity": Int, "<side>.identity", "security identity";
    identity_name = "cilium.<side>.identity.name": String, "",
        "its name, if it is a reserved identity: `world`";
    cluster = "cilium.<side>.k8s.cluster.name": String, "<side>.cluster_name", "the pod's cluster";
    namespace = "cilium.<side>.k8s.namespace.name": String, "<side>.namespace",
        "the pod's namespace; that of the service, if there is no pod";
    pod = "cilium.<side>.k8s.pod.name": String, "<side>.pod_name", "the pod";
    labels = "cilium.<side>.labels": Labels, "<side>.labels", "security labels";
    names = "cilium.<side>.names": Strings, "<side>_names", "DNS names of the address";
    service = "cilium.<side>.k8s.service.name": String, "<side>_service.name",
        "the service that address and port belong to";
    service_namespace = "cilium.<side>.service.namespace": String, "<side>_service.namespace",
        "its namespace, if the pod has another one";
    @prefix owner_prefix = "cilium.<side>.k8s.<kind>.name": "<side>.workloads",
        "an owner of the pod: `cilium.source.k8s.deployment.name`";
}

/// The keys of the source's attributes.
pub(crate) static SOURCE: PeerKeys = PeerKeys::new("source", "cilium.source.k8s.");

/// The keys of the destination's attributes.
pub(crate) static DESTINATION: PeerKeys = PeerKeys::new("destination", "cilium.destination.k8s.");
