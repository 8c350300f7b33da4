/* SPDX-License-Identifier: MIT */
/* Events on their way to the spool, on the thread that may wait for disks, and what is said when
 * they cannot get there.
 *
 * While only the spool fails (it is full, read-only, on a disk that is gone) events are kept in the
 * state folder, in their order, and so the way is free for what comes behind them: which alerts are
 * open. When that folder fails as well, the event stays where it is, in the writer's memory, and
 * everything waits behind it. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "announce/announce_internal.h"
#include "base/clock.h"
#include "base/units.h"
#include "store/writer.h"

/* Once when it begins, once when it is another trouble, once when it is over. Through the journal's
 * lane: a journald that hangs must not keep events from the spool. */
static void say_trouble(struct announcer *a, int error)
{
        const struct journal_field fields[] = { { "FILE", a->spool.path },
                                                { "ERROR", error ? strerror(-error) : NULL } };
        char lasted[FORMAT_MAX];
        int r;

        if (error == a->said)
                return;
        if (a->said == 0)
                a->failing_since = clock_monotonic();
        if (error == 0)
                r = announcer_message(
                        a, MESSAGE_SPOOL_RECOVERED, LOG_NOTICE, fields, 1,
                        "Events can be written to the spool %s again, after %s; what "
                        "was held is written in its order",
                        a->spool.path,
                        format_duration(clock_monotonic() - a->failing_since, lasted));
        else if (error == -EXFULL)
                r = announcer_message(a, MESSAGE_SPOOL_FULL, LOG_ERR, fields, 1,
                                      "The spool %s holds %d MiB of events that nobody takes: is "
                                      "kmemwatch-courier running? New ones are held",
                                      a->spool.path, (int)(a->spool.max / 1024 / 1024));
        else
                r = announcer_message(a, MESSAGE_SPOOL_FAILED, LOG_ERR, fields, 2,
                                      "Cannot write events to the spool %s: %s; they are held and "
                                      "tried again",
                                      a->spool.path, strerror(-error));
        if (r == 0) /* else after the next try */
                a->said = error;
}

static void refresh_count(struct announcer *a)
{
        struct spool_count count;

        if (spool_count(&a->spool, clock_realtime(), &count) < 0)
                return; /* the next write says it */
        double age = isnan(count.oldest) ? 0 : fmax(clock_realtime() - count.oldest, 0);
        pthread_mutex_lock(&a->lock);
        a->count = count;
        if (isnan(count.oldest)) /* nothing there, or nothing that somebody should have taken */
                a->waiting_since = NAN;
        else if (isnan(a->waiting_since)) /* left from before, or written a moment ago */
                a->waiting_since = clock_boottime() - (a->counted ? 0 : age);
        a->counted = true;
        pthread_mutex_unlock(&a->lock);
}

static void try_later(struct announcer *a);

/* taken: jobs that need not be tried again. */
static void finish(struct announcer *a, int r, unsigned taken)
{
        say_trouble(a, r);
        pthread_mutex_lock(&a->lock);
        a->error = r;
        a->held -= taken;
        a->kept = hold_count(&a->hold);
        pthread_mutex_unlock(&a->lock);
        if (r == 0)
                refresh_count(a);
}

/* Hands over what waits in the state folder: before anything newer, else a receiver would hear of
 * an end before its beginning. When not even the folder can be listed nothing newer waits for it:
 * what is in there comes with a later try. */
static int hand_over(struct announcer *a)
{
        int r = hold_open(&a->hold);

        if (r < 0) {
                try_later(a);
                return 0;
        }
        for (;;) {
                _cleanup_free_ char *data = NULL;
                char id[SPOOL_EVENT_ID_SIZE];
                size_t size;

                r = hold_first(&a->hold, id, &data, &size);
                if (r <= 0)
                        return r;
                r = spool_write(&a->spool, id, data, size, clock_realtime());
                if (r < 0)
                        return r;
                hold_drop(&a->hold);
        }
}

/* Without an event that brings the next try with it. */
static int retry_job(void *userdata, const char *name _unused_, const void *data _unused_,
                     size_t size _unused_)
{
        struct announcer *a = userdata;
        int r = spool_open(&a->spool, clock_realtime());

        if (r == 0)
                r = hand_over(a);
        finish(a, r, 0);
        if (r == 0)
                r = hold_open(&a->hold);
        a->retrying = r < 0;
        return r;
}

static void try_later(struct announcer *a)
{
        if (!a->retrying)
                a->retrying =
                        writer_submit(a->writer, WRITER_RETRY, retry_job, a, "retry", NULL, 0) == 0;
}

int announcer_open_job(void *userdata, const char *name _unused_, const void *data _unused_,
                       size_t size _unused_)
{
        struct announcer *a = userdata;
        int r = spool_open(&a->spool, clock_realtime());

        if (r == 0)
                r = hand_over(a);
        if (r < 0) {
                (void)hold_open(&a->hold); /* for the count */
                try_later(a);
        }
        finish(a, r, 0);
        return 0;
}

int announcer_spool_job(void *userdata, const char *name, const void *data, size_t size)
{
        struct announcer *a = userdata;
        bool kept;
        int r;

        a->spool.discards = atomic_load(&a->no_channels);
        r = hand_over(a);
        if (r == 0)
                r = spool_write(&a->spool, name, data, size, clock_realtime());
        kept = r < 0 && hold_add(&a->hold, name, data, size) == 0;
        if (kept)
                try_later(a);
        finish(a, r, r == 0 || kept);
        return kept ? 0 : r;
}

int announcer_count_job(void *userdata, const char *name _unused_, const void *data _unused_,
                        size_t size _unused_)
{
        refresh_count(userdata);
        return 0;
}
