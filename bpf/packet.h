/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs need of a packet's headers: addresses, ports, where the payload begins.
 *
 * Agrees with the decoder that reads the captured bytes later (`wire/src/packet`), except that it
 * goes on where that one ends: behind VLAN tags and IPv6 extension headers. */
#pragma once

#include "event.h"
#include "protocols.h"

union address {
    u32 words[4]; /* IPv4 in the first */
    u64 halves[2];
};

struct packet {
    union address source;
    union address destination;
    u16 source_port; /* big-endian; or what tells connections of the protocol apart */
    u16 destination_port;
    u32 payload;     /* where that of TCP or UDP begins, or what an ICMP error quotes; 0 none */
    u32 start;       /* where the capture begins */
    u8 protocol;
    u8 tcp_flags;
    u8 flags;        /* of the event */
    u8 notes;        /* enum note */
};

enum note {
    NOTE_FRAGMENT = 1,
    NOTE_UNKNOWN_TRANSPORT = 2,
    NOTE_TOO_MANY_HEADERS = 4,
    NOTE_CUT_TRANSPORT = 8,
    NOTE_NOT_TRACKED = 16, /* the table of connections refused it */
    NOTE_ICMP_ERROR = 32,
};

enum parsed { PARSED, PARSED_NOT_IP, PARSED_TOO_SHORT };

/* Returns `len` bytes at `offset`; NULL if the packet ends before. They are in place where the
 * headers were made linear, otherwise copied to `buffer`. Rare headers are always copied, by
 * functions that all programs share. */
static ALWAYS_INLINE const void *bytes_at(struct __sk_buff *skb, u32 offset, void *buffer,
                                          const u32 len, const bool in_place)
{
    if (!in_place)
        return bpf_skb_load_bytes(skb, offset, buffer, len) ? 0 : buffer;
    const u8 *at = (const u8 *)(long)skb->data + offset;

    return at + len > (const u8 *)(long)skb->data_end ? 0 : at;
}

static ALWAYS_INLINE void set_ports(struct packet *packet, u16 source, u16 destination)
{
    packet->source_port = source;
    packet->destination_port = destination;
}

/* GRE: the key, or the call of PPTP. */
static ALWAYS_INLINE bool parse_gre(struct __sk_buff *skb, u32 at, struct packet *packet)
{
    struct gre buffer;
    const struct gre *gre = bytes_at(skb, at, &buffer, sizeof(buffer), false);

    if (!gre)
        return false;
    u16 flags = gre->flags;
    if (!(flags & BIG16(GRE_KEY)))
        return true;
    at += sizeof(buffer) + (flags & BIG16(GRE_CHECKSUM) ? 4 : 0);
    struct ports key_buffer;
    const struct ports *key = bytes_at(skb, at, &key_buffer, sizeof(key_buffer), false);
    if (!key)
        return false;
    bool is_pptp = (flags & BIG16(GRE_VERSION)) == BIG16(1);
    set_ports(packet, is_pptp ? 0 : key->source, key->destination);
    return true;
}

/* ICMP: the identifier of echo messages, the type of others. */
static ALWAYS_INLINE bool parse_icmp(struct __sk_buff *skb, u32 at, struct packet *packet)
{
    struct icmp buffer;
    const struct icmp *icmp = bytes_at(skb, at, &buffer, sizeof(buffer), false);

    if (!icmp)
        return false;
    u8 type = icmp->type;
    bool is_v6 = packet->protocol == PROTOCOL_ICMPV6;
    bool is_echo = is_v6 ? type == 128 || type == 129 : type == 0 || type == 8;
    u16 id = is_echo ? icmp->id : type;
    bool is_error = is_v6 ? type >= 1 && type <= 4
                          : type >= 3 && type <= 5 || type == 11 || type == 12;
    if (is_error) {
        packet->notes |= NOTE_ICMP_ERROR;
        packet->payload = at + sizeof(buffer);
    }
    set_ports(packet, id, id);
    return true;
}

/* Protocols other than TCP and UDP. Returns whether the header is complete. */
static NEVER_INLINE bool parse_rare_transport(struct __sk_buff *skb, u32 at,
                                              struct packet *packet)
{
    struct ports buffer;
    const struct ports *ports;

    switch (packet->protocol) {
    case PROTOCOL_ICMP:
    case PROTOCOL_ICMPV6:
        return parse_icmp(skb, at, packet);
    case PROTOCOL_GRE:
        return parse_gre(skb, at, packet);
    case PROTOCOL_SCTP:
    case PROTOCOL_DCCP:
    case PROTOCOL_UDPLITE:
    case PROTOCOL_ESP: /* the security parameters index */
        ports = bytes_at(skb, at, &buffer, sizeof(buffer), false);
        if (!ports)
            return false;
        set_ports(packet, ports->source, ports->destination);
        return true;
    case PROTOCOL_IGMP:
    case PROTOCOL_VRRP:
        return true;
    default:
        packet->notes |= NOTE_UNKNOWN_TRANSPORT;
        return true;
    }
}

/* The ports alone, of which an ICMP error quotes no more. */
static ALWAYS_INLINE void parse_cut_transport(struct __sk_buff *skb, u32 at,
                                              struct packet *packet)
{
    struct ports buffer;
    const struct ports *ports = bytes_at(skb, at, &buffer, sizeof(buffer), false);
    bool has_ports = packet->protocol == PROTOCOL_TCP || packet->protocol == PROTOCOL_UDP;

    if (has_ports && ports)
        set_ports(packet, ports->source, ports->destination);
}

static ALWAYS_INLINE void parse_transport(struct __sk_buff *skb, u32 at, struct packet *packet,
                                          const bool in_place)
{
    if (packet->protocol == PROTOCOL_TCP) {
        struct tcp buffer;
        const struct tcp *tcp = bytes_at(skb, at, &buffer, sizeof(buffer), in_place);
        if (tcp) {
            set_ports(packet, tcp->ports.source, tcp->ports.destination);
            packet->tcp_flags = tcp->flags;
            packet->payload = at + (tcp->length >> 4) * 4;
            return;
        }
    } else if (packet->protocol == PROTOCOL_UDP) {
        struct udp buffer;
        const struct udp *udp = bytes_at(skb, at, &buffer, sizeof(buffer), in_place);
        if (udp) {
            set_ports(packet, udp->ports.source, udp->ports.destination);
            packet->payload = at + sizeof(buffer);
            return;
        }
    } else if (parse_rare_transport(skb, at, packet)) {
        return;
    }
    packet->notes |= NOTE_CUT_TRANSPORT;
    parse_cut_transport(skb, at, packet);
}

static ALWAYS_INLINE enum parsed parse_ipv4(struct __sk_buff *skb, u32 at, struct packet *packet,
                                            const bool in_place)
{
    struct ipv4 buffer;
    const struct ipv4 *ip = bytes_at(skb, at, &buffer, sizeof(buffer), in_place);

    if (!ip)
        return PARSED_TOO_SHORT;
    u32 header_len = (ip->version_length & 15) * 4;
    if (header_len < sizeof(buffer))
        return PARSED_TOO_SHORT;
    packet->protocol = ip->protocol;
    packet->source.words[0] = ip->source;
    packet->destination.words[0] = ip->destination;
    if (UNLIKELY(ip->fragment & BIG16(IPV4_FRAGMENT)))
        packet->notes |= NOTE_FRAGMENT;
    else
        parse_transport(skb, at + header_len, packet, in_place);
    return PARSED;
}

/* Goes over the extension headers of IPv6 from the one of `packet->protocol` at `at` on; returns
 * where the transport header begins, 0 if there is none to read. */
static ALWAYS_INLINE u32 skip_extensions(struct __sk_buff *skb, u32 at, struct packet *packet)
{
    for (int i = 0; i < MAX_EXTENSIONS; i++) {
        u8 kind = packet->protocol;
        if (!is_extension(kind))
            return at;
        struct extension_header buffer;
        const struct extension_header *header =
            bytes_at(skb, at, &buffer, sizeof(buffer), false);
        if (!header) {
            packet->notes |= NOTE_CUT_TRANSPORT;
            return 0;
        }
        packet->protocol = header->next;
        if (kind == EXTENSION_FRAGMENT && header->fragment & BIG16(IPV6_FRAGMENT)) {
            packet->notes |= NOTE_FRAGMENT;
            return 0;
        }
        at += extension_len(kind, header->length);
    }
    packet->notes |= NOTE_TOO_MANY_HEADERS;
    return 0;
}

static NEVER_INLINE void parse_behind_extensions(struct __sk_buff *skb, u32 at,
                                                 struct packet *packet)
{
    at = skip_extensions(skb, at, packet);
    if (at)
        parse_transport(skb, at, packet, false);
}

static ALWAYS_INLINE enum parsed parse_ipv6(struct __sk_buff *skb, u32 at, struct packet *packet,
                                            const bool in_place)
{
    struct ipv6 buffer;
    const struct ipv6 *ip = bytes_at(skb, at, &buffer, sizeof(buffer), in_place);

    if (!ip)
        return PARSED_TOO_SHORT;
    packet->protocol = ip->next;
    for (int i = 0; i < 4; i++) {
        packet->source.words[i] = ip->source[i];
        packet->destination.words[i] = ip->destination[i];
    }
    if (UNLIKELY(is_extension(packet->protocol)))
        parse_behind_extensions(skb, at + sizeof(buffer), packet);
    else
        parse_transport(skb, at + sizeof(buffer), packet, in_place);
    return PARSED;
}

/* Parses from the IP header at `at` on, of a packet of `ether_type`. */
static ALWAYS_INLINE enum parsed parse_network(struct __sk_buff *skb, u32 at, u16 ether_type,
                                               struct packet *packet, const bool in_place)
{
    if (ether_type == BIG16(ETHER_IPV4))
        return parse_ipv4(skb, at, packet, in_place);
    if (ether_type == BIG16(ETHER_IPV6)) {
        packet->flags |= FLAG_IPV6;
        return parse_ipv6(skb, at, packet, in_place);
    }
    return PARSED_NOT_IP;
}

/* As `parse_network`, of headers that may not be linear. */
static NEVER_INLINE enum parsed parse_copied(struct __sk_buff *skb, u32 at, u16 ether_type,
                                             struct packet *packet)
{
    return parse_network(skb, at, ether_type, packet, false);
}

/* Parses behind VLAN tags, of which the kernel leaves inner ones in the packet. The capture begins
 * there, because the decoder reads no tags. */
static NEVER_INLINE enum parsed parse_behind_vlan(struct __sk_buff *skb, u32 at, u16 ether_type,
                                                  struct packet *packet)
{
    for (int i = 0; i < MAX_VLAN_TAGS && is_vlan(ether_type); i++) {
        struct vlan_tag tag;
        if (bpf_skb_load_bytes(skb, at, &tag, sizeof(tag)))
            return PARSED_NOT_IP;
        ether_type = tag.ether_type;
        at += sizeof(tag);
    }
    packet->start = at;
    packet->flags |= FLAG_L3_DEVICE;
    if (is_vlan(ether_type))
        packet->notes |= NOTE_TOO_MANY_HEADERS;
    return parse_copied(skb, at, ether_type, packet);
}
