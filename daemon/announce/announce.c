/* SPDX-License-Identifier: MIT */
/* Hands events to the writer thread, packed so that nothing of the engine is needed later, and says
 * when they cannot reach the spool. */
#include "announce/announce.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "announce/announce_internal.h"
#include "announce/event_json.h"
#include "announce/spool_name.h"
#include "base/clock.h"
#include "base/pages.h"
#include "base/text.h"
#include "base/units.h"
#include "store/writer.h"

static int journal_job(void *userdata, const char *name, const void *data, size_t size)
{
        struct announcer *a = userdata;

        (void)name;
        journal_send(a->journal, data, size);
        return 0;
}

int announcer_new(struct writer *w, const struct journal *j, const char *spool_dir,
                  const char *hold_dir, struct announcer **ret)
{
        struct announcer *a = pages_new(sizeof(*a)); /* most of it is seldom used */
        int r = 0;

        if (!a)
                return -ENOMEM;
        a->writer = w;
        a->journal = j;
        a->count.oldest = NAN;
        a->waiting_since = NAN;
        pthread_mutex_init(&a->lock, NULL);
        pthread_mutex_init(&a->packing, NULL);
        if (spool_dir) {
                a->has_spool = true;
                r = spool_init(&a->spool, spool_dir);
                if (r == 0)
                        r = hold_init(&a->hold, hold_dir);
                if (r == 0)
                        r = writer_submit(w, WRITER_DURABLE, announcer_open_job, a, "spool", NULL,
                                          0);
        }
        if (r < 0) {
                announcer_free(a);
                return r;
        }
        *ret = a;
        return 0;
}

void announcer_free(struct announcer *a)
{
        if (!a)
                return;
        if (a->has_spool) {
                spool_done(&a->spool);
                hold_done(&a->hold);
        }
        pthread_mutex_destroy(&a->lock);
        pthread_mutex_destroy(&a->packing);
        pages_free(a, sizeof(*a));
}

void announcer_set_channels(struct announcer *a, bool any)
{
        atomic_store(&a->no_channels, !any);
}

static int find_told(const struct announcer *a, const char *id)
{
        for (unsigned i = 0; i < a->told_count; i++)
                if (strcmp(a->told[i], id) == 0)
                        return (int)i;
        return -1;
}

static void remember(struct announcer *a, const char *id)
{
        /* Full only of events that the caller never offered again: one of them goes. */
        unsigned i = a->told_count < TOLD_MAX ? a->told_count++ : 0;

        memcpy(a->told[i], id, sizeof(a->told[0]));
}

static void forget(struct announcer *a, const char *id)
{
        int i = find_told(a, id);

        if (i >= 0)
                memmove(a->told[i], a->told[--a->told_count], sizeof(a->told[0]));
}

static int submit_journal(struct announcer *a)
{
        return writer_submit(a->writer, WRITER_JOURNAL, journal_job, a, "journal", a->entry.data,
                             a->entry.size);
}

static int submit_spool(struct announcer *a, const struct event *e)
{
        _cleanup_free_ char *json = NULL;
        int r;

        r = event_json(e, &json);
        if (r < 0)
                return r;
        /* Counted first: the writer thread may be done before we come back. */
        pthread_mutex_lock(&a->lock);
        a->held++;
        pthread_mutex_unlock(&a->lock);
        r = writer_submit(a->writer, WRITER_DURABLE, announcer_spool_job, a, e->id, json,
                          strlen(json));
        if (r < 0) {
                pthread_mutex_lock(&a->lock);
                a->held--;
                pthread_mutex_unlock(&a->lock);
        }
        return r;
}

int announcer_tell(struct announcer *a, const struct event *e)
{
        char name[SPOOL_NAME_SIZE];
        int r;

        if (!spool_name_format(0, e->id, name))
                return -EINVAL;
        if (find_told(a, e->id) >= 0)
                return 0;
        pthread_mutex_lock(&a->packing);
        entry_of_event(&a->entry, a->journal->identifier, e);
        r = submit_journal(a);
        pthread_mutex_unlock(&a->packing);
        if (r == 0)
                remember(a, e->id);
        return r;
}

int announcer_event(struct announcer *a, const struct event *e)
{
        int r = announcer_tell(a, e);

        if (r < 0)
                return r;
        if (a->has_spool && (event_is_told(e) || event_joins(e)))
                r = submit_spool(a, e);
        if (r == 0)
                forget(a, e->id);
        return r;
}

int announcer_pass_on(struct announcer *a, const struct event *e)
{
        return a->has_spool ? submit_spool(a, e) : 0;
}

void announcer_rehearse(struct announcer *a, const struct event *e)
{
        _cleanup_free_ char *json = NULL;

        pthread_mutex_lock(&a->packing);
        entry_of_event(&a->entry, a->journal->identifier, e);
        pthread_mutex_unlock(&a->packing);
        (void)event_json(e, &json);
}

int announcer_message(struct announcer *a, enum message message, int priority,
                      const struct journal_field *fields, size_t count, const char *format, ...)
{
        char text[ENTRY_VALUE_MAX + 1];
        va_list args;
        int n, r;

        va_start(args, format);
        n = vsnprintf(text, sizeof(text), format, args);
        va_end(args);
        if (n < 0)
                return -EINVAL;
        pthread_mutex_lock(&a->packing);
        entry_of_message(&a->entry, a->journal->identifier, message, priority, fields, count, text);
        r = submit_journal(a);
        pthread_mutex_unlock(&a->packing);
        return r;
}

int announcer_count_spool(struct announcer *a)
{
        return a->has_spool ? writer_submit(a->writer, WRITER_PASSING, announcer_count_job, a,
                                            "count", NULL, 0)
                            : 0;
}

void announcer_spool_status(struct announcer *a, struct spool_status *ret)
{
        pthread_mutex_lock(&a->lock);
        *ret = (struct spool_status){
                .waiting = a->count.waiting,
                .dead = a->count.dead,
                .held = a->held + a->kept,
                .error = a->error,
        };
        /* A clock that was set forward makes every file old; none is older than the time for which
         * there has been one. */
        if (isfinite(a->count.oldest))
                ret->oldest_age = fmax(fmin(clock_realtime() - a->count.oldest,
                                            clock_boottime() - a->waiting_since),
                                       0);
        pthread_mutex_unlock(&a->lock);
}
