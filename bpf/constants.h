/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Constants that the loader sets. The verifier knows them, and removes what they exclude. */
#pragma once

#include "include/types.h"

/* Whether packets of a known connection are aggregated. */
CONSTANT u32 aggregate = 1;
/* How often a connection's direction is reported at least, if it has packets; in ticks of the
 * kernel, whose length is the resolution of CLOCK_MONOTONIC_COARSE. */
CONSTANT u64 report_interval = 1250;
/* Bytes captured of a packet. */
CONSTANT u32 capture = 128;
/* Bytes captured of a packet whose payload begins as DNS or HTTP. */
CONSTANT u32 payload_capture = 1024;
/* UDP ports of tunnels; 0 none. */
CONSTANT u16 vxlan_port = 4789;
CONSTANT u16 cilium_vxlan_port = 8472;
CONSTANT u16 geneve_port = 6081;
/* Cilium's code of each kernel drop reason that is reported; 0 for those that are only counted.
 * The last one is for all larger numbers. */
CONSTANT u8 drop_codes[256] = {};
/* Whether drops of all network namespaces are reported, or those of `drop_namespaces`. */
CONSTANT u32 drops_of_all_namespaces = 1;
/* Whether drops at loopback devices are reported. */
CONSTANT u32 drops_at_loopback = 0;
