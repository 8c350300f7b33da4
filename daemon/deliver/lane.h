/* SPDX-License-Identifier: MIT */
/* One channel's way through the queue: which event is next, when, and what follows from an answer.
 * Pure: time and seed are parameters (seconds of one clock that does not step). Events of one alert
 * never overtake each other on a lane; events of other alerts pass one that has trouble. */
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

struct lane {
        struct retry retry;
        double interval;  /* seconds between messages */
        double rate_next; /* not before, by the interval */
        struct trouble troubles[TROUBLES_MAX];
        size_t trouble_count;
        uint64_t delivered, failed; /* messages since start: accepted; given up */
};

enum pick {
        PICK_SEND, /* *ret_entry in *ret_form */
        PICK_READ, /* *ret_entry's alert is not known yet: read it, set alert, pick again */
        PICK_WAIT, /* nothing before *ret_when (INFINITY: until something happens) */
};

/* bit: the lane's bit in queue_entry.settled. */
enum pick lane_pick(const struct lane *l, struct queue *q, uint32_t bit, double now,
                    struct queue_entry **ret_entry, enum form *ret_form, double *ret_when);

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

/* What follows from an answer to a message sent in `form`. short_form: the channel has one. */
struct consequence lane_judge(struct lane *l, const struct queue_entry *entry, enum form form,
                              bool short_form, const struct judgement *j, double now,
                              uint64_t *seed);

/* The event has left the queue. */
void lane_forget(struct lane *l, uint64_t sequence);
/* All events have: none may hold back what comes later. */
void lane_forget_all(struct lane *l);

/* Tries again at once: after a reload, when a person has probably mended something. */
void lane_hurry(struct lane *l);
