//! A peer as the key of its template.

use std::sync::Arc;

use tidegate_format::hubble::FlowPeer;
use tidegate_model::flow::{Endpoint, EndpointNames, ServiceName};

use super::cache::CacheKey;

/// A peer as the key of its template.
pub(super) struct PeerCacheKey<'a> {
    packed: PackedPeer,
    peer: &'a FlowPeer<'a>,
}

/// The key of a cached template.
#[derive(Debug)]
pub(super) struct StoredPeer {
    packed: PackedPeer,
    /// `packed` has their address, which is not reused while they are referenced.
    _names: Option<Arc<EndpointNames>>,
    service: Option<Arc<ServiceName>>,
}

/// Everything about a peer except its port. Without loss, if the service is known: few peers have
/// one, so that its address has no word of its own.
type PackedPeer = [u64; 5];

impl<'a> PeerCacheKey<'a> {
    #[inline]
    pub(super) fn new(peer: &'a FlowPeer<'a>) -> Self {
        Self {
            packed: pack(peer),
            peer,
        }
    }
}

fn pack(peer: &FlowPeer<'_>) -> PackedPeer {
    let address = u128::from_ne_bytes(peer.address.unwrap_or_default().0);
    let [a, b, c, d, e, f] = peer.mac.unwrap_or_default();
    let flags = u8::from(peer.has_ip)
        | u8::from(peer.address.is_some()) << 1
        | u8::from(peer.mac.is_some()) << 2
        | u8::from(peer.keeps_mapped) << 3;
    let Endpoint {
        id,
        identity,
        names,
        service,
    } = peer.endpoint;
    [
        address as u64,
        (address >> 64) as u64,
        u64::from_ne_bytes([a, b, c, d, e, f, flags, 0]),
        u64::from(*id) << 32 | u64::from(*identity),
        memory_address(names.as_ref()) ^ memory_address(service.as_ref()).rotate_left(32),
    ]
}

/// Where a shared value is in memory; 0 without one.
#[inline]
fn memory_address<T>(shared: Option<&Arc<T>>) -> u64 {
    shared.map_or(std::ptr::null(), Arc::as_ptr).addr() as u64
}

impl CacheKey for PeerCacheKey<'_> {
    type Stored = StoredPeer;

    fn to_stored(&self) -> StoredPeer {
        StoredPeer {
            packed: self.packed,
            _names: self.peer.endpoint.names.clone(),
            service: self.peer.endpoint.service.clone(),
        }
    }

    /// Compares without a branch for each part, or a call.
    #[inline]
    fn matches(&self, stored: &StoredPeer) -> bool {
        let service = memory_address(self.peer.endpoint.service.as_ref());
        let parts = self.packed.iter().zip(stored.packed);
        parts.fold(
            service ^ memory_address(stored.service.as_ref()),
            |difference, (part, other)| difference | part ^ other,
        ) == 0
    }

    /// Adds up products that do not depend on each other.
    #[inline]
    fn hash(&self) -> u64 {
        const FACTORS: [u64; 5] = [
            0x9e37_79b9_7f4a_7c15,
            0xbf58_476d_1ce4_e5b9,
            0x94d0_49bb_1331_11eb,
            0xd6e8_feb8_6659_fd93,
            0xff51_afd7_ed55_8ccd,
        ];
        self.packed
            .iter()
            .zip(FACTORS)
            .map(|(part, factor)| (part ^ part >> 32).wrapping_mul(factor))
            .fold(0, u64::wrapping_add)
    }
}

#[cfg(test)]
mod tests {
    use tidegate_model::flow::Address;

    use super::super::cache::TemplateCache;
    use super::super::peer::SLOTS;
    use super::*;

    /// How networks derive MAC addresses: a prefix before the pod's address, or the same MAC for
    /// all pods.
    const PREFIXES: [Option<[u8; 2]>; 5] = [
        Some([2, 0]),
        Some([2, 0x42]),
        Some([0x42, 1]),
        Some([0x0a, 0x58]),
        None,
    ];

    #[test]
    fn peers_with_regular_addresses_are_spread_over_the_cache() {
        for (prefix, stride) in PREFIXES
            .into_iter()
            .flat_map(|prefix| [(prefix, 1), (prefix, 207)])
        {
            let mut cache: TemplateCache<_, 1> = TemplateCache::new(SLOTS);
            let mut built = 0;
            for n in (0..300).chain(0..300) {
                let address = 0x0a00_0000 + n * stride;
                let [a, b, c, d] = u32::to_be_bytes(address);
                let mac = prefix.map_or([2; 6], |[e, f]| [e, f, a, b, c, d]);
                let endpoint = &Endpoint {
                    id: 0,
                    identity: 4000,
                    names: None,
                    service: None,
                };
                let peer = FlowPeer {
                    endpoint,
                    has_ip: true,
                    address: Some(Address::v4([a, b, c, d])),
                    keeps_mapped: false,
                    mac: Some(mac),
                    port: None,
                    has_names: true,
                };
                cache.get_or_build(&PeerCacheKey::new(&peer), |_| built += 1);
            }
            assert!(
                built < 380,
                "{prefix:x?}, {stride}: {built} for 300 peers that occurred twice"
            );
        }
    }
}
