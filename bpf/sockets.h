/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP sockets, from the kernel's tracepoints: changes of state, retransmissions and resets, with
 * the process that opened the socket, round-trip time and totals. */
#pragma once

#include "books.h"
#include "event.h"
#include "ring.h"

enum { STATE_SYN_SENT = 2, STATE_CLOSE = 7, STATE_LISTEN = 10 };
enum { FAMILY_IPV4 = 2, SOCKET_TCP = 6 };

/* The process that opened a socket. Later changes happen on behalf of nobody. */
struct owner {
    u64 cgroup;
    u32 pid;
    u32 padding;
    char command[16];
};

struct {
    MAP_NUMBER(type, BPF_MAP_TYPE_LRU_HASH);
    MAP_NUMBER(max_entries, 16384);
    MAP_TYPE(key, u64);
    MAP_TYPE(value, struct owner);
} socket_owners SECTION(".maps");

static ALWAYS_INLINE void remember_owner(u64 socket)
{
    struct owner owner = {
        .cgroup = bpf_get_current_cgroup_id(), .pid = bpf_get_current_pid_tgid() >> 32
    };

    bpf_get_current_comm(owner.command, sizeof(owner.command));
    bpf_map_update_elem(&socket_owners, &socket, &owner, BPF_ANY);
}

static ALWAYS_INLINE void fill_addresses(struct socket_record *record, struct sock *sock)
{
    record->family = sock->__sk_common.skc_family;
    record->local_port = sock->__sk_common.skc_num;
    record->remote_port = BIG16(sock->__sk_common.skc_dport);
    record->netns = sock->__sk_common.skc_net.net->ns.inum;
    if (record->family == FAMILY_IPV4) {
        record->local[0] = sock->__sk_common.skc_rcv_saddr;
        record->remote[0] = sock->__sk_common.skc_daddr;
        return;
    }
    struct in6_addr local = sock->__sk_common.skc_v6_rcv_saddr;
    struct in6_addr remote = sock->__sk_common.skc_v6_daddr;
    __builtin_memcpy(record->local, local.words, sizeof(record->local));
    __builtin_memcpy(record->remote, remote.words, sizeof(record->remote));
}

static ALWAYS_INLINE void fill_owner(struct socket_record *record)
{
    u64 socket = record->socket;
    struct owner *owner = bpf_map_lookup_elem(&socket_owners, &socket);

    if (!owner)
        return;
    record->pid = owner->pid;
    record->cgroup = owner->cgroup;
    __builtin_memcpy(record->command, owner->command, sizeof(record->command));
}

static ALWAYS_INLINE void report_socket(u64 *counters, struct sock *sock,
                                        enum socket_record_kind kind, u8 old_state, u8 new_state)
{
    struct socket_record *record = bpf_ringbuf_reserve(&events, sizeof(*record), 0);

    if (!record) {
        add(counters, SOCKETS_LOST, 1, true);
        return;
    }
    __builtin_memset(record, 0, sizeof(*record));
    record->type = SOCKET_RECORD;
    record->kind = kind;
    record->old_state = old_state;
    record->new_state = new_state;
    record->time = bpf_ktime_get_boot_ns();
    record->socket = (u64)sock;
    record->error = sock->sk_err;
    fill_addresses(record, sock);
    struct tcp_sock *tcp = bpf_skc_to_tcp_sock(sock);
    if (tcp) {
        record->rtt = tcp->srtt_us >> 3;
        record->retransmits = tcp->total_retrans;
        record->acknowledged = tcp->bytes_acked;
        record->received = tcp->bytes_received;
    }
    fill_owner(record);
    submit(record);
    add(counters, SOCKETS_SENT, 1, true);
}

/* Counts a tracepoint's call; returns the counters if there is something to report. */
static ALWAYS_INLINE u64 *see_socket(struct sock *sock)
{
    u64 *counters = open_books();

    if (!counters)
        return 0;
    add(counters, SOCKETS, 1, true);
    if (!sock || sock->sk_protocol != SOCKET_TCP) {
        add(counters, SOCKETS_NOT_TCP, 1, true);
        return 0;
    }
    return counters;
}

SECTION("tp_btf/inet_sock_set_state") int tidegate_state(u64 *context)
{
    struct sock *sock = (struct sock *)context[0];
    u64 *counters = see_socket(sock);
    u64 socket = (u64)sock;
    u8 old_state = context[1], new_state = context[2];

    if (!counters)
        return 0;
    if (new_state == STATE_SYN_SENT || new_state == STATE_LISTEN)
        remember_owner(socket);
    report_socket(counters, sock, SOCKET_STATE, old_state, new_state);
    if (new_state == STATE_CLOSE)
        bpf_map_delete_elem(&socket_owners, &socket);
    return 0;
}

/* Defines a program for a tracepoint whose first argument is the socket. */
#define SOCKET_PROGRAM(name, tracepoint, kind)                                                     \
    SECTION("tp_btf/" tracepoint) int name(u64 *context)                                           \
    {                                                                                              \
        struct sock *sock = (struct sock *)context[0];                                             \
        u64 *counters = see_socket(sock);                                                          \
                                                                                                   \
        if (counters)                                                                              \
            report_socket(counters, sock, kind, 0, 0);                                             \
        return 0;                                                                                  \
    }

SOCKET_PROGRAM(tidegate_resend, "tcp_retransmit_skb", SOCKET_RETRANSMIT)
SOCKET_PROGRAM(tidegate_rst_tx, "tcp_send_reset", SOCKET_RESET_SENT)
SOCKET_PROGRAM(tidegate_rst_rx, "tcp_receive_reset", SOCKET_RESET_RECEIVED)
