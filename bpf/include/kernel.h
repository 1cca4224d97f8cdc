/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs use of the kernel's interface: `linux/bpf.h` for the numbers and the context of
 * packets, and the few fields of internal structures that drops and sockets are read from. */
#pragma once

#include "types.h"

enum {
    BPF_MAP_TYPE_HASH = 1,
    BPF_MAP_TYPE_PERCPU_ARRAY = 6,
    BPF_MAP_TYPE_LRU_HASH = 9,
    BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1 };
/* The ring is to be read at intervals, which takes no wake-up from a packet's way. */
enum { BPF_RB_NO_WAKEUP = 1 };
/* Go on with the next program, if there is one. */
enum { TCX_NEXT = -1 };
/* Let the packet pass. */
enum { CGROUP_PASS = 1 };

struct __sk_buff {
    u32 len;
    u32 pkt_type;
    u32 mark;
    u32 queue_mapping;
    u32 protocol; /* EtherType, big-endian */
    u32 vlan_present;
    u32 vlan_tci;
    u32 vlan_proto;
    u32 priority;
    u32 ingress_ifindex;
    u32 ifindex;
    u32 tc_index;
    u32 cb[5];
    u32 hash;
    u32 tc_classid;
    u32 data;
    u32 data_end;
};

struct ns_common {
    u32 inum;
} KERNEL_FIELDS;

struct net {
    struct ns_common ns;
} KERNEL_FIELDS;

typedef struct {
    struct net *net;
} KERNEL_FIELDS possible_net_t;

struct net_device {
    s32 ifindex;
    possible_net_t nd_net;
} KERNEL_FIELDS;

struct in6_addr {
    u32 words[4];
};

struct sock_common {
    u32 skc_daddr;
    u32 skc_rcv_saddr;
    u16 skc_dport; /* big-endian */
    u16 skc_num;
    u16 skc_family;
    possible_net_t skc_net;
    struct in6_addr skc_v6_daddr;
    struct in6_addr skc_v6_rcv_saddr;
} KERNEL_FIELDS;

struct sock {
    struct sock_common __sk_common;
    u16 sk_protocol;
    s32 sk_err;
} KERNEL_FIELDS;

struct tcp_sock {
    u32 srtt_us; /* eighths of microseconds */
    u32 total_retrans;
    u64 bytes_acked;
    u64 bytes_received;
} KERNEL_FIELDS;

struct sk_buff {
    struct net_device *dev;
    struct sock *sk;
    u8 *head;
    u8 *data;
    u32 len;
    u32 data_len;
    u16 network_header;
    u16 protocol; /* big-endian */
    s32 skb_iif;
} KERNEL_FIELDS;

/* Of the kernel's drop reasons only the existence of the type matters: since 5.17. */
enum skb_drop_reason { SKB_DROP_REASON_OF_SOME_KIND = 2 };
