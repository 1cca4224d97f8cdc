//! Builds packets in tunnels between nodes.

use super::{Path, udp};

/// Builds a VXLAN packet with an Ethernet frame. Cilium uses the sender's identity as network
/// identifier.
pub(crate) fn vxlan(outer: &Path, vni: u32, frame: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = vni.to_be_bytes();
    let mut payload = vec![0x08, 0, 0, 0, a, b, c, 0];
    payload.extend_from_slice(frame);
    udp(outer, &payload)
}

/// Builds a Geneve packet with an Ethernet frame, without options.
pub(crate) fn geneve(outer: &Path, vni: u32, frame: &[u8]) -> Vec<u8> {
    let [_, a, b, c] = vni.to_be_bytes();
    let mut payload = vec![0, 0, 0x65, 0x58, a, b, c, 0];
    payload.extend_from_slice(frame);
    udp(outer, &payload)
}
