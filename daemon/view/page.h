/* SPDX-License-Identifier: MIT */
/* The report: one page of HTML that needs nothing else and runs no script, to be read on a phone,
 * on paper, by a screen reader, and years later. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "view/chart.h"
#include "view/reply.h"
#include "view/told.h"

struct page_dimension {
        char name[PAST_NAME_MAX + 1];
        enum event_unit unit;
        struct thin thin;
};

struct page {
        const struct daemon_reply *daemon; /* as it is at the end of the time; NULL: not known */
        const struct told_list *told;      /* what was said, the oldest first */
        bool told_unknown;                 /* there is no journal that could be asked */
        const struct page_dimension *dimensions;
        size_t dimension_count;
        double from, to;     /* Unix seconds */
        double numbers_from; /* when there are numbers only from later on; else as from */
        const char *host;    /* its name, "" when unknown */
        const char *trace;   /* the file that this is about, NULL: the machine itself */
        const char *alert;   /* the only alert that this is about, NULL: all */
        bool elsewhere;      /* the alerts are of other machines, whose numbers are not here */
        size_t hosts;        /* of how many machines */
        const char *missing; /* what could not be had and why, as a sentence; NULL: nothing */
};

/* 0 or -EIO. */
int page_print(FILE *out, const struct page *p);

/* Its part on the alerts. 0 or -ENOMEM. */
int page_print_alerts(FILE *out, const struct page *p);

/* The two sentences at its top, as plain text. For page_print, and for tests. */
void page_words(const struct page *p, char *buffer, size_t size);

/* One alert's life, gathered from what was told. */
struct page_alert {
        const struct told *first, *last; /* of it in this time */
        const struct told *worst;
        bool open; /* at the end of the time, as far as is known */
};
/* By when they began; in fresh memory owned by the caller. 0 or -ENOMEM. */
int page_alerts(const struct page *p, struct page_alert **ret, size_t *ret_count);
