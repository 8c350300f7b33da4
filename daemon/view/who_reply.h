/* SPDX-License-Identifier: MIT */
/* What the daemon answers to Who and Top (kmemwatch-formats(7)), as typed and bounded data. The
 * texts are still as they came: only terminal_put and its kin may print them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_t;

struct reply_culprit {
        const char *dimension; /* Top only */
        const char *kind, *name, *label, *note;
        double bytes, share; /* NaN: unknown */
        double since;        /* Unix seconds: what it is compared with; NaN with sizes */
        bool sizes, about, placed;
};

struct who_reply {
        struct json_t *root; /* owns all strings */
        const char *dimension, *text, *unexplained, *hidden, *view;
        double time, looked; /* Unix seconds */
        double since;        /* the same: what it is compared with, as far as the daemon remembers;
                                NaN with sizes */
        double change;       /* bytes; with sizes the size */
        double explained, charged; /* shares */
        bool deep, sizes;
        struct reply_culprit *culprits;
        size_t culprit_count;
        const char **denied; /* names of sources */
        size_t denied_count;
};

struct top_reply {
        struct json_t *root;
        const char *view;
        double time, looked, seconds; /* growers grew within so many */
        struct reply_culprit *growers;
        size_t grower_count;
        const char **denied;
        size_t denied_count;
};

/* Both: 0, or an error of json_in_open. */
int who_reply_parse(const char *json, struct who_reply *ret);
void who_reply_done(struct who_reply *r);
int top_reply_parse(const char *json, struct top_reply *ret);
void top_reply_done(struct top_reply *r);

/* By how much the dimension changed within `seconds`; NaN unknown. */
double top_reply_change(const struct top_reply *r, const char *dimension);

/* "slab cache" for "cache"; a kind that we do not know as it came. */
const char *culprit_kind_words(const char *kind);
