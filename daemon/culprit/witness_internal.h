/* SPDX-License-Identifier: MIT */
/* What the files of the witness share. */
#pragma once

#include "culprit/history.h"
#include "culprit/look.h"
#include "culprit/modules.h"
#include "culprit/witness.h"
#include "sample/unaccounted.h"

enum doing { IDLE, SNAPSHOT, DEEP };

struct witness {
        const struct procfs *p;
        double (*clock)(void);
        struct look *look;
        enum doing doing;
        struct findings snapshot, deep;
        struct history *minutes, *looks;

        /* of the clock */
        double next_snapshot, next_base, next_look, next_person;
        double pace; /* seconds between snapshots */
        double next_slabinfo, next_cgroups;
        double born;
        double started;   /* the look that is under way */
        double deep_done; /* the last deep look; -INFINITY none */

        bool asked;     /* a deep look is wanted */
        bool for_ask;   /* the one under way, or the last one, was asked for */
        bool by_person; /* ... by nobody but a person */
        enum culprit_dimension first;
        struct modules modules;
        struct unaccounted unaccounted;
        double unaccounted_at; /* of the clock: its last value */
        bool glances;          /* the snapshot under way is for an answer: all of it is read */
        double slabs_at;       /* of the clock: when slabinfo was read last; -INFINITY never */
        double unreclaimable, reclaimable; /* slab then */
        struct witness_costs costs;
};
