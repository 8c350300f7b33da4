/* SPDX-License-Identifier: MIT */
/* What can go wrong behind the daemon without a word of its own: a disk that does not answer holds
 * the writer thread in a job for ever, and a courier that is not there leaves events lying. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "announce/messages.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "deliver/channel_file.h"
#include "engine/service_internal.h"

static const double CHECK_SECONDS = 30;

/* Where no minute is written that folders are asked for with. */
static const double FOLDERS_SECONDS = 80;

/* The channels' files again even when their folder is as it was. */
static const double RECOUNT_SECONDS = 900;

/* A loaded disk takes seconds for an fsync, one behind a retrying controller tens of them. */
static const double STUCK_SECONDS = 30;

/* A channel may be slow, be told to wait, or be restarted: minutes are ordinary. */
static const double SILENT_SECONDS = 300;

double service_disk_stuck(const struct writer_status *w, double monotonic)
{
        double seconds = monotonic - w->busy_since;
        return seconds > STUCK_SECONDS ? seconds : 0;
}

bool service_courier_silent(const struct service *s, const struct spool_status *spool)
{
        return spool->waiting > 0 && spool->oldest_age > SILENT_SECONDS && s->channels != 0;
}

struct word {
        struct journal journal;
        char text[256];
};

static void *say_stuck(void *argument)
{
        struct word *w = argument;
        journal_message(&w->journal, MESSAGE_DISK_STUCK, LOG_ERR,
                        &(struct journal_field){ "ERROR", w->text }, 1, "%s", w->text);
        free(w);
        return NULL;
}

/* The writer thread cannot say it, and the sampling thread must not: journald may wait for the same
 * disk. So a thread of its own, which at worst stays there until the disk answers. */
static void tell_stuck(struct service *s, const struct writer_status *status, double seconds)
{
        char lasted[FORMAT_MAX];
        pthread_attr_t attributes;
        pthread_t thread;
        struct word *w = malloc(sizeof(*w));
        if (!w)
                return;
        w->journal = s->journal;
        snprintf(w->text, sizeof(w->text),
                 "%s does not answer for %s; watching goes on, %zu entries wait in memory",
                 status->busy_lane == WRITER_JOURNAL ? "The journal" : "The disk",
                 format_duration(seconds, lasted), status->waiting);
        bool started = pthread_attr_init(&attributes) == 0;
        if (started) {
                (void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
                (void)pthread_attr_setstacksize(&attributes, (size_t)256 * 1024);
                started = pthread_create(&thread, &attributes, say_stuck, w) == 0;
                (void)pthread_attr_destroy(&attributes);
        }
        if (!started)
                free(w);
}

static bool check_disk(struct service *s, double monotonic)
{
        struct writer_status status;
        writer_status(s->writer, &status);
        double seconds = service_disk_stuck(&status, monotonic);
        bool changed = s->disk_said != (seconds > 0);
        if (seconds > 0 && !s->disk_said)
                tell_stuck(s, &status, seconds);
        else if (changed)
                log_notice("the disk answers again");
        s->disk_said = seconds > 0;
        return changed;
}

static bool check_courier(struct service *s)
{
        struct spool_status spool;
        char oldest[FORMAT_MAX];
        announcer_spool_status(s->announcer, &spool);
        bool silent = service_courier_silent(s, &spool), changed = silent != s->courier_said;
        if (silent && !s->courier_said) {
                if (announcer_message(
                            s->announcer, MESSAGE_COURIER_SILENT, LOG_ERR,
                            &(struct journal_field){ "FILE", s->places.spool }, 1,
                            "%.0f event%s in the spool %s, the oldest for %s: kmemwatch-courier "
                            "does not run, or a channel does not take them",
                            (double)spool.waiting, spool.waiting == 1 ? " waits" : "s wait",
                            s->places.spool, format_duration(spool.oldest_age, oldest)) < 0)
                        return false; /* next time */
        } else if (changed && s->channels != 0 &&
                   announcer_message(s->announcer, MESSAGE_COURIER_BACK, LOG_NOTICE,
                                     &(struct journal_field){ "FILE", s->places.spool }, 1,
                                     "Events leave the spool %s again: none has waited for long",
                                     s->places.spool) < 0) {
                return false;
        }
        s->courier_said = silent;
        return changed;
}

/* The folder as it was counted is the folder as it is, unless a file's contents changed what it
 * counts for (an empty one counts for nothing), which is seen some minutes later. */
static bool is_counted(struct counted_folder *c, const char *path, double now)
{
        struct stat st;
        bool there = stat(path, &st) == 0;
        bool same = there && c->changed.tv_sec == st.st_mtim.tv_sec &&
                    c->changed.tv_nsec == st.st_mtim.tv_nsec && c->inode == st.st_ino;
        if (same && now - c->at < RECOUNT_SECONDS)
                return true;
        c->at = now;
        c->inode = there ? st.st_ino : 0;
        c->changed = there ? st.st_mtim : (struct timespec){ 0 };
        /* The next change may come within the same tick of the kernel's clock. */
        if (there && clock_realtime() - (double)st.st_mtim.tv_sec < 2)
                c->inode = 0;
        return false;
}

/* On the writer thread: somebody may add the first channel and tell only the courier. */
static int count_channels(void *userdata, const char *name, const void *data, size_t size)
{
        struct service *s = userdata;
        (void)name, (void)data, (void)size;
        if (!is_counted(&s->channels_folder, s->places.channels, clock_monotonic()))
                s->channels = channel_files_count(s->places.channels);
        return 0;
}

void service_health_channels(struct service *s)
{
        s->channels = channel_files_count(s->places.channels);
}

/* Asks the writer thread, for the next look, how many channels there are and what waits in the
 * spool: with what is written each minute, so that the thread is woken once. */
static void ask_folders(struct service *s, double monotonic)
{
        if (monotonic - s->folders_at < FOLDERS_SECONDS)
                return;
        /* When there is no room the next look asks. */
        if (announcer_count_spool(s->announcer) >= 0 &&
            writer_submit(s->writer, WRITER_PASSING, count_channels, s, "channels", NULL, 0) >= 0)
                s->folders_at = monotonic;
}

/* Once after each start, and when it changes. Nobody asked for more than the journal, perhaps. */
static bool check_channels(struct service *s)
{
        bool none = s->channels == 0;
        announcer_set_channels(s->announcer, !none);
        if (none == s->no_channels_said)
                return false;
        if (!none)
                log_notice("there are channels in %s now", s->places.channels);
        else if (announcer_message(s->announcer, MESSAGE_NO_CHANNELS, LOG_NOTICE,
                                   &(struct journal_field){ "FILE", s->places.channels }, 1,
                                   "No channels in %s: alerts go no further than this log; their "
                                   "events wait in %s for the first one",
                                   s->places.channels, s->places.spool) < 0)
                return false;
        s->no_channels_said = none;
        return true;
}

void service_health_check(struct service *s, double monotonic)
{
        if (monotonic - s->health_at < CHECK_SECONDS)
                return;
        s->health_at = monotonic;
        bool disk = check_disk(s, monotonic), courier = check_courier(s);
        disk |= check_channels(s);
        ask_folders(s, monotonic);
        /* Open alerts that could not be saved are tried again; learned state comes anyhow. */
        if (s->alerts_file.error < 0)
                s->alerts_changed = true;
        int errors = s->alerts_file.error | s->learned_file.error | s->baselines_file.error;
        if (disk || courier || errors != s->errors_told)
                s->told_at = 0;
        s->errors_told = errors;
}
