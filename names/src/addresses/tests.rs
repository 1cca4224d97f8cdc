//! The list of addresses and its indexes, compared with a map.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::origin::Origin;

const PODS: [(&str, &str); 4] = [
    ("", ""),
    ("shop", "cart-0"),
    ("shop", "cart-1"),
    ("data", ""),
];

fn update(number: u8, pod: usize, identity: u32) -> AddressUpdate<'static> {
    let (namespace, pod_name) = PODS[pod];
    AddressUpdate {
        address: address(number),
        identity,
        node: identity.is_multiple_of(2).then(|| address(200)),
        namespace,
        pod_name: pod_name.into(),
        since: Timestamp(1),
        origin: Origin::Announced,
    }
}

fn address(number: u8) -> Address {
    Address::v4([10, 0, 0, number])
}

proptest! {
    #[test]
    fn the_indexes_find_what_was_set_and_not_removed(
        steps in proptest::collection::vec((0..8_u8, 0..PODS.len(), 1..5_u32, any::<bool>()), 0..60),
    ) {
        let mut addresses = Addresses::default();
        let mut model = BTreeMap::new();
        for (number, pod, identity, is_removal) in steps {
            if is_removal {
                let removed = addresses.remove(address(number)).map(|removed| removed.identity);
                prop_assert_eq!(removed, model.remove(&number).map(|(_, identity)| identity));
            } else {
                addresses.set(update(number, pod, identity));
                model.insert(number, (pod, identity));
            }
            prop_assert_eq!(addresses.len(), model.len());
            for (number, (pod, identity)) in &model {
                let entry = addresses.get(address(*number)).expect("it was set");
                prop_assert!(addresses.is_same(entry, &update(*number, *pod, *identity)));
            }
            for (at, (namespace, pod_name)) in PODS.iter().enumerate().skip(1) {
                let mut found: Vec<_> =
                    addresses.of_pod(namespace, pod_name).map(|entry| entry.address).collect();
                found.sort_unstable();
                let of_pod = model.iter().filter(|(_, (pod, _))| *pod == at);
                let expected: Vec<_> = of_pod.map(|(number, _)| address(*number)).collect();
                prop_assert_eq!(found, expected);
            }
        }
    }
}

#[test]
fn an_entry_that_a_flow_showed_is_evicted_after_one_that_none_did() {
    let mut addresses = Addresses::default();
    for number in 1..=3 {
        addresses.set(update(number, 1, 7));
    }
    for number in [1, 2] {
        addresses
            .get(address(number))
            .expect("it was set")
            .note_use();
    }
    let mut rechecked = Vec::new();
    let found = addresses.find_unused(|_| true, |address| rechecked.push(address));
    assert_eq!((found, rechecked), (Some(address(3)), vec![address(2)]));
    let found = addresses.find_unused(|entry| entry.address == address(2), |_| ());
    assert_eq!(found, Some(address(2)), "its use has been noted once");
    assert_eq!(addresses.find_unused(|_| false, |_| ()), None);
}
