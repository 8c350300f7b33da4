/* SPDX-License-Identifier: MIT */
/* A line of /proc/vmallocinfo (mm/vmalloc.c). Pure. */
#pragma once

#include <stdbool.h>

enum { VMALLOC_CALLER_MAX = 120 };

struct vmalloc_area {
        char caller[VMALLOC_CALLER_MAX]; /* "htab_map_alloc", "nv_alloc [nvidia]"; "" no name */
        double size;                     /* bytes of addresses, with the guard page */
        double pages;                    /* of memory; 0 for what maps memory of others */
        bool counted;                    /* its pages stand in VmallocUsed of /proc/meminfo */
};

/* 0xSTART-0xEND SIZE CALLER+0xOFF/0xLEN [MODULE] pages=N phys=.. ioremap vmalloc vmap user vpages
 * N0=.. ; the addresses are hashed, zero, or "(____ptrval____)" early after boot, and are not
 * looked at. A caller that the kernel cannot name stands there as a bare address: of a module that
 * is gone, or of code that is thrown away after a module's start. It is not passed on: it would
 * tell where the kernel lies in memory. Functions are told apart by name, not by offset: what the
 * compiler appended (.isra.0, .constprop.0, .llvm.123) is cut off. 0; -EBADMSG: *ret is untouched.
 */
int vmallocinfo_parse(const char *line, struct vmalloc_area *ret);

/* True when a kernel stack is allocated there. With VMAP_STACK stacks are vmalloc areas, whose
 * caller is whoever copy_process() was inlined into: it changes with the kernel and compiler. */
bool vmalloc_caller_is_stack(const char *caller);

/* True when it is the records of the per-CPU allocator. */
bool vmalloc_caller_is_percpu(const char *caller);
