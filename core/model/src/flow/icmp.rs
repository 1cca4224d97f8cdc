//! Names of ICMP types and codes, as printed by gopacket (1.6), which Hubble uses for its summaries
//! and metrics.

/// Number and name of an ICMP type, and the names of its codes.
type IcmpType = (u8, &'static str, &'static [&'static str]);

const ICMPV4: &[IcmpType] = &[
    (0, "EchoReply", &[]),
    (
        3,
        "DestinationUnreachable",
        &[
            "Net",
            "Host",
            "Protocol",
            "Port",
            "FragmentationNeeded",
            "SourceRoutingFailed",
            "NetUnknown",
            "HostUnknown",
            "SourceIsolated",
            "NetAdminProhibited",
            "HostAdminProhibited",
            "NetTOS",
            "HostTOS",
            "CommAdminProhibited",
            "HostPrecedence",
            "PrecedenceCutoff",
        ],
    ),
    (4, "SourceQuench", &[]),
    (5, "Redirect", &["Net", "Host", "TOS+Net", "TOS+Host"]),
    (8, "EchoRequest", &[]),
    (9, "RouterAdvertisement", &[]),
    (10, "RouterSolicitation", &[]),
    (
        11,
        "TimeExceeded",
        &["TTLExceeded", "FragmentReassemblyTimeExceeded"],
    ),
    (
        12,
        "ParameterProblem",
        &["PointerIndicatesError", "MissingOption", "BadLength"],
    ),
    (13, "TimestampRequest", &[]),
    (14, "TimestampReply", &[]),
    (15, "InfoRequest", &[]),
    (16, "InfoReply", &[]),
    (17, "AddressMaskRequest", &[]),
    (18, "AddressMaskReply", &[]),
];

const ICMPV6: &[IcmpType] = &[
    (
        1,
        "DestinationUnreachable",
        &[
            "NoRouteToDst",
            "AdminProhibited",
            "BeyondScopeOfSrc",
            "AddressUnreachable",
            "PortUnreachable",
            "SrcAddressFailedPolicy",
            "RejectRouteToDst",
        ],
    ),
    (2, "PacketTooBig", &[]),
    (
        3,
        "TimeExceeded",
        &["HopLimitExceeded", "FragmentReassemblyTimeExceeded"],
    ),
    (
        4,
        "ParameterProblem",
        &[
            "ErroneousHeaderField",
            "UnrecognizedNextHeader",
            "UnrecognizedIPv6Option",
        ],
    ),
    (128, "EchoRequest", &[]),
    (129, "EchoReply", &[]),
    (133, "RouterSolicitation", &[]),
    (134, "RouterAdvertisement", &[]),
    (135, "NeighborSolicitation", &[]),
    (136, "NeighborAdvertisement", &[]),
    (137, "Redirect", &[]),
];

/// Text of the type and code of an ICMPv4 message, such as `DestinationUnreachable(Port)`.
#[must_use]
pub fn icmpv4_text(icmp_type: u8, code: u8) -> String {
    text(ICMPV4, icmp_type, code)
}

/// Text of the type and code of an ICMPv6 message, such as `NeighborSolicitation`.
#[must_use]
pub fn icmpv6_text(icmp_type: u8, code: u8) -> String {
    text(ICMPV6, icmp_type, code)
}

fn text(table: &[IcmpType], icmp_type: u8, code: u8) -> String {
    let Some((_, name, codes)) = table.iter().find(|(number, ..)| *number == icmp_type) else {
        return format!("{icmp_type}({code})");
    };
    match codes.get(usize::from(code)) {
        Some(code) => format!("{name}({code})"),
        None if codes.is_empty() && code == 0 => (*name).to_owned(),
        None => format!("{name}(Code: {code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::{icmpv4_text, icmpv6_text};

    #[test]
    fn types_and_codes_have_the_texts_that_hubble_prints() {
        let cases = [
            (icmpv4_text(3, 3), "DestinationUnreachable(Port)"),
            (icmpv4_text(3, 77), "DestinationUnreachable(Code: 77)"),
            (icmpv4_text(8, 0), "EchoRequest"),
            (icmpv4_text(8, 5), "EchoRequest(Code: 5)"),
            (icmpv4_text(200, 1), "200(1)"),
            (icmpv6_text(135, 0), "NeighborSolicitation"),
            (icmpv6_text(143, 0), "143(0)"),
        ];
        for (text, expected) in cases {
            assert_eq!(text, expected);
        }
    }
}
