//! How often each kind of conversation happens.

/// Kinds of conversations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Scenario {
    /// A TCP connection between pods, or from a pod to the world.
    Tcp,
    /// A DNS exchange that only its packets show.
    DnsOnWire,
    /// A DNS exchange through Cilium's proxy, with access-log records.
    DnsProxied,
    /// An HTTP exchange in the clear that only its packets show.
    HttpOnWire,
    /// An HTTP exchange through Envoy, with access-log records.
    HttpProxied,
    /// ICMP and ICMPv6 echo, and errors.
    Icmp,
    /// Packets that the datapath drops.
    Drop,
    /// TCP through a VXLAN or Geneve tunnel to another node.
    Overlay,
    /// SCTP, VRRP, IGMP and fragments.
    Rare,
    /// Debug messages and captures, recorder captures, socket traces, notifications of the agent.
    Internal,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 10] = [
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
    ];
}

/// Weights of the scenarios, in the order of [`Scenario::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mix(pub [u32; Scenario::ALL.len()]);

impl Default for Mix {
    /// What a node of an ordinary cluster shows: mostly TCP, some DNS and HTTP, few drops.
    fn default() -> Self {
        Self([50, 14, 5, 5, 3, 4, 8, 6, 1, 4])
    }
}

impl Mix {
    /// Every scenario as often as any other.
    pub const EVEN: Self = Self([1; Scenario::ALL.len()]);

    /// One scenario alone.
    #[must_use]
    pub fn only(scenario: Scenario) -> Self {
        let mut weights = [0; Scenario::ALL.len()];
        weights[scenario as usize] = 1;
        Self(weights)
    }

    /// Whether a scenario ever happens.
    pub(crate) fn has(&self, scenario: Scenario) -> bool {
        self.0[scenario as usize] > 0
    }

    /// The scenario that a die of as many sides as the weights add up to shows.
    pub(crate) fn pick(&self, rng: &mut fastrand::Rng) -> Scenario {
        let mut die = rng.u32(..self.0.iter().sum::<u32>().max(1));
        for (scenario, weight) in Scenario::ALL.into_iter().zip(self.0) {
            if die < weight {
                return scenario;
            }
            die -= weight;
        }
        Scenario::Tcp
    }
}
