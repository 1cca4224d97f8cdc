/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which payloads are always reported: those that begin as DNS over port 53, or as HTTP/1. */
#pragma once

#include "packet.h"

enum { DNS_PORT = 53 };

#define WORD(a, b, c, d) ((u32)(a) << 24 | (u32)(b) << 16 | (u32)(c) << 8 | (u32)(d))

/* Whether the first four bytes are those of a status line or of a request. The methods are those
 * that the decoder knows in cut lines (`wire/src/http/line.rs`). */
static ALWAYS_INLINE bool is_http(u32 word)
{
    u8 first = word >> 24;

    if (first < 'C' || first > 'U')
        return false;
    switch (word) {
    case WORD('H', 'T', 'T', 'P'):
    case WORD('G', 'E', 'T', ' '):
    case WORD('P', 'O', 'S', 'T'):
    case WORD('P', 'U', 'T', ' '):
    case WORD('H', 'E', 'A', 'D'):
    case WORD('D', 'E', 'L', 'E'):
    case WORD('O', 'P', 'T', 'I'):
    case WORD('P', 'A', 'T', 'C'):
    case WORD('C', 'O', 'N', 'N'):
    case WORD('T', 'R', 'A', 'C'):
    case WORD('Q', 'U', 'E', 'R'):
    case WORD('P', 'R', 'O', 'P'):
    case WORD('M', 'K', 'C', 'O'):
    case WORD('C', 'O', 'P', 'Y'):
    case WORD('M', 'O', 'V', 'E'):
    case WORD('L', 'O', 'C', 'K'):
    case WORD('U', 'N', 'L', 'O'):
    case WORD('R', 'E', 'P', 'O'):
    case WORD('S', 'E', 'A', 'R'):
    case WORD('P', 'U', 'R', 'G'):
        return true;
    default:
        return false;
    }
}

/* Whether the payload begins as a message that is reported whatever the connection's state. */
static ALWAYS_INLINE bool has_message(struct __sk_buff *skb, const struct packet *packet,
                                      const bool in_place)
{
    u32 at = packet->payload, word;

    if (packet->protocol != PROTOCOL_TCP && packet->protocol != PROTOCOL_UDP)
        return false;
    if (!at || at >= skb->len)
        return false;
    if (packet->source_port == BIG16(DNS_PORT) || packet->destination_port == BIG16(DNS_PORT))
        return true;
    if (packet->protocol != PROTOCOL_TCP)
        return false;
    /* The verifier wants a bound; headers are shorter. */
    const u8 *start = (const u8 *)(long)skb->data + (at & 0x3fff);
    if (in_place && start + sizeof(word) <= (const u8 *)(long)skb->data_end)
        word = *(const u32 *)start;
    else if (bpf_skb_load_bytes(skb, at, &word, sizeof(word)))
        return false;
    return is_http(BIG32(word));
}
