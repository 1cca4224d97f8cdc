//! Addresses of pods by the control groups of their containers: Hubble's
//! `GetPodMetadataForContainer` (`pkg/cgroups/manager`, v1.19.4), for traces of sockets, which have
//! no address of the pod.

use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, IpVersion};
use tidegate_model::names::PodCgroups;

use crate::times::set_back;

/// The largest number of control groups. A node has some hundreds of containers at most.
const MAX_CGROUPS: usize = 16_384;

/// The control groups of pods.
#[derive(Debug, Default)]
pub(crate) struct Cgroups {
    addresses: HashMap<u64, CgroupAddresses>,
    /// Whether all of them were listed once.
    is_complete: bool,
}

#[derive(Debug)]
struct CgroupAddresses {
    v4: Option<Address>,
    v6: Option<Address>,
    since: Timestamp,
}

impl Cgroups {
    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    /// Whether all control groups of pods are known.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// The pod's address of a family.
    pub(crate) fn address(&self, cgroup: u64, version: IpVersion) -> Option<Address> {
        let addresses = self.addresses.get(&cgroup)?;
        match version {
            IpVersion::V6 => addresses.v6,
            _ => addresses.v4,
        }
    }

    /// Adds the control groups of a pod. Returns `false` if there are too many.
    pub(crate) fn set(&mut self, pod: &PodCgroups, since: Timestamp) -> bool {
        let mut addresses = pod.addresses.iter().copied();
        let v4 = addresses.clone().find(|address| address.to_ip().is_ipv4());
        let v6 = addresses.find(|address| address.to_ip().is_ipv6());
        for cgroup in &pod.cgroups {
            if self.addresses.len() >= MAX_CGROUPS && !self.addresses.contains_key(cgroup) {
                return false;
            }
            self.addresses
                .insert(*cgroup, CgroupAddresses { v4, v6, since });
        }
        true
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.addresses.values_mut().map(|one| &mut one.since), by);
    }

    /// Removes what is not in the list that was requested at `asked`.
    pub(crate) fn sweep(&mut self, asked: Timestamp) {
        self.addresses.retain(|_, one| one.since >= asked);
        self.is_complete = true;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_group_has_the_first_address_of_each_family() {
        let v6 = Address([7; 16]);
        let pod = PodCgroups {
            cgroups: vec![17, 18],
            addresses: vec![v6, Address::v4([10, 0, 1, 5]), Address::v4([10, 0, 1, 6])],
            ..PodCgroups::default()
        };
        let mut cgroups = Cgroups::default();
        assert!(cgroups.set(&pod, Timestamp(1)));
        for (cgroup, version, expected) in [
            (17, IpVersion::V4, Some(Address::v4([10, 0, 1, 5]))),
            (18, IpVersion::V6, Some(v6)),
            (19, IpVersion::V4, None),
        ] {
            assert_eq!(cgroups.address(cgroup, version), expected);
        }
        assert!(!cgroups.is_complete());
        cgroups.sweep(Timestamp(2));
        assert!(cgroups.is_complete());
        assert_eq!(cgroups.len(), 0);
    }
}
