//! Takes the listed endpoints of this node.

use std::sync::Arc;

use tidegate_model::names::EndpointName;

use super::Stated;
use crate::endpoints::{LocalEndpoint, check_listed};
use crate::labels::HeldLabels;
use crate::origin::Origin;
use crate::pods::{PodName, check_len};
use crate::protocol::DeletedKey;
use crate::reject_reason::RejectReason;
use crate::table::NameTable;
use crate::workloads;

impl NameTable {
    /// Takes an endpoint. If it was announced since the request, only what announcements lack is
    /// taken: its addresses and interface do not change.
    pub(super) fn list_endpoint(
        &mut self,
        listed: EndpointName,
        stated: Stated,
    ) -> Result<(), RejectReason> {
        let listed = self.with_pod(listed);
        let id = u64::from(listed.id);
        if self
            .tombstones
            .is_deleted_since(DeletedKey::Endpoint(id), stated.asked)
        {
            return Ok(());
        }
        let policy = listed.policy.as_deref();
        self.policies.list(id, policy, stated.asked);
        check_listed(&listed)?;
        let known = self.endpoints.labels(id);
        let labels = self.labels.hold_copy(&listed.labels, known)?;
        let existing = self.endpoints.get(id);
        let is_same_pod =
            existing.is_some_and(|known| known.pod.is(&listed.namespace, &listed.pod_name));
        let is_announced_since = existing.is_some_and(|known| known.since > stated.asked);
        if is_announced_since && !is_same_pod {
            return Ok(());
        }
        if !is_same_pod {
            if existing.is_none() {
                self.make_room()?;
            }
            let pod = PodName::new(&listed.namespace, &listed.pod_name)?;
            let origin = Origin::Listed(stated.source);
            self.endpoints
                .insert(id, LocalEndpoint::new(Arc::new(pod), stated.asked, origin));
        }
        self.update_endpoint(id, listed, labels, is_announced_since, stated);
        Ok(())
    }

    /// Adds the pod, which Cilium 1.20 does not list (`getModelEndpointIdentitiersRLocked`): that of
    /// its addresses, or the announced one.
    fn with_pod(&self, mut listed: EndpointName) -> EndpointName {
        if listed.pod_name.is_empty() && listed.namespace.is_empty() {
            let entries = listed.addresses.iter().map(|at| self.addresses.get(*at));
            let of_address = entries
                .flatten()
                .find_map(|entry| self.addresses.pod(entry));
            let existing = self.endpoints.get(u64::from(listed.id));
            let announced = existing.map(|known| (&*known.pod.namespace, &*known.pod.name));
            let (namespace, pod_name) = of_address.or(announced).unwrap_or_default();
            let [namespace, pod_name] = [namespace, pod_name].map(str::to_owned);
            listed.namespace = namespace;
            listed.pod_name = pod_name;
        }
        listed
    }

    fn update_endpoint(
        &mut self,
        id: u64,
        listed: EndpointName,
        labels: Option<HeldLabels>,
        is_announced_since: bool,
        stated: Stated,
    ) {
        let all_labels = listed.labels.iter().chain(&listed.derived_labels);
        let inferred = workloads::infer(&listed.pod_name, all_labels)
            .filter(|(_, name)| check_len("", name).is_ok());
        let Some(endpoint) = self.endpoints.get_mut(id) else {
            return;
        };
        let interface =
            (listed.interface_index != 0 && !listed.interface_name.is_empty()).then(|| {
                (
                    listed.interface_index,
                    listed.interface_name.into_boxed_str(),
                )
            });
        let has_news = !is_announced_since || endpoint.labels.is_none();
        let is_changed = endpoint.interface != interface
            || endpoint.addresses != listed.addresses
            || endpoint.inferred_workload != inferred
            || (has_news && (endpoint.labels != labels || endpoint.identity != listed.identity));
        endpoint.interface = interface;
        endpoint.inferred_workload = inferred;
        endpoint.since = endpoint.since.max(stated.asked);
        endpoint.origin = Origin::Listed(stated.source);
        if has_news {
            endpoint.identity = listed.identity;
            if labels.is_some() {
                endpoint.labels = labels;
                endpoint.has_initial_labels = false;
            }
        }
        let pod = Arc::clone(&endpoint.pod);
        if is_changed {
            self.endpoints.set_addresses(id, listed.addresses);
            self.versions.all_changed();
        }
        self.learn_labels(&pod, stated.asked);
        if self.endpoints.get(id).is_some_and(LocalEndpoint::is_listed) {
            self.unwant_endpoint(id);
        }
    }
}
