//! Notifications of the agent about pods and addresses.

use std::net::IpAddr;

use tidegate_wire::agent_notify::notify_type;

use super::Scenarios;
use crate::cluster::Peer;

/// The identity of external hosts without an entry of their own in the IP cache.
const WORLD: u32 = 2;

impl Scenarios {
    /// Announces a new peer: the creation of its endpoint on this node and the endpoint's labels,
    /// then its address.
    pub(super) fn announce(&mut self, peer: &Peer) {
        if let Some((namespace, name)) = &peer.pod
            && peer.endpoint != 0
            && self.endpoints.insert(peer.endpoint)
        {
            let id = peer.endpoint;
            let created = format!(r#"{{"id":{id},"pod-name":"{name}","namespace":"{namespace}"}}"#);
            self.writer.notify(notify_type::ENDPOINT_CREATED, &created);
            self.announce_regeneration(peer);
        }
        self.announce_address(peer);
    }

    /// Announces that the datapath of a local endpoint was generated.
    pub(super) fn announce_regeneration(&mut self, peer: &Peer) {
        let labels = peer.labels.join(r#"",""#);
        let regenerated = format!(r#"{{"id":{},"labels":["{labels}"]}}"#, peer.endpoint);
        self.writer
            .notify(notify_type::ENDPOINT_REGENERATE_SUCCESS, &regenerated);
    }

    /// Announces an address in the IP cache.
    pub(super) fn announce_address(&mut self, peer: &Peer) {
        if peer.identity == WORLD {
            return;
        }
        let Peer { ip, identity, .. } = peer;
        let prefix = if matches!(ip, IpAddr::V4(_)) { 32 } else { 128 };
        let mut upserted = format!(r#"{{"cidr":"{ip}/{prefix}","id":{identity}"#);
        if let Some((namespace, name)) = &peer.pod {
            upserted += &format!(r#","host-ip":"{}","encrypt-key":0"#, peer.node_ip());
            upserted += &format!(r#","namespace":"{namespace}","pod-name":"{name}"}}"#);
        } else {
            upserted += r#","encrypt-key":0}"#;
        }
        self.writer.notify(notify_type::IPCACHE_UPSERTED, &upserted);
    }
}
