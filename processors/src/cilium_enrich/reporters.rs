//! The endpoints that debug events come from: Hubble's `pkg/hubble/parser/debug` (v1.19.4), which
//! looks them up by id.

use std::sync::Arc;

use hashbrown::HashMap;
use tidegate_model::flow::{EndpointNames, reserved_identity};
use tidegate_model::record::DebugEvent;

use super::identities::Labels;
use super::table::Table;

/// Endpoints of this node that belong to no pod; it has a host's, a health check's and an ingress's
/// at most.
const MOST: usize = 16;
/// Their identities.
const WITHOUT_POD: [u32; 3] = [1, 4, 8];

/// What an endpoint's debug events show, at a version of the table.
#[derive(Debug)]
pub(super) struct Reporter {
    version: u64,
    identity: u32,
    names: Arc<EndpointNames>,
}

/// Endpoints without a pod: their labels say which identity they have.
#[derive(Debug, Default)]
pub(super) struct Reporters(HashMap<u64, (u32, Labels)>);

impl Reporters {
    /// An endpoint that is no known pod's has these labels.
    pub(super) fn learn(&mut self, id: u64, labels: Option<Labels>) {
        let Some(labels) = labels else { return };
        let has = |identity: &u32| {
            let name = reserved_identity(*identity);
            name.is_some()
                && labels
                    .labels
                    .iter()
                    .any(|label| label.strip_prefix("reserved:") == name)
        };
        let Some(identity) = WITHOUT_POD.into_iter().find(has) else {
            return;
        };
        if self.0.len() < MOST || self.0.contains_key(&id) {
            self.0.insert(id, (identity, labels));
        }
    }

    pub(super) fn remove(&mut self, id: u64) {
        self.0.remove(&id);
    }
}

impl Table {
    /// Names the endpoint that sent a debug event.
    pub(super) fn name_reporter(&mut self, event: &mut DebugEvent) {
        let id = u64::from(event.source);
        let version = self.version;
        let known = |reporter: &Reporter| {
            (reporter.version == version).then(|| (reporter.identity, reporter.names.clone()))
        };
        let Some(endpoint) = self.endpoints.get(&id) else {
            if let Some((identity, labels)) = self.reporters.0.get(&id) {
                (event.source_identity, event.source_names) = (*identity, Some(Arc::clone(labels)));
            }
            return;
        };
        let (identity, names) = match endpoint.reporter.as_ref().and_then(known) {
            Some(known) => known,
            None => self.compose_reporter(id),
        };
        (event.source_identity, event.source_names) = (identity, Some(names));
    }

    fn compose_reporter(&mut self, id: u64) -> (u32, Arc<EndpointNames>) {
        let Some(endpoint) = self.endpoints.get(&id) else {
            return Default::default();
        };
        let (pod, is_new, labels) = (
            Arc::clone(&endpoint.pod),
            endpoint.is_new,
            endpoint.labels.clone(),
        );
        let identity = self.identity_of(&pod).unwrap_or_default();
        let settled = if is_new && identity != 0 {
            self.identities.names(identity, None)
        } else {
            None
        };
        let names = Arc::new(EndpointNames {
            namespace: pod.namespace.clone(),
            pod_name: pod.name.clone(),
            ..settled.or(labels).as_deref().cloned().unwrap_or_default()
        });
        if let Some(endpoint) = self.endpoints.get_mut(&id) {
            endpoint.reporter = Some(Reporter {
                version: self.version,
                identity,
                names: Arc::clone(&names),
            });
        }
        (identity, names)
    }
}
