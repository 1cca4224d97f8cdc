//! Which of Hubble's fields has the policies of a verdict.

use std::sync::Arc;

use super::{AppliedPolicies, Direction, Flow, Verdict};

/// Which field of Hubble's flow has the policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyEffect {
    /// `egress_allowed_by`
    EgressAllowed,
    /// `ingress_allowed_by`
    IngressAllowed,
    /// `egress_denied_by`
    EgressDenied,
    /// `ingress_denied_by`
    IngressDenied,
}

impl Flow {
    /// What allowed or denied the packet of a policy verdict, and the field of Hubble that has it.
    #[must_use]
    pub fn policies(&self) -> Option<(PolicyEffect, &Arc<AppliedPolicies>)> {
        let policies = self.node.as_ref()?.policies.as_ref()?;
        Some((self.policy_effect()?, policies))
    }

    /// Which field of Hubble has the policies of a verdict. `None` for verdicts that no rule decides.
    #[must_use]
    pub fn policy_effect(&self) -> Option<PolicyEffect> {
        let is_allowed = match self.verdict {
            Verdict::Forwarded | Verdict::Redirected => true,
            Verdict::Dropped | Verdict::Audit => false,
            _ => return None,
        };
        match (self.direction, is_allowed) {
            (Direction::Egress, true) => Some(PolicyEffect::EgressAllowed),
            (Direction::Ingress, true) => Some(PolicyEffect::IngressAllowed),
            (Direction::Egress, false) => Some(PolicyEffect::EgressDenied),
            (Direction::Ingress, false) => Some(PolicyEffect::IngressDenied),
            (Direction::Unknown, _) => None,
        }
    }
}

impl PolicyEffect {
    /// Whether the policies allowed the packet.
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::EgressAllowed | Self::IngressAllowed)
    }

    /// The name of Hubble's field.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::EgressAllowed => "egress_allowed_by",
            Self::IngressAllowed => "ingress_allowed_by",
            Self::EgressDenied => "egress_denied_by",
            Self::IngressDenied => "ingress_denied_by",
        }
    }
}
