/* SPDX-License-Identifier: MIT */
/* One test that a verdict rests on, with its numbers. What decides calls check_pass() and goes by
 * its answer; who wants to know why hands in a list. So what is explained is what was decided. */
#pragma once

#include <stdbool.h>

enum check_unit {
        CHECK_YES,     /* 1 yes, 0 no */
        CHECK_NUMBER,  /* a plain number */
        CHECK_SHARE,   /* 0.25 is 25 % */
        CHECK_VALUE,   /* the unit of the dimension */
        CHECK_RATE,    /* that per second */
        CHECK_SECONDS, /* a time */
        CHECK_BYTES,
        CHECK_BYTES_RATE, /* per second */
        CHECK_UNIT_COUNT,
};

/* How the value must stand to the limit. */
enum check_sense { CHECK_AT_LEAST, CHECK_AT_MOST, CHECK_ABOVE, CHECK_BELOW, CHECK_SENSE_COUNT };

/* What is asked, the same each time. */
struct question {
        const char *name; /* one word, for programs */
        const char *asks; /* what must be so, for people: "is no noise: slope over its error" */
        enum check_unit unit;
        enum check_sense sense;
};

struct check {
        const struct question *question;
        double value, limit; /* NaN: unknown */
        const char *waived;  /* why it passes whatever the value is; NULL: it does not */
        bool passed;
};

enum { CHECKS_MAX = 24 }; /* a detector has at most half of that */

struct checks {
        struct check list[CHECKS_MAX];
        unsigned count;
};

void check_note(struct checks *c, const struct question *q, double value, double limit,
                const char *waived, bool passed);

/* Whether the value stands to the limit as asked or need not (waived): the verdict. Appended to c
 * unless that is NULL. In the header since a sample asks for some ten of them. */
static inline bool check_pass(struct checks *c, const struct question *q, double value,
                              double limit, const char *waived)
{
        bool stands = q->sense == CHECK_AT_LEAST  ? value >= limit
                      : q->sense == CHECK_AT_MOST ? value <= limit
                      : q->sense == CHECK_ABOVE   ? value > limit
                                                  : value < limit;
        bool passed = waived || stands;
        if (c)
                check_note(c, q, value, limit, waived, passed);
        return passed;
}

/* How far on the good side of the limit the value is, as a share of it; negative: so much is
 * missing. NaN when unknown, NaN or infinite when the limit is 0. */
double check_margin(const struct check *c);
