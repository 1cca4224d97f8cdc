//! What flows show of addresses: names are composed once and shared by flows.
//!
//! Each pipeline has its own views, so that a flow whose names are known needs no lock. A view is
//! valid until the [versions](crate::versions) of what it depends on change.

mod cache;
mod recorded;
mod view;
mod wanted;
mod wanted_cgroups;

use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, Endpoint, EndpointNames};

use crate::reject_reason::RejectReason;
use crate::shared::{SharedTable, TableWriter};
use crate::unnamed::Unnamed;
use crate::versions::Dependencies;
use cache::ViewCache;
use recorded::RecordedViews;
use view::{View, ViewKey};
use wanted::WantedIdentities;
use wanted_cgroups::WantedCgroups;

/// The views of a pipeline.
#[derive(Debug)]
pub struct Views {
    writer: TableWriter,
    cache: ViewCache,
    recorded: RecordedViews,
    wanted: WantedIdentities,
    wanted_cgroups: WantedCgroups,
    /// Whether unknown identities are noted.
    wants_identities: bool,
    unnamed: [u64; Unnamed::ALL.len()],
}

/// What naming an endpoint leaves for the other endpoint to be known.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct Naming {
    /// Whether an endpoint knows DNS names of the address.
    has_dns_names: bool,
}

impl Views {
    /// Creates views of a table.
    #[must_use]
    pub fn new(table: &SharedTable) -> Self {
        Self {
            writer: table.writer(),
            cache: ViewCache::default(),
            recorded: RecordedViews::default(),
            wanted: WantedIdentities::default(),
            wanted_cgroups: WantedCgroups::default(),
            wants_identities: false,
            unnamed: [0; Unnamed::ALL.len()],
        }
    }

    /// The table, for changes.
    #[must_use]
    pub fn writer(&self) -> &TableWriter {
        &self.writer
    }

    /// Names an endpoint of a flow of the datapath, which has this address and port; the port is 0 if
    /// there is none.
    #[inline(always)]
    pub fn name(
        &mut self,
        address: Option<Address>,
        port: u16,
        endpoint: &mut Endpoint,
        now: Timestamp,
    ) -> Naming {
        let Some(address) = address else {
            return self.name_without_address(endpoint, now);
        };
        let key = ViewKey::new(address, endpoint.identity);
        let view = match self.cache.find(key, self.writer.table().versions()) {
            Some(view) => view,
            None => self.cache.insert(compose(&self.writer, key)),
        };
        view.show(port, endpoint);
        let naming = Naming {
            has_dns_names: view.has_dns_names(),
        };
        if view.is_incomplete() {
            let unnamed = view.unnamed();
            let wants_identity = view.wants_identity();
            self.note_incomplete(unnamed, wants_identity, endpoint.identity, now);
        }
        naming
    }

    /// Notes that something is unknown of an endpoint.
    fn note_incomplete(
        &mut self,
        unnamed: Option<Unnamed>,
        wants_identity: bool,
        identity: u32,
        now: Timestamp,
    ) {
        if let Some(unnamed) = unnamed {
            self.unnamed[unnamed as usize] += 1;
        }
        if self.wants_identities && wants_identity {
            self.wanted.want(identity, now);
        }
    }

    /// Adds the pod, its workload and the service to an endpoint of a proxy's record.
    pub fn name_recorded(
        &mut self,
        address: Option<Address>,
        port: u16,
        endpoint: &mut Endpoint,
    ) -> Naming {
        let Self {
            writer, recorded, ..
        } = self;
        let view = recorded.find_or_compose(writer, address, endpoint);
        endpoint.names.clone_from(&view.names);
        endpoint.service = view.service(port).cloned();
        Naming {
            has_dns_names: view.has_dns_names,
        }
    }

    /// Adds the DNS names of an address that the other endpoint of the flow knows.
    #[inline]
    pub fn add_dns_names(
        &mut self,
        naming: Naming,
        address: Option<Address>,
        endpoint: &mut Endpoint,
        peer: u32,
    ) {
        if let (true, Some(address)) = (naming.has_dns_names && peer != 0, address) {
            self.add_known_dns_names(address, endpoint, peer);
        }
    }

    #[cold]
    fn name_without_address(&mut self, endpoint: &mut Endpoint, now: Timestamp) -> Naming {
        let resolved = self.writer.table().read().resolve(None, endpoint.identity);
        endpoint.identity = resolved.identity;
        endpoint.names = resolved.names;
        self.note_incomplete(
            resolved.unnamed,
            resolved.wants_identity,
            endpoint.identity,
            now,
        );
        Naming {
            has_dns_names: false,
        }
    }

    #[inline(never)]
    fn add_known_dns_names(&mut self, address: Address, endpoint: &mut Endpoint, peer: u32) {
        // Hubble's ids have 16 bits.
        let [low, high, ..] = peer.to_le_bytes();
        let peer = u16::from_le_bytes([low, high]);
        let names = endpoint.names.as_ref();
        let table = self.writer.table();
        if let Some(known) = self.cache.dns_names(table, address, names, peer) {
            endpoint.names = Some(known);
        }
    }

    /// The identity and the names of an endpoint of this node, by its id.
    #[must_use]
    pub fn endpoint(&self, id: u16) -> Option<(u32, Option<Arc<EndpointNames>>)> {
        self.writer.table().read().resolve_id(id)
    }

    /// Sets whether identities whose labels are not known are noted, for something that asks for them.
    pub fn want_identities(&mut self, wants: bool) {
        self.wants_identities = wants;
    }

    /// The next identity whose labels the agent's API could tell.
    pub fn next_wanted(&mut self) -> Option<u32> {
        self.wanted.next()
    }

    /// Follows a wall clock that was set back to `now`.
    pub fn set_back(&mut self, now: Timestamp) {
        self.writer.set_back(now);
        self.wanted = WantedIdentities::default();
        self.wanted_cgroups = WantedCgroups::default();
    }

    /// Notes that a flow has a control group that is no listed pod's.
    pub fn want_cgroup(&mut self, cgroup: u64, now: Timestamp) {
        let listed = self.writer.table().cgroups_listed();
        self.wanted_cgroups.want(cgroup, listed, now);
    }

    /// Whether the list of control groups is to be asked for, once.
    pub fn take_wanted_cgroups(&mut self) -> bool {
        self.wanted_cgroups.take_wanted()
    }

    /// Takes why labels of proxies' records were not learned.
    pub fn take_rejected(&mut self) -> Vec<RejectReason> {
        std::mem::take(&mut self.recorded.rejected)
    }

    /// Takes the numbers of endpoints of flows without names, in the order of [`Unnamed::ALL`].
    pub fn take_unnamed(&mut self) -> [u64; Unnamed::ALL.len()] {
        std::mem::take(&mut self.unnamed)
    }
}

fn compose(writer: &TableWriter, key: ViewKey) -> View {
    let table = writer.table().read();
    let resolved = table.resolve(Some(key.address()), key.identity());
    let depends = Dependencies::new(Some(key.address()), resolved.identity);
    let versions = &table.versions;
    View::new(
        key,
        resolved,
        depends,
        versions.sum(depends),
        versions.changes(),
    )
}
