//! Services by the addresses and ports of their frontends: Hubble's `GetServiceByAddr`
//! (`pkg/hubble/parser/cell/cell.go`, v1.19.4), which asks for a TCP frontend, then for a UDP one,
//! whatever the protocol of the flow.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use hashbrown::{HashMap, HashSet};
use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, ServiceName};
use tidegate_model::names::{NamesSource, ServiceFrontend};

use crate::pods::check_len;
use crate::reject_reason::RejectReason;
use crate::times::set_back;

/// The largest number of frontends of one source.
const MAX_FRONTENDS: usize = 262_144;
/// From how many ports on the views of an address share them. A node's address can have thousands.
const SHARED_FROM: usize = 64;
const TCP: u8 = 6;
const UDP: u8 = 17;
const ANY: u8 = 0;
/// Protocols in the order in which they are looked up.
const PROTOCOLS: [u8; 3] = [TCP, UDP, ANY];

/// The services that flows show at the ports of an address, sorted by port.
pub(crate) type ServicePorts = Arc<Ports>;
type Ports = [(u16, Arc<ServiceName>)];

/// The services, by source.
#[derive(Debug, Default)]
pub(crate) struct Services {
    agent: SourceServices,
    kubernetes: SourceServices,
    /// What views of addresses with many ports have in use.
    shared: Mutex<HashMap<Address, Weak<Ports>>>,
}

#[derive(Debug, Default)]
struct SourceServices {
    /// Sorted by address and port: one address can have very many ports.
    frontends: BTreeMap<FrontendKey, Frontend>,
    /// Names in use, shared by the frontends of a service.
    names: HashSet<Arc<ServiceName>>,
}

/// The frontends of an address are sorted by port, and those of a port in the order in which they are
/// looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct FrontendKey {
    address: Address,
    port: u16,
    /// The position in [`PROTOCOLS`], or that after it for a protocol that is not looked up.
    rank: u8,
    protocol: u8,
}

#[derive(Debug)]
struct Frontend {
    since: Timestamp,
    service: Arc<ServiceName>,
}

impl Services {
    /// The numbers of frontends that the agent's API and the Kubernetes API list.
    pub(crate) fn counts(&self) -> [usize; 2] {
        [self.agent.frontends.len(), self.kubernetes.frontends.len()]
    }

    /// The services at an address. Those of the agent's API take precedence.
    pub(crate) fn at(&self, address: Address) -> Option<ServicePorts> {
        if self.agent.frontends.is_empty() && self.kubernetes.frontends.is_empty() {
            return None;
        }
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ports) = shared.get(&address).and_then(Weak::upgrade) {
            return Some(ports);
        }
        let of_sources = self.agent.at(address).chain(self.kubernetes.at(address));
        let mut ports: Vec<_> = of_sources
            .map(|(port, service)| (port, Arc::clone(service)))
            .collect();
        // The sort is stable: of several frontends at a port, the first one stays.
        ports.sort_by_key(|(port, _)| *port);
        ports.dedup_by_key(|(port, _)| *port);
        if ports.is_empty() {
            return None;
        }
        let ports = ServicePorts::from(ports);
        if ports.len() >= SHARED_FROM {
            shared.insert(address, Arc::downgrade(&ports));
        }
        Some(ports)
    }

    /// Adds a frontend. Returns whether it changed what flows show.
    pub(crate) fn set(
        &mut self,
        source: NamesSource,
        frontend: ServiceFrontend,
        since: Timestamp,
    ) -> Result<bool, RejectReason> {
        check_len(&frontend.namespace, &frontend.name)?;
        let address = frontend.address;
        let is_changed = self.of(source).set(frontend, since)?;
        if is_changed {
            self.address_changed(address);
        }
        Ok(is_changed)
    }

    /// Removes a service. Returns the addresses of its frontends.
    pub(crate) fn remove(
        &mut self,
        source: NamesSource,
        namespace: &str,
        name: &str,
    ) -> Vec<Address> {
        self.retain(source, |one| {
            one.service.namespace != namespace || one.service.name != name
        })
    }

    /// Removes what is not in the list that was requested at `asked`. Returns the addresses of the
    /// removed frontends.
    pub(crate) fn sweep(&mut self, source: NamesSource, asked: Timestamp) -> Vec<Address> {
        self.retain(source, |one| one.since >= asked)
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        for source in [&mut self.agent, &mut self.kubernetes] {
            set_back(source.frontends.values_mut().map(|one| &mut one.since), by);
        }
    }

    fn retain(&mut self, source: NamesSource, is_kept: impl Fn(&Frontend) -> bool) -> Vec<Address> {
        let changed = self.of(source).retain(is_kept);
        for address in &changed {
            self.address_changed(*address);
        }
        changed
    }

    fn address_changed(&mut self, address: Address) {
        let shared = self.shared.get_mut();
        shared
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&address);
    }

    fn of(&mut self, source: NamesSource) -> &mut SourceServices {
        match source {
            NamesSource::Kubernetes => &mut self.kubernetes,
            NamesSource::CiliumApi | NamesSource::Dns => &mut self.agent,
        }
    }
}

impl SourceServices {
    /// The ports of an address with services, in the order in which they are looked up.
    fn at(&self, address: Address) -> impl Iterator<Item = (u16, &Arc<ServiceName>)> {
        let first = FrontendKey {
            address,
            port: u16::MIN,
            rank: u8::MIN,
            protocol: u8::MIN,
        };
        let last = FrontendKey {
            address,
            port: u16::MAX,
            rank: u8::MAX,
            protocol: u8::MAX,
        };
        self.frontends
            .range(first..=last)
            .filter(|(key, _)| usize::from(key.rank) < PROTOCOLS.len())
            .map(|(key, one)| (key.port, &one.service))
    }

    fn set(&mut self, frontend: ServiceFrontend, since: Timestamp) -> Result<bool, RejectReason> {
        let key = FrontendKey::of(&frontend);
        let is_known = self.frontends.contains_key(&key);
        if self.frontends.len() >= MAX_FRONTENDS && !is_known {
            return Err(RejectReason::TableFull);
        }
        let service = self.share(ServiceName {
            namespace: frontend.namespace,
            name: frontend.name,
        });
        let before = self.frontends.insert(
            key,
            Frontend {
                since,
                service: Arc::clone(&service),
            },
        );
        Ok(before.is_none_or(|before| before.service != service))
    }

    fn share(&mut self, service: ServiceName) -> Arc<ServiceName> {
        if let Some(shared) = self.names.get(&service) {
            return Arc::clone(shared);
        }
        let shared = Arc::new(service);
        self.names.insert(Arc::clone(&shared));
        shared
    }

    /// Returns the addresses of the removed frontends.
    fn retain(&mut self, is_kept: impl Fn(&Frontend) -> bool) -> Vec<Address> {
        let mut changed = Vec::new();
        self.frontends.retain(|key, frontend| {
            let is_kept = is_kept(frontend);
            let address = key.address;
            // Those of an address follow each other.
            if !is_kept && changed.last() != Some(&address) {
                changed.push(address);
            }
            is_kept
        });
        self.names.retain(|name| Arc::strong_count(name) > 1);
        changed
    }
}

impl FrontendKey {
    fn of(frontend: &ServiceFrontend) -> Self {
        let rank = PROTOCOLS.iter().position(|one| *one == frontend.protocol);
        let rank = u8::try_from(rank.unwrap_or(PROTOCOLS.len())).unwrap_or(u8::MAX);
        Self {
            address: frontend.address,
            port: frontend.port,
            rank,
            protocol: frontend.protocol,
        }
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

    /// With a search through all ports for each one, this would take minutes.
    #[test]
    fn an_address_can_have_as_many_frontends_as_there_can_be() {
        let mut services = Services::default();
        for since in [1, 2] {
            for port in (0..=u16::MAX).rev() {
                for protocol in [UDP, TCP, 132] {
                    let frontend = frontend(port, protocol, "one");
                    let added = services.set(NamesSource::CiliumApi, frontend, Timestamp(since));
                    assert_eq!(added, Ok(since == 1));
                }
            }
        }
        assert_eq!(services.counts(), [3 << 16, 0]);
        let [one, other] = [(); 2].map(|()| services.at(ADDRESS).unwrap());
        assert_eq!(one.len(), 1 << 16);
        assert!(Arc::ptr_eq(&one, &other), "views share many ports");
        let renamed = frontend(7, TCP, "other");
        let changed = services.set(NamesSource::CiliumApi, renamed, Timestamp(3));
        assert_eq!(changed, Ok(true));
        assert_eq!(shown(&services, 7), "other");
        assert_eq!(
            services.sweep(NamesSource::CiliumApi, Timestamp(3)),
            [ADDRESS]
        );
        assert_eq!(services.at(ADDRESS).map(|ports| ports.len()), Some(1));
    }

    #[test]
    fn a_service_that_is_rejected_because_there_are_too_many_leaves_nothing() {
        let mut services = SourceServices::default();
        let one = |number: usize| ServiceFrontend {
            address: Address(u128::try_from(number).unwrap().to_be_bytes()),
            ..frontend(1, TCP, "one")
        };
        for number in 0..MAX_FRONTENDS {
            assert_eq!(services.set(one(number), Timestamp(1)), Ok(true));
        }
        let rejected = ServiceFrontend {
            name: "other".to_owned(),
            ..one(MAX_FRONTENDS)
        };
        assert_eq!(
            services.set(rejected, Timestamp(1)),
            Err(RejectReason::TableFull)
        );
        assert_eq!(services.names.len(), 1);
        assert_eq!(services.set(one(0), Timestamp(2)), Ok(false), "a known one");
    }
}
