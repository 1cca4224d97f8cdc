/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Counters per CPU. Each packet, drop and change of a socket is counted once as seen and once as
 * what became of it, so that the sums are equal on each CPU:
 *
 *     PACKETS_IN + PACKETS_OUT = SENT + LOST + AGGREGATED + NOT_IP + TOO_SHORT
 *     DROPS = DROPS_SENT + DROPS_LOST + DROPS_UNLISTED + DROPS_ELSEWHERE + DROPS_NOT_IP
 *     SOCKETS = SOCKETS_SENT + SOCKETS_LOST + SOCKETS_NOT_TCP */
#pragma once

#include "include/helpers.h"

enum book {
    PACKETS_IN,        /* to the pod, the device's node or the socket */
    PACKETS_OUT,
    BYTES_IN,
    BYTES_OUT,
    SENT,              /* written to the ring */
    LOST,              /* the ring was full */
    AGGREGATED,        /* counted in the connection, not reported */
    NOT_IP,            /* ARP and others */
    TOO_SHORT,         /* ends within the IP header */
    DROPS,
    DROPS_SENT,
    DROPS_LOST,
    DROPS_UNLISTED,    /* the reason is not one that is reported */
    DROPS_ELSEWHERE,   /* in a network namespace or at a device that is not watched */
    DROPS_NOT_IP,
    SOCKETS,
    SOCKETS_SENT,
    SOCKETS_LOST,
    SOCKETS_NOT_TCP,
    /* Beside the sums: properties of packets. */
    FRAGMENTS,         /* without ports */
    UNKNOWN_TRANSPORT, /* an IP protocol that the parser knows no ports of */
    TOO_MANY_HEADERS,  /* more IPv6 extension headers or VLAN tags than the parser follows */
    CUT_TRANSPORT,     /* ends within the transport header */
    NOT_TRACKED,       /* the table of connections refused it */
    BOOKS,
};

struct {
    MAP_NUMBER(type, BPF_MAP_TYPE_PERCPU_ARRAY);
    MAP_NUMBER(max_entries, 1);
    MAP_TYPE(key, u32);
    MAP_TYPE(value, u64[BOOKS]);
} books SECTION(".maps");

/* This CPU's counters. */
static ALWAYS_INLINE u64 *open_books(void)
{
    u32 zero = 0;

    return bpf_map_lookup_elem(&books, &zero);
}

/* Adds to a counter. `is_shared` is whether another program can interrupt this one and count on the
 * same CPU: not so for tc, which runs with softirqs disabled. */
static ALWAYS_INLINE void add(u64 *counters, const enum book book, u64 n, const bool is_shared)
{
    if (is_shared)
        __sync_fetch_and_add(&counters[book], n);
    else
        counters[book] += n;
}
