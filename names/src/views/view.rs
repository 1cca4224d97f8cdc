//! A view of an address.

use std::sync::Arc;

use tidegate_model::flow::{Address, Endpoint, EndpointNames};

use crate::resolve::Resolved;
use crate::services::{ServicePorts, at_port};
use crate::unnamed::Unnamed;
use crate::versions::{Dependencies, Versions};

/// What a view is looked up by: an address, and the identity that the event has, which is 0 if it
/// has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ViewKey {
    address: u128,
    identity: u32,
}

impl ViewKey {
    #[inline]
    pub(super) fn new(address: Address, identity: u32) -> Self {
        Self {
            address: u128::from_ne_bytes(address.0),
            identity,
        }
    }

    pub(super) fn address(self) -> Address {
        Address(self.address.to_ne_bytes())
    }

    pub(super) fn identity(self) -> u32 {
        self.identity
    }

    /// A hash that only the holder of the seed can make collide.
    #[inline]
    pub(super) fn hash(self, seed: u64) -> u64 {
        let [low, high] =
            [self.address, self.address >> 64].map(|half| half & u128::from(u64::MAX));
        let identity = u128::from(self.identity).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let product = (low ^ u128::from(seed)).wrapping_mul((high ^ identity) | (1 << 63));
        let folded = product ^ (product >> 64);
        u64::try_from(folded & u128::from(u64::MAX)).unwrap_or_default()
    }
}

/// What flows show of an address.
#[derive(Debug)]
pub(super) struct View {
    key: ViewKey,
    version: u32,
    /// The number of changes of the table up to which it is valid.
    valid_at: u32,
    depends: Dependencies,
    id: u32,
    identity: u32,
    names: Option<Arc<EndpointNames>>,
    services: Option<ServicePorts>,
    unnamed: Option<Unnamed>,
    wants_identity: bool,
    has_dns_names: bool,
    /// Whether something is unknown.
    is_incomplete: bool,
}

impl View {
    pub(super) fn new(
        key: ViewKey,
        resolved: Resolved,
        depends: Dependencies,
        version: u32,
        valid_at: u32,
    ) -> Self {
        Self {
            key,
            version,
            valid_at,
            depends,
            id: resolved.id,
            identity: resolved.identity,
            names: resolved.names,
            services: resolved.services,
            is_incomplete: resolved.unnamed.is_some() || resolved.wants_identity,
            unnamed: resolved.unnamed,
            wants_identity: resolved.wants_identity,
            has_dns_names: resolved.has_dns_names,
        }
    }

    pub(super) fn key(&self) -> ViewKey {
        self.key
    }

    /// Whether the table has not changed anything that the view depends on.
    #[inline]
    pub(super) fn is_valid(&mut self, versions: &Versions) -> bool {
        let changes = versions.changes();
        self.valid_at == changes || self.is_still_valid(versions, changes)
    }

    #[inline(never)]
    fn is_still_valid(&mut self, versions: &Versions, changes: u32) -> bool {
        let is_valid = self.version == versions.sum(self.depends);
        if is_valid {
            self.valid_at = changes;
        }
        is_valid
    }

    /// Whether something is unknown, which [`Self::unnamed`] and [`Self::wants_identity`] tell.
    #[inline]
    pub(super) fn is_incomplete(&self) -> bool {
        self.is_incomplete
    }

    /// Sets the fields of an endpoint.
    #[inline]
    pub(super) fn show(&self, port: u16, endpoint: &mut Endpoint) {
        endpoint.id = self.id;
        endpoint.identity = self.identity;
        endpoint.names.clone_from(&self.names);
        if let Some(services) = &self.services {
            endpoint.service = at_port(services, port).cloned();
        }
    }

    #[inline]
    pub(super) fn unnamed(&self) -> Option<Unnamed> {
        self.unnamed
    }

    #[inline]
    pub(super) fn has_dns_names(&self) -> bool {
        self.has_dns_names
    }

    /// Whether the agent's API could tell labels of the identity.
    #[inline]
    pub(super) fn wants_identity(&self) -> bool {
        self.wants_identity
    }
}
