/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's helper functions that the programs call, by their numbers in `enum bpf_func_id`. */
#pragma once

#include "kernel.h"

#define HELPER(number) (void *)number

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = HELPER(1);
static long (*const bpf_map_update_elem)(void *map, const void *key, const void *value,
                                         u64 flags) = HELPER(2);
static long (*const bpf_map_delete_elem)(void *map, const void *key) = HELPER(3);
static u32 (*const bpf_get_smp_processor_id)(void) = HELPER(8);
static u64 (*const bpf_get_current_pid_tgid)(void) = HELPER(14);
static long (*const bpf_get_current_comm)(void *text, u32 size) = HELPER(16);
static long (*const bpf_skb_load_bytes)(const void *skb, u32 offset, void *to,
                                        u32 len) = HELPER(26);
static long (*const bpf_skb_pull_data)(struct __sk_buff *skb, u32 len) = HELPER(39);
static u64 (*const bpf_skb_cgroup_id)(struct __sk_buff *skb) = HELPER(79);
static u64 (*const bpf_get_current_cgroup_id)(void) = HELPER(80);
static long (*const bpf_probe_read_kernel)(void *to, u32 len, const void *from) = HELPER(113);
static u64 (*const bpf_jiffies64)(void) = HELPER(118);
static u64 (*const bpf_ktime_get_boot_ns)(void) = HELPER(125);
static void *(*const bpf_ringbuf_reserve)(void *ring, u64 size, u64 flags) = HELPER(131);
static void (*const bpf_ringbuf_submit)(void *data, u64 flags) = HELPER(132);
static struct tcp_sock *(*const bpf_skc_to_tcp_sock)(void *sock) = HELPER(137);
