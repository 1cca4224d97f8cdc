//! `GET /cluster/nodes`: `models.ClusterNodeStatus`.

use serde::Deserialize;
use tidegate_model::flow::Address;
use tidegate_model::names::{NamesContent, NodeName};

use super::reader::{List, NoEntry};
use super::values::{Ip, or_default};
use crate::json::bounded;

/// The list, with the name of the agent's own node, which comes after the nodes.
#[derive(Debug, Default)]
pub(in crate::cilium_api) struct Nodes {
    own: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(in crate::cilium_api) struct Node {
    name: String,
    #[serde(deserialize_with = "or_default")]
    primary_address: Addressing,
    #[serde(deserialize_with = "bounded::list")]
    secondary_addresses: Vec<AddressElement>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Addressing {
    #[serde(deserialize_with = "or_default")]
    ipv4: AddressElement,
    #[serde(deserialize_with = "or_default")]
    ipv6: AddressElement,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct AddressElement {
    ip: Ip,
}

impl Addressing {
    fn addresses(&self) -> impl Iterator<Item = Address> {
        [self.ipv4.ip.0, self.ipv6.ip.0].into_iter().flatten()
    }
}

/// Cilium's default name of a cluster, which Hubble leaves out of the names of nodes.
const DEFAULT_CLUSTER: &str = "default/";

impl List for Nodes {
    type Json = Node;
    type Entry = NodeName;

    /// Some ten thousand nodes: they are kept until it is known which one is the agent's.
    const PORTION: usize = 2 << 20;

    fn entry(json: Node) -> Result<NodeName, NoEntry> {
        if json.name.is_empty() {
            return Err(NoEntry::Invalid);
        }
        let secondary = json.secondary_addresses.iter();
        let mut addresses: Vec<_> = json.primary_address.addresses().collect();
        addresses.extend(secondary.filter_map(|element| element.ip.0));
        let name = json.name.strip_prefix(DEFAULT_CLUSTER);
        Ok(NodeName {
            name: name.map(str::to_owned).unwrap_or(json.name),
            is_self: false,
            addresses,
        })
    }

    fn heap_bytes(entry: &NodeName) -> usize {
        entry.heap_bytes()
    }

    fn content(entries: Vec<NodeName>) -> NamesContent {
        NamesContent::Nodes(entries)
    }

    fn field(&mut self, json: &[u8]) {
        self.own = serde_json::from_slice(json).ok();
    }

    fn complete(&self, entries: &mut [NodeName]) {
        let Some(own) = &self.own else {
            return;
        };
        let own = own.strip_prefix(DEFAULT_CLUSTER).unwrap_or(own);
        for node in entries {
            node.is_self = node.name == own;
        }
    }
}
