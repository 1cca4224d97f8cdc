//! The kinds of conversations and their weights.

/// A kind of conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Scenario {
    /// A TCP connection between pods, or from a pod to an external host.
    Tcp,
    /// A DNS exchange without a proxy, visible in packets only.
    DnsOnWire,
    /// A DNS exchange through Cilium's proxy, with access-log records.
    DnsProxied,
    /// A plain-text HTTP exchange without a proxy, visible in packets only.
    HttpOnWire,
    /// An HTTP exchange through Envoy, with access-log records.
    HttpProxied,
    /// ICMP and ICMPv6 echo, and errors.
    Icmp,
    /// Dropped packets.
    Drop,
    /// TCP through a VXLAN or Geneve tunnel to another node.
    Overlay,
    /// SCTP, VRRP, IGMP and fragments.
    Rare,
    /// Debug messages and captures, recorder captures, socket traces, notifications of the agent.
    Internal,
    /// A request through Envoy to a pod that sends another one for it, through Envoy as well, both of them in one trace.
    HttpTraced,
}

impl Scenario {
    /// All scenarios.
    pub const ALL: [Self; 11] = [
        Self::Tcp,
        Self::DnsOnWire,
        Self::DnsProxied,
        Self::HttpOnWire,
        Self::HttpProxied,
        Self::Icmp,
        Self::Drop,
        Self::Overlay,
        Self::Rare,
        Self::Internal,
        Self::HttpTraced,
    ];
}

/// Weights of the scenarios, in the order of [`Scenario::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix(pub [u32; Scenario::ALL.len()]);

impl Default for Mix {
    /// The mix of an ordinary cluster: mostly TCP, some DNS and HTTP, few drops.
    fn default() -> Self {
        Self([50, 14, 5, 5, 3, 4, 8, 6, 1, 4, 0])
    }
}

impl Mix {
    /// Every kind of event: all scenarios with the same weight, except for [`Scenario::HttpTraced`], which has none of its
    /// own.
    pub const EVEN: Self = Self([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);

    /// One scenario only.
    #[must_use]
    pub fn only(scenario: Scenario) -> Self {
        let mut weights = [0; Scenario::ALL.len()];
        weights[scenario as usize] = 1;
        Self(weights)
    }

    /// Whether the mix has a scenario.
    pub(crate) fn has(&self, scenario: Scenario) -> bool {
        self.0[scenario as usize] > 0
    }

    /// Picks a scenario at random, by weight.
    pub(crate) fn pick(&self, rng: &mut fastrand::Rng) -> Scenario {
        let mut rest = rng.u32(..self.0.iter().sum::<u32>().max(1));
        for (scenario, weight) in Scenario::ALL.into_iter().zip(self.0) {
            if rest < weight {
                return scenario;
            }
            rest -= weight;
        }
        Scenario::Tcp
    }
}
