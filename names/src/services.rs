//! Services by the addresses and ports of their frontends: Hubble's `GetServiceByAddr`
//! (`pkg/hubble/parser/cell/cell.go`, v1.19.4), which asks for a TCP frontend, then for a UDP one,
//! whatever the protocol of the flow.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, ServiceName};
use tidegate_model::names::{NamesSource, ServiceFrontend};

use crate::pods::check_len;
use crate::reject_reason::RejectReason;

/// The largest number of frontends of one source.
const MAX_FRONTENDS: usize = 262_144;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ANY: u8 = 0;
/// Protocols in the order in which they are looked up.
const PROTOCOLS: [u8; 3] = [TCP, UDP, ANY];

/// The services that flows show at the ports of an address, sorted by port.
pub(crate) type ServicePorts = Arc<[(u16, Arc<ServiceName>)]>;

/// The services, by source.
#[derive(Debug, Default)]
pub(crate) struct Services {
    agent: SourceServices,
    kubernetes: SourceServices,
}

#[derive(Debug, Default)]
struct SourceServices {
    frontends: HashMap<Address, Vec<Frontend>>,
    /// Names in use, shared by the frontends of a service.
    names: HashSet<Arc<ServiceName>>,
    count: usize,
}

#[derive(Debug)]
struct Frontend {
    port: u16,
    protocol: u8,
    since: Timestamp,
    service: Arc<ServiceName>,
}

impl Services {
    /// The numbers of frontends that the agent's API and the Kubernetes API list.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [self.agent.count, self.kubernetes.count]
    }

    /// The services at an address. Those of the agent's API take precedence.
    pub(crate) fn at(&self, address: Address) -> Option<ServicePorts> {
        let found = [&self.agent, &self.kubernetes].map(|source| source.frontends.get(&address));
        if found.iter().all(Option::is_none) {
            return None;
        }
        let mut ports: Vec<(u16, Arc<ServiceName>)> = Vec::new();
        for frontends in found.into_iter().flatten() {
            for protocol in PROTOCOLS {
                for frontend in frontends.iter().filter(|one| one.protocol == protocol) {
                    ports.push((frontend.port, Arc::clone(&frontend.service)));
                }
            }
        }
        // The sort is stable: of several frontends at a port, the first one stays.
        ports.sort_by_key(|(port, _)| *port);
        ports.dedup_by_key(|(port, _)| *port);
        (!ports.is_empty()).then(|| ports.into())
    }

    /// Adds a frontend. Returns whether it changed what flows show.
    pub(crate) fn set(
        &mut self,
        source: NamesSource,
        frontend: ServiceFrontend,
        since: Timestamp,
    ) -> Result<bool, RejectReason> {
        check_len(&frontend.namespace, &frontend.name)?;
        self.of(source).set(frontend, since)
    }

    /// Removes a service. Returns the addresses of its frontends.
    pub(crate) fn remove(
        &mut self,
        source: NamesSource,
        namespace: &str,
        name: &str,
    ) -> Vec<Address> {
        self.of(source)
            .retain(|one| one.service.namespace != namespace || one.service.name != name)
    }

    /// Removes what is not in the list that was requested at `asked`. Returns the addresses of the
    /// removed frontends.
    pub(crate) fn sweep(&mut self, source: NamesSource, asked: Timestamp) -> Vec<Address> {
        self.of(source).retain(|one| one.since >= asked)
    }

    fn of(&mut self, source: NamesSource) -> &mut SourceServices {
        match source {
            NamesSource::Kubernetes => &mut self.kubernetes,
            NamesSource::CiliumApi | NamesSource::Dns => &mut self.agent,
        }
    }
}

impl SourceServices {
    fn set(&mut self, frontend: ServiceFrontend, since: Timestamp) -> Result<bool, RejectReason> {
        if self.count >= MAX_FRONTENDS && !self.has(&frontend) {
            return Err(RejectReason::TableFull);
        }
        let service = self.share(ServiceName {
            namespace: frontend.namespace,
            name: frontend.name,
        });
        let frontends = self.frontends.entry(frontend.address).or_default();
        let known = frontends
            .iter_mut()
            .find(|one| one.port == frontend.port && one.protocol == frontend.protocol);
        if let Some(known) = known {
            known.since = since;
            let is_same = known.service == service;
            known.service = service;
            return Ok(!is_same);
        }
        frontends.push(Frontend {
            port: frontend.port,
            protocol: frontend.protocol,
            since,
            service,
        });
        if frontends.len() == 1 {
            frontends.shrink_to_fit();
        }
        self.count += 1;
        Ok(true)
    }

    fn has(&self, frontend: &ServiceFrontend) -> bool {
        let known = self.frontends.get(&frontend.address);
        known.is_some_and(|known| {
            known
                .iter()
                .any(|one| one.port == frontend.port && one.protocol == frontend.protocol)
        })
    }

    fn share(&mut self, service: ServiceName) -> Arc<ServiceName> {
        if let Some(shared) = self.names.get(&service) {
            return Arc::clone(shared);
        }
        let shared = Arc::new(service);
        self.names.insert(Arc::clone(&shared));
        shared
    }

    fn retain(&mut self, is_kept: impl Fn(&Frontend) -> bool) -> Vec<Address> {
        let mut changed = Vec::new();
        let mut count = 0;
        self.frontends.retain(|address, frontends| {
            let before = frontends.len();
            frontends.retain(&is_kept);
            if frontends.len() != before {
                changed.push(*address);
            }
            count += frontends.len();
            !frontends.is_empty()
        });
        self.count = count;
        self.names.retain(|name| Arc::strong_count(name) > 1);
        changed
    }
}

/// The service at a port.
pub(crate) fn at_port(ports: &ServicePorts, port: u16) -> Option<&Arc<ServiceName>> {
    let at = ports.binary_search_by_key(&port, |(port, _)| *port).ok()?;
    ports.get(at).map(|(_, service)| service)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Address = Address([1; 16]);

    fn frontend(port: u16, protocol: u8, name: &str) -> ServiceFrontend {
        ServiceFrontend {
            address: ADDRESS,
            port,
            protocol,
            namespace: "shop".to_owned(),
            name: name.to_owned(),
        }
    }

    fn shown(services: &Services, port: u16) -> String {
        let ports = services.at(ADDRESS);
        let service = ports.as_ref().and_then(|ports| at_port(ports, port));
        service.map_or_else(String::new, |service| service.name.clone())
    }

    #[test]
    fn a_tcp_frontend_is_found_before_a_udp_one_and_the_agents_before_kubernetes() {
        let mut services = Services::default();
        let mut set = |source, frontend| services.set(source, frontend, Timestamp(1));
        assert_eq!(
            set(NamesSource::CiliumApi, frontend(53, UDP, "dns-udp")),
            Ok(true)
        );
        assert_eq!(
            set(NamesSource::CiliumApi, frontend(53, TCP, "dns-tcp")),
            Ok(true)
        );
        assert_eq!(
            set(NamesSource::CiliumApi, frontend(53, TCP, "dns-tcp")),
            Ok(false)
        );
        assert_eq!(
            set(NamesSource::CiliumApi, frontend(123, UDP, "time")),
            Ok(true)
        );
        assert_eq!(
            set(NamesSource::CiliumApi, frontend(99, 132, "sctp")),
            Ok(true)
        );
        assert_eq!(
            set(NamesSource::Kubernetes, frontend(53, TCP, "other")),
            Ok(true)
        );
        assert_eq!(
            set(NamesSource::Kubernetes, frontend(80, TCP, "web")),
            Ok(true)
        );
        for (port, expected) in [
            (53, "dns-tcp"),
            (123, "time"),
            (99, ""),
            (80, "web"),
            (0, ""),
        ] {
            assert_eq!(shown(&services, port), expected, "{port}");
        }
        assert_eq!(services.counts(), [4, 2]);
    }

    #[test]
    fn services_are_removed_by_name_and_by_the_end_of_a_list() {
        let mut services = Services::default();
        for (port, name, since) in [(1, "one", 1), (2, "one", 2), (3, "other", 1)] {
            let added = services.set(
                NamesSource::CiliumApi,
                frontend(port, TCP, name),
                Timestamp(since),
            );
            assert_eq!(added, Ok(true));
        }
        assert_eq!(
            services.sweep(NamesSource::CiliumApi, Timestamp(2)),
            [ADDRESS]
        );
        assert_eq!(
            [1, 2, 3].map(|port| shown(&services, port)),
            ["", "one", ""]
        );
        assert_eq!(services.remove(NamesSource::CiliumApi, "shop", "other"), []);
        assert_eq!(
            services.remove(NamesSource::CiliumApi, "shop", "one"),
            [ADDRESS]
        );
        assert_eq!(services.counts(), [0, 0]);
        assert!(services.agent.names.is_empty() && services.agent.frontends.is_empty());
    }
    #[test]
    fn a_service_that_is_rejected_because_there_are_too_many_leaves_nothing() {
        let mut services = SourceServices {
            count: MAX_FRONTENDS,
            ..SourceServices::default()
        };
        let rejected = services.set(frontend(1, TCP, "one"), Timestamp(1));
        assert_eq!(rejected, Err(RejectReason::TableFull));
        assert!(services.names.is_empty() && services.frontends.is_empty());
    }
}
