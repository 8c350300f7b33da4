/* SPDX-License-Identifier: MIT */
/* Runs operations that allocate, each with its first allocation failing, then its second, and so on
 * to its last: it says so or does without, leaks nothing, and succeeds when there is memory again.
 * (The C library's asprintf does without its last allocation.) Replaces malloc in the program that
 * includes it. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "test.h"

struct operation {
        const char *name;
        int (*run)(void);
        /* 0 only when all of what was asked for is there. */
        int error; /* besides -ENOMEM: what a library that does not tell why comes to */
};

/* In the C library's stead. Under a sanitizer and under valgrind theirs stays, and nothing fails.
 */
#if defined(__SANITIZE_ADDRESS__)
#define OWN_ALLOCATOR false
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_ALLOCATOR false
#endif
#endif
#ifndef OWN_ALLOCATOR
#define OWN_ALLOCATOR true
#endif

static long until_failure = -1; /* allocations that succeed before one fails; -1: all do */
static bool failed;             /* one has */
static long held;               /* blocks allocated and not freed */

#if OWN_ALLOCATOR
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void __libc_free(void *block);

static bool fails(void)
{
        if (until_failure < 0 || until_failure-- > 0)
                return false;
        failed = true;
        errno = ENOMEM;
        return true;
}

static void *hold(void *block)
{
        held += block != NULL;
        return block;
}

void *malloc(size_t size)
{
        return fails() ? NULL : hold(__libc_malloc(size));
}

void *calloc(size_t count, size_t size)
{
        return fails() ? NULL : hold(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
        if (fails())
                return NULL;
        return old ? __libc_realloc(old, size) : hold(__libc_realloc(NULL, size));
}

void free(void *block)
{
        held -= block != NULL;
        __libc_free(block);
}
#endif

static unsigned count_descriptors(void)
{
        unsigned count = 0;
        DIR *folder = opendir("/proc/self/fd");
        assert_non_null(folder);
        while (readdir(folder))
                count++;
        closedir(folder);
        return count;
}

static bool is_own_allocator(void)
{
        long before = held;
        void *volatile block = malloc(1);
        bool own = held > before;
        free(block);
        return own;
}

static void fail_each_allocation(const struct operation *operations, size_t count)
{
        bool own = is_own_allocator();
        for (size_t i = 0; i < count; i++) {
                const struct operation *o = &operations[i];
                /* What is made once and kept is made now. */
                assert_int_equal(o->run(), 0);
                unsigned descriptors = count_descriptors();
                long before = held, number = 0;
                for (bool done = false; !done; number++) {
                        failed = false;
                        until_failure = own ? number : -1;
                        int r = o->run();
                        until_failure = -1;
                        done = !failed;
                        if (own && held != before)
                                fail_msg("%s, allocation %ld: %ld blocks are lost", o->name, number,
                                         held - before);
                        if (r != 0 && (done || (r != -ENOMEM && r != o->error)))
                                fail_msg("%s, allocation %ld: %d", o->name, number, r);
                }
                assert_int_equal(count_descriptors(), descriptors);
                assert_true(!own || number > 1);
        }
}
