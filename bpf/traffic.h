/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets: at network interfaces by tcx or clsact, and at sockets by a cgroup. */
#pragma once

#include "books.h"
#include "connection.h"
#include "payload.h"
#include "ring.h"
#include "tunnel.h"

/* Where and how a program sees packets. */
enum hook {
    HOOK_IN = 1,     /* to the pod, the node or the socket */
    HOOK_DEVICE = 2, /* at a device of the node */
    HOOK_SOCKET = 4,
};

/* The observation point in Cilium's terms. A pod's packet is one to the stack, since only there the
 * state of the connection is known. */
static ALWAYS_INLINE u8 observation_point(const u32 hook)
{
    if (hook & HOOK_DEVICE)
        return hook & HOOK_IN ? FROM_NETWORK : TO_NETWORK;
    return hook & HOOK_IN ? TO_ENDPOINT : TO_STACK;
}

static ALWAYS_INLINE void fill_trace(struct trace_event *event, struct __sk_buff *skb,
                                     const struct packet *packet,
                                     const struct sighting *sighting, const u32 hook)
{
    bool is_reply = sighting->state == CT_REPLY, is_in = hook & HOOK_IN;
    struct extension *extension = &event->extension;

    __builtin_memset(event, 0, sizeof(*event));
    event->type = TRACE_NOTIFY;
    event->observation_point = observation_point(hook);
    event->hash = skb->hash;
    event->original_len = skb->len - packet->start;
    event->version = TRACE_VERSION;
    event->extension_version = EXTENSION_VERSION;
    event->reason = sighting->state;
    event->flags = packet->flags;
    event->ifindex = skb->ifindex;
    extension->time = bpf_ktime_get_boot_ns();
    extension->cgroup = hook & HOOK_SOCKET ? bpf_skb_cgroup_id(skb) : 0;
    extension->bytes = sighting->bytes;
    extension->packets = sighting->packets;
    /* Of the connection: a reply that a pod sends belongs to an ingress connection. */
    extension->direction = is_in != is_reply ? DIRECTION_INGRESS : DIRECTION_EGRESS;
    extension->tcp_flags = sighting->tcp_flags;
    extension->cpu = bpf_get_smp_processor_id();
}

/* Copies the packet behind the event, up to `limit` bytes, which is a constant for the verifier. */
static ALWAYS_INLINE void copy_packet(struct trace_event *event, struct __sk_buff *skb, u32 start,
                                      u32 limit)
{
    u32 len = skb->len - start;

    if (len > limit)
        len = limit;
    /* Verifiers before 6.2 conclude nothing from a comparison with 0; an IP header has more. */
    OPAQUE(len);
    if (len >= 20 && len <= limit && !bpf_skb_load_bytes(skb, start, event + 1, len))
        event->captured_len = len;
}

/* Writes an event; returns the book for it. */
static ALWAYS_INLINE enum book report(struct __sk_buff *skb, const struct packet *packet,
                                      const struct sighting *sighting, bool has_payload,
                                      const u32 hook)
{
    struct trace_event *event;

    if (has_payload) {
        event = bpf_ringbuf_reserve(&events, sizeof(*event) + payload_capture, 0);
        if (!event)
            return LOST;
        fill_trace(event, skb, packet, sighting, hook);
        copy_packet(event, skb, packet->start, payload_capture);
    } else {
        event = bpf_ringbuf_reserve(&events, sizeof(*event) + capture, 0);
        if (!event)
            return LOST;
        fill_trace(event, skb, packet, sighting, hook);
        copy_packet(event, skb, packet->start, capture);
    }
    submit(event);
    return SENT;
}

static ALWAYS_INLINE void count_notes(u64 *counters, u8 notes, const bool is_shared)
{
    if (notes & NOTE_FRAGMENT)
        add(counters, FRAGMENTS, 1, is_shared);
    if (notes & NOTE_UNKNOWN_TRANSPORT)
        add(counters, UNKNOWN_TRANSPORT, 1, is_shared);
    if (notes & NOTE_TOO_MANY_HEADERS)
        add(counters, TOO_MANY_HEADERS, 1, is_shared);
    if (notes & NOTE_CUT_TRANSPORT)
        add(counters, CUT_TRANSPORT, 1, is_shared);
    if (notes & NOTE_NOT_TRACKED)
        add(counters, NOT_TRACKED, 1, is_shared);
}

/* Whether an ICMP error is about a connection of the table. */
static NEVER_INLINE bool is_related(struct __sk_buff *skb, const struct packet *packet,
                                    const struct connection_key *key)
{
    struct packet quoted = {};
    struct connection_key quoted_key = {};
    u16 ether_type = BIG16(packet->protocol == PROTOCOL_ICMP ? ETHER_IPV4 : ETHER_IPV6);

    if (parse_copied(skb, packet->payload, ether_type, &quoted) != PARSED)
        return false;
    fill_key(&quoted_key, &quoted);
    quoted_key.scope = key->scope;
    /* What it is about went the other way. */
    quoted_key.side = key->side ? key->side ^ HOOK_IN : 0;
    return bpf_map_lookup_elem(&connections, &quoted_key);
}

/* Makes the common headers linear, which they nearly always are. */
static ALWAYS_INLINE void linearize(struct __sk_buff *skb, u32 network)
{
    u32 want = network + sizeof(struct ipv6) + sizeof(struct tcp);

    if (want > skb->len)
        want = skb->len;
    if (UNLIKELY((u8 *)(long)skb->data + want > (u8 *)(long)skb->data_end))
        bpf_skb_pull_data(skb, want);
}

/* Parses the headers, which begin with IP at `network`. */
static ALWAYS_INLINE enum parsed parse(struct __sk_buff *skb, u32 network, struct packet *packet,
                                       const bool in_place)
{
    u16 ether_type = skb->protocol;

    packet->flags = network ? 0 : FLAG_L3_DEVICE;
    if (in_place)
        linearize(skb, network);
    enum parsed parsed;
    if (UNLIKELY(is_vlan(ether_type)))
        parsed = parse_behind_vlan(skb, network, ether_type, packet);
    else if (in_place)
        parsed = parse_network(skb, network, ether_type, packet, true);
    else
        parsed = parse_copied(skb, network, ether_type, packet);
    u8 tunnel = tunnel_flag(packet);
    if (UNLIKELY(tunnel))
        parse_tunnel(skb, tunnel, packet);
    return parsed;
}

/* The key of a packet's connection; returns whether the packet comes from the higher address. */
static ALWAYS_INLINE bool key_of(struct connection_key *key, struct __sk_buff *skb,
                                 const struct packet *packet, const u32 hook)
{
    if (hook & HOOK_SOCKET) {
        key->scope = bpf_skb_cgroup_id(skb);
        key->side = hook;
    } else {
        key->scope = skb->ifindex;
    }
    return fill_key(key, packet);
}

/* Counts a packet, and reports it if it is due. Returns what became of it. */
static ALWAYS_INLINE enum book see(struct __sk_buff *skb, u64 *counters, u32 network,
                                   const u32 hook, const bool in_place)
{
    struct packet packet = {};
    struct connection_key key = {};
    struct sighting sighting;
    enum parsed parsed = parse(skb, network, &packet, in_place);

    if (UNLIKELY(parsed != PARSED)) {
        count_notes(counters, packet.notes, !in_place);
        return parsed == PARSED_NOT_IP ? NOT_IP : TOO_SHORT;
    }
    bool is_from_high = key_of(&key, skb, &packet, hook);
    packet.notes |= track(&key, is_from_high, &packet, skb->len, &sighting);
    if (UNLIKELY(packet.notes))
        count_notes(counters, packet.notes, !in_place);
    bool has_payload = has_message(skb, &packet, in_place);
    if (LIKELY(!sighting.is_due && !has_payload))
        return AGGREGATED;
    if (packet.notes & NOTE_ICMP_ERROR && is_related(skb, &packet, &key))
        sighting.state = CT_RELATED;
    return report(skb, &packet, &sighting, has_payload, hook);
}

static ALWAYS_INLINE void observe(struct __sk_buff *skb, u32 network, const u32 hook,
                                  const bool in_place)
{
    const bool is_shared = !in_place;
    u64 *counters = open_books();

    if (!counters)
        return;
    add(counters, hook & HOOK_IN ? PACKETS_IN : PACKETS_OUT, 1, is_shared);
    add(counters, hook & HOOK_IN ? BYTES_IN : BYTES_OUT, skb->len, is_shared);
    enum book book = see(skb, counters, network, hook, in_place);
    if (LIKELY(book == AGGREGATED))
        add(counters, AGGREGATED, 1, is_shared);
    else if (book == SENT)
        add(counters, SENT, 1, is_shared);
    else if (book == LOST)
        add(counters, LOST, 1, is_shared);
    else if (book == NOT_IP)
        add(counters, NOT_IP, 1, is_shared);
    else
        add(counters, TOO_SHORT, 1, is_shared);
}

/* The code is there once for tc and once for sockets; the verifier knows the arguments. */
static NEVER_INLINE int observe_frame(struct __sk_buff *skb, u32 network, u32 hook)
{
    observe(skb, network, hook, true);
    return TCX_NEXT;
}

static NEVER_INLINE int observe_socket(struct __sk_buff *skb, u32 hook)
{
    observe(skb, 0, hook | HOOK_SOCKET, false);
    return CGROUP_PASS;
}

#define TC_PROGRAM(name, network, hook)                                                            \
    SECTION("classifier") int name(struct __sk_buff *skb)                                          \
    {                                                                                              \
        return observe_frame(skb, network, hook);                                                  \
    }

/* A pod's veth, on the node's side: what it receives, the pod sends. */
TC_PROGRAM(tidegate_pod_tx, ETHERNET_HEADER, 0)
TC_PROGRAM(tidegate_pod_rx, ETHERNET_HEADER, HOOK_IN)
/* Devices of the node; those without Ethernet headers, such as tun and wg. */
TC_PROGRAM(tidegate_dev_rx, ETHERNET_HEADER, HOOK_DEVICE | HOOK_IN)
TC_PROGRAM(tidegate_dev_tx, ETHERNET_HEADER, HOOK_DEVICE)
TC_PROGRAM(tidegate_l3_rx, 0, HOOK_DEVICE | HOOK_IN)
TC_PROGRAM(tidegate_l3_tx, 0, HOOK_DEVICE)

SECTION("cgroup_skb/ingress") int tidegate_sk_rx(struct __sk_buff *skb)
{
    return observe_socket(skb, HOOK_IN);
}

SECTION("cgroup_skb/egress") int tidegate_sk_tx(struct __sk_buff *skb)
{
    return observe_socket(skb, 0);
}
