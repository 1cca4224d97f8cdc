//! What the agent's API lists of network policies.

use serde::Serialize;

/// The policy that an endpoint has realized: `models.EndpointPolicy` (1.12 to 1.20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EndpointPolicy {
    /// `policy-revision`; 0 before the first.
    pub revision: u64,
    /// Its filters of incoming packets; `None` if one of them could not be read.
    pub ingress: Option<Vec<PolicyFilter>>,
    /// Its filters of outgoing packets; `None` if one of them could not be read.
    pub egress: Option<Vec<PolicyFilter>>,
}

/// What decides over packets to a port: `models.PolicyRule`, whose text `rule` is an `L4Filter`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PolicyFilter {
    /// The port, or the type of ICMP; 0 for all.
    pub port: u16,
    /// The last port of a range; 0 if there is none.
    pub end_port: u16,
    /// Whether the port is a name, which stands for any.
    pub is_named: bool,
    /// IP protocol number; 0 for all.
    pub protocol: u8,
    /// The rules, at most one entry for each combination of the first two fields.
    pub rules: Vec<FilterRules>,
}

/// The rules of a filter that are about the same peers and have the same effect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FilterRules {
    /// Whether they select all peers, in place of certain ones.
    pub is_for_all: bool,
    /// Whether they deny.
    pub is_deny: bool,
    /// The labels of each rule. `None` if the rules differ by peer.
    pub labels: Option<Vec<Vec<String>>>,
}

/// What a rule of the agent's policy has verdicts log: `api.Rule` (1.12 to 1.20).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RuleLog {
    /// Labels of the rule, sorted. All rules of a resource have the same.
    pub labels: Vec<String>,
    /// The text that it has verdicts log (since 1.18); empty if it has none.
    pub log: String,
}

fn texts(texts: &[String]) -> usize {
    size_of_val(texts) + texts.iter().map(String::capacity).sum::<usize>()
}

impl EndpointPolicy {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let directions = [&self.ingress, &self.egress].into_iter().flatten();
        directions
            .flatten()
            .map(|filter| size_of_val(filter) + filter.heap_bytes())
            .sum()
    }
}

impl PolicyFilter {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let labels = self.rules.iter().filter_map(|rules| rules.labels.as_ref());
        size_of_val(&*self.rules)
            + labels
                .flatten()
                .map(|labels| size_of_val(labels) + texts(labels))
                .sum::<usize>()
    }
}

impl RuleLog {
    /// Bytes on the heap.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        texts(&self.labels) + self.log.capacity()
    }
}
