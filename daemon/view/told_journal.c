/* SPDX-License-Identifier: MIT */
/* Reads events out of the journal with sd-journal. */
#include "view/told.h"

#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <math.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/told_internal.h"

DEFINE_CLEANUP(struct told_journal, told_close);

static const char IDENTIFIER[] = "SYSLOG_IDENTIFIER=kmemwatchd";
static const char USER[] = "kmemwatch"; /* as sysusers.d names it */
static const double HOUR = 3600;

/* The value of a field in fresh memory; "" when it is missing, NULL without memory. */
static char *field(sd_journal *j, const char *name)
{
        const void *data;
        size_t size, prefix = strlen(name) + 1; /* the data is NAME=VALUE */
        if (sd_journal_get_data(j, name, &data, &size) < 0 || size < prefix)
                return strdup("");
        const char *value = (const char *)data + prefix;
        return strndup(value, strnlen(value, size - prefix));
}

static double number(sd_journal *j, const char *name)
{
        _cleanup_free_ char *text = field(j, name);
        double value;
        return text && parse_number(text, &value) == 0 ? value : NAN;
}

static double moment(sd_journal *j, const char *name)
{
        _cleanup_free_ char *text = field(j, name);
        double value;
        return text && parse_time(text, &value) == 0 ? value : NAN;
}

/* The word's number, or `otherwise`. */
static int word(sd_journal *j, const char *name, int (*by_name)(const char *), int otherwise)
{
        _cleanup_free_ char *text = field(j, name);
        int value = text ? by_name(text) : -1;
        return value < 0 ? otherwise : value;
}

/* Anybody can write an entry with any field. Who wrote it is journald's own finding: root, the
 * service's user, or this user, who then deceives nobody else. In the journal of another machine
 * its users are others; there the receiver of such journals is trusted. */
static bool is_trusted(sd_journal *j, const struct told_query *q)
{
        double uid = number(j, "_UID");
        const struct passwd *p = getpwnam(USER);
        return q->directory || uid == 0 || uid == geteuid() || (p && uid == p->pw_uid);
}

/* 1 when the entry is an event, 0 when it is not, -ENOMEM. */
static int read_entry(sd_journal *j, struct told *ret)
{
        uint64_t usec = 0;
        int type = word(j, "KMEMWATCH_EVENT", event_type_by_name, -1);
        if (type < 0)
                return 0;
        (void)sd_journal_get_realtime_usec(j, &usec);
        double time = moment(j, "KMEMWATCH_TIME");
        struct told t = {
                .time = isfinite(time) ? time : (double)usec / 1e6,
                .type = (enum event_type)type,
                .severity =
                        (enum severity)word(j, "KMEMWATCH_SEVERITY", severity_by_name, SEVERITY_OK),
                .previous = (enum severity)word(j, "KMEMWATCH_PREVIOUS_SEVERITY", severity_by_name,
                                                SEVERITY_OK),
                .kind = (enum kind)word(j, "KMEMWATCH_KIND", kind_by_name, KIND_RATIO),
                .unit = (enum event_unit)word(j, "KMEMWATCH_UNIT", event_unit_by_name, UNIT_BYTES),
                .started = moment(j, "KMEMWATCH_STARTED"),
                .duration = number(j, "KMEMWATCH_DURATION_SECONDS"),
                .value = number(j, "KMEMWATCH_VALUE"),
                .baseline = number(j, "KMEMWATCH_BASELINE"),
                .peak = number(j, "KMEMWATCH_PEAK"),
                .grown = number(j, "KMEMWATCH_GROWN"),
                .rate = number(j, "KMEMWATCH_RATE_BYTES_PER_HOUR") / HOUR,
                .exhausts_at = moment(j, "KMEMWATCH_EXHAUSTS_AT"),
        };
        bool complete = true;
        for (size_t i = 0; i < TOLD_TEXTS; i++)
                complete &= (*told_text(&t, i) = field(j, told_texts[i].field)) != NULL;
        if (!complete) {
                told_free(&t);
                return -ENOMEM;
        }
        *ret = t;
        return 1;
}

static bool is_asked_for(const struct told *t, const struct told_query *q)
{
        return t->time >= q->since && t->time < q->until &&
               (!q->rule || fnmatch(q->rule, t->rule, 0) == 0 ||
                fnmatch(q->rule, t->dimension, 0) == 0) &&
               (!q->alert_id || has_prefix(t->alert_id, q->alert_id)) &&
               (!q->host || fnmatch(q->host, t->host, 0) == 0);
}

static int by_time(const void *a, const void *b)
{
        const struct told *x = a, *y = b;
        return (x->time > y->time) - (x->time < y->time);
}

struct told_journal {
        struct told_query query;
        sd_journal *j;
        size_t max;
};

/* 1 when the entry is an event that was asked for, 0 when it is not, -ENOMEM. */
static int read_wanted(const struct told_journal *t, struct told *ret)
{
        struct told event;
        if (!is_trusted(t->j, &t->query))
                return 0;
        int r = read_entry(t->j, &event);
        if (r <= 0)
                return r;
        if (!is_asked_for(&event, &t->query)) {
                told_free(&event);
                return 0;
        }
        *ret = event;
        return 1;
}

/* From the newest back, so that of too many the oldest are missing. */
static int read_back(const struct told_journal *t, struct told_list *l)
{
        /* An event that the writer held is at most as late as the disk was away. */
        static const double LATE_MAX = 86400;
        int r;
        while ((r = sd_journal_previous(t->j)) > 0) {
                struct told event;
                uint64_t usec;
                if (sd_journal_get_realtime_usec(t->j, &usec) >= 0 &&
                    (double)usec / 1e6 < t->query.since - LATE_MAX)
                        return 0;
                r = read_wanted(t, &event);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                if (l->count == t->max) {
                        l->cut = t->query.newest == 0;
                        told_free(&event);
                        return 0;
                }
                r = told_add(l, &event);
                if (r < 0)
                        return r;
        }
        return r;
}

int told_open(const struct told_query *q, struct told_journal **ret)
{
        _cleanup_(told_closep) struct told_journal *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        t->query = *q;
        t->max = q->newest > 0 ? MIN_OF(q->newest, (size_t)TOLD_MAX) : TOLD_MAX;
        int r = q->directory ? sd_journal_open_directory(&t->j, q->directory, 0)
                             : sd_journal_open(&t->j, SD_JOURNAL_LOCAL_ONLY);
        if (r >= 0)
                r = sd_journal_add_match(t->j, IDENTIFIER, sizeof(IDENTIFIER) - 1);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

void told_close(struct told_journal *t)
{
        if (t)
                sd_journal_close(t->j);
        free(t);
}

/* Where to go on from, after what was read backwards. */
static int go_to(sd_journal *j, const char *cursor)
{
        int r = cursor ? sd_journal_seek_cursor(j, cursor) : sd_journal_seek_head(j);
        return r < 0 || !cursor ? r : sd_journal_next(j); /* onto it, not behind it */
}

/* Whether the system's own journal is open to this user: who has a journal of his own, as everybody
 * has who logs in, would else be told that nothing happened. */
static bool sees_system(void)
{
        sd_journal *j = NULL;
        bool sees = sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM) >= 0 &&
                    (sd_journal_has_persistent_files(j) > 0 || sd_journal_has_runtime_files(j) > 0);
        sd_journal_close(j);
        return sees;
}

/* DIR/x.journal, or DIR/MACHINE/x.journal: sd-journal opens a folder without any as well. */
static bool has_files(const char *directory)
{
        static const char *const patterns[] = { "*.journal", "*/*.journal" };
        bool any = false;
        for (size_t i = 0; i < ELEMENTS_OF(patterns) && !any; i++) {
                _cleanup_free_ char *pattern = path_join(directory, patterns[i]);
                glob_t found;
                if (pattern && glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
                        any = found.gl_pathc > 0;
                        globfree(&found);
                }
        }
        return any;
}

/* 0 when there is a journal and nothing in it; else why there is none. */
static int why_empty(const struct told_journal *t)
{
        if (t->query.directory)
                return has_files(t->query.directory) ? 0 : -ENOENT;
        if (sees_system())
                return 0;
        /* Files that this user may not open count as none. */
        bool hidden = geteuid() != 0 && (access("/run/log/journal", F_OK) == 0 ||
                                         access("/var/log/journal", F_OK) == 0);
        return hidden ? -EACCES : -ENOENT;
}

int told_read(struct told_journal *t, struct told_list *ret)
{
        _cleanup_free_ char *newest = NULL;
        struct told_list l = { 0 };
        int r = sd_journal_seek_tail(t->j);
        if (r >= 0)
                r = sd_journal_previous(t->j);
        if (r > 0)
                r = sd_journal_get_cursor(t->j, &newest);
        if (r >= 0)
                r = sd_journal_seek_tail(t->j);
        if (r >= 0)
                r = read_back(t, &l);
        if (r >= 0)
                r = go_to(t->j, newest);
        if (r < 0) {
                told_done(&l);
                return r;
        }
        if (l.count == 0) {
                r = why_empty(t);
                if (r < 0)
                        return r;
        }
        if (l.count > 0)
                qsort(l.list, l.count, sizeof(*l.list), by_time);
        *ret = l;
        return 0;
}

int told_follow(struct told_journal *t, struct told_list *ret)
{
        int r;
        told_done(ret);
        while ((r = sd_journal_next(t->j)) > 0) {
                struct told event;
                r = read_wanted(t, &event);
                if (r > 0)
                        r = told_add(ret, &event);
                if (r < 0)
                        return r;
        }
        if (r >= 0 && ret->count == 0)
                r = sd_journal_wait(t->j, UINT64_MAX);
        return r < 0 ? r : 0;
}
