//! The frontends of a service.

use std::net::IpAddr;

use tidegate_model::flow::Address;
use tidegate_model::names::ServiceFrontend;

use super::service::{Metadata, Service};
use crate::kubernetes::names::resource::TooManyNames;

/// The largest number of frontends of a service: a service can list many ports and many external
/// addresses, and each pair is a frontend.
const MAX_FRONTENDS: usize = 4096;
/// The memory of the frontends of a service, each of which has its names.
const MAX_BYTES: usize = 1 << 20;

/// The frontends of a service on a node with these addresses.
pub(super) fn of(service: &Service, node: &[IpAddr]) -> Result<Vec<ServiceFrontend>, TooManyNames> {
    let mut frontends = Frontends {
        service,
        all: Vec::new(),
        bytes: 0,
    };
    if service.is_headless() {
        return Ok(frontends.all);
    }
    if service.exposes("ClusterIP") {
        frontends.add_addresses(service.cluster_ips().iter().map(String::as_str))?;
    }
    let is_balanced = service.is_a("LoadBalancer");
    if (is_balanced || service.is_a("NodePort")) && service.exposes("NodePort") {
        for address in node.iter().filter(|address| has_family(service, address)) {
            frontends.add_node_ports(*address)?;
        }
    }
    if is_balanced && service.exposes("LoadBalancer") {
        frontends.add_addresses(service.ingress())?;
    }
    let external = service.spec.external_ips.iter().flatten();
    frontends.add_addresses(external.map(String::as_str))?;
    Ok(frontends.all)
}

/// Whether a service has the family of an address: as stated, or as its cluster addresses have.
fn has_family(service: &Service, address: &IpAddr) -> bool {
    let family = match address {
        IpAddr::V4(_) => "IPv4",
        IpAddr::V6(_) => "IPv6",
    };
    match service.spec.ip_families.as_deref() {
        Some(families) if !families.is_empty() => families.iter().any(|one| one == family),
        _ => {
            let addresses = service
                .cluster_ips()
                .iter()
                .filter_map(|ip| ip.parse().ok());
            let mut addresses = addresses.map(|ip: IpAddr| ip.is_ipv4());
            addresses.any(|is_ipv4| is_ipv4 == address.is_ipv4())
        }
    }
}

struct Frontends<'s> {
    service: &'s Service,
    all: Vec<ServiceFrontend>,
    bytes: usize,
}

impl<'s> Frontends<'s> {
    /// Adds every port on every address. What is no address, such as "None", has no frontend.
    fn add_addresses(
        &mut self,
        addresses: impl Iterator<Item = &'s str>,
    ) -> Result<(), TooManyNames> {
        for address in addresses.filter_map(|text| text.parse::<IpAddr>().ok()) {
            for port in self.service.ports() {
                self.add(address, port.port, port.protocol.as_deref())?;
            }
        }
        Ok(())
    }

    fn add_node_ports(&mut self, address: IpAddr) -> Result<(), TooManyNames> {
        for port in self.service.ports() {
            if let Some(number) = port.node_port.filter(|number| *number != 0) {
                self.add(address, number, port.protocol.as_deref())?;
            }
        }
        Ok(())
    }

    fn add(
        &mut self,
        address: IpAddr,
        port: u16,
        protocol: Option<&str>,
    ) -> Result<(), TooManyNames> {
        let protocol = match protocol {
            None | Some("TCP") => 6,
            Some("UDP") => 17,
            Some("SCTP") => 132,
            Some(_) => return Ok(()),
        };
        let Metadata {
            namespace, name, ..
        } = &self.service.metadata;
        self.bytes += size_of::<ServiceFrontend>() + namespace.len() + name.len();
        if self.all.len() == MAX_FRONTENDS || self.bytes > MAX_BYTES {
            return Err(TooManyNames);
        }
        self.all.push(ServiceFrontend {
            address: Address::from(address),
            port,
            protocol,
            namespace: namespace.clone(),
            name: name.clone(),
        });
        Ok(())
    }
}
