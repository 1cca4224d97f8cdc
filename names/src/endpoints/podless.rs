//! Endpoints without a pod, which the agent announces by their labels alone.

use hashbrown::HashMap;
use tidegate_model::flow::reserved_identity;

use crate::labels::HeldLabels;

/// The largest number of endpoints without a pod. A node has those of the host, of a health check
/// and of an ingress at most.
const MAX_WITHOUT_POD: usize = 16;
/// The identities of endpoints without a pod: host, health check and ingress.
const IDENTITIES_WITHOUT_POD: [u32; 3] = [1, 4, 8];

/// The endpoints without a pod. Their identity follows from their labels.
#[derive(Debug, Default)]
pub(crate) struct PodlessEndpoints(HashMap<u64, (u32, HeldLabels)>);

impl PodlessEndpoints {
    /// The identity and labels of an endpoint.
    pub(crate) fn get(&self, id: u64) -> Option<&(u32, HeldLabels)> {
        self.0.get(&id)
    }

    /// Adds an endpoint if its labels show that it has no pod.
    pub(crate) fn add(&mut self, id: u64, labels: Option<HeldLabels>) {
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

    pub(crate) fn remove(&mut self, id: u64) {
        self.0.remove(&id);
    }
}
