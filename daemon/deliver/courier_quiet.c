/* SPDX-License-Identifier: MIT */
/* Quiet hours of a channel: what is held back, what is never told, and a word to the daemon, which
 * would take what lies in the spool for nobody's. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "announce/spool_held.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/units.h"
#include "deliver/courier_internal.h"

enum { FILE_MODE = 0640 };

/* When the span that is known does not hold the moment (any more), another may. */
static void look_at_clock(struct outlet *o, double wall)
{
        if (o->lane.quiet.on && wall >= o->lane.quiet.began && wall < o->quiet_until)
                return;
        o->lane.quiet.on =
                windows_span(&o->channel->quiet, wall, &o->lane.quiet.began, &o->quiet_until);
}

static void say_over(struct outlet *o, const struct queue *q)
{
        size_t held = queue_held(q, o->bit);
        if (held > 0 || o->quiet_muted > 0)
                log_notice("channel %s: its quiet hours are over: %zu event%s waited for that, of "
                           "%zu alert%s that came and went nothing is told",
                           o->name, held, held == 1 ? "" : "s", o->quiet_muted,
                           o->quiet_muted == 1 ? "" : "s");
        o->quiet_muted = 0;
}

/* The first of an alert before its end: killed in between, the end alone is told, which is odd, but
 * nothing stays open. */
static void settle_muted(struct courier *c, struct outlet *o, size_t muted)
{
        for (size_t i = 0; i < c->queue.count && muted > 0;) {
                struct queue_entry *entry = &c->queue.entries[i];
                size_t before = c->queue.count;
                if (!(entry->muted & o->bit)) {
                        i++;
                        continue;
                }
                muted--;
                o->quiet_muted += !!(entry->begins & o->bit);
                entry->muted &= ~o->bit;
                lane_forget(&o->lane, entry->sequence);
                courier_settle(c, entry, o->bit, o, "quiet");
                i += c->queue.count == before;
        }
}

/* What an event is must be known before it can be said whether it may wait. */
static bool find_unread(const struct courier *c, const struct outlet *o, double now,
                        struct bundle *ret)
{
        for (size_t i = 0; i < c->queue.count; i++) {
                const struct queue_entry *entry = &c->queue.entries[i];
                if (entry->alert == 0 && !(entry->settled & o->bit) && entry->not_before <= now) {
                        ret->at[0] = (uint32_t)i;
                        return true;
                }
        }
        return false;
}

bool courier_quiet(struct courier *c, struct outlet *o, struct bundle *ret)
{
        bool before = o->lane.quiet.on;
        size_t muted = 0;
        look_at_clock(o, clock_realtime());
        if (!o->lane.quiet.on) {
                if (before) {
                        say_over(o, &c->queue);
                        lane_release(&c->queue, o->bit);
                        o->lane.quiet.ended = clock_boottime();
                }
                return false;
        }
        if (find_unread(c, o, clock_boottime(), ret))
                return true;
        if (lane_hold(&o->lane, &c->queue, o->bit, &muted) >= 0 && muted > 0)
                settle_muted(c, o, muted);
        return false;
}

double courier_quiet_next(const struct courier *c, const struct outlet *o)
{
        if (!o->lane.quiet.on || (queue_held(&c->queue, o->bit) == 0 && !o->quiet_news))
                return INFINITY;
        /* At least each minute: the clock may be set, and the daemon wants to hear from us. */
        return clock_boottime() +
               fmin(fmax(o->quiet_until - clock_realtime(), 0), SPOOL_HELD_REFRESH);
}

double courier_quiet_until(const struct outlet *o, double wall)
{
        double from, until;
        return o->channel && windows_span(&o->channel->quiet, wall, &from, &until) ? until : NAN;
}

bool courier_quiet_hides(const struct courier *c, const struct outlet *o, uint64_t alert)
{
        for (size_t i = 0; i < c->queue.count && o->lane.quiet.on; i++) {
                const struct queue_entry *entry = &c->queue.entries[i];
                if (entry->alert == alert && entry->held & entry->begins & o->bit)
                        return true;
        }
        return false;
}

/* --- the word to the daemon --- */

static bool waits_for_more(const struct courier *c, const struct queue_entry *entry)
{
        return (entry->settled | entry->held | ~c->all_bits) != UINT32_MAX;
}

/* False when nothing is held back. */
static bool take_stock(const struct courier *c, struct spool_held *ret)
{
        const struct queue *q = &c->queue;
        double until = INFINITY;
        bool any = false;
        *ret = (struct spool_held){ .since = c->held.since };
        for (size_t i = 0; i < c->outlet_count; i++) {
                const struct outlet *o = c->outlets[i];
                if (o->lane.quiet.on && queue_held(q, o->bit) > 0) {
                        until = fmin(until, o->quiet_until);
                        any = true;
                }
        }
        for (size_t i = 0; i < q->count && any; i++) {
                const struct queue_entry *entry = &q->entries[i];
                ret->last = entry->sequence;
                if (ret->due == 0 && waits_for_more(c, entry))
                        ret->due = entry->sequence;
        }
        ret->until = any && isfinite(until) ? (uint64_t)until : 0;
        return ret->until > 0;
}

static void write_stock(struct courier *c, double wall)
{
        char line[SPOOL_HELD_MAX];
        if (c->settled.folder_fd < 0)
                return;
        c->held.written = (uint64_t)wall;
        size_t length = spool_held_format(&c->held, line);
        int r = file_replace(c->settled.folder_fd, SPOOL_HELD_FILE, line, length, FILE_MODE);
        if (r < 0)
                log_debug("%s: %s", SPOOL_HELD_FILE, strerror(-r));
        c->held_next = clock_boottime() + SPOOL_HELD_REFRESH;
}

void courier_quiet_note(struct courier *c)
{
        struct spool_held now;
        double wall = clock_realtime();
        /* What has been held until now is due from now on, unless something was due before. */
        if (c->held.until > 0 && (double)c->held.until <= wall && c->held.due == 0)
                c->held.since = c->held.until;
        if (!take_stock(c, &now)) {
                /* The line stays true of the events that it speaks of, as long as it is not for
                 * hours that have been taken out of the file since. */
                if (c->held.until > 0 && (double)c->held.until > wall && c->settled.folder_fd >= 0)
                        (void)unlinkat(c->settled.folder_fd, SPOOL_HELD_FILE, 0);
                c->held = now;
                return;
        }
        bool same = now.until == c->held.until && now.last == c->held.last &&
                    now.due == c->held.due && now.since == c->held.since;
        if (same && clock_boottime() < c->held_next)
                return;
        c->held = now;
        write_stock(c, wall);
}
