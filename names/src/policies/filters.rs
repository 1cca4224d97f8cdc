//! The filters of an endpoint.

use std::sync::Arc;

use tidegate_model::Timestamp;
use tidegate_model::flow::{AppliedPolicies, Policy};
use tidegate_model::names::{EndpointPolicy, PolicyFilter};

use super::logs::RuleLogs;
use super::verdict::{PolicyVerdict, PortMatch};

/// The filters of an endpoint, and the policies that they are from.
#[derive(Debug)]
pub(super) struct EndpointFilters {
    /// `None` if it has realized no policy yet, which it announces when it does.
    pub(super) revision: Option<u64>,
    /// When the list was requested.
    pub(super) asked: Timestamp,
    /// Bytes on the heap.
    pub(super) bytes: usize,
    ingress: Option<Vec<Filter>>,
    egress: Option<Vec<Filter>>,
    /// The different sets of policies.
    applied: Vec<Arc<AppliedPolicies>>,
}

/// A filter's rules of one kind.
#[derive(Clone, Copy, Debug)]
struct Filter {
    port: u16,
    end_port: u16,
    is_named: bool,
    protocol: u8,
    is_for_all: bool,
    is_deny: bool,
    /// Position in [`EndpointFilters::applied`]. `None` if the policies are unknown.
    applied: Option<u32>,
}

impl EndpointFilters {
    /// Keeps nothing but the revision if it takes more than `room` bytes.
    pub(super) fn new(
        policy: &EndpointPolicy,
        asked: Timestamp,
        logs: &RuleLogs,
        room: usize,
    ) -> Self {
        let mut filters = Self {
            revision: Some(policy.revision),
            ..Self::none(asked)
        };
        filters.ingress = filters.compose(policy.ingress.as_deref(), room);
        filters.egress = filters.compose(policy.egress.as_deref(), room);
        filters.set_logs(logs);
        filters
    }

    /// An endpoint that has realized no policy yet.
    pub(super) fn none(asked: Timestamp) -> Self {
        Self {
            revision: None,
            asked,
            bytes: size_of::<Self>(),
            ingress: None,
            egress: None,
            applied: Vec::new(),
        }
    }

    fn compose(&mut self, listed: Option<&[PolicyFilter]>, room: usize) -> Option<Vec<Filter>> {
        let mut filters = Vec::new();
        for listed in listed? {
            for rules in &listed.rules {
                self.bytes += size_of::<Filter>();
                let applied = rules.labels.as_deref().map(|labels| self.intern(labels));
                if self.bytes > room {
                    return None;
                }
                filters.push(Filter {
                    port: listed.port,
                    end_port: listed.end_port,
                    is_named: listed.is_named,
                    protocol: listed.protocol,
                    is_for_all: rules.is_for_all,
                    is_deny: rules.is_deny,
                    applied: applied.and_then(|at| u32::try_from(at).ok()),
                });
            }
        }
        filters.shrink_to_fit();
        Some(filters)
    }

    /// The position of the policies with these labels.
    fn intern(&mut self, labels: &[Vec<String>]) -> usize {
        let is_same = |known: &Arc<AppliedPolicies>| {
            let of_known = known.policies.iter().map(|policy| &policy.labels);
            of_known.eq(labels)
        };
        if let Some(known) = self.applied.iter().position(is_same) {
            return known;
        }
        let policies: Vec<_> = labels
            .iter()
            .map(|labels| Policy::of_labels(labels, self.revision.unwrap_or_default()))
            .collect();
        let texts = labels.iter().flatten().map(String::len).sum::<usize>();
        let strings = labels.iter().map(Vec::len).sum::<usize>() * size_of::<String>();
        self.bytes += size_of::<AppliedPolicies>() + size_of_val(&*policies) + strings + 2 * texts;
        self.applied.push(Arc::new(AppliedPolicies {
            policies,
            log: Vec::new(),
        }));
        self.applied.len() - 1
    }

    /// Sets the log texts of all policies.
    pub(super) fn set_logs(&mut self, logs: &RuleLogs) {
        for applied in &mut self.applied {
            let log = logs.of(&applied.policies).unwrap_or_default();
            if applied.log != log {
                *applied = Arc::new(AppliedPolicies {
                    policies: applied.policies.clone(),
                    log,
                });
            }
        }
    }

    /// The policies that the verdict is derived from; `None` if it is not clear which ones they are.
    pub(super) fn applied(&self, verdict: PolicyVerdict) -> Option<&Arc<AppliedPolicies>> {
        let filters = if verdict.is_ingress {
            &self.ingress
        } else {
            &self.egress
        };
        let filters = filters.as_ref()?.iter();
        let mut applied = filters
            .filter(|filter| filter.can_be_of(verdict))
            .map(|filter| filter.applied);
        let first = applied.next()??;
        applied
            .all(|other| other == Some(first))
            .then(|| self.applied.get(usize::try_from(first).ok()?))?
    }
}

impl Filter {
    /// Whether the entry that decided a verdict can be made of this filter.
    fn can_be_of(&self, verdict: PolicyVerdict) -> bool {
        let is_of_protocol = self.protocol == verdict.protocol;
        let is_port_right = match verdict.port {
            PortMatch::Any => self.is_any_port() && self.protocol == 0,
            PortMatch::Protocol => self.is_any_port() && is_of_protocol,
            PortMatch::Port(port) => (is_of_protocol || self.protocol == 0) && self.has_port(port),
        };
        is_port_right && self.is_for_all == verdict.is_for_all && self.is_deny == verdict.is_deny
    }

    fn is_any_port(&self) -> bool {
        self.port == 0 && !self.is_named
    }

    fn has_port(&self, port: u16) -> bool {
        let last = self.end_port.max(self.port);
        self.is_named || (self.port != 0 && (self.port..=last).contains(&port))
    }
}
