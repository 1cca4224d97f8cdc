//! Counts the packets that were skipped, by reason.

use std::collections::BTreeMap;

/// Why a packet was skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reason {
    /// Its link type is not supported.
    LinkType,
    /// It is not an IP packet.
    NoIp,
}

/// The number of skipped packets by reason and link type.
#[derive(Debug, Default)]
pub(super) struct Skipped(BTreeMap<(Reason, u16), u64>);

impl Skipped {
    /// Counts a skipped packet.
    pub(super) fn count(&mut self, link: u16, reason: Reason) {
        *self.0.entry((reason, link)).or_default() += 1;
    }

    /// A summary, if any packets were skipped.
    pub(super) fn describe(&self) -> Option<String> {
        let parts = self.0.iter().map(|(&(reason, link), count)| {
            let link = name(link).map_or_else(
                || format!("link type {link}"),
                |name| format!("link type {link} ({name})"),
            );
            match reason {
                Reason::LinkType => format!("{count} of {link}, which is not supported"),
                Reason::NoIp => format!("{count} of {link} without IP"),
            }
        });
        let parts: Vec<_> = parts.collect();
        let total: u64 = self.0.values().sum();
        (total > 0).then(|| format!("skipped {total} packets: {}", parts.join(", ")))
    }
}

/// The name of a common link type in tcpdump.org's registry.
fn name(link: u16) -> Option<&'static str> {
    Some(match link {
        0 => "NULL",
        6 => "IEEE802_5",
        9 => "PPP",
        10 => "FDDI",
        12 | 14 | 101 => "RAW",
        50 => "PPP_HDLC",
        51 => "PPP_ETHER",
        104 => "C_HDLC",
        105 => "IEEE802_11",
        107 => "FRELAY",
        108 => "LOOP",
        109 => "ENC",
        113 => "LINUX_SLL",
        117 => "PFLOG",
        119 => "IEEE802_11_PRISM",
        127 => "IEEE802_11_RADIOTAP",
        138 => "APPLE_IP_OVER_IEEE1394",
        163 => "IEEE802_11_AVS",
        166 => "PPP_PPPD",
        187 => "BLUETOOTH_HCI_H4",
        189 => "USB_LINUX",
        192 => "PPI",
        195 => "IEEE802_15_4_WITHFCS",
        201 => "BLUETOOTH_HCI_H4_WITH_PHDR",
        204 => "PPP_WITH_DIR",
        220 => "USB_LINUX_MMAPPED",
        227 => "CAN_SOCKETCAN",
        230 => "IEEE802_15_4_NOFCS",
        239 => "NFLOG",
        249 => "USBPCAP",
        252 => "WIRESHARK_UPPER_PDU",
        253 => "NETLINK",
        276 => "LINUX_SLL2",
        _ => return None,
    })
}
