//! `GET /ip`: `models.IPListEntry`.

use serde::Deserialize;
use tidegate_model::names::{AddressName, NamesContent};

use super::reader::{List, NoEntry};
use super::values::{Ip, Prefix, or_default};

#[derive(Debug, Default)]
pub(in crate::cilium_api) struct Addresses;

#[derive(Debug, Deserialize)]
pub(in crate::cilium_api) struct IpListEntry {
    cidr: Prefix,
    identity: u32,
    #[serde(rename = "hostIP", default, deserialize_with = "or_default")]
    host: Ip,
    #[serde(default, deserialize_with = "or_default")]
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    namespace: String,
    #[serde(default)]
    name: String,
}

impl List for Addresses {
    type Json = IpListEntry;
    type Entry = AddressName;

    fn entry(json: IpListEntry) -> Result<AddressName, NoEntry> {
        Ok(AddressName {
            address: json.cidr.address,
            prefix_len: json.cidr.len,
            identity: json.identity,
            node: json.host.0,
            namespace: json.metadata.namespace,
            pod_name: json.metadata.name,
        })
    }

    fn heap_bytes(entry: &AddressName) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<AddressName>) -> NamesContent {
        NamesContent::Addresses(entries)
    }
}
