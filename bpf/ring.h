/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ring buffer through which events leave the kernel, for all CPUs and in order. */
#pragma once

#include "include/helpers.h"

struct {
    MAP_NUMBER(type, BPF_MAP_TYPE_RINGBUF);
    MAP_NUMBER(max_entries, 2 << 20); /* the loader sets it */
} events SECTION(".maps");

static ALWAYS_INLINE void submit(void *event)
{
    bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}
