/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Headers on the wire. Numbers are big-endian. */
#pragma once

#include "include/types.h"

enum {
    ETHER_IPV4 = 0x0800,
    ETHER_IPV6 = 0x86dd,
    ETHER_BRIDGED = 0x6558, /* an Ethernet frame in a tunnel */
    ETHER_VLAN = 0x8100,
    ETHER_QINQ = 0x88a8,
    ETHER_OLD_QINQ = 0x9100,
};
enum { ETHERNET_HEADER = 14, MAX_VLAN_TAGS = 3, MAX_EXTENSIONS = 6 };

enum {
    PROTOCOL_ICMP = 1,
    PROTOCOL_IGMP = 2,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_DCCP = 33,
    PROTOCOL_GRE = 47,
    PROTOCOL_ESP = 50,
    PROTOCOL_ICMPV6 = 58,
    PROTOCOL_VRRP = 112,
    PROTOCOL_SCTP = 132,
    PROTOCOL_UDPLITE = 136,
};

enum {
    EXTENSION_HOP_BY_HOP = 0,
    EXTENSION_ROUTING = 43,
    EXTENSION_FRAGMENT = 44,
    EXTENSION_AUTHENTICATION = 51,
    EXTENSION_DESTINATION = 60,
    EXTENSION_MOBILITY = 135,
    EXTENSION_HIP = 139,
    EXTENSION_SHIM6 = 140,
};

enum { IPV4_FRAGMENT = 0x3fff, IPV6_FRAGMENT = 0xfff9 };
enum { GRE_CHECKSUM = 0x8000, GRE_KEY = 0x2000, GRE_VERSION = 0x0007 };
enum { VXLAN_HAS_NETWORK = 0x08, GENEVE_OPTIONS = 0x3f };
enum { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };

struct ipv4 {
    u8 version_length;
    u8 service;
    u16 total_len;
    u16 id;
    u16 fragment;
    u8 ttl;
    u8 protocol;
    u16 checksum;
    u32 source;
    u32 destination;
};

struct ipv6 {
    u32 version;
    u16 payload_len;
    u8 next;
    u8 hops;
    u32 source[4];
    u32 destination[4];
};

struct extension_header {
    u8 next;
    u8 length;
    u16 fragment;
};

struct vlan_tag {
    u16 tag;
    u16 ether_type;
};

struct ports {
    u16 source;
    u16 destination;
};

struct tcp {
    struct ports ports;
    u32 sequence;
    u32 acknowledgment;
    u8 length; /* in words, in the upper half */
    u8 flags;
    u16 window;
    u32 checksum_urgent;
};

struct udp {
    struct ports ports;
    u16 length;
    u16 checksum;
};

struct icmp {
    u8 type;
    u8 code;
    u16 checksum;
    u16 id;
    u16 sequence;
};

struct gre {
    u16 flags;
    u16 protocol;
};

/* VXLAN and Geneve begin alike: flags or lengths, then a type, then the network's number. */
struct tunnel_header {
    u8 flags;
    u8 more_flags;
    u16 protocol; /* Geneve */
    u32 network;
};

static ALWAYS_INLINE bool is_vlan(u16 ether_type)
{
    return ether_type == BIG16(ETHER_VLAN) || ether_type == BIG16(ETHER_QINQ)
        || ether_type == BIG16(ETHER_OLD_QINQ);
}

static ALWAYS_INLINE bool is_extension(u8 protocol)
{
    switch (protocol) {
    case EXTENSION_HOP_BY_HOP:
    case EXTENSION_ROUTING:
    case EXTENSION_FRAGMENT:
    case EXTENSION_AUTHENTICATION:
    case EXTENSION_DESTINATION:
    case EXTENSION_MOBILITY:
    case EXTENSION_HIP:
    case EXTENSION_SHIM6:
        return true;
    default:
        return false;
    }
}

/* The length of an extension header in bytes, from its length field. */
static ALWAYS_INLINE u32 extension_len(u8 kind, u8 length)
{
    if (kind == EXTENSION_FRAGMENT)
        return 8;
    return kind == EXTENSION_AUTHENTICATION ? (length + 2) * 4 : (length + 1) * 8;
}
