//! Applies the agent's announcements.

use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::record::{
    AgentEvent, AgentEventType, EndpointUpdate, IpCache as IpCacheUpdate, Notification,
};

use crate::addresses::{AddressUpdate, PrefixEntry};
use crate::endpoints::{LocalEndpoint, WantedEndpoints};
use crate::origin::Origin;
use crate::pods::{PodName, check_len};
use crate::prefix::Prefix;
use crate::protocol::{Deleted, DeletedKey};
use crate::reject_reason::RejectReason;
use crate::table::NameTable;

impl NameTable {
    /// Applies an announcement.
    ///
    /// # Errors
    /// The announcement is rejected. An entry that it would have replaced stays.
    pub(crate) fn apply(&mut self, event: &AgentEvent) -> Result<(), RejectReason> {
        use AgentEventType as Type;
        if event.stream > self.connection.stream {
            self.begin_connection(event.stream, event.time);
        }
        self.connection.latest = self.connection.latest.max(event.time);
        match (event.event_type, &event.notification) {
            (Type::IpCacheUpserted, Notification::IpCacheUpdate(update)) => {
                self.upsert(update, event.time)?;
            }
            (Type::IpCacheDeleted, Notification::IpCacheUpdate(update)) => {
                self.delete(update, event.time)?;
            }
            (Type::EndpointCreated, Notification::EndpointUpdate(endpoint)) => {
                self.create_endpoint(endpoint, event.time)?;
                self.want_endpoint(endpoint.id, event.time);
            }
            (Type::EndpointDeleted, Notification::EndpointUpdate(endpoint)) => {
                self.delete_endpoint(endpoint.id, event.time);
            }
            (_, Notification::EndpointRegenerate(endpoint)) => {
                self.policies.regenerated(endpoint.id, event.time);
                self.set_labels(endpoint.id, &endpoint.labels, event.time)?;
                self.want_endpoint(endpoint.id, event.time);
            }
            (_, Notification::PolicyUpdate(policy)) => {
                self.policies.updated(policy.revision, event.time);
            }
            (_, Notification::AgentStart { .. }) => self.connection.has_started = true,
            _ => {}
        }
        Ok(())
    }

    fn begin_connection(&mut self, stream: u32, now: Timestamp) {
        let latest = self.connection.latest;
        self.connection.latest_before = (self.connection.stream != 0).then_some(latest);
        self.connection.stream = stream;
        self.connection.since = now;
        self.connection.has_started = false;
        self.connection.is_swept = false;
        // All lists are read again.
        self.wanted = WantedEndpoints::default();
        self.remove_node_identities(latest);
        self.policies.forget(latest);
    }

    fn upsert(&mut self, update: &IpCacheUpdate, now: Timestamp) -> Result<(), RejectReason> {
        let prefix = Prefix::parse(&update.cidr).ok_or(RejectReason::BadPrefix)?;
        let Some(address) = prefix.address() else {
            let entry = PrefixEntry {
                identity: update.identity,
                since: now,
                origin: Origin::Announced,
            };
            return self.set_prefix(prefix, entry);
        };
        check_len(&update.namespace, &update.pod_name)?;
        self.set_address(AddressUpdate {
            address,
            identity: update.identity,
            node: Prefix::parse(&update.host_ip).and_then(Prefix::address),
            namespace: &update.namespace,
            pod_name: update.pod_name.as_str().into(),
            since: now,
            origin: Origin::Announced,
        })?;
        Ok(())
    }

    /// Deletes an address or prefix. The deletion of a pod's address may follow the announcement of
    /// the next pod with the same address.
    fn delete(&mut self, update: &IpCacheUpdate, now: Timestamp) -> Result<(), RejectReason> {
        let prefix = Prefix::parse(&update.cidr).ok_or(RejectReason::BadPrefix)?;
        let Some(address) = prefix.address() else {
            self.tombstones.add(DeletedKey::Prefix(prefix), now);
            self.remove_prefix(prefix);
            return Ok(());
        };
        let Some(entry) = self.addresses.get(address) else {
            self.tombstones.add(DeletedKey::Prefix(prefix), now);
            return Ok(());
        };
        let pod = self.addresses.pod(entry);
        let is_of_another = !update.pod_name.is_empty()
            && pod.is_some_and(|pod| pod != (&update.namespace, &update.pod_name));
        if is_of_another {
            return Ok(());
        }
        self.tombstones.add(DeletedKey::Prefix(prefix), now);
        if pod.is_none() || self.settings.keep_deleted.is_zero() {
            self.remove_address(address);
            return Ok(());
        }
        self.addresses.mark_gone(address);
        let deadline = now + self.settings.keep_deleted;
        self.tails.add(deadline, Deleted::Address(address));
        Ok(())
    }

    /// Adds an endpoint. One without a pod is that of the host or of a health check, whose address
    /// is not announced. Of one that a list already has, what announcements lack stays: the agent
    /// lists a new endpoint before it announces it.
    fn create_endpoint(
        &mut self,
        endpoint: &EndpointUpdate,
        now: Timestamp,
    ) -> Result<(), RejectReason> {
        let pod = PodName::new(&endpoint.namespace, &endpoint.pod_name)?;
        if pod.is_empty() {
            return Ok(());
        }
        let known = self.endpoints.labels(endpoint.id);
        let labels = self.labels.hold_copy(&endpoint.labels, known)?;
        self.tombstones.remove(DeletedKey::Endpoint(endpoint.id));
        self.versions.all_changed();
        if let Some(known) = self.endpoints.get_mut(endpoint.id)
            && !known.is_gone
            && *known.pod == pod
        {
            if known.has_initial_labels {
                known.labels = labels.or(known.labels.take());
            }
            known.since = known.since.max(now);
            known.origin = Origin::Announced;
            return Ok(());
        }
        if self.endpoints.get(endpoint.id).is_none() {
            self.make_room()?;
        }
        self.remove_endpoint(endpoint.id);
        let mut local = LocalEndpoint::new(Arc::new(pod), now, Origin::Announced);
        local.labels = labels;
        self.endpoints.insert(endpoint.id, local);
        Ok(())
    }

    fn delete_endpoint(&mut self, id: u64, now: Timestamp) {
        self.tombstones.add(DeletedKey::Endpoint(id), now);
        self.unwant_endpoint(id);
        let Some(endpoint) = self.endpoints.get(id) else {
            self.remove_endpoint(id);
            return;
        };
        if self.settings.keep_deleted.is_zero() {
            self.remove_endpoint(id);
            return;
        }
        // A pod of the same name may get other addresses while this one is kept.
        if endpoint.addresses.is_empty() {
            let pod = Arc::clone(&endpoint.pod);
            let entries = self.addresses.of_pod(&pod.namespace, &pod.name);
            let addresses = entries.map(|entry| entry.address).collect();
            self.endpoints.set_addresses(id, addresses);
        }
        if let Some(endpoint) = self.endpoints.get_mut(id) {
            endpoint.is_gone = true;
            let deadline = now + self.settings.keep_deleted;
            self.tails.add(deadline, Deleted::Endpoint(id));
        }
    }

    fn set_labels(
        &mut self,
        id: u64,
        labels: &[String],
        now: Timestamp,
    ) -> Result<(), RejectReason> {
        let labels = self.labels.hold_copy(labels, self.endpoints.labels(id))?;
        let Some(endpoint) = self.endpoints.get_mut(id) else {
            self.endpoints.podless.add(id, labels);
            return Ok(());
        };
        endpoint.since = endpoint.since.max(now);
        if endpoint.labels != labels || endpoint.has_initial_labels {
            endpoint.labels = labels;
            endpoint.has_initial_labels = false;
            self.versions.all_changed();
        }
        let pod = Arc::clone(&endpoint.pod);
        self.learn_labels(&pod, now);
        Ok(())
    }
}
