/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* VXLAN and Geneve: connections are those of the packets inside, and the event is marked so that
 * the decoder goes on there, too. What does not look like a tunnel stays UDP. */
#pragma once

#include "constants.h"
#include "packet.h"

/* The kind of tunnel that the packet's port stands for, as a flag of events; 0 none. */
static ALWAYS_INLINE u8 tunnel_flag(const struct packet *packet)
{
    if (packet->protocol != PROTOCOL_UDP || !packet->payload)
        return 0;
    u16 port = BIG16(packet->destination_port);
    if (port == vxlan_port || port == cilium_vxlan_port)
        return FLAG_VXLAN;
    return port == geneve_port ? FLAG_GENEVE : 0;
}

/* Where the packet inside begins, and its type; 0 if this is no header of the tunnel. */
static ALWAYS_INLINE u32 inside_tunnel(struct __sk_buff *skb, u32 at, u8 kind, u16 *ether_type)
{
    struct tunnel_header buffer;
    const struct tunnel_header *header = bytes_at(skb, at, &buffer, sizeof(buffer), false);

    if (!header)
        return 0;
    at += sizeof(buffer);
    u16 type = BIG16(ETHER_BRIDGED);
    if (kind == FLAG_VXLAN) {
        if (header->flags != VXLAN_HAS_NETWORK)
            return 0;
    } else {
        if (header->flags & ~GENEVE_OPTIONS) /* the version, which is 0 */
            return 0;
        at += (header->flags & GENEVE_OPTIONS) * 4;
        type = header->protocol;
    }
    if (type == BIG16(ETHER_BRIDGED)) {
        u16 type_buffer;
        const u16 *inner = bytes_at(skb, at + 12, &type_buffer, sizeof(type_buffer), false);
        if (!inner)
            return 0;
        type = *inner;
        at += ETHERNET_HEADER;
    }
    *ether_type = type;
    return at;
}

/* Replaces what was parsed of the outer packet, if there is IP inside. */
static NEVER_INLINE void parse_tunnel(struct __sk_buff *skb, u8 kind, struct packet *packet)
{
    struct packet inner = {};
    u16 ether_type;
    u32 at = inside_tunnel(skb, packet->payload, kind, &ether_type);

    if (!at || parse_copied(skb, at, ether_type, &inner) != PARSED)
        return;
    /* The decoder reads no headers that are cut short. */
    if (inner.notes & NOTE_CUT_TRANSPORT)
        return;
    inner.start = packet->start;
    inner.flags = packet->flags | kind;
    *packet = inner;
}
