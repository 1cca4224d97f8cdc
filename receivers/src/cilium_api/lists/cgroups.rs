//! `GET /cgroup-dump-metadata`: `models.CgroupPodMetadata` (since 1.14).

use serde::Deserialize;
use tidegate_model::names::{NamesContent, PodCgroups};

use super::reader::{List, NoEntry};
use super::values::{Ip, addresses};
use crate::json::bounded;

#[derive(Debug, Default)]
pub(in crate::cilium_api) struct Cgroups;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::cilium_api) struct Pod {
    #[serde(deserialize_with = "bounded::list")]
    containers: Vec<Container>,
    #[serde(deserialize_with = "bounded::list")]
    ips: Vec<Ip>,
    name: String,
    namespace: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Container {
    cgroup_id: u64,
}

impl List for Cgroups {
    type Json = Pod;
    type Entry = PodCgroups;

    fn entry(json: Pod) -> Result<PodCgroups, NoEntry> {
        let ids = json.containers.iter().map(|container| container.cgroup_id);
        let cgroups: Vec<_> = ids.filter(|id| *id != 0).collect();
        if cgroups.is_empty() {
            return Err(NoEntry::Nothing);
        }
        Ok(PodCgroups {
            cgroups,
            addresses: addresses(json.ips),
            namespace: json.namespace,
            pod_name: json.name,
        })
    }

    fn heap_bytes(entry: &PodCgroups) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<PodCgroups>) -> NamesContent {
        NamesContent::Cgroups(entries)
    }
}
