/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packets that the kernel drops, from its tracepoint, with its reasons. Every reason is counted;
 * those that `drop_codes` lists are reported. */
#pragma once

#include "books.h"
#include "constants.h"
#include "event.h"
#include "protocols.h"
#include "ring.h"

enum { DROP_REASONS = 256, REASON_NOT_SPECIFIED = 2, LOOPBACK = 1 };

struct reason_count {
    u64 packets;
    u64 bytes;
};

struct {
    MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    MAP_NUMBER(max_entries, DROP_REASONS); /* the last one is for all larger numbers */
    MAP_TYPE(key, u32);
    MAP_TYPE(value, struct reason_count);
} drop_reasons SECTION(".maps");

/* Inodes of the network namespaces whose drops are reported. */
struct {
    MAP_NUMBER(type, BPF_MAP_TYPE_HASH);
    MAP_NUMBER(max_entries, 4096);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u8);
} drop_namespaces SECTION(".maps");

/* Counts a drop by its reason; returns Cilium's code for it, 0 if it is only counted. */
static ALWAYS_INLINE u8 drop_code(u32 reason, u32 len)
{
    u64 index = reason < DROP_REASONS ? reason : DROP_REASONS - 1;
    u32 key = index;
    struct reason_count *count = bpf_map_lookup_elem(&drop_reasons, &key);

    if (count) {
        __sync_fetch_and_add(&count->packets, 1);
        __sync_fetch_and_add(&count->bytes, len);
    }
    /* The bounds of a number whose address was taken are lost. */
    asm volatile("%0 &= 255" : "+r"(index));
    return drop_codes[index];
}

static ALWAYS_INLINE bool is_watched(u32 netns, u32 ifindex)
{
    if (!drops_at_loopback && ifindex == LOOPBACK)
        return false;
    return drops_of_all_namespaces || bpf_map_lookup_elem(&drop_namespaces, &netns);
}

/* Captures from the network header on: what is before it is not always there. */
static ALWAYS_INLINE void copy_dropped(struct drop_event *event, struct sk_buff *skb)
{
    u8 *start = skb->head + skb->network_header;
    u32 ahead = skb->data - start;
    u32 len = skb->len - skb->data_len + ahead;

    event->original_len = skb->len + ahead;
    if (len > capture)
        len = capture;
    OPAQUE(len);
    if (len >= 20 && len <= capture && !bpf_probe_read_kernel(event + 1, len, start))
        event->captured_len = len;
}

static ALWAYS_INLINE enum book report_drop(struct sk_buff *skb, u32 reason, u8 code)
{
    u16 protocol = skb->protocol;
    struct net_device *device = skb->dev;
    struct sock *sock = skb->sk;
    u32 netns = 0, ifindex = skb->skb_iif;

    if (protocol != BIG16(ETHER_IPV4) && protocol != BIG16(ETHER_IPV6))
        return DROPS_NOT_IP;
    if (device) {
        netns = device->nd_net.net->ns.inum;
        ifindex = device->ifindex;
    } else if (sock) {
        netns = sock->__sk_common.skc_net.net->ns.inum;
    }
    if (!is_watched(netns, ifindex))
        return DROPS_ELSEWHERE;
    struct drop_event *event = bpf_ringbuf_reserve(&events, sizeof(*event) + capture, 0);
    if (!event)
        return DROPS_LOST;
    __builtin_memset(event, 0, sizeof(*event));
    event->type = DROP_NOTIFY;
    event->code = code;
    event->version = DROP_VERSION;
    event->extension_version = EXTENSION_VERSION;
    event->ifindex = ifindex;
    event->flags = FLAG_L3_DEVICE | (protocol == BIG16(ETHER_IPV6) ? FLAG_IPV6 : 0);
    event->extension.time = bpf_ktime_get_boot_ns();
    event->extension.netns = netns;
    event->extension.kernel_reason = reason;
    event->extension.cpu = bpf_get_smp_processor_id();
    copy_dropped(event, skb);
    submit(event);
    return DROPS_SENT;
}

SECTION("tp_btf/kfree_skb") int tidegate_drop(u64 *context)
{
    struct sk_buff *skb = (struct sk_buff *)context[0];
    u32 reason = REASON_NOT_SPECIFIED;
    u64 *counters = open_books();

    if (!counters)
        return 0;
    /* Before 5.17 the tracepoint has no reason. */
    if (KERNEL_HAS_TYPE(enum skb_drop_reason))
        reason = context[2];
    add(counters, DROPS, 1, true);
    u8 code = drop_code(reason, skb->len);
    enum book book = code ? report_drop(skb, reason, code) : DROPS_UNLISTED;
    switch (book) {
    case DROPS_UNLISTED:
        add(counters, DROPS_UNLISTED, 1, true);
        break;
    case DROPS_SENT:
        add(counters, DROPS_SENT, 1, true);
        break;
    case DROPS_LOST:
        add(counters, DROPS_LOST, 1, true);
        break;
    case DROPS_ELSEWHERE:
        add(counters, DROPS_ELSEWHERE, 1, true);
        break;
    default:
        add(counters, DROPS_NOT_IP, 1, true);
        break;
    }
    return 0;
}
