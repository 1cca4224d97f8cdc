//! The rows of `docs/memory.md` about names: the table of a large cluster, the views of addresses that
//! flows show, and DNS names.

mod cluster;
mod flood;

use std::alloc::System;
use std::sync::Arc;

use cluster::{Size, absorb, growth, load, pod};
use flood::flood;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tidegate_model::Timestamp;
use tidegate_model::flow::{Address, Endpoint};
use tidegate_model::names::{DnsName, NamesContent};
use tidegate_names::{Settings, SharedTable, Views};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MIB: usize = 1 << 20;
const PODS: u32 = 100_000;
const IDENTITIES: u32 = 5_000;
/// A cluster whose addresses are all shown.
const SMALL: Size = Size {
    pods: 4096,
    identities: 200,
    services: 200,
};
/// The views that a pipeline keeps.
const VIEWS: u32 = 8192;
const DNS_NAMES: u32 = 16_384;

/// One test, so that no other one allocates meanwhile.
#[test]
fn names_take_the_memory_that_is_documented() {
    check_small_cluster();
    check_flood();

    let table = SharedTable::new(Settings::default());
    let bytes = load(
        &table,
        Size {
            pods: PODS,
            identities: IDENTITIES,
            services: 5_000,
        },
    );
    assert!(bytes <= 25 * MIB, "lists: {} KiB", bytes / 1024);

    let region = Region::new(ALLOCATOR);
    let mut views = Views::new(&table);
    let shown: Vec<_> = (0..2 * VIEWS)
        .map(|number| show(&mut views, number % PODS, IDENTITIES))
        .collect();
    assert!(shown.iter().all(|names| names.is_some()));
    drop(shown);
    let bytes = growth(&region);
    assert!(bytes <= 4 * MIB, "views: {} KiB", bytes / 1024);

    let region = Region::new(ALLOCATOR);
    let names = (0..DNS_NAMES).map(dns_name).collect();
    absorb(views.writer(), NamesContent::Dns(names));
    let bytes = growth(&region);
    assert!(bytes <= 6 * MIB, "DNS names: {} KiB", bytes / 1024);
    let shown = (0..DNS_NAMES).filter(|number| show_dns_name(&mut views, *number));
    assert_eq!(shown.count(), DNS_NAMES as usize);
    let bytes = growth(&region);
    assert!(bytes <= 10 * MIB, "DNS names in use: {} KiB", bytes / 1024);
}

fn check_small_cluster() {
    let region = Region::new(ALLOCATOR);
    let table = SharedTable::new(Settings::default());
    load(&table, SMALL);
    let mut views = Views::new(&table);
    let shown: Vec<_> = (0..SMALL.pods)
        .map(|number| show(&mut views, number, SMALL.identities))
        .collect();
    assert!(shown.iter().all(|names| names.is_some()));
    drop(shown);
    let bytes = growth(&region);
    let per = |count: u32, bytes: usize| count as usize * bytes;
    let allowed = per(SMALL.pods, 512) + per(SMALL.identities, 800) + per(SMALL.services, 300);
    assert!(
        bytes <= allowed,
        "a small cluster: {bytes} bytes of {allowed}"
    );
}

fn check_flood() {
    for (labels, len) in [(1024, 8), (1, 16_000)] {
        let bytes = flood(Settings::default(), labels, len);
        assert!(bytes <= 128 * MIB, "labels of {len}: {} KiB", bytes / 1024);
    }
}

/// Names the endpoint of a flow, as pipelines do.
fn show(
    views: &mut Views,
    number: u32,
    identities: u32,
) -> Option<Arc<tidegate_model::flow::EndpointNames>> {
    let mut endpoint = Endpoint::default();
    let address = pod(number, identities).address;
    let _ = views.name(Some(address), 8080, &mut endpoint, Timestamp(1));
    endpoint.names
}

/// Shows a name to the endpoint that asked for it.
fn show_dns_name(views: &mut Views, number: u32) -> bool {
    let DnsName {
        endpoint: peer,
        addresses,
        ..
    } = dns_name(number);
    let address = addresses.first().copied();
    let mut endpoint = Endpoint::default();
    let naming = views.name(address, 443, &mut endpoint, Timestamp(1));
    views.add_dns_names(naming, address, &mut endpoint, peer.into());
    endpoint
        .names
        .is_some_and(|names| !names.dns_names.is_empty())
}

/// A name that one of a hundred endpoints was answered with.
fn dns_name(number: u32) -> DnsName {
    let [_, a, b, c] = number.to_be_bytes();
    DnsName {
        endpoint: u16::try_from(1 + number % 100).unwrap_or_default(),
        asker: None,
        name: format!("service-{number}.production.example.com"),
        addresses: vec![Address::v4([203, a, b, c])],
        seen: Timestamp(1),
        expires: Timestamp(60_000_000_000),
    }
}
