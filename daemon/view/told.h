/* SPDX-License-Identifier: MIT */
/* The events that kmemwatchd wrote to the journal, read back. Their texts are as they came: only
 * terminal_put and its kin, or what escapes for its own format, may print them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "alert/event.h"

/* One event; texts are owned and "" where the entry has none, numbers NaN. */
struct told {
        double time; /* Unix seconds */
        enum event_type type;
        enum severity severity, previous;
        enum kind kind;
        enum event_unit unit;
        const char *rule, *dimension, *text, *summary, *alert_id, *id, *host;
        const char *culprit, *culprits; /* a sentence, and a line for each */
        const char *explain, *action, *runbook;
        const char *why;      /* the tests that it rests on, a line for each */
        const char *incident; /* what moved with it, and the alerts of the same cause */
        const char *unexplained;
        double started, duration;
        double value, baseline, peak, grown; /* in `unit` */
        double rate;                         /* bytes per second */
        double exhausts_at;                  /* Unix seconds */
};

/* Whether it ended its alert. */
static inline bool told_ends(const struct told *t)
{
        return t->type == EVENT_RESOLVED || t->type == EVENT_ADOPTED;
}

struct told_list {
        struct told *list; /* the oldest first */
        size_t count, space;
        bool cut; /* there were more than TOLD_MAX: the oldest are missing */
};

/* A storm of a month; more than that nobody reads. */
enum { TOLD_MAX = 20000 };

struct told_query {
        const char *directory; /* NULL: the machine's own journal */
        double since, until;   /* Unix seconds */
        const char *rule;      /* rule or dimension, or a pattern of either; NULL: all */
        const char *alert_id;  /* or its beginning; NULL: all */
        const char *host;      /* its name, or a pattern; NULL: all */
        size_t newest;         /* so many of them; 0: all */
};

/* A journal that is open for one query. */
struct told_journal;

/* 0, or a negative errno: -ENOENT there is no journal, -EACCES none that this user may read. */
int told_open(const struct told_query *q, struct told_journal **ret);
void told_close(struct told_journal *j);

/* What it holds up to now. 0 or negative errno. */
int told_read(struct told_journal *j, struct told_list *ret);

/* What came after told_read, or after the last call: waits for it. Replaces what is in the list.
 * 0, also when nothing came but time passed, or negative errno. */
int told_follow(struct told_journal *j, struct told_list *ret);

/* Adds an event as the engine makes it: what it says is copied. 0 or -ENOMEM. */
int told_add_event(struct told_list *l, const struct event *e);

/* Adds t, whose texts become the list's, also on failure. 0 or -ENOMEM. */
int told_add(struct told_list *l, struct told *t);

/* Says who is behind it: copied. 0 or -ENOMEM. */
int told_set_culprit(struct told *t, const char *culprit);

/* Of how many machines they are. */
size_t told_hosts(const struct told_list *l);

void told_done(struct told_list *l);
