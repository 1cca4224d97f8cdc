//! Which pods were deleted, and when their series end.
//!
//! Hubble follows the deletions of the cluster's `CiliumEndpoint`s, and deletes the series a minute
//! later (`pkg/hubble/metrics/metrics.go`, v1.19.4), when the last flows of the pod have been counted. The
//! monitor socket announces the same: the endpoints of this node's pods, and the addresses of all
//! others. Unlike in Hubble, a pod that is announced again before its time keeps its series.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::record::{AgentEvent, AgentEventType, EndpointUpdate, Notification};

use super::context::Pod;

/// How long the series of a deleted pod stay, as in Hubble.
const DELAY: Duration = Duration::from_secs(60);
/// The most announcements that are remembered. Beyond these, the series of the pod that was deleted
/// first end early.
const MAX_ANNOUNCEMENTS: usize = 1 << 13;

/// The deleted pods whose series have not ended yet.
#[derive(Debug, Default)]
pub(super) struct Deletions {
    /// What was announced last of a pod.
    pods: HashMap<Arc<Pod>, Announced>,
    /// Announcements in their order. One counts if it is still the last of its pod.
    order: VecDeque<(u64, Timestamp, Arc<Pod>)>,
    /// The number of the next announcement.
    next: u64,
    /// Pods whose time came early.
    early: Vec<Arc<Pod>>,
}

#[derive(Debug)]
struct Announced {
    number: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Deleted,
    /// It exists, perhaps with an address that was announced last.
    Exists(Option<Box<str>>),
}

impl Deletions {
    /// Follows an announcement that arrived at this time.
    pub(super) fn observe(&mut self, event: &AgentEvent, now: Timestamp) {
        use AgentEventType as Type;
        match (event.event_type, &event.notification) {
            (
                Type::EndpointCreated,
                Notification::EndpointUpdate(EndpointUpdate {
                    pod_name,
                    namespace,
                    ..
                }),
            ) => {
                self.announce(namespace, pod_name, State::Exists(None), now);
            }
            (
                Type::EndpointDeleted,
                Notification::EndpointUpdate(EndpointUpdate {
                    pod_name,
                    namespace,
                    ..
                }),
            ) => {
                self.announce(namespace, pod_name, State::Deleted, now);
            }
            (Type::IpCacheUpserted, Notification::IpCacheUpdate(entry)) => {
                let state = State::Exists(Some(entry.cidr.as_str().into()));
                self.announce(&entry.namespace, &entry.pod_name, state, now);
            }
            (Type::IpCacheDeleted, Notification::IpCacheUpdate(entry)) => {
                let pod = Pod::new(&entry.namespace, &entry.pod_name);
                // When a pod gets another address, the former one is deleted last.
                let has_another = matches!(
                    self.pods.get(&pod),
                    Some(Announced { state: State::Exists(Some(cidr)), .. }) if **cidr != *entry.cidr
                );
                if !has_another {
                    self.announce(&entry.namespace, &entry.pod_name, State::Deleted, now);
                }
            }
            _ => {}
        }
    }

    /// The deleted pods whose time has come.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<Arc<Pod>> {
        let mut due = std::mem::take(&mut self.early);
        // After the clock was set back, they are due at once.
        let is_due = |at: Timestamp| now.since(at) >= DELAY || at.since(now) > DELAY;
        while self.order.front().is_some_and(|(_, at, _)| is_due(*at))
            && let Some((number, _, pod)) = self.order.pop_front()
        {
            due.extend(self.forget(number, pod));
        }
        due
    }

    fn announce(&mut self, namespace: &str, name: &str, state: State, now: Timestamp) {
        if name.is_empty() {
            return;
        }
        if self.order.len() >= MAX_ANNOUNCEMENTS
            && let Some((number, _, pod)) = self.order.pop_front()
        {
            let early = self.forget(number, pod);
            self.early.extend(early);
        }
        let number = self.next;
        self.next += 1;
        let pod = Arc::new(Pod::new(namespace, name));
        self.order.push_back((number, now, Arc::clone(&pod)));
        self.pods.insert(pod, Announced { number, state });
    }

    /// Forgets a pod if this announcement was its last; returns it if it is deleted.
    fn forget(&mut self, number: u64, pod: Arc<Pod>) -> Option<Arc<Pod>> {
        let is_last = self
            .pods
            .get(&pod)
            .is_some_and(|last| last.number == number);
        let last = is_last.then(|| self.pods.remove(&pod)).flatten()?;
        matches!(last.state, State::Deleted).then_some(pod)
    }
}
