//! How many entries the table has, and how old its lists are.

use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::names::{NamesList, NamesSource};

use crate::origin::Origin;
use crate::settings::Settings;
use crate::table::NameTable;

/// The numbers of entries of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries by what they are of and by the source that last stated them.
    pub entries: Vec<(&'static str, Origin, usize)>,
    /// When the last complete list of each kind was requested.
    pub lists: Vec<(NamesSource, NamesList, Timestamp)>,
    /// Entries that were removed to make room for others.
    pub evicted: u64,
}

impl Counts {
    /// The counts of an empty table.
    #[must_use]
    pub fn none() -> Self {
        Self::of(&NameTable::new(Settings::default(), Arc::default()))
    }

    /// Counts all entries.
    pub(crate) fn of(table: &NameTable) -> Self {
        let agent = Origin::Listed(NamesSource::CiliumApi);
        let kubernetes = Origin::Listed(NamesSource::Kubernetes);
        let mut endpoints = [0; 2];
        for (_, endpoint) in table.endpoints.iter() {
            endpoints[usize::from(endpoint.origin != Origin::Announced)] += 1;
        }
        let [listed, learned] = table.identities.counts();
        let [of_agent, of_kubernetes] = table.services.counts();
        let mut entries = Vec::new();
        for (of, [announced, listed]) in [
            ("addresses", table.addresses.counts()),
            ("prefixes", table.prefixes.counts()),
            ("endpoints", endpoints),
        ] {
            entries.push((of, Origin::Announced, announced));
            entries.push((of, agent, listed));
        }
        entries.extend([
            ("identities", Origin::Announced, learned),
            ("identities", agent, listed),
            ("services", agent, of_agent),
            ("services", kubernetes, of_kubernetes),
            ("cgroups", agent, table.cgroups.len()),
            ("dns", Origin::Listed(NamesSource::Dns), table.dns.len()),
            ("nodes", agent, table.node.len()),
            ("policies", agent, table.policies.len()),
            ("workloads", kubernetes, table.workloads.len()),
        ]);
        Self {
            entries,
            lists: table.lists.iter().collect(),
            evicted: table.evicted,
        }
    }
}
