//! This node: its addresses, its labels and its network interfaces.

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::Address;
use tidegate_model::names::{InterfaceName, NodeName};

use crate::pods::check_labels;
use crate::prefix::AddressFamily;
use crate::reject_reason::RejectReason;
use crate::times::set_back;

/// The largest number of addresses of the node.
const MAX_ADDRESSES: usize = 1024;
/// The largest number of network interfaces.
const MAX_INTERFACES: usize = 4096;

/// What is known of the node.
#[derive(Debug)]
pub(crate) struct Node {
    /// The addresses that the API lists.
    addresses: HashMap<Address, Timestamp>,
    /// The address of each family on which pods of this node were announced.
    inferred: [Option<Address>; 2],
    /// `key=value`, sorted.
    labels: Arc<[String]>,
    /// The names of its network interfaces, by index.
    interfaces: HashMap<u32, Box<str>>,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            addresses: HashMap::new(),
            inferred: [None; 2],
            labels: Arc::new([]),
            interfaces: HashMap::new(),
        }
    }
}

impl Node {
    /// The number of listed addresses.
    pub(crate) fn len(&self) -> usize {
        self.addresses.len()
    }

    pub(crate) fn labels(&self) -> &Arc<[String]> {
        &self.labels
    }

    /// Sets the labels of the node; none, if they are more or longer than Kubernetes gives.
    pub(crate) fn set_labels(&mut self, labels: Vec<String>) -> Result<(), RejectReason> {
        self.labels = Arc::new([]);
        check_labels(&labels)?;
        self.labels = labels.into();
        Ok(())
    }

    /// The name of a network interface.
    pub(crate) fn interface_name(&self, index: u32) -> Option<&str> {
        self.interfaces.get(&index).map(|name| &**name)
    }

    /// Sets the network interfaces. Returns whether they are others than before.
    pub(crate) fn set_interfaces(&mut self, interfaces: Vec<InterfaceName>) -> bool {
        let interfaces = interfaces
            .into_iter()
            .take(MAX_INTERFACES)
            .map(|InterfaceName { index, name }| (index, name.into_boxed_str()))
            .collect();
        let is_changed = self.interfaces != interfaces;
        self.interfaces = interfaces;
        is_changed
    }

    /// Whether an address is one of this node's.
    pub(crate) fn has(&self, address: Address) -> bool {
        self.addresses.contains_key(&address) || self.inferred.contains(&Some(address))
    }

    /// Adds the address on which a pod of this node was announced.
    pub(crate) fn infer_address(&mut self, address: Address) {
        let is_v4 = AddressFamily::of(address) == AddressFamily::V4;
        self.inferred[usize::from(is_v4)] = Some(address);
    }

    /// Adds the addresses of the node, if it is this one. Returns those that are new.
    pub(crate) fn list(&mut self, node: &NodeName, since: Timestamp) -> Vec<Address> {
        let mut added = Vec::new();
        for address in node.addresses.iter().filter(|_| node.is_self) {
            if self.addresses.len() < MAX_ADDRESSES || self.addresses.contains_key(address) {
                let known = self.addresses.insert(*address, since);
                added.extend(known.is_none().then_some(*address));
            }
        }
        added
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        set_back(self.addresses.values_mut(), by);
    }

    /// Removes what is not in the list that was requested at `asked`. Returns the removed addresses.
    pub(crate) fn sweep(&mut self, asked: Timestamp) -> Vec<Address> {
        let old = self.addresses.extract_if(|_, since| *since < asked);
        old.map(|(address, _)| address).collect()
    }
}
