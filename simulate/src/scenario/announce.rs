//! Notifications of the agent about pods and addresses, as it sends them when they come and change.

use std::net::IpAddr;

use super::Stage;
use crate::world::Peer;

const NOTIFY_REGENERATED: u32 = 3;
const NOTIFY_ENDPOINT_CREATED: u32 = 7;
const NOTIFY_IPCACHE_UPSERTED: u32 = 9;
/// Hosts of the world at large, which has no entry for each address.
const WORLD: u32 = 2;

impl Stage {
    /// Somebody is new: an endpoint of this node is created and gets its labels, then everybody
    /// hears of the address.
    pub(super) fn announce(&mut self, peer: &Peer) {
        if let Some((namespace, name)) = &peer.pod
            && peer.endpoint != 0
            && self.endpoints.insert(peer.endpoint)
        {
            let id = peer.endpoint;
            let created = format!(r#"{{"id":{id},"pod-name":"{name}","namespace":"{namespace}"}}"#);
            self.pen.notify(NOTIFY_ENDPOINT_CREATED, &created);
            self.regenerated(peer);
        }
        self.upserted(peer);
    }

    /// The datapath of a local endpoint was generated.
    pub(super) fn regenerated(&mut self, peer: &Peer) {
        let labels = peer.labels.join(r#"",""#);
        let regenerated = format!(r#"{{"id":{},"labels":["{labels}"]}}"#, peer.endpoint);
        self.pen.notify(NOTIFY_REGENERATED, &regenerated);
    }

    /// The IP cache has an address.
    pub(super) fn upserted(&mut self, peer: &Peer) {
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
        self.pen.notify(NOTIFY_IPCACHE_UPSERTED, &upserted);
    }
}
