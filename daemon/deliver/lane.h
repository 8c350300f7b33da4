/* SPDX-License-Identifier: MIT */
/* One channel's way through the queue: which events are next, when, and what follows from an
 * answer. Pure: time and seed are parameters (seconds of one clock that does not step). Events of
 * one alert never overtake each other on a lane; events of other alerts pass one that has trouble.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "deliver/channel.h"
#include "deliver/queue.h"
#include "deliver/retry.h"
#include "deliver/verdict.h"

enum {
        TROUBLES_MAX = 16, /* with more messages in trouble the target is: then it is one backoff */
        /* A message that the receiver answers with 5xx while it takes others is given up after this
         * many tries and this time: a half broken receiver has recovered by then. */
        TROUBLE_TRIES_MAX = 10,
        TROUBLE_SECONDS_MAX = 3600,
        OUTAGE_FAILURES = 3, /* that many in a row were no accident of one message */
};

/* A message that was answered, but not taken. */
struct trouble {
        uint64_t sequence;
        uint64_t alert;
        enum form form;
        unsigned tries;
        double since, next;
        uint64_t delivered_before; /* of the lane, when the trouble began */
};

/* What may share a message. Events that do are told as one: the newest is the truth. */
enum joining {
        JOIN_NOTHING, /* a program reads them: each by itself, in their order */
        JOIN_ALERT,   /* those of one alert, when they are late */
        JOIN_ALL,     /* whatever comes within the grouping interval */
};

enum {
        BUNDLE_MAX = 40,           /* events in a message: what a person can take in */
        SUMMARY_MAX = 500,         /* and in one about what is long over; some MiB of memory */
        LATE_SECONDS = 30,         /* what waits for so long could not be told when it happened */
        STALE_SECONDS = 24 * 3600, /* what is over since then is history: one summary of it all */
};

struct lane {
        struct retry retry;
        enum joining joining;
        bool summaries;    /* of what is stale; else it is told like everything */
        double interval;   /* seconds between messages */
        double group;      /* seconds in which events are collected after a message (JOIN_ALL) */
        double rate_next;  /* not before, by the interval */
        double group_next; /* the same by the grouping */
        double failed_at;  /* when the last failure was; 0: none yet */
        unsigned together_failed; /* bundles in a row that the receiver stumbled over */
        struct trouble troubles[TROUBLES_MAX];
        size_t trouble_count;
        uint64_t delivered, failed; /* events since start: accepted; given up */
        struct {
                bool on;
                double began; /* Unix seconds */
                double ended; /* when the last were over, by the clock without steps */
                /* The receiver keeps what is open: each end is sent, it calls nobody. */
                bool ends_all;
                bool but_critical; /* what is critical goes all the same */
        } quiet;
};

/* What is to go as one message. */
struct bundle {
        size_t count;
        uint32_t at[SUMMARY_MAX]; /* places in the queue, ascending, until the queue changes */
        enum form form;
        bool summary; /* of alerts that are long over */
};

enum pick {
        PICK_SEND, /* *ret */
        PICK_READ, /* the event at ret->at[0] is not known yet: read it, pick again */
        PICK_WAIT, /* nothing before *ret_when (INFINITY: until something happens) */
};

/* now: of a clock without steps; wall: Unix seconds; bit: the lane's bit in queue_entry.settled.
 * Without memory nothing is joined. */
enum pick lane_pick(const struct lane *l, const struct queue *q, uint32_t bit, double now,
                    double wall, struct bundle *ret, double *ret_when);

/* To be called when a message leaves: keeps the pace. */
void lane_sent(struct lane *l, double now);

enum outcome {
        OUTCOME_ACCEPTED,
        OUTCOME_LATER,
        OUTCOME_GIVEN_UP, /* into dead/ with it, as far as this channel is concerned */
};

struct consequence {
        enum outcome outcome;
        bool say_failing;   /* it is time to tell the journal that the channel does not work */
        bool say_recovered; /* ... that it works again */
};

/* The same for a message of `count` events, two or more: accepted or later. When it is time for
 * each of them to go by itself, *ret_apart is set, else it stays. */
struct consequence lane_judge_bundle(struct lane *l, size_t count, const struct judgement *j,
                                     double now, uint64_t *seed, bool *ret_apart);

/* What follows from an answer to a message of one event, sent in `form`. short_form: the channel
 * has one. */
struct consequence lane_judge(struct lane *l, const struct queue_entry *entry, enum form form,
                              bool short_form, const struct judgement *j, double now,
                              uint64_t *seed);

/* For a lane in its quiet hours: marks in the queue what is not to go until they end (held), and
 * what is not to go at all (muted), since it came and went within them; that is to be settled
 * before something is picked. The end of what the receiver may know of goes, and calls nobody.
 * *ret_muted: how many. 0 or -ENOMEM: then all of it is held. */
int lane_hold(const struct lane *l, struct queue *q, uint32_t bit, size_t *ret_muted);

/* The quiet hours are over. */
void lane_release(struct queue *q, uint32_t bit);

/* The event has left the queue. */
void lane_forget(struct lane *l, uint64_t sequence);
/* All events have: none may hold back what comes later. */
void lane_forget_all(struct lane *l);

/* Tries again at once: after a reload, when a person has probably mended something. */
void lane_hurry(struct lane *l);
