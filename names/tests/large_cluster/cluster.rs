//! The lists of a large cluster, in portions, and the memory that the table takes for them.

use std::alloc::System;

use stats_alloc::Region;
use tidegate_model::Timestamp;
use tidegate_model::flow::Address;
use tidegate_model::names::{
    AddressName, IdentityName, Names, NamesContent, NamesList, NamesSource, ServiceFrontend,
};
use tidegate_names::{SharedTable, TableWriter};

use crate::ALLOCATOR;

/// The entries of a portion.
const PORTION: u32 = 500;

/// How many of each there are.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) pods: u32,
    pub(crate) identities: u32,
    pub(crate) services: u32,
}

/// Loads the lists into a table. Returns the bytes that stay allocated.
pub(crate) fn load(table: &SharedTable, size: Size) -> usize {
    let region = Region::new(ALLOCATOR);
    let writer = table.writer();
    lists(size).for_each(|content| absorb(&writer, content));
    growth(&region)
}

/// Takes a portion of a list.
pub(crate) fn absorb(writer: &TableWriter, content: NamesContent) {
    let rejected = writer.absorb(Names {
        source: NamesSource::CiliumApi,
        asked: Timestamp(1),
        content,
    });
    assert_eq!(rejected, []);
}

/// The bytes that were allocated since, and stay.
pub(crate) fn growth(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change
        .bytes_allocated
        .saturating_sub(change.bytes_deallocated)
}

/// All lists, in the order in which they are requested.
fn lists(size: Size) -> impl Iterator<Item = NamesContent> {
    let identities = portions(size.identities, identity).map(NamesContent::Identities);
    let pods = portions(size.pods, move |number| pod(number, size.identities));
    let services = portions(size.services, service).map(NamesContent::Services);
    identities
        .chain([NamesContent::Complete(NamesList::Identities)])
        .chain(pods.map(NamesContent::Addresses))
        .chain([NamesContent::Complete(NamesList::Addresses)])
        .chain(services)
        .chain([NamesContent::Complete(NamesList::Services)])
}

fn portions<T>(count: u32, entry: impl Fn(u32) -> T + Copy) -> impl Iterator<Item = Vec<T>> {
    (0..count.div_ceil(PORTION)).map(move |portion| {
        let first = portion * PORTION;
        (first..count.min(first + PORTION)).map(entry).collect()
    })
}

fn identity(number: u32) -> IdentityName {
    let namespace = number % 200;
    IdentityName {
        identity: 10_000 + number,
        labels: vec![
            format!("k8s:app.kubernetes.io/name=application-{number}"),
            "k8s:app.kubernetes.io/component=server".to_owned(),
            format!(
                "k8s:io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name=team-{namespace}"
            ),
            "k8s:io.cilium.k8s.policy.cluster=production".to_owned(),
            format!("k8s:io.cilium.k8s.policy.serviceaccount=application-{number}"),
            format!("k8s:io.kubernetes.pod.namespace=team-{namespace}"),
        ],
    }
}

pub(crate) fn pod(number: u32, identities: u32) -> AddressName {
    let identity = number % identities;
    let [_, a, b, c] = number.to_be_bytes();
    let node = number / 100;
    let [.., node_high, node_low] = node.to_be_bytes();
    AddressName {
        address: Address::v4([10, a, b, c]),
        prefix_len: 32,
        identity: 10_000 + identity,
        node: Some(Address::v4([172, 18, node_high, node_low])),
        namespace: format!("team-{}", identity % 200),
        pod_name: format!("application-{identity}-7d9f8b6c5-x{number:05}"),
    }
}

fn service(number: u32) -> ServiceFrontend {
    let [.., high, low] = number.to_be_bytes();
    ServiceFrontend {
        address: Address::v4([10, 96, high, low]),
        port: 8080,
        protocol: 6,
        namespace: format!("team-{}", number % 200),
        name: format!("application-{number}"),
    }
}
