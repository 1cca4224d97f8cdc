/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Layouts of events: Cilium 1.19's TraceNotify (version 2) and DropNotify (version 3), then our
 * extension, then the captured bytes of the packet. Records of sockets have a layout of ours.
 *
 * `src/layout.rs` has the same offsets; a test compares them with the object's BTF. */
#pragma once

#include "include/types.h"

enum { DROP_NOTIFY = 1, TRACE_NOTIFY = 4, SOCKET_RECORD = 0x54 };
enum { TRACE_VERSION = 2, DROP_VERSION = 3, EXTENSION_VERSION = 0x54 };

/* Bits of an event's flags. */
enum { FLAG_IPV6 = 1, FLAG_L3_DEVICE = 2, FLAG_VXLAN = 4, FLAG_GENEVE = 8 };

/* Observation points. */
enum { TO_ENDPOINT = 0, TO_STACK = 3, FROM_NETWORK = 10, TO_NETWORK = 11 };

/* States of a connection, from its first packet on. */
enum { CT_NEW = 0, CT_ESTABLISHED = 1, CT_REPLY = 2, CT_RELATED = 3 };

enum { DIRECTION_UNKNOWN, DIRECTION_INGRESS, DIRECTION_EGRESS };

struct extension {
    u64 time;          /* CLOCK_BOOTTIME of the packet, in nanoseconds */
    u64 cgroup;        /* id of the socket's cgroup; 0 unknown */
    u64 bytes;         /* of this direction of the connection so far, this packet included */
    u32 packets;       /* of the same; wraps */
    u32 netns;         /* inode of the network namespace; 0 unknown */
    u16 kernel_reason; /* enum skb_drop_reason of this kernel; drops only */
    u8 direction;
    u8 tcp_flags;      /* all flags since the direction's last report */
    u32 cpu;
};

struct trace_event {
    u8 type;
    u8 observation_point;
    u16 source;
    u32 hash;
    u32 original_len;
    u16 captured_len;
    u8 version;
    u8 extension_version;
    u32 source_label;
    u32 destination_label;
    u16 destination_id;
    u8 reason;
    u8 flags;
    u32 ifindex;
    u32 original_ip[4];
    u64 ip_trace_id;
    struct extension extension;
};

struct drop_event {
    u8 type;
    u8 code;
    u16 source;
    u32 hash;
    u32 original_len;
    u16 captured_len;
    u8 version;
    u8 extension_version;
    u32 source_label;
    u32 destination_label;
    u32 destination_id;
    u16 line;
    u8 file;
    s8 extended_error;
    u32 ifindex;
    u8 flags;
    u8 padding[3];
    u64 ip_trace_id;
    struct extension extension;
};

enum socket_record_kind { SOCKET_STATE = 1, SOCKET_RETRANSMIT, SOCKET_RESET_SENT,
                          SOCKET_RESET_RECEIVED };

struct socket_record {
    u8 type;
    u8 kind;          /* enum socket_record_kind */
    u8 old_state;     /* TCP states; of a change of state */
    u8 new_state;
    u16 family;       /* 2 IPv4, 10 IPv6 */
    u16 padding;
    u64 time;         /* CLOCK_BOOTTIME, in nanoseconds */
    u64 socket;       /* tells sockets apart while they exist */
    u64 cgroup;       /* of the process that opened the socket; 0 unknown */
    u64 acknowledged; /* bytes that the peer has confirmed */
    u64 received;     /* bytes received in order */
    u32 pid;          /* of that process; 0 unknown */
    u32 rtt;          /* smoothed round-trip time, in microseconds */
    u32 retransmits;  /* segments sent again so far */
    s32 error;        /* errno of the socket; 0 none */
    u32 netns;
    u16 local_port;
    u16 remote_port;
    u32 local[4];     /* IPv4 in the first word */
    u32 remote[4];
    char command[16]; /* of that process */
};
