//! Templates for the peers of a flow.

use tidegate_format::hubble::{FlowPeer, push_identity};
use tidegate_format::text::{mac_text, push_address};
use tidegate_model::flow::{Endpoint, EndpointNames, ServiceName, reserved_identity};

use super::cache::TemplateCache;
use super::peer_key::{PeerCacheKey, StoredPeer};
use super::sections::Template;
use crate::otlp::logs::format::Labels;
use crate::otlp::logs::record_writer::{BODY_FORMAT, LogRecordWriter};
use crate::otlp::mapping::PeerKeys;

/// Slots of the cache, for the endpoints of a node and those that they talk to.
pub(super) const SLOTS: usize = 1024;

/// The sections for one peer: [`NAME_BEFORE_PORT`], [`IDENTITY`], [`ADDRESS`], [`ATTRIBUTES`] and
/// [`NAME`].
pub(crate) type PeerTemplate = Template<SECTIONS>;

const SECTIONS: usize = 5;

/// The peer's name in the line, up to the port.
pub(crate) const NAME_BEFORE_PORT: usize = 0;
/// The peer's identity in the line, with the space before it.
pub(crate) const IDENTITY: usize = 1;
/// The attribute of the address. It precedes [`ATTRIBUTES`], so that one copy has both.
pub(crate) const ADDRESS: usize = 2;
/// All attributes except address and port.
pub(crate) const ATTRIBUTES: usize = 3;
/// The peer's name in the line, without a port.
pub(crate) const NAME: usize = 4;

/// Templates of the most recent peers on one side.
#[derive(Debug)]
pub(crate) struct PeerTemplates {
    writer: PeerWriter,
    cache: TemplateCache<StoredPeer, SECTIONS>,
}

impl PeerTemplates {
    pub(crate) fn new(keys: &'static PeerKeys, labels: Labels) -> Self {
        Self {
            writer: PeerWriter { keys, labels },
            cache: TemplateCache::new(SLOTS),
        }
    }

    /// Returns the template for a peer. `scratch` is a buffer for texts.
    #[inline]
    pub(crate) fn get(&mut self, peer: &FlowPeer<'_>, scratch: &mut String) -> &PeerTemplate {
        let writer = self.writer;
        self.cache
            .get_or_build(&PeerCacheKey::new(peer), |template| {
                writer.build(template, peer, scratch);
            })
    }
}

/// Writes the parts of one side.
#[derive(Clone, Copy, Debug)]
struct PeerWriter {
    keys: &'static PeerKeys,
    labels: Labels,
}

impl PeerWriter {
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
        template.add_section(ADDRESS, |out| {
            if let Some(address) = peer.written_address() {
                LogRecordWriter::attributes_only(out, scratch)
                    .string_with(&self.keys.address, |text| push_address(text, address));
            }
        });
        template.add_section(ATTRIBUTES, |out| {
            self.write(&mut LogRecordWriter::attributes_only(out, scratch), peer);
        });
        template.add_section(NAME, |out| out.extend_from_slice(name.as_bytes()));
    }

    fn write(&self, out: &mut LogRecordWriter<'_>, peer: &FlowPeer<'_>) {
        if let Some(mac) = peer.mac {
            out.ascii(&self.keys.mac, &mac_text(mac));
        }
        self.write_endpoint(out, peer.endpoint);
    }

    fn write_endpoint(&self, out: &mut LogRecordWriter<'_>, endpoint: &Endpoint) {
        out.non_zero_int(&self.keys.endpoint, endpoint.id);
        if endpoint.identity != 0 {
            out.int(&self.keys.identity, endpoint.identity);
            out.non_empty_string(
                &self.keys.identity_name,
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
            out.non_empty_string(&self.keys.namespace, &service.namespace);
        } else if namespace != service.namespace {
            out.non_empty_string(&self.keys.service_namespace, &service.namespace);
        }
        out.non_empty_string(&self.keys.service, &service.name);
    }

    fn write_names(&self, out: &mut LogRecordWriter<'_>, names: &EndpointNames) {
        out.non_empty_string(&self.keys.cluster, &names.cluster_name);
        out.non_empty_string(&self.keys.namespace, &names.namespace);
        out.non_empty_string(&self.keys.pod, &names.pod_name);
        for (kind, name) in &names.workloads {
            let push = |key: &mut String| {
                key.push_str(self.keys.owner_prefix);
                key.extend(kind.chars().map(|c| c.to_ascii_lowercase()));
                key.push_str(".name");
            };
            out.named_string(push, name);
        }
        out.labels(&self.keys.labels, &names.labels, self.labels);
        out.strings(&self.keys.names, &names.dns_names);
    }
}
