//! Filters of protocols.

use tidegate_model::flow::{Flow, L4, L7Record};

use crate::FilterError;

/// A set of L4 and L7 protocols.
#[derive(Clone, Copy, Debug)]
pub(super) struct Protocols(u16);

const TCP: u16 = 1 << 0;
const UDP: u16 = 1 << 1;
const SCTP: u16 = 1 << 2;
const ICMPV4: u16 = 1 << 3;
const ICMPV6: u16 = 1 << 4;
const VRRP: u16 = 1 << 5;
const IGMP: u16 = 1 << 6;
const DNS: u16 = 1 << 7;
const HTTP: u16 = 1 << 8;
const KAFKA: u16 = 1 << 9;

/// The names of protocols, which may be in any case.
pub(crate) const PROTOCOLS: [(&str, u16); 11] = [
    ("icmp", ICMPV4 | ICMPV6),
    ("icmpv4", ICMPV4),
    ("icmpv6", ICMPV6),
    ("tcp", TCP),
    ("udp", UDP),
    ("sctp", SCTP),
    ("vrrp", VRRP),
    ("igmp", IGMP),
    ("dns", DNS),
    ("http", HTTP),
    ("kafka", KAFKA),
];

impl Protocols {
    pub(super) fn parse(names: &[String]) -> Result<Self, FilterError> {
        let mut bits = 0;
        for name in names {
            let lower = name.to_lowercase();
            let found = PROTOCOLS.iter().find(|(known, _)| *known == lower);
            bits |= found.map(|(_, bits)| bits).ok_or_else(|| {
                let known = PROTOCOLS.map(|(known, _)| known).join(", ");
                FilterError::invalid(format!(
                    "unknown protocol: {name:?}; expected one of {known}"
                ))
            })?;
        }
        Ok(Self(bits))
    }

    #[inline]
    pub(super) fn matches(self, flow: &Flow) -> bool {
        let l4 = match flow.l4 {
            L4::None => 0,
            L4::Tcp { .. } => TCP,
            L4::Udp { .. } => UDP,
            L4::Sctp { .. } => SCTP,
            L4::Icmpv4 { .. } => ICMPV4,
            L4::Icmpv6 { .. } => ICMPV6,
            L4::Vrrp { .. } => VRRP,
            L4::Igmp { .. } => IGMP,
        };
        let l7 = match flow.l7.as_deref().map(|l7| &l7.record) {
            Some(L7Record::Dns(_)) => DNS,
            Some(L7Record::Http(_)) => HTTP,
            Some(L7Record::Kafka(_)) => KAFKA,
            Some(L7Record::Generic(_)) | None => 0,
        };
        self.0 & (l4 | l7) != 0
    }
}
