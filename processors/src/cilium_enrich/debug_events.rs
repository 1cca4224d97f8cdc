//! Names the endpoints that send debug events: Hubble's `pkg/hubble/parser/debug` (v1.19.4), which
//! looks them up by id.

use std::sync::Arc;

use tidegate_model::flow::EndpointNames;
use tidegate_model::record::DebugEvent;

use super::reporters::Reporter;
use super::table::NameTable;

impl NameTable {
    /// Sets identity and names of the endpoint that sent a debug event.
    pub(super) fn name_reporter(&mut self, event: &mut DebugEvent) {
        let id = u64::from(event.source);
        let Some(endpoint) = self.endpoints.get(&id) else {
            if let Some((identity, labels)) = self.podless.get(id) {
                event.source_identity = *identity;
                event.source_names = Some(Arc::clone(labels));
            }
            return;
        };
        let cached = endpoint.reporter.as_ref();
        let (identity, names) = match cached.filter(|cached| cached.version == self.version) {
            Some(cached) => (cached.identity, Arc::clone(&cached.names)),
            None => self.compose_reporter(id),
        };
        event.source_identity = identity;
        event.source_names = Some(names);
    }

    fn compose_reporter(&mut self, id: u64) -> (u32, Arc<EndpointNames>) {
        let Some(endpoint) = self.endpoints.get(&id) else {
            return Default::default();
        };
        let pod = Arc::clone(&endpoint.pod);
        let has_initial_labels = endpoint.has_initial_labels;
        let announced = endpoint.labels.clone();
        let identity = self.identity_of(&pod).unwrap_or_default();
        let learned = if has_initial_labels && identity != 0 {
            self.identities.labels(identity, None)
        } else {
            None
        };
        let labels = learned.or(announced);
        let names = Arc::new(EndpointNames {
            namespace: pod.namespace.clone(),
            pod_name: pod.name.clone(),
            ..labels.as_deref().cloned().unwrap_or_default()
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
