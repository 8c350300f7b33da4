/* SPDX-License-Identifier: MIT */
/* One channel's decisions: what to send next, and what an answer means for message and channel. */
#include "deliver/lane.h"

#include <math.h>

#include "base/macros.h"

static struct trouble *find_trouble(struct lane *l, uint64_t sequence)
{
        for (size_t i = 0; i < l->trouble_count; i++)
                if (l->troubles[i].sequence == sequence)
                        return &l->troubles[i];
        return NULL;
}

void lane_sent(struct lane *l, double now)
{
        l->rate_next = now + l->interval;
        l->group_next = now + l->group;
}

void lane_forget(struct lane *l, uint64_t sequence)
{
        struct trouble *t = find_trouble(l, sequence);
        if (t)
                *t = l->troubles[--l->trouble_count];
}

void lane_forget_all(struct lane *l)
{
        l->trouble_count = 0;
}

/* The message's trouble, begun now when it is new; NULL when too many have one. */
static struct trouble *begin_trouble(struct lane *l, const struct queue_entry *entry, double now)
{
        struct trouble *t = find_trouble(l, entry->sequence);
        if (t || l->trouble_count == TROUBLES_MAX)
                return t;
        t = &l->troubles[l->trouble_count++];
        *t = (struct trouble){
                .sequence = entry->sequence,
                .alert = entry->alert,
                .since = now,
                .delivered_before = l->delivered,
        };
        return t;
}

static void accepted(struct lane *l, size_t count, struct consequence *c)
{
        /* After an outage the messages that were caught in it need not sit out their pauses. */
        if (l->retry.failures >= OUTAGE_FAILURES)
                for (size_t i = 0; i < l->trouble_count; i++)
                        l->troubles[i].next = 0;
        c->outcome = OUTCOME_ACCEPTED;
        c->say_recovered = retry_succeeded(&l->retry);
        l->delivered += count;
}

static void given_up(struct lane *l, const struct queue_entry *entry, struct consequence *c)
{
        c->outcome = OUTCOME_GIVEN_UP;
        l->failed++;
        lane_forget(l, entry->sequence);
}

/* The receiver works, but does not take this message in this form. */
static void refused(struct lane *l, const struct queue_entry *entry, enum form form,
                    bool short_form, double now, struct consequence *c)
{
        if (form == FORM_SHORT || !short_form) {
                given_up(l, entry, c);
                return;
        }
        struct trouble *t = begin_trouble(l, entry, now);
        if (!t)
                return;
        t->form = FORM_SHORT;
        t->tries = 0;
        t->since = now;
        t->next = 0;
}

static void failed(struct lane *l, const struct judgement *j, double now, uint64_t *seed,
                   struct consequence *c)
{
        l->failed_at = now;
        c->say_failing =
                retry_failed(&l->retry, j->verdict == VERDICT_BROKEN, j->retry_after, now, seed);
}

struct consequence lane_judge_bundle(struct lane *l, size_t count, const struct judgement *j,
                                     double now, uint64_t *seed, bool *ret_apart)
{
        enum { TRIES_TOGETHER = 2 }; /* the second failure may be this bundle's */
        struct consequence c = { .outcome = OUTCOME_LATER };

        if (j->verdict == VERDICT_ACCEPTED) {
                accepted(l, count, &c);
                l->together_failed = 0;
                return c;
        }
        if (j->verdict == VERDICT_REFUSED) { /* one of them is the reason: each will show */
                c.say_recovered = retry_succeeded(&l->retry);
                *ret_apart = true;
                return c;
        }
        failed(l, j, now, seed, &c);
        if (j->verdict == VERDICT_RETRY && j->suspect && isnan(j->retry_after) &&
            ++l->together_failed >= TRIES_TOGETHER) {
                l->together_failed = 0;
                *ret_apart = true;
        }
        return c;
}

struct consequence lane_judge(struct lane *l, const struct queue_entry *entry, enum form form,
                              bool short_form, const struct judgement *j, double now,
                              uint64_t *seed)
{
        struct consequence c = { .outcome = OUTCOME_LATER };

        if (j->verdict == VERDICT_ACCEPTED) {
                accepted(l, 1, &c);
                lane_forget(l, entry->sequence);
                return c;
        }
        if (j->verdict == VERDICT_REFUSED) {
                refused(l, entry, form, short_form, now, &c);
                /* It answered as it should: the channel itself is well. When the table of troubles
                 * is full, wait as after a failure. */
                if (c.outcome == OUTCOME_GIVEN_UP || find_trouble(l, entry->sequence)) {
                        c.say_recovered = retry_succeeded(&l->retry);
                        return c;
                }
        }
        failed(l, j, now, seed, &c);
        if (j->verdict != VERDICT_RETRY || !j->suspect || !isnan(j->retry_after))
                return c;

        /* Perhaps it is this message: let others pass, and come back to it. */
        struct trouble *t = begin_trouble(l, entry, now);
        if (!t)
                return c;
        t->tries++;
        t->form = form;
        t->next = l->retry.next + retry_pause(t->tries, RETRY_FIRST, RETRY_LAST, seed);
        if (t->tries >= TROUBLE_TRIES_MAX && now - t->since >= TROUBLE_SECONDS_MAX &&
            l->delivered > t->delivered_before)
                refused(l, entry, form, short_form, now, &c);
        return c;
}

void lane_hurry(struct lane *l)
{
        l->retry.next = 0;
        l->group_next = 0;
        for (size_t i = 0; i < l->trouble_count; i++)
                l->troubles[i].next = 0;
}
