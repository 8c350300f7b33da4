/* SPDX-License-Identifier: MIT */
/* Threads that sleep: KernelStack, and VmallocUsed by the same amount. 16 KiB of stack and about
 * 7 KiB of slab each. */
#include "fault.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

enum { STACK = 64 * 1024 }; /* PTHREAD_STACK_MIN is 16 KiB on x86-64 and more elsewhere */

static void *sleep_on(void *unused)
{
        (void)unused;
        for (;;)
                pause();
        return NULL;
}

static int grow(uint64_t from, uint64_t to)
{
        pthread_attr_t attributes;
        char *stacks;
        int r = 0;

        if (to == from)
                return 0;
        /* One mapping for all: one of each thread's own soon meets vm.max_map_count. Untouched
         * pages cost nothing. */
        stacks = mmap(NULL, (to - from) * STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
        if (stacks == MAP_FAILED)
                return -errno;
        pthread_attr_init(&attributes);
        for (; from < to && r == 0; from++, stacks += STACK) {
                pthread_t thread;

                pthread_attr_setstack(&attributes, stacks, STACK);
                r = pthread_create(&thread, &attributes, sleep_on, NULL);
        }
        pthread_attr_destroy(&attributes);
        return -r;
}

const struct fault_kind fault_threads = {
        .name = "threads",
        .amount = "threads",
        .max = 100000,
        .grow = grow,
};
