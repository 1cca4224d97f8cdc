//! Tunnels between nodes.

use super::{Path, udp};

/// An Ethernet frame in VXLAN. Cilium puts the sender's identity in the network identifier.
pub(crate) fn vxlan(outer: &Path, vni: u32, frame: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = vni.to_be_bytes();
    let mut payload = vec![0x08, 0, 0, 0, a, b, c, 0];
    payload.extend_from_slice(frame);
    udp(outer, &payload)
}

/// An Ethernet frame in Geneve, without options.
pub(crate) fn geneve(outer: &Path, vni: u32, frame: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = vni.to_be_bytes();
    let mut payload = vec![0, 0, 0x65, 0x58, a, b, c, 0];
    payload.extend_from_slice(frame);
    udp(outer, &payload)
}
