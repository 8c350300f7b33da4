/* SPDX-License-Identifier: MIT */
/* Ownership and small compile-time helpers used everywhere. */
#pragma once

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define ELEMENTS_OF(array) (sizeof(array) / sizeof((array)[0]))

/* An owning local: `_cleanup_(fclosep) FILE *f = NULL;`. The function gets a pointer to the local.
 */
#define _cleanup_(function) __attribute__((cleanup(function)))
#define _printf_(text, first) __attribute__((__format__(__printf__, text, first)))
/* Runs in each tick. The linker puts these side by side, so that a tick, which finds nothing in the
 * caches, touches four pages of code instead of seventeen. */
#define _hot_ __attribute__((hot))
#define _pure_ __attribute__((pure))
#define _unused_ __attribute__((unused))

/* Hands an owned pointer over: the value of `pointer`, which becomes NULL. */
#define TAKE_PTR(pointer)                                    \
        ({                                                   \
                __typeof__(pointer) *taken_at_ = &(pointer); \
                __typeof__(pointer) taken_ = *taken_at_;     \
                *taken_at_ = NULL;                           \
                taken_;                                      \
        })

/* Hands an owned file descriptor over: its value, and `fd` becomes -1. */
#define TAKE_FD(fd)                      \
        ({                               \
                int *taken_at_ = &(fd);  \
                int taken_ = *taken_at_; \
                *taken_at_ = -1;         \
                taken_;                  \
        })

/* Defines a static cleanup function NAMEp(TYPE **) that calls NAME on what the local holds. */
#define DEFINE_CLEANUP(type, name)                 \
        static inline void name##p(type **pointer) \
        {                                          \
                name(*pointer);                    \
        }                                          \
        struct cleanup_takes_a_semicolon_

static inline void freep(void *pointer)
{
        free(*(void **)pointer);
}

static inline void closep(int *fd)
{
        if (*fd >= 0)
                (void)close(*fd);
}

#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_close_ _cleanup_(closep)

#define MIN_OF(a, b)                               \
        ({                                         \
                __typeof__(a) min_a_ = (a);        \
                __typeof__(b) min_b_ = (b);        \
                min_a_ < min_b_ ? min_a_ : min_b_; \
        })
#define MAX_OF(a, b)                               \
        ({                                         \
                __typeof__(a) max_a_ = (a);        \
                __typeof__(b) max_b_ = (b);        \
                max_a_ > max_b_ ? max_a_ : max_b_; \
        })
