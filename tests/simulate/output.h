/* SPDX-License-Identifier: MIT */
/* The trace and its labels. */
#pragma once

#include <stdio.h>

#include "scenario.h"

struct window {
        double start, end;
        char why[64];
};

enum {
        WINDOWS_MAX = 64,
};

/* What becomes of a scenario in time, for the labels. */
struct story {
        const struct scenario *scenario;
        uint64_t seed;
        const char *trace; /* its file name */
        double rows;
        struct window neutral[WINDOWS_MAX]; /* of all dimensions */
        unsigned neutral_count;
};

void output_header(FILE *out, const struct scenario *s);
/* A row; with `facts` also what the host is, which holds for the rows after it. */
void output_row(FILE *out, const struct scenario *s, double wall,
                const double values[COUNTER_COUNT], bool facts, bool late, struct random *r);
void output_labels(FILE *out, const struct story *story);
