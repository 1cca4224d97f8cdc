/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of connections: who began, what passed in each direction, and what is reported.
 *
 * Totals only grow, so that a lost report loses nothing. Two CPUs may report a direction at once,
 * which shows a packet twice; the totals stay exact. */
#pragma once

#include "constants.h"
#include "include/helpers.h"
#include "packet.h"

struct connection_key {
    union address low; /* the lower address first, so that both directions have one key */
    union address high;
    u16 low_port;
    u16 high_port;
    u32 scope; /* the interface, or the socket's cgroup */
    u8 protocol;
    u8 side; /* of a hook at sockets: both ends of a connection on the node are apart */
    u8 padding[6];
};

struct totals {
    u64 bytes;
    u64 reported; /* when, in ticks */
    u32 packets;
    u8 flags_seen;
    u8 flags_since_report;
    u16 padding;
};

struct connection {
    struct totals directions[2]; /* from the lower address, from the higher one */
    u8 initiator;                /* the direction of the first packet */
    u8 padding[7];
};

struct {
    MAP_NUMBER(type, BPF_MAP_TYPE_LRU_HASH);
    MAP_NUMBER(max_entries, 65536); /* the loader sets it */
    MAP_TYPE(key, struct connection_key);
    MAP_TYPE(value, struct connection);
} connections SECTION(".maps");

/* What a packet means for its connection. */
struct sighting {
    u64 bytes;
    u32 packets;
    u8 state;     /* CT_NEW and so on */
    u8 tcp_flags; /* since the last report */
    bool is_due;
};

/* Fills the key; returns whether the packet comes from the higher address. */
static ALWAYS_INLINE bool fill_key(struct connection_key *key, const struct packet *packet)
{
    const union address *source = &packet->source, *destination = &packet->destination;
    bool is_from_high;

    if (source->halves[0] != destination->halves[0])
        is_from_high = source->halves[0] > destination->halves[0];
    else if (source->halves[1] != destination->halves[1])
        is_from_high = source->halves[1] > destination->halves[1];
    else
        is_from_high = packet->source_port > packet->destination_port;
    if (is_from_high) {
        key->low = *destination;
        key->high = *source;
        key->low_port = packet->destination_port;
        key->high_port = packet->source_port;
    } else {
        key->low = *source;
        key->high = *destination;
        key->low_port = packet->source_port;
        key->high_port = packet->destination_port;
    }
    key->protocol = packet->protocol;
    return is_from_high;
}

/* Whether the packet's sender began the connection, of which this is the first packet seen. */
static ALWAYS_INLINE bool is_from_initiator(const struct packet *packet)
{
    if (packet->protocol != PROTOCOL_TCP)
        return true;
    if (packet->tcp_flags & TCP_SYN)
        return !(packet->tcp_flags & TCP_ACK);
    /* Amid a connection: servers mostly have the lower port. */
    return BIG16(packet->destination_port) <= BIG16(packet->source_port);
}

static ALWAYS_INLINE u8 add_connection(const struct connection_key *key, bool is_from_high,
                                       const struct packet *packet, u32 len, u64 time,
                                       struct sighting *sighting)
{
    struct connection fresh = {};
    struct totals first = {
        .bytes = len, .reported = time, .packets = 1, .flags_seen = packet->tcp_flags
    };
    bool is_initiator = is_from_initiator(packet);

    if (is_from_high)
        fresh.directions[1] = first;
    else
        fresh.directions[0] = first;
    fresh.initiator = is_initiator ? is_from_high : !is_from_high;
    sighting->bytes = len;
    sighting->packets = 1;
    sighting->tcp_flags = packet->tcp_flags;
    sighting->state = is_initiator ? CT_NEW : CT_REPLY;
    sighting->is_due = true;
    return bpf_map_update_elem(&connections, key, &fresh, BPF_NOEXIST) ? NOTE_NOT_TRACKED : 0;
}

/* Starts a connection anew if the packet opens one on the ports of an ended one. */
static ALWAYS_INLINE bool restart(struct connection *connection, bool is_from_high,
                                  const struct packet *packet)
{
    u8 seen = connection->directions[0].flags_seen | connection->directions[1].flags_seen;

    if (LIKELY((packet->tcp_flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
        || !(seen & (TCP_FIN | TCP_RST)))
        return false;
    struct totals none = {};
    connection->directions[0] = none;
    connection->directions[1] = none;
    connection->initiator = is_from_high;
    return true;
}

/* Counts a packet in its connection. Returns notes on it. */
static ALWAYS_INLINE u8 track(const struct connection_key *key, bool is_from_high,
                              const struct packet *packet, u32 len, struct sighting *sighting)
{
    struct connection *connection = bpf_map_lookup_elem(&connections, key);
    u64 time = bpf_jiffies64(); /* a load, where clocks take a fifth of the program's time */

    if (!connection)
        return add_connection(key, is_from_high, packet, len, time, sighting);
    bool is_new = restart(connection, is_from_high, packet);
    struct totals *totals = is_from_high ? &connection->directions[1] : &connection->directions[0];
    __sync_fetch_and_add(&totals->packets, 1);
    __sync_fetch_and_add(&totals->bytes, len);
    u8 unseen = packet->tcp_flags & ~totals->flags_seen;
    sighting->is_due = !aggregate || unseen || time - totals->reported >= report_interval;
    sighting->tcp_flags = totals->flags_since_report | packet->tcp_flags;
    if (is_new)
        sighting->state = CT_NEW;
    else
        sighting->state = connection->initiator == is_from_high ? CT_ESTABLISHED : CT_REPLY;
    sighting->bytes = totals->bytes;
    sighting->packets = totals->packets;
    if (sighting->is_due) {
        totals->flags_seen |= packet->tcp_flags;
        totals->reported = time;
        totals->flags_since_report = 0;
    } else if (sighting->tcp_flags != totals->flags_since_report) {
        totals->flags_since_report = sighting->tcp_flags;
    }
    return 0;
}
