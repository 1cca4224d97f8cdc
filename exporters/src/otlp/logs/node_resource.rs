//! The resource of log requests, which has the labels of the node.
//!
//! Flows state them; all flows of a process are of one node. They are attributes of the resource, so
//! that a request has them once. Metrics do not have them: their resource identifies series.

use std::sync::Arc;

use tidegate_model::Record;

use super::envelope::Envelope;
use crate::otlp::resource::ResourceAttributes;

/// The resource, and the labels that it has.
#[derive(Debug)]
pub(crate) struct NodeResource {
    without_labels: ResourceAttributes,
    labels: Arc<[String]>,
}

impl NodeResource {
    /// The resource before the labels are known.
    pub(crate) fn new(without_labels: ResourceAttributes) -> Self {
        Self {
            without_labels,
            labels: Arc::default(),
        }
    }

    /// The envelope without labels.
    pub(crate) fn envelope(&self) -> Envelope {
        Envelope::new(&self.without_labels)
    }

    /// Returns a new envelope if the labels of the node have changed. Reads the first flow of a
    /// batch; one without labels changes nothing.
    pub(crate) fn update(&mut self, records: &[Record]) -> Option<Envelope> {
        let labels = first_labels(records)?;
        if labels.is_empty() || Arc::ptr_eq(labels, &self.labels) {
            return None;
        }
        let is_changed = *labels != self.labels;
        self.labels = Arc::clone(labels);
        is_changed.then(|| Envelope::new(&self.without_labels.with_node_labels(labels)))
    }
}

fn first_labels(records: &[Record]) -> Option<&Arc<[String]>> {
    let mut flows = records.iter().filter_map(|record| match record {
        Record::Flow(flow) => Some(flow),
        _ => None,
    });
    Some(&flows.next()?.node.as_ref()?.node_labels)
}
