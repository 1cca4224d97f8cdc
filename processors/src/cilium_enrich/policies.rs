//! Shows which policies a policy verdict is derived from, and asks for what is out of date.

use std::sync::Arc;

use tidegate_model::flow::{AppliedPolicies, Flow, NodeView};
use tidegate_names::{Applied, PolicyVerdict};
use tidegate_runtime::requests::Request;

use super::enrich::CiliumEnrich;

impl CiliumEnrich {
    /// Adds the policies of a policy verdict.
    #[inline(never)]
    pub(super) fn add_policies(&mut self, flow: &mut Flow) {
        let Some(verdict) = PolicyVerdict::of(flow) else {
            return;
        };
        let endpoint = verdict.endpoint();
        let requests = &mut self.policy_requests;
        match self.table.applied_policies(verdict) {
            Applied::Policies(policies) => {
                requests.has_endpoint(endpoint);
                let is_old = policies.log.is_empty() && self.table.has_old_rule_logs();
                if requests.wants_rule_logs(is_old, flow.time) {
                    self.requests.send(Request::RuleLogsWanted);
                }
                show(flow, policies);
            }
            Applied::Unknown => {
                requests.has_endpoint(endpoint);
            }
            Applied::Outdated { regenerated } => {
                if requests.wants_endpoint(endpoint, flow.time, regenerated) {
                    self.requests.send(Request::EndpointWanted(endpoint));
                }
            }
        }
    }
}

/// Adds the policies to what the flow shares with others.
fn show(flow: &mut Flow, policies: Arc<AppliedPolicies>) {
    let shared = flow.node.as_deref();
    flow.node = Some(Arc::new(NodeView {
        policies: Some(policies),
        ..shared.cloned().unwrap_or_default()
    }));
}
