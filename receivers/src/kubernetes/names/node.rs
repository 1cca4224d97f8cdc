//! Labels and addresses of the own node.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use tidegate_model::names::NamesContent;
use tokio::sync::watch;

use super::portion::Portion;
use super::resource::{Resource, Selection, TooManyNames};
use crate::json::bounded;

/// The largest number of addresses of a node that are used.
const MAX_ADDRESSES: usize = 64;

/// The addresses of the own node, for NodePort services; `None` until the first attempt to read them
/// is over.
pub(in crate::kubernetes) type NodeAddresses = Option<Vec<IpAddr>>;

/// Turns the own node into its labels.
#[derive(Debug)]
pub(in crate::kubernetes) struct OwnNode {
    name: String,
    /// The labels that were sent last.
    labels: Option<Vec<String>>,
    is_listed: bool,
    addresses: watch::Sender<NodeAddresses>,
}

/// `Node` of `core/v1`, or `PartialObjectMetadata`.
#[derive(Debug, Deserialize)]
pub(in crate::kubernetes) struct Node {
    metadata: Metadata,
    status: Option<Status>,
}

#[derive(Debug, Deserialize)]
struct Metadata {
    #[serde(default, deserialize_with = "bounded::optional_map")]
    labels: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
struct Status {
    #[serde(default, deserialize_with = "bounded::optional_list")]
    addresses: Option<Vec<Address>>,
}

#[derive(Debug, Deserialize)]
struct Address {
    r#type: String,
    address: String,
}

impl OwnNode {
    /// The node of this name. Its addresses are sent to `addresses`.
    pub(in crate::kubernetes) fn new(name: &str, addresses: watch::Sender<NodeAddresses>) -> Self {
        Self {
            name: name.to_owned(),
            labels: None,
            is_listed: false,
            addresses,
        }
    }

    /// The node, with its addresses if there are receivers of them.
    pub(in crate::kubernetes) fn selection(name: &str, with_addresses: bool) -> Selection {
        Selection {
            resource: "nodes",
            fields: Some(format!("metadata.name={name}")),
            labels: None,
            is_metadata: !with_addresses,
            is_few: true,
        }
    }

    fn set_addresses(&self, addresses: Vec<IpAddr>) {
        self.addresses.send_if_modified(|known| {
            let is_new = known.as_ref() != Some(&addresses);
            *known = Some(addresses);
            is_new
        });
    }
}

impl Resource for OwnNode {
    type Object = Node;

    fn add(&mut self, node: Node, names: &mut Portion) -> Result<(), TooManyNames> {
        self.set_addresses(addresses(&node));
        self.is_listed = true;
        let labels = sorted_labels(node);
        if self.labels.as_ref() != Some(&labels) {
            names.push(NamesContent::NodeLabels(labels.clone()));
            self.labels = Some(labels);
        }
        Ok(())
    }

    fn remove(&mut self, _: Node, names: &mut Portion) {
        self.labels = None;
        names.push(NamesContent::NodeLabels(Vec::new()));
    }

    fn begin_list(&mut self) {
        self.labels = None;
        self.is_listed = false;
    }

    fn end_list(&mut self, names: &mut Portion) -> Option<String> {
        if self.is_listed {
            return None;
        }
        self.set_addresses(Vec::new());
        names.push(NamesContent::NodeLabels(Vec::new()));
        Some(format!(
            "the cluster has no Node {:?}; set `node_name`",
            self.name
        ))
    }

    fn failed(&mut self) {
        if self.addresses.borrow().is_none() {
            self.set_addresses(Vec::new());
        }
    }
}

/// `key=value` as in Hubble's flows, sorted as texts (`sortedLabelSlice` in
/// `pkg/hubble/observer/local_node_watcher.go`, v1.19.4).
fn sorted_labels(node: Node) -> Vec<String> {
    let labels = node.metadata.labels.unwrap_or_default();
    let labels = labels.into_iter();
    let mut labels: Vec<_> = labels
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    labels.sort_unstable();
    labels
}

/// The addresses that packets to NodePort services can have.
fn addresses(node: &Node) -> Vec<IpAddr> {
    let listed = node
        .status
        .iter()
        .flat_map(|status| &status.addresses)
        .flatten();
    let own = listed.filter(|one| matches!(one.r#type.as_str(), "InternalIP" | "ExternalIP"));
    own.filter_map(|one| one.address.parse().ok())
        .take(MAX_ADDRESSES)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tidegate_model::{Record, Timestamp};

    use super::*;

    fn node(value: serde_json::Value) -> Node {
        serde_json::from_value(value).unwrap()
    }

    fn labels(names: &mut Portion) -> Vec<Vec<String>> {
        let labels = names.take().map(|record| match record {
            Record::Names(names) => match names.content {
                NamesContent::NodeLabels(labels) => labels,
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        });
        labels.collect()
    }

    #[test]
    fn labels_are_sorted_as_texts_and_sent_when_they_change() {
        let (sender, _) = watch::channel(None);
        let mut own = OwnNode::new("node-a", sender);
        let mut names = Portion::new(Timestamp(1));
        let first = json!({"metadata": {"labels": {"a": "2", "a-b": "1", "zone": ""}}});
        own.begin_list();
        own.add(node(first.clone()), &mut names).unwrap();
        assert_eq!(own.end_list(&mut names), None);
        assert_eq!(labels(&mut names), [["a-b=1", "a=2", "zone="]]);
        own.add(node(first.clone()), &mut names).unwrap();
        assert!(names.is_empty());
        own.begin_list();
        own.add(node(first), &mut names).unwrap();
        assert_eq!(labels(&mut names).len(), 1);
        own.remove(node(json!({"metadata": {}})), &mut names);
        assert_eq!(labels(&mut names), [Vec::<String>::new()]);
    }

    #[test]
    fn a_node_that_does_not_exist_is_reported_with_the_key_of_its_name() {
        let (sender, receiver) = watch::channel(None);
        let mut own = OwnNode::new("node-a", sender);
        let mut names = Portion::new(Timestamp(1));
        own.begin_list();
        let problem = own.end_list(&mut names).unwrap();
        assert_eq!(
            problem,
            "the cluster has no Node \"node-a\"; set `node_name`"
        );
        assert_eq!(*receiver.borrow(), Some(Vec::new()));
        assert_eq!(labels(&mut names), [Vec::<String>::new()]);
    }

    #[test]
    fn internal_and_external_addresses_are_the_ones_of_node_ports() {
        let (sender, receiver) = watch::channel(None);
        let mut own = OwnNode::new("node-a", sender);
        let addresses = json!([
            {"type": "InternalIP", "address": "192.0.2.7"}, {"type": "InternalIP", "address": "2001:db8::7"},
            {"type": "ExternalIP", "address": "203.0.113.9"}, {"type": "Hostname", "address": "node-a"},
            {"type": "InternalIP", "address": "none"}
        ]);
        let value = json!({"metadata": {}, "status": {"addresses": addresses}});
        own.add(node(value), &mut Portion::new(Timestamp(1)))
            .unwrap();
        let expected = ["192.0.2.7", "2001:db8::7", "203.0.113.9"].map(|ip| ip.parse().unwrap());
        assert_eq!(*receiver.borrow(), Some(expected.to_vec()));
        own.failed();
        assert_eq!(*receiver.borrow(), Some(expected.to_vec()));
    }
}
