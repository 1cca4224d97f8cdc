//! Builds packets, from the Ethernet header up. Checksums are zero; readers of monitor events do
//! not check them.

mod dns;
mod tunnel;

pub(crate) use dns::{answer, query};
pub(crate) use tunnel::{geneve, vxlan};

use std::net::IpAddr;

use tidegate_wire::packet::ip_protocol;

use crate::cluster::Peer;

/// Sender, receiver and ports of a packet.
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) from: Peer,
    pub(crate) to: Peer,
    pub(crate) ports: (u16, u16),
}

impl Path {
    /// The opposite direction.
    pub(crate) fn reverse(&self) -> Self {
        Self {
            from: self.to.clone(),
            to: self.from.clone(),
            ports: (self.ports.1, self.ports.0),
        }
    }

    pub(crate) fn is_v6(&self) -> bool {
        self.from.ip.is_ipv6()
    }
}

/// Builds a TCP segment.
pub(crate) fn tcp(path: &Path, flags: u16, (seq, ack): (u32, u32), payload: &[u8]) -> Vec<u8> {
    // Timestamps, as almost every Linux host sends them.
    const OPTIONS: [u8; 12] = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1];
    // Eight words of header and options, in the upper four bits.
    const DATA_OFFSET: u16 = 8 << 12;
    let mut segment = Vec::with_capacity(32 + payload.len());
    segment.extend(path.ports.0.to_be_bytes());
    segment.extend(path.ports.1.to_be_bytes());
    segment.extend(seq.to_be_bytes());
    segment.extend(ack.to_be_bytes());
    segment.extend((DATA_OFFSET | flags).to_be_bytes());
    segment.extend([0xfa, 0xf0, 0, 0, 0, 0]);
    segment.extend(OPTIONS);
    segment.extend_from_slice(payload);
    ip(path, ip_protocol::TCP, &segment)
}

/// Builds a UDP datagram.
pub(crate) fn udp(path: &Path, payload: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(8 + payload.len());
    datagram.extend(path.ports.0.to_be_bytes());
    datagram.extend(path.ports.1.to_be_bytes());
    datagram.extend(length(8 + payload.len()));
    datagram.extend([0, 0]);
    datagram.extend_from_slice(payload);
    ip(path, ip_protocol::UDP, &datagram)
}

/// Builds an ICMP or ICMPv6 message; `rest` follows the checksum.
pub(crate) fn icmp(path: &Path, icmp_type: u8, code: u8, rest: [u8; 4]) -> Vec<u8> {
    let protocol = if path.is_v6() {
        ip_protocol::ICMPV6
    } else {
        ip_protocol::ICMP
    };
    let [a, b, c, d] = rest;
    ip(path, protocol, &[icmp_type, code, 0, 0, a, b, c, d])
}

/// Builds an IP packet in an Ethernet frame.
pub(crate) fn ip(path: &Path, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(54 + payload.len());
    frame.extend(path.to.mac);
    frame.extend(path.from.mac);
    match (path.from.ip, path.to.ip) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            frame.extend([0x08, 0x00, 0x45, 0]);
            frame.extend(length(20 + payload.len()));
            frame.extend([0, 1, 0x40, 0, 63, protocol, 0, 0]);
            frame.extend(from.octets());
            frame.extend(to.octets());
        }
        (from, to) => {
            frame.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
            frame.extend(length(payload.len()));
            frame.extend([protocol, 63]);
            frame.extend(v6(from));
            frame.extend(v6(to));
        }
    }
    frame.extend_from_slice(payload);
    frame
}

fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn length(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap_or(u16::MAX).to_be_bytes()
}
