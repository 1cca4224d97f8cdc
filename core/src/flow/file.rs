//! Which BPF source file a drop was reported from: `pkg/monitor/api/files.go`, whose numbering
//! changed nine times between v1.12 and the main branch of March 2026.

/// A place in Cilium's BPF sources: `flow.FileInfo` (v1.19.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The file's number.
    pub id: u8,
    /// Line in the file.
    pub line: u16,
    /// Which numbering the number belongs to.
    pub numbering: FileNumbering,
}

impl SourceFile {
    /// The file's name; `None` for a number that the numbering does not have, which Hubble prints
    /// as `unknown(<number>)`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        let files = self.numbering.files();
        files.binary_search_by_key(&self.id, |(id, _)| *id).ok().map(|at| files[at].1)
    }
}

/// The numberings, each named by the first release that had it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are release numbers")]
pub enum FileNumbering {
    V1_12_0,
    V1_13_0,
    V1_13_14,
    V1_14_0,
    V1_14_7,
    V1_14_9,
    V1_15_0,
    V1_15_3,
    V1_15_4,
    V1_16_0,
    V1_17_0,
    V1_18_0,
    #[default]
    V1_19_0,
    Main,
}

impl FileNumbering {
    fn files(self) -> &'static [(u8, &'static str)] {
        match self {
            Self::V1_12_0 => V1_12_0,
            Self::V1_13_0 => V1_13_0,
            Self::V1_13_14 => V1_13_14,
            Self::V1_14_0 => V1_14_0,
            Self::V1_14_7 => V1_14_7,
            Self::V1_14_9 => V1_14_9,
            Self::V1_15_0 => V1_15_0,
            Self::V1_15_3 => V1_15_3,
            Self::V1_15_4 => V1_15_4,
            Self::V1_16_0 => V1_16_0,
            Self::V1_17_0 => V1_17_0,
            Self::V1_18_0 => V1_18_0,
            Self::V1_19_0 => V1_19_0,
            Self::Main => MAIN,
        }
    }
}

const V1_12_0: &[(u8, &str)] = &[
    (1, "bpf_network.c"),
    (2, "bpf_sock.c"),
    (3, "bpf_host.c"),
    (4, "bpf_overlay.c"),
    (5, "bpf_xdp.c"),
    (6, "bpf_alignchecker.c"),
    (7, "cilium-probe-kernel-hz.c"),
    (8, "bpf_lxc.c"),
];

const V1_13_0: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "egress_policies.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
];

const V1_13_14: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "egress_policies.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "encrypt.h"),
];

const V1_14_0: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "egress_policies.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
];

const V1_14_7: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
];

const V1_14_9: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "encrypt.h"),
];

const V1_15_0: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "lb.h"),
];

const V1_15_3: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "lb.h"),
    (107, "encrypt.h"),
];

const V1_15_4: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "lb.h"),
    (107, "encrypt.h"),
    (108, "mcast.h"),
];

const V1_16_0: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (5, "bpf_sock.c"),
    (6, "bpf_network.c"),
    (7, "bpf_wireguard.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "lb.h"),
    (107, "mcast.h"),
    (108, "ipv4.h"),
    (109, "conntrack.h"),
    (110, "l3.h"),
    (111, "trace.h"),
    (112, "encap.h"),
    (113, "encrypt.h"),
];

const V1_17_0: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (5, "bpf_sock.c"),
    (6, "bpf_network.c"),
    (7, "bpf_wireguard.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "lb.h"),
    (107, "mcast.h"),
    (108, "ipv4.h"),
    (109, "conntrack.h"),
    (110, "l3.h"),
    (111, "trace.h"),
    (112, "encap.h"),
    (113, "encrypt.h"),
    (114, "host_firewall.h"),
    (115, "nodeport_egress.h"),
];

const V1_18_0: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (5, "bpf_sock.c"),
    (6, "bpf_network.c"),
    (7, "bpf_wireguard.c"),
    (101, "arp.h"),
    (102, "drop.h"),
    (103, "srv6.h"),
    (104, "icmp6.h"),
    (105, "nodeport.h"),
    (106, "lb.h"),
    (107, "mcast.h"),
    (108, "ipv4.h"),
    (109, "conntrack.h"),
    (110, "local_delivery.h"),
    (111, "trace.h"),
    (112, "encap.h"),
    (113, "encrypt.h"),
    (114, "host_firewall.h"),
    (115, "nodeport_egress.h"),
    (116, "ipv6.h"),
    (117, "classifiers.h"),
];

const V1_19_0: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (5, "bpf_sock.c"),
    (6, "bpf_network.c"),
    (7, "bpf_wireguard.c"),
    (101, "drop.h"),
    (102, "srv6.h"),
    (103, "icmp6.h"),
    (104, "nodeport.h"),
    (105, "lb.h"),
    (106, "mcast.h"),
    (107, "ipv4.h"),
    (108, "conntrack.h"),
    (109, "local_delivery.h"),
    (110, "trace.h"),
    (111, "encap.h"),
    (112, "host_firewall.h"),
    (113, "nodeport_egress.h"),
    (114, "ipv6.h"),
    (115, "classifiers.h"),
];

const MAIN: &[(u8, &str)] = &[
    (1, "bpf_host.c"),
    (2, "bpf_lxc.c"),
    (3, "bpf_overlay.c"),
    (4, "bpf_xdp.c"),
    (5, "bpf_sock.c"),
    (7, "bpf_wireguard.c"),
    (101, "drop.h"),
    (102, "srv6.h"),
    (103, "icmp6.h"),
    (104, "nodeport.h"),
    (105, "lb.h"),
    (106, "mcast.h"),
    (107, "ipv4.h"),
    (108, "conntrack.h"),
    (109, "local_delivery.h"),
    (110, "trace.h"),
    (111, "encap.h"),
    (112, "host_firewall.h"),
    (113, "nodeport_egress.h"),
    (114, "ipv6.h"),
    (115, "classifiers.h"),
];
