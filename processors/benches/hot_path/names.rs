//! Names that `cilium_enrich` has before the first event.

use std::collections::BTreeSet;
use std::time::SystemTime;

use tidegate_model::flow::Address;
use tidegate_model::names::{DnsName, Names, NamesContent, NamesSource, ServiceFrontend};
use tidegate_model::{Batch, Record, Timestamp};
use tidegate_receivers::cilium_api::{ApiList, ListParser};
use tidegate_simulate::{Api, Options};

use crate::chain::BenchChain;

/// The events whose flows have services and DNS names.
const EVENTS: usize = 25_000;
const TCP: u8 = 6;

/// The names.
#[derive(Clone, Copy)]
pub(crate) enum Known {
    /// None: pods that the stream announces have names.
    Announced,
    /// Those of the agent's API: pods, workloads, interfaces, the services and DNS names of the
    /// simulated cluster.
    Listed,
    /// Besides, labels of the node, and for every flow a service on the side with the lower port, and
    /// DNS names on both sides.
    Everything,
}

impl Known {
    /// The records that bring the names.
    pub(crate) fn records(self) -> Vec<Record> {
        let mut contents = Vec::new();
        if !matches!(self, Self::Announced) {
            contents.extend(listed());
        }
        if matches!(self, Self::Everything) {
            contents.extend(of_flows());
        }
        let record = |content| {
            Record::Names(Box::new(Names {
                source: NamesSource::CiliumApi,
                asked: Timestamp(1),
                content,
            }))
        };
        contents.into_iter().map(record).collect()
    }
}

/// All lists of the simulated agent.
fn listed() -> Vec<NamesContent> {
    let api = Api::new(&Options::default());
    let path = |list| match list {
        ApiList::Identities => "/v1/identity",
        ApiList::Addresses => "/v1/ip",
        ApiList::Endpoints => "/v1/endpoint",
        ApiList::Services => "/v1/service",
        ApiList::Cgroups => "/v1/cgroup-dump-metadata",
        ApiList::Dns => "/v1/fqdn/cache",
        ApiList::Nodes => "/v1/cluster/nodes",
        ApiList::RuleLogs => "/v1/policy",
    };
    let read = |list| {
        let mut parser = ListParser::new(list);
        let answer = api.get(path(list), SystemTime::now());
        let first = parser.push(answer.body.as_bytes()).unwrap();
        let last = parser.finish().unwrap();
        let complete = NamesContent::Complete(list.of_names());
        [first, last, Some(complete)].into_iter().flatten()
    };
    ApiList::ALL.into_iter().flat_map(read).collect()
}

/// Names that the first events' flows can have, beside those of the lists.
fn of_flows() -> Vec<NamesContent> {
    let mut services = BTreeSet::new();
    let mut lookups = BTreeSet::new();
    let mut collect = |batch: &Batch| {
        for record in batch.records() {
            let Record::Flow(flow) = record else { continue };
            let addresses = [flow.source_address(), flow.destination_address()];
            let [Some(source), Some(destination)] = addresses else {
                continue;
            };
            let (source_port, destination_port) = flow.l4.ports().unwrap_or_default();
            services.insert(if source_port < destination_port {
                (source, source_port)
            } else {
                (destination, destination_port)
            });
            lookups.insert((flow.destination.id, source));
            lookups.insert((flow.source.id, destination));
        }
    };
    BenchChain::naming(Known::Listed).run_with(&crate::stream(EVENTS), &mut collect);
    let services = services.into_iter().map(service);
    let lookups = lookups.into_iter().filter_map(|(endpoint, address)| {
        Some(DnsName {
            endpoint: u16::try_from(endpoint)
                .ok()
                .filter(|endpoint| *endpoint != 0)?,
            asker: None,
            name: "name.example.com".to_owned(),
            addresses: vec![address],
            seen: Timestamp(1),
            expires: Timestamp(u64::MAX / 2),
        })
    });
    vec![
        NamesContent::Services(services.collect()),
        NamesContent::Dns(lookups.collect()),
        NamesContent::NodeLabels(vec!["kubernetes.io/hostname=node-2".to_owned()]),
    ]
}

fn service((address, port): (Address, u16)) -> ServiceFrontend {
    ServiceFrontend {
        address,
        port,
        protocol: TCP,
        namespace: "shop".to_owned(),
        name: format!("service-{port}"),
    }
}
