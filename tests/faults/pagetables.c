/* SPDX-License-Identifier: MIT */
/* One page of each 2 MiB of a large mapping: each costs a whole page table. Reading finds the
 * kernel's one page of zeros, so nothing but PageTables grows. x86-64 and arm64 with 4 KiB pages.
 */
#include "fault.h"

#include <errno.h>
#include <stddef.h>
#include <sys/mman.h>

enum { TABLE = 4096, REACH = 2 << 20 };

static int grow(uint64_t from, uint64_t to)
{
        uint64_t tables = to / TABLE - from / TABLE;
        const volatile char *memory;

        if (tables == 0)
                return 0;
        memory = mmap(NULL, (tables + 1) * REACH, PROT_READ,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (memory == MAP_FAILED)
                return -errno;
        /* A huge page of zeros would need no table. */
        if (madvise((void *)memory, (tables + 1) * REACH, MADV_NOHUGEPAGE) < 0 && errno != EINVAL)
                return -errno;
        for (uint64_t i = 0; i < tables; i++)
                (void)memory[i * REACH];
        return 0;
}

const struct fault_kind fault_pagetables = {
        .name = "pagetables",
        .amount = "bytes of page tables",
        .max = (uint64_t)8 << 30, /* maps 4 TiB; x86-64 has 128 */
        .grow = grow,
};
