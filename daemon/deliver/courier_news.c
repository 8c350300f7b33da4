/* SPDX-License-Identifier: MIT */
/* A channel that does not work is told of through the others, once, and so is that it works again.
 * Who was told of whom is kept, so that an incident is closed also by the
 * next courier. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/courier_internal.h"
#include "deliver/own_letter.h"
#include "deliver/parcel.h"

static const char FILE_NAME[] = "told";

enum {
        FILE_MAX = CHANNELS_MAX * CHANNELS_MAX * 2 * (CHANNEL_NAME_MAX + 1),
        FILE_MODE = 0600,
};

/* --- who was told of whom: lines "TELLER CHANNEL" --- */

static void save(const struct courier *c)
{
        char buffer[FILE_MAX + 1];
        struct text t;
        if (c->settled.folder_fd < 0)
                return;
        text_init(&t, buffer, sizeof(buffer));
        for (size_t i = 0; i < c->outlet_count; i++)
                for (size_t k = 0; k < c->outlet_count; k++)
                        if (c->outlets[i]->told & c->outlets[k]->bit)
                                text_add(&t, "%s %s\n", c->outlets[i]->name, c->outlets[k]->name);
        int r = file_replace(c->settled.folder_fd, FILE_NAME, buffer, t.length, FILE_MODE);
        if (r < 0)
                log_debug("%s: %s", FILE_NAME, strerror(-r));
}

static struct outlet *find(const struct courier *c, const char *name, size_t length)
{
        for (size_t i = 0; i < c->outlet_count; i++)
                if (strlen(c->outlets[i]->name) == length &&
                    strncmp(c->outlets[i]->name, name, length) == 0)
                        return c->outlets[i];
        return NULL;
}

static void load(struct courier *c)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        if (c->settled.folder_fd < 0 ||
            file_read_plain(c->settled.folder_fd, FILE_NAME, FILE_MAX, &data, &size) < 0)
                return;
        for (const char *line = data; *line;) {
                size_t length = strcspn(line, "\n"), first = strcspn(line, " \n");
                struct outlet *teller = find(c, line, first);
                const struct outlet *other =
                        first < length ? find(c, line + first + 1, length - first - 1) : NULL;
                if (teller && other && teller != other) {
                        teller->told |= other->bit;
                        teller->told_surely |= other->bit;
                }
                line += length + (line[length] == '\n');
        }
}

static uint32_t bits_now(const struct courier *c, uint32_t bits, struct outlet *const *before,
                         size_t count)
{
        uint32_t now = 0;
        for (size_t old = 0; old < count; old++)
                for (size_t k = 0; k < c->outlet_count; k++)
                        if (bits & 1u << old && before[old] == c->outlets[k])
                                now |= c->outlets[k]->bit;
        return now;
}

void courier_news_configure(struct courier *c, struct outlet *const *before, size_t count)
{
        if (!c->told_loaded) {
                load(c);
                c->told_loaded = true;
                return;
        }
        for (size_t i = 0; i < c->outlet_count; i++) {
                struct outlet *o = c->outlets[i];
                o->told = bits_now(c, o->told, before, count);
                o->told_surely = bits_now(c, o->told_surely, before, count);
        }
        save(c);
}

/* --- telling --- */

/* A courier that has just begun does not know yet what works; but what does not work keeps what was
 * meant for it. */
static bool is_well(const struct courier *c, const struct outlet *o)
{
        return o->lane.retry.failures == 0 &&
               (isfinite(o->last_success) || queue_waiting(&c->queue, o->bit) == 0);
}

/* The channel of which this outlet has something to tell, or NULL. What was broken and is well
 * again before anybody was told is no news. */
static struct outlet *next_news(const struct courier *c, struct outlet *o)
{
        o->quiet_news = false;
        for (size_t i = 0; i < c->outlet_count; i++) {
                struct outlet *other = c->outlets[i];
                if (other == o)
                        continue;
                if (other->lane.retry.said ? !(o->told_surely & other->bit)
                                           : o->told & other->bit && is_well(c, other)) {
                        /* In quiet hours only what ends is told. */
                        if (!o->lane.quiet.on || !other->lane.retry.said)
                                return other;
                        o->quiet_news = true;
                }
        }
        return NULL;
}

static void note_told(struct courier *c, struct outlet *o)
{
        struct outlet *other = find(c, o->news_of, strlen(o->news_of));
        if (!other)
                return;
        if (o->news_broken) {
                o->told_surely |= other->bit;
        } else {
                o->told &= ~other->bit;
                o->told_surely &= ~other->bit;
        }
        save(c);
}

static void judge_news(struct courier *c, struct outlet *o, const struct channel *channel _unused_,
                       const struct judgement *j)
{
        /* Who does not want such a message is not asked again. */
        if (courier_judge_channel(c, o, j))
                note_told(c, o);
}

static int send_news(struct courier *c, struct outlet *o, const struct outlet *other)
{
        _cleanup_(parcel_done) struct parcel p = { 0 };
        struct channel_news news = { .channel = other->name,
                                     .broken = other->lane.retry.said,
                                     .reason = other->last_error,
                                     .since = other->broken_since };
        struct letter m;
        int r = own_letter_news(&news, clock_realtime(), &m);
        if (r < 0)
                return r;
        /* It must pass a channel that waits for critical ones only. */
        if (news.broken)
                m.severity = MAX_OF(m.severity, o->channel->min_severity);
        m.highest_severity = MAX_OF(m.highest_severity, o->channel->min_severity);
        r = parcel_add(&p, &m);
        if (r >= 0)
                r = courier_send(c, o, &p, FORM_FULL, judge_news);
        if (r < 0)
                return r;
        o->item_count = 0;
        o->news_broken = news.broken;
        snprintf(o->news_of, sizeof(o->news_of), "%s", other->name);
        if (news.broken && !(o->told & other->bit)) {
                /* Before the answer: it may be taken, and the answer lost. */
                o->told |= other->bit;
                save(c);
        }
        lane_sent(&o->lane, clock_boottime());
        return 0;
}

double courier_news(struct courier *c, struct outlet *o)
{
        const struct outlet *other = next_news(c, o);
        double now = clock_boottime(), turn = fmax(o->lane.retry.next, o->lane.rate_next);
        if (!other)
                return INFINITY;
        if (turn > now)
                return turn;
        if (send_news(c, o, other) < 0)
                return now + 60; /* no memory: there will be */
        return INFINITY;
}
