/* SPDX-License-Identifier: MIT */
/* The events that wait in the spool, in their order, and which channels are done with each. Pure:
 * an index in memory; the events themselves stay on disk until one is sent. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 112 bytes each: 3.5 MiB for weeks of backlog. What lies beyond stays on disk until there is room;
 * the oldest are held. */
enum { QUEUE_MAX = 32768, QUEUE_ID_MAX = 33 };

struct queue_entry {
        uint64_t sequence;
        char id[QUEUE_ID_MAX];
        bool recorded;         /* a .done file lies beside it */
        bool given_up;         /* by one channel at least */
        uint8_t read_failures; /* in a row */
        bool critical;         /* the event's severity; when it has been read */
        bool acknowledges;     /* likewise: a person knows of what came before it */
        uint32_t settled;      /* bit per channel: accepted, given up, or not meant for it */
        double not_before;     /* it could not be read: wait until then */
        double arrived;        /* when it was taken in; like not_before by a clock without steps */

        /* What is known when it has been read. The bits are one per channel. */
        uint64_t alert;        /* letter_alert_hash; 0: not read yet */
        double time;           /* the event's own, Unix seconds, or NAN */
        uint32_t begins, ends; /* it opens or closes the alert, as that channel sees it */
        uint32_t alone;        /* it is to go by itself: together with others it was not taken */
        uint32_t tried;        /* it was sent once at least */
        uint32_t held, muted;  /* in quiet hours, see lane_hold */
};

struct queue {
        struct queue_entry *entries; /* by sequence, then id */
        size_t count, size;
        bool overflow; /* some were left on disk */
};

void queue_done(struct queue *q);
void queue_clear(struct queue *q); /* forgets the entries and the overflow */

/* Adds an event. 0; -EEXIST when it is there already; -ENOBUFS when the queue is full and it is
 * younger than all that are held, in which case, as when it pushes out the youngest one, overflow
 * is set; -ENOMEM. */
int queue_add(struct queue *q, uint64_t sequence, const char *id, struct queue_entry **ret);

void queue_remove(struct queue *q, struct queue_entry *entry);
struct queue_entry *queue_find(struct queue *q, uint64_t sequence, const char *id);

/* Events that the channels of `bits` are not all done with. */
size_t queue_waiting(const struct queue *q, uint32_t bits);

/* Events that wait for the end of quiet hours, of one channel. */
size_t queue_held(const struct queue *q, uint32_t bit);

/* For qsort_r of places in the queue (uint32_t), which is userdata: by alert, then by place. */
int queue_by_alert(const void *a, const void *b, void *userdata);
