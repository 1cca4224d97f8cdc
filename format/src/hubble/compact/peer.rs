//! The two sides of a flow.

use std::net::IpAddr;

use tidegate_model::flow::{Address, Endpoint, EndpointNames, Flow};

use crate::hubble::summary::push_joined;
use crate::text::{push_mac, push_peer_address};

/// One side of a flow.
pub struct Peer<'a> {
    /// What the flow says of it.
    pub endpoint: &'a Endpoint,
    /// Whether an IP header tells of it.
    pub has_ip: bool,
    /// The address, where it is known.
    pub address: Option<Address>,
    /// Whether an IPv4-mapped address is written as IPv6.
    pub keeps_mapped: bool,
    /// The MAC address, where an Ethernet header tells it.
    pub mac: Option<[u8; 6]>,
    /// The port, unless it is 0.
    pub port: Option<u16>,
}

impl<'a> Peer<'a> {
    /// The sending side.
    pub fn source(flow: &'a Flow) -> Self {
        Self {
            endpoint: &flow.source,
            has_ip: flow.ip.is_some(),
            address: flow.source_address(),
            keeps_mapped: flow
                .socket
                .as_ref()
                .is_some_and(|socket| socket.keeps_mapped),
            mac: flow.ethernet.map(|ethernet| ethernet.source),
            port: flow
                .l4
                .ports()
                .map(|(source, _)| source)
                .filter(|port| *port != 0 && flow.ip.is_some()),
        }
    }

    /// The receiving side.
    pub fn destination(flow: &'a Flow) -> Self {
        Self {
            endpoint: &flow.destination,
            has_ip: flow.ip.is_some(),
            address: flow.destination_address(),
            keeps_mapped: flow
                .socket
                .as_ref()
                .is_some_and(|socket| socket.keeps_mapped),
            mac: flow.ethernet.map(|ethernet| ethernet.destination),
            port: flow
                .l4
                .ports()
                .map(|(_, destination)| destination)
                .filter(|port| *port != 0 && flow.ip.is_some()),
        }
    }

    /// Whether an IP header or an Ethernet header tells of a host.
    pub fn is_host(&self) -> bool {
        self.has_ip || self.mac.is_some()
    }

    /// Whether the name is an IPv4 address, which holds neither colons nor anything to escape.
    pub(super) fn is_ipv4(&self) -> bool {
        let has_name =
            |names: &EndpointNames| !names.pod_name.is_empty() || !names.dns_names.is_empty();
        let is_named = self.endpoint.names.as_deref().is_some_and(has_name);
        self.has_ip
            && !is_named
            && self
                .written_address()
                .is_some_and(|address| address.is_ipv4())
    }

    /// The address in the form in which it is written.
    pub fn written_address(&self) -> Option<IpAddr> {
        let written = |address: Address| {
            if self.keeps_mapped {
                IpAddr::V6(address.0.into())
            } else {
                address.to_ip()
            }
        };
        self.address.map(written)
    }

    /// Pod, DNS names or address; the MAC address of a packet without an IP header.
    pub(super) fn push_name(&self, out: &mut String) {
        if !self.has_ip {
            return push_mac(out, self.mac.unwrap_or_default());
        }
        match self.endpoint.names.as_deref() {
            Some(names) if !names.pod_name.is_empty() => {
                if !names.namespace.is_empty() {
                    out.push_str(&names.namespace);
                    out.push('/');
                }
                out.push_str(&names.pod_name);
            }
            Some(names) if !names.dns_names.is_empty() => {
                push_joined(out, ",", &names.dns_names, |out, name| out.push_str(name));
            }
            _ => push_peer_address(out, self.written_address()),
        }
    }
}
