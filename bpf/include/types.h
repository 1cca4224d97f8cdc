/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Integer types, byte order, and what marks sections, maps and fields for the loader. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef int s32;
typedef _Bool bool;
#define true 1
#define false 0

#define SECTION(name) __attribute__((section(name), used))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define NEVER_INLINE __attribute__((noinline))

/* Number and type members of a map's definition in BTF. */
#define MAP_NUMBER(name, value) int (*name)[value]
#define MAP_TYPE(name, type) typeof(type) *name

/* A kernel structure of which some fields are declared; the loader finds where they are. */
#define KERNEL_FIELDS __attribute__((preserve_access_index))
/* Whether the running kernel has the type; the loader settles it. */
#define KERNEL_HAS_TYPE(type) __builtin_preserve_type_info(*(typeof(type) *)0, 0)

/* A constant that the loader sets before it loads the programs. */
#define CONSTANT const volatile

/* Keeps the compiler from concluding anything about the value, so that the verifier sees the
 * comparison that follows. */
#define OPAQUE(value) asm volatile("" : "+r"(value))

#define BIG16(value) ((u16)__builtin_bswap16(value))
#define BIG32(value) ((u32)__builtin_bswap32(value))
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define LIKELY(condition) __builtin_expect(!!(condition), 1)
