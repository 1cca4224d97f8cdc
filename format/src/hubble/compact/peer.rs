//! The source and the destination of a flow.

use std::net::IpAddr;

use tidegate_model::flow::{Address, Endpoint, EndpointNames, Flow, ServiceName};

use crate::hubble::summary::push_joined;
use crate::text::{push_mac, push_optional_address};

/// The source or the destination of a flow.
pub struct FlowPeer<'a> {
    /// Its identity and names.
    pub endpoint: &'a Endpoint,
    /// Whether the flow has an IP header.
    pub has_ip: bool,
    /// The IP address, if it is known.
    pub address: Option<Address>,
    /// Whether an IPv4-mapped address is written as IPv6.
    pub keeps_mapped: bool,
    /// The MAC address, if the flow has an Ethernet header.
    pub mac: Option<[u8; 6]>,
    /// The port; `None` if it is 0.
    pub port: Option<u16>,
    /// Whether its names take the place of its address.
    pub has_names: bool,
}

/// Both sides of a flow.
pub(in crate::hubble) struct Peers<'a> {
    pub(in crate::hubble) source: FlowPeer<'a>,
    pub(in crate::hubble) destination: FlowPeer<'a>,
}

/// What is shown in place of an address.
enum DisplayName<'a> {
    /// A pod or a service.
    Object { namespace: &'a str, name: &'a str },
    /// DNS names, at least one.
    Dns(&'a [String]),
}

impl<'a> FlowPeer<'a> {
    /// The source.
    pub fn source(flow: &'a Flow) -> Self {
        let port = flow.l4.ports().map(|(source, _)| source);
        let mac = flow.ethernet.map(|ethernet| ethernet.source);
        Self::new(flow, &flow.source, flow.source_address(), mac, port)
    }

    /// The destination.
    pub fn destination(flow: &'a Flow) -> Self {
        let port = flow.l4.ports().map(|(_, destination)| destination);
        let mac = flow.ethernet.map(|ethernet| ethernet.destination);
        Self::new(
            flow,
            &flow.destination,
            flow.destination_address(),
            mac,
            port,
        )
    }

    fn new(
        flow: &Flow,
        endpoint: &'a Endpoint,
        address: Option<Address>,
        mac: Option<[u8; 6]>,
        port: Option<u16>,
    ) -> Self {
        let has_ip = flow.ip.is_some();
        let keeps_mapped = flow
            .socket
            .as_ref()
            .is_some_and(|socket| socket.keeps_mapped);
        Self {
            endpoint,
            has_ip,
            address,
            keeps_mapped,
            mac,
            port: port.filter(|port| *port != 0 && has_ip),
            has_names: true,
        }
    }

    /// The same peer, shown with its names or by its address.
    pub(super) fn with_names(self, has_names: bool) -> Self {
        Self { has_names, ..self }
    }

    /// The names that take the place of the address.
    fn names(&self) -> Option<&EndpointNames> {
        self.endpoint.names.as_deref().filter(|_| self.has_names)
    }

    /// The service whose name takes the place of the address.
    fn service(&self) -> Option<&ServiceName> {
        self.endpoint.service.as_deref().filter(|_| self.has_names)
    }

    /// The text that takes the place of the address. As in Hubble, the namespace of a service is
    /// also shown with the name of a pod.
    fn display_name(&self) -> Option<DisplayName<'_>> {
        let names = self.names();
        let service = self.service();
        let namespace = match (service, names) {
            (Some(service), _) => &*service.namespace,
            (None, Some(names)) => &*names.namespace,
            (None, None) => return None,
        };
        let pod = names.map_or("", |names| &names.pod_name);
        let service = service.map_or("", |service| &service.name);
        match (pod, service, names) {
            ("", "", Some(names)) if !names.dns_names.is_empty() => {
                Some(DisplayName::Dns(&names.dns_names))
            }
            ("", "", _) => None,
            ("", name, _) | (name, ..) => Some(DisplayName::Object { namespace, name }),
        }
    }

    /// Whether the flow has an address of a host.
    pub fn is_host(&self) -> bool {
        self.has_ip || self.mac.is_some()
    }

    /// Whether the name is an IPv4 address, which needs neither brackets nor escapes.
    pub(super) fn is_ipv4(&self) -> bool {
        self.has_ip
            && self.display_name().is_none()
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

    /// Appends the pod, the service, the DNS names or the address; of a packet without IP header
    /// the MAC address.
    pub(super) fn push_name(&self, out: &mut String) {
        if !self.has_ip {
            return push_mac(out, self.mac.unwrap_or_default());
        }
        match self.display_name() {
            Some(DisplayName::Object { namespace, name }) => {
                if !namespace.is_empty() {
                    out.push_str(namespace);
                    out.push('/');
                }
                out.push_str(name);
            }
            Some(DisplayName::Dns(names)) => {
                push_joined(out, ",", names, |out, name| out.push_str(name));
            }
            None => push_optional_address(out, self.written_address()),
        }
    }
}
