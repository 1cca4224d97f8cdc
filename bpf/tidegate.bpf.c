/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All programs as one object; `README.md` lists them. */

#include "traffic.h"
#include "drops.h"
#include "sockets.h"

/* Makes the layouts of events part of the object's types, where tests find them. */
const struct trace_event *const volatile trace_layout = 0;
const struct drop_event *const volatile drop_layout = 0;
const struct socket_record *const volatile socket_layout = 0;

/* The kernel gives its structures to programs under the GPL only. */
char LICENSE[] SECTION("license") = "Dual BSD/GPL";
