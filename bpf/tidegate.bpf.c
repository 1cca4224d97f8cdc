/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* All programs as one object; `README.md` lists them. */

#include "traffic.h"
#include "drops.h"
#include "sockets.h"

/* The kernel gives its structures to programs under the GPL only. */
char LICENSE[] SECTION("license") = "Dual BSD/GPL";
