//! The endpoints that send debug events.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::{EndpointNames, reserved_identity};

use super::reserved::IdentityLabels;

/// The largest number of endpoints without a pod. A node has those of the host, of a health check
/// and of an ingress at most.
const MAX_WITHOUT_POD: usize = 16;
/// The identities of endpoints without a pod: host, health check and ingress.
const IDENTITIES_WITHOUT_POD: [u32; 3] = [1, 4, 8];

/// What the debug events of an endpoint show of it, cached for a version of the table.
#[derive(Debug)]
pub(super) struct Reporter {
    pub(super) version: u64,
    pub(super) identity: u32,
    pub(super) names: Arc<EndpointNames>,
}

/// The endpoints without a pod. Their identity follows from their labels.
#[derive(Debug, Default)]
pub(super) struct PodlessEndpoints(HashMap<u64, (u32, IdentityLabels)>);

impl PodlessEndpoints {
    /// The identity and labels of an endpoint.
    pub(super) fn get(&self, id: u64) -> Option<&(u32, IdentityLabels)> {
        self.0.get(&id)
    }

    /// Adds an endpoint if its labels show that it has no pod.
    pub(super) fn add(&mut self, id: u64, labels: Option<IdentityLabels>) {
        let Some(labels) = labels else { return };
        let has_label_of = |identity: &u32| {
            let name = reserved_identity(*identity);
            name.is_some()
                && labels
                    .labels
                    .iter()
                    .any(|label| label.strip_prefix("reserved:") == name)
        };
        let Some(identity) = IDENTITIES_WITHOUT_POD.into_iter().find(has_label_of) else {
            return;
        };
        if self.0.len() < MAX_WITHOUT_POD || self.0.contains_key(&id) {
            self.0.insert(id, (identity, labels));
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.0.remove(&id);
    }
}
