/* SPDX-License-Identifier: MIT */
/* What the daemon answers to a person's `status` and `alerts`, as JSON (kmemwatch-formats(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;
struct member_reading;
struct problems;
struct witness_costs;
struct silence_clock;
struct silences;

/* What the daemon costs, and whose part it is; the rest of both is the samples' and the program's
 * own. */
struct status_cost {
        double cpu, start_cpu, attribution_cpu, members_cpu, writing_cpu; /* seconds */
        double resident, engine_memory, attribution_memory, members_memory,
                writing_memory; /* bytes */
};

/* What the engine itself does not know. */
struct status_frame {
        /* Who is behind the alert on this dimension that fired then (Unix seconds), in one sentence
         * put into buffer, or "". NULL: nobody can be asked. */
        const char *(*culprit)(void *userdata, const char *dimension, double fired, char *buffer,
                               size_t size);
        void *userdata;
        double started;     /* Unix seconds */
        double interval;    /* seconds */
        const char *status; /* the STATUS= line */
        bool observe;       /* all rules are only tried out */
        const struct silences *silences;
        const struct silence_clock *clock;
        const struct problems *faults; /* rules left out */
        const char *const *troubles;   /* of the daemon itself, each in a few words */
        size_t trouble_count;
        uint64_t spool_waiting, spool_dead;
        double spool_oldest; /* seconds, NaN none */
        uint64_t held;       /* events and entries not written yet */
        const char *error;   /* why, or NULL */
        struct status_cost cost;
        const struct witness_costs *looks; /* NULL: no attribution */
        /* Of each family, in the order of enum family; NULL: none is read. */
        const struct member_reading *readings;
};

/* Both in fresh memory owned by the caller; 0 or -ENOMEM. Of the frame alerts_json needs no more
 * than silences and their clock. */
int status_json(const struct engine *e, const struct status_frame *f, char **ret);
int alerts_json(const struct engine *e, const struct status_frame *f, char **ret);
