//! What flows show of this node: the name of the interface, and the node's labels.

use std::sync::Arc;

use tidegate_model::flow::NodeView;

use crate::shared::SharedTable;

/// The number of interfaces whose views are kept; others with the same remainder replace them.
const SLOTS: usize = 256;

/// The views of the node's interfaces.
#[derive(Debug)]
pub struct InterfaceViews {
    slots: Vec<Slot>,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    /// Of the version for which it is valid. 0 for none.
    version: u64,
    index: u32,
    view: Option<Arc<NodeView>>,
}

impl Default for InterfaceViews {
    fn default() -> Self {
        Self {
            slots: vec![Slot::default(); SLOTS],
        }
    }
}

impl InterfaceViews {
    /// The view of an interface, whose index is 0 if it is unknown. `None` if neither its name nor
    /// labels of the node are known.
    #[inline]
    pub fn view(&mut self, table: &SharedTable, index: u32) -> Option<Arc<NodeView>> {
        let version = 1 + u64::from(table.versions().sum_of_all());
        let slot = self.slots.get_mut(index as usize % SLOTS)?;
        if slot.version != version || slot.index != index {
            slot.compose(table, index);
        }
        slot.view.clone()
    }
}

impl Slot {
    #[inline(never)]
    fn compose(&mut self, table: &SharedTable, index: u32) {
        let table = table.read();
        let name = table.interface_name(index).unwrap_or_default();
        let labels = table.node.labels();
        let is_known = !name.is_empty() || !labels.is_empty();
        *self = Self {
            version: 1 + u64::from(table.versions.sum_of_all()),
            index,
            view: is_known.then(|| {
                Arc::new(NodeView {
                    interface_name: name.to_owned(),
                    node_labels: Arc::clone(labels),
                    policies: None,
                })
            }),
        };
    }
}
