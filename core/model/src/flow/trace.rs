//! Observation points and reasons of traces, and capture points.

/// `flow.TraceObservationPoint` (v1.19.4): the datapath's number, except that its 0 (to-endpoint)
/// is 101; 0 for events other than traces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TracePoint(pub u8);

impl TracePoint {
    /// `TO_ENDPOINT`, whose number differs from the datapath's.
    pub const TO_ENDPOINT: Self = Self(101);
    /// `TO_PROXY`
    pub const TO_PROXY: Self = Self(1);
    /// `FROM_PROXY`
    pub const FROM_PROXY: Self = Self(6);
    /// `FROM_NETWORK`
    pub const FROM_NETWORK: Self = Self(10);

    /// Converts the datapath's observation point.
    #[must_use]
    pub fn from_datapath(point: u8) -> Self {
        // A table rather than a branch, which the CPU could not predict.
        const RENUMBERED: [u8; 16] = [101, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        Self(RENUMBERED.get(usize::from(point)).copied().unwrap_or(point))
    }

    /// The protobuf enum's name; `None` for other numbers.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "UNKNOWN_POINT",
            101 => "TO_ENDPOINT",
            1 => "TO_PROXY",
            2 => "TO_HOST",
            3 => "TO_STACK",
            4 => "TO_OVERLAY",
            5 => "FROM_ENDPOINT",
            6 => "FROM_PROXY",
            7 => "FROM_HOST",
            8 => "FROM_STACK",
            9 => "FROM_OVERLAY",
            10 => "FROM_NETWORK",
            11 => "TO_NETWORK",
            12 => "FROM_CRYPTO",
            13 => "TO_CRYPTO",
            _ => return None,
        })
    }

    /// The name that `hubble observe` and the metrics use for the datapath's number (`sub_type`).
    #[must_use]
    pub fn datapath_name(sub_type: u8) -> Option<&'static str> {
        const NAMES: [&str; 14] = [
            "to-endpoint",
            "to-proxy",
            "to-host",
            "to-stack",
            "to-overlay",
            "from-endpoint",
            "from-proxy",
            "from-host",
            "from-stack",
            "from-overlay",
            "from-network",
            "to-network",
            "from-crypto",
            "to-crypto",
        ];
        NAMES.get(usize::from(sub_type)).copied()
    }
}

/// `flow.TraceReason` (v1.19.4): the connection tracking state, numbered differently than in the
/// datapath.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceReason(pub u8);

impl TraceReason {
    /// Converts the datapath's reason, without its encryption bit: 5 (unknown) becomes 0, and
    /// smaller numbers are incremented.
    #[must_use]
    pub fn from_datapath(reason: u8) -> Self {
        const RENUMBERED: [u8; 6] = [1, 2, 3, 4, 5, 0];
        Self(
            RENUMBERED
                .get(usize::from(reason))
                .copied()
                .unwrap_or(reason),
        )
    }

    /// The protobuf enum's name; `None` for other numbers.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        const NAMES: [&str; 9] = [
            "TRACE_REASON_UNKNOWN",
            "NEW",
            "ESTABLISHED",
            "REPLY",
            "RELATED",
            "REOPENED",
            "SRV6_ENCAP",
            "SRV6_DECAP",
            "ENCRYPT_OVERLAY",
        ];
        NAMES.get(usize::from(self.0)).copied()
    }
}

/// What an original source address in a trace implies in Hubble (`decodeTrafficDirection`). The
/// datapath sets one for every packet to an endpoint, translated or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OriginalSource {
    /// The source was translated, so the packet is egress traffic: Hubble since 1.16.
    #[default]
    ImpliesEgress,
    /// Nothing: Hubble until 1.15.
    ImpliesNothing,
}

/// `flow.DebugCapturePoint`'s name (v1.19.4) for the sub-type of a capture; `None` for other
/// numbers.
#[must_use]
pub fn capture_point_name(sub_type: u8) -> Option<&'static str> {
    Some(match sub_type {
        0 => "DBG_CAPTURE_POINT_UNKNOWN",
        4 => "DBG_CAPTURE_DELIVERY",
        5 => "DBG_CAPTURE_FROM_LB",
        6 => "DBG_CAPTURE_AFTER_V46",
        7 => "DBG_CAPTURE_AFTER_V64",
        8 => "DBG_CAPTURE_PROXY_PRE",
        9 => "DBG_CAPTURE_PROXY_POST",
        10 => "DBG_CAPTURE_SNAT_PRE",
        11 => "DBG_CAPTURE_SNAT_POST",
        _ => return None,
    })
}
