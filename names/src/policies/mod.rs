//! Which policies decided a policy verdict, as Hubble finds it (`pkg/policy/correlation`, v1.20.2).
//!
//! A verdict has the kind of the entry of the endpoint's policy map that matched: with or without
//! the peer's identity, the port, the protocol. The API lists the endpoint's filters, of which such
//! entries are made, and the labels of their rules. Where all filters that the entry can be from
//! have the same rules, these are Hubble's; where they differ, or where the list is older than the
//! endpoint's policy, nothing is shown.

mod filters;
mod logs;
mod verdict;

pub use verdict::PolicyVerdict;

use std::sync::Arc;
use std::time::Duration;

use hashbrown::HashMap;
use tidegate_model::Timestamp;
use tidegate_model::flow::AppliedPolicies;
use tidegate_model::names::{EndpointPolicy, RuleLog};

use crate::times::set_back;
use filters::EndpointFilters;
use logs::RuleLogs;

/// The largest number of endpoints, and of those whose regeneration is kept in mind.
const MAX_ENDPOINTS: usize = 4096;
/// The most bytes that the filters of all endpoints take. Those of further ones are not kept.
const MAX_BYTES: usize = 8 << 20;

/// What decided a verdict.
#[derive(Debug)]
pub enum Applied {
    /// These policies.
    Policies(Arc<AppliedPolicies>),
    /// It is not known.
    Unknown,
    /// What is known of the endpoint is out of date.
    Outdated {
        /// When the endpoint was last regenerated.
        regenerated: Option<Timestamp>,
    },
}

/// The policies of this node's endpoints.
#[derive(Debug, Default)]
pub(crate) struct Policies {
    endpoints: HashMap<u64, EndpointFilters>,
    logs: RuleLogs,
    /// The latest revision that was announced or listed.
    revision: u64,
    /// When endpoints were last regenerated.
    regenerated: HashMap<u64, Timestamp>,
    /// Bytes of the endpoints' filters.
    bytes: usize,
}

impl Policies {
    /// The number of endpoints.
    pub(crate) fn len(&self) -> usize {
        self.endpoints.len()
    }

    /// Notes that the agent has another revision of the policy, which its endpoints will realize.
    pub(crate) fn updated(&mut self, revision: u64, now: Timestamp) {
        self.revision = self.revision.max(revision);
        self.logs.updated(now);
    }

    /// Notes that an endpoint has realized a policy that may be another one than before.
    pub(crate) fn regenerated(&mut self, endpoint: u64, now: Timestamp) {
        if self.regenerated.len() >= MAX_ENDPOINTS && !self.regenerated.contains_key(&endpoint) {
            self.forget(now);
            self.regenerated.clear();
        }
        self.regenerated.insert(endpoint, now);
    }

    pub(crate) fn set_back(&mut self, by: Duration) {
        let asked = self.endpoints.values_mut().map(|known| &mut known.asked);
        set_back(asked.chain(self.regenerated.values_mut()), by);
        self.logs.set_back(by);
    }

    /// Removes what was listed before another agent's connection began, which counts revisions anew.
    pub(crate) fn forget(&mut self, latest_before: Timestamp) {
        self.endpoints
            .retain(|_, known| known.asked > latest_before);
        self.logs.forget(latest_before);
        let revisions = self.endpoints.values().filter_map(|known| known.revision);
        self.revision = revisions.max().unwrap_or_default();
        self.bytes = self.endpoints.values().map(|known| known.bytes).sum();
    }

    /// Takes the listed policy of an endpoint; `None` if it has realized none yet.
    pub(crate) fn list(&mut self, id: u64, policy: Option<&EndpointPolicy>, asked: Timestamp) {
        if self
            .endpoints
            .get(&id)
            .is_some_and(|known| known.asked > asked)
        {
            return;
        }
        self.remove(id);
        if self.endpoints.len() >= MAX_ENDPOINTS {
            return;
        }
        let room = MAX_BYTES.saturating_sub(self.bytes);
        let filters = match policy {
            Some(policy) => {
                self.revision = self.revision.max(policy.revision);
                EndpointFilters::new(policy, asked, &self.logs, room)
            }
            None => EndpointFilters::none(asked),
        };
        self.bytes += filters.bytes;
        self.endpoints.insert(id, filters);
    }

    /// Removes an endpoint.
    pub(crate) fn remove(&mut self, id: u64) {
        if let Some(removed) = self.endpoints.remove(&id) {
            self.bytes -= removed.bytes;
        }
    }

    /// Takes the log texts of a rule.
    pub(crate) fn list_log(&mut self, log: &RuleLog, asked: Timestamp) {
        self.logs.add(log, asked);
    }

    /// Takes the end of the list of log texts.
    pub(crate) fn complete_logs(&mut self, asked: Timestamp) {
        self.logs.complete(asked);
        for filters in self.endpoints.values_mut() {
            filters.set_logs(&self.logs);
        }
    }

    /// Whether the log texts are listed, and older than the agent's policy.
    pub(crate) fn has_old_logs(&self) -> bool {
        self.logs.is_old()
    }

    /// What decided a verdict.
    pub(crate) fn applied(&self, verdict: PolicyVerdict) -> Applied {
        let id = u64::from(verdict.endpoint);
        let regenerated = self.regenerated.get(&id).copied();
        let outdated = Applied::Outdated { regenerated };
        let Some(filters) = self.endpoints.get(&id) else {
            return outdated;
        };
        let is_regenerated = regenerated.is_some_and(|at| at >= filters.asked);
        let is_behind = filters.revision.is_some_and(|own| own < self.revision);
        if is_regenerated || is_behind {
            return outdated;
        }
        match filters.applied(verdict) {
            Some(policies) => Applied::Policies(Arc::clone(policies)),
            None => Applied::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
