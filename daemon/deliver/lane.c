/* SPDX-License-Identifier: MIT */
/* One channel's decisions: what to send next, and what an answer means for message and channel. */
#include "deliver/lane.h"

#include <math.h>

#include "base/macros.h"

static struct trouble *find_trouble(const struct lane *l, uint64_t sequence)
{
        for (size_t i = 0; i < l->trouble_count; i++)
                if (l->troubles[i].sequence == sequence)
                        return (struct trouble *)&l->troubles[i];
        return NULL;
}

/* An older message of the same alert has trouble: this one has to wait for it. */
static bool held_back(const struct lane *l, const struct queue_entry *entry)
{
        for (size_t i = 0; i < l->trouble_count; i++)
                if (l->troubles[i].alert == entry->alert &&
                    l->troubles[i].sequence < entry->sequence)
                        return true;
        return false;
}

enum pick lane_pick(const struct lane *l, struct queue *q, uint32_t bit, double now,
                    struct queue_entry **ret_entry, enum form *ret_form, double *ret_when)
{
        double not_before = fmax(l->retry.next, l->rate_next);
        double when = INFINITY;

        for (size_t i = 0; i < q->count; i++) {
                struct queue_entry *entry = &q->entries[i];
                if (entry->settled & bit)
                        continue;
                if (entry->not_before > now) {
                        when = fmin(when, entry->not_before);
                        continue;
                }
                if (not_before > now) { /* there is something to do, but not yet */
                        when = fmin(when, not_before);
                        break;
                }
                if (entry->alert == 0) {
                        *ret_entry = entry;
                        return PICK_READ;
                }
                const struct trouble *t = find_trouble(l, entry->sequence);
                if (held_back(l, entry))
                        continue;
                if (t && t->next > now) {
                        when = fmin(when, t->next);
                        continue;
                }
                *ret_entry = entry;
                *ret_form = t ? t->form : FORM_FULL;
                return PICK_SEND;
        }
        *ret_when = when;
        return PICK_WAIT;
}

void lane_sent(struct lane *l, double now)
{
        l->rate_next = now + l->interval;
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

static void accepted(struct lane *l, const struct queue_entry *entry, struct consequence *c)
{
        /* After an outage the messages that were caught in it need not sit out their pauses. */
        if (l->retry.failures >= OUTAGE_FAILURES)
                for (size_t i = 0; i < l->trouble_count; i++)
                        l->troubles[i].next = 0;
        c->outcome = OUTCOME_ACCEPTED;
        c->say_recovered = retry_succeeded(&l->retry);
        l->delivered++;
        lane_forget(l, entry->sequence);
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

struct consequence lane_judge(struct lane *l, const struct queue_entry *entry, enum form form,
                              bool short_form, const struct judgement *j, double now,
                              uint64_t *seed)
{
        struct consequence c = { .outcome = OUTCOME_LATER };

        if (j->verdict == VERDICT_ACCEPTED) {
                accepted(l, entry, &c);
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
        c.say_failing =
                retry_failed(&l->retry, j->verdict == VERDICT_BROKEN, j->retry_after, now, seed);
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
        for (size_t i = 0; i < l->trouble_count; i++)
                l->troubles[i].next = 0;
}
