/* SPDX-License-Identifier: MIT */
/* `kmemwatch report` of this machine: numbers from the history file, events from the journal, what
 * is normal from the running daemon. Each of the three may be missing; the page then says so. */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/places.h"
#include "base/text.h"
#include "base/units.h"
#include "store/past.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/page.h"
#include "view/page_file.h"

static const double DEFAULT_SECONDS = 86400;

/* Around an alert: what was before is half of the answer. */
static const double AROUND_LEAST = 3600;

/* A program that is well answers in milliseconds. */
static const double TIMEOUT = 5;

DEFINE_CLEANUP(struct past, past_close);
DEFINE_CLEANUP(struct told_journal, told_close);

/* The finest points that reach back far enough. */
static enum past_tier tier_of(double from, double now)
{
        for (int tier = 0; tier < PAST_TIER_COUNT - 1; tier++)
                if (from >= now - past_reach((enum past_tier)tier))
                        return (enum past_tier)tier;
        return PAST_QUARTERS;
}

static int read_dimension(const struct past *h, size_t column, const struct page *p, double now,
                          struct page_dimension *ret)
{
        _cleanup_free_ struct past_point *points = NULL;
        const struct past_column *c = past_column(h, column);
        size_t count;
        int r = past_read(h, tier_of(p->from, now), column, p->from, p->to, &points, &count);
        if (r < 0)
                return r;
        memcpy(ret->name, c->name, sizeof(ret->name));
        ret->unit = c->unit <= UNIT_COUNT ? (enum event_unit)c->unit : UNIT_COUNT;
        for (size_t i = 0; i < count; i++)
                thin_add(&ret->thin, &points[i]);
        return 0;
}

/* 0, or negative errno; what is there already stays owned by the caller. */
static int read_dimensions(const char *folder, const struct page *p, double now,
                           struct page_dimension **ret, size_t *ret_count)
{
        _cleanup_close_ int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(past_closep) struct past *h = NULL;
        int r = fd < 0 ? -errno : past_open(fd, "history", &h);
        if (r < 0)
                return r;
        *ret = calloc(past_columns(h) ? past_columns(h) : 1, sizeof(**ret));
        if (!*ret)
                return -ENOMEM;
        for (size_t i = 0; i < past_columns(h); i++) {
                r = read_dimension(h, i, p, now, &(*ret)[i]);
                if (r < 0)
                        return r;
                ++*ret_count;
        }
        return 0;
}

static void ask_what_is_normal(const struct options *o, struct daemon_reply *ret,
                               struct text *missing)
{
        char problem[ASK_PROBLEM_MAX];
        if (ask_daemon(o, TIMEOUT, ret, problem) < 0)
                text_add(missing, "%sThe daemon does not answer, so what is normal is not shown.",
                         missing->length > 0 ? " " : "");
}

/* What is open now, where the journal does not know of it. */
static int add_open(const struct daemon_reply *d, const struct page *p, struct told_list *told)
{
        for (size_t i = 0; i < d->alert_count; i++) {
                const struct reply_alert *a = &d->alerts[i];
                bool known = !a->firing || a->fired < p->from || a->fired >= p->to;
                for (size_t k = 0; k < told->count && !known; k++)
                        known = strcmp(told->list[k].alert_id, a->id) == 0;
                if (known)
                        continue;
                struct event e = {
                        .time = a->fired,
                        .type = EVENT_FIRING,
                        .severity = a->severity,
                        .kind = KIND_RATIO,
                        .unit = a->unit,
                        .rule = a->rule,
                        .dimension = a->dimension,
                        .summary = a->summary,
                        .explain = a->explain,
                        .action = a->action,
                        .runbook = a->runbook,
                        .started = a->fired,
                        .value = a->value,
                        .baseline = a->baseline,
                        .rate = a->rate,
                        .exhausts_at = a->exhausts_at,
                };
                struct text t;
                text_init(&t, e.text, sizeof(e.text));
                text_add(&t, "%s", a->text);
                text_init(&t, e.alert_id, sizeof(e.alert_id));
                text_add(&t, "%s", a->id);
                int r = told_add_event(told, &e);
                if (r >= 0 && *a->culprit)
                        r = told_set_culprit(&told->list[told->count - 1], a->culprit);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* The writer is up to a minute behind; the daemon knows how it goes on. */
static void add_present(const struct daemon_reply *d, struct page_dimension *dimensions,
                        size_t count)
{
        for (size_t i = 0; i < count; i++)
                for (size_t k = 0; k < d->dimension_count; k++)
                        if (strcmp(dimensions[i].name, d->dimensions[k].name) == 0)
                                thin_add_present(&dimensions[i].thin, d->time,
                                                 d->dimensions[k].value);
}

/* Where the pictures begin: a young history would be a sliver at the right edge of a day. */
static double begin_of(const struct page *p)
{
        static const double EMPTY_MAX = 0.25; /* of the time; what is less shows as it is */
        double first = INFINITY;
        for (size_t i = 0; i < p->dimension_count; i++)
                if (p->dimensions[i].thin.count > 0)
                        first = fmin(first, p->dimensions[i].thin.points[0].time);
        for (size_t i = 0; i < p->told->count; i++)
                first = fmin(first, p->told->list[i].time);
        return first < p->to && first > p->from + EMPTY_MAX * (p->to - p->from) ? first : p->from;
}

static int frame_alert(const struct options *o, const struct told_list *told, double now,
                       struct page *p)
{
        if (told->count == 0) {
                fprintf(stderr, "kmemwatch report: no alert %s in the journal of the last month\n",
                        o->alert);
                return -ENOENT;
        }
        const struct told *first = &told->list[0], *last = &told->list[told->count - 1];
        bool over = told_ends(last);
        double begin = isfinite(first->started) ? fmin(first->started, first->time) : first->time;
        double around = fmax(AROUND_LEAST, (last->time - begin) / 2);
        p->from = begin - around;
        p->to = over ? fmin(last->time + around, now) : now;
        p->alert = o->alert;
        return 0;
}

static int read_told(const struct told_query *query, struct told_list *ret)
{
        _cleanup_(told_closep) struct told_journal *j = NULL;
        int r = told_open(query, &j);
        return r < 0 ? r : told_read(j, ret);
}

/* A collected journal tells of other machines; the daemon and its history are of this one. */
static bool is_elsewhere(const struct options *o, const struct told_list *told)
{
        char name[HOST_NAME_MAX + 1] = "";
        (void)gethostname(name, sizeof(name) - 1);
        if (!o->directory && !o->host)
                return false;
        for (size_t i = 0; i < told->count; i++)
                if (strcmp(told->list[i].host, name) != 0)
                        return true;
        return o->host && fnmatch(o->host, name, 0) != 0;
}

/* All that a page is made of. */
struct sources {
        struct daemon_reply daemon;
        struct told_list told;
        struct page_dimension *dimensions;
        char missing[1024], hosts[32];
        struct text said; /* what is missing */
};

static void sources_done(struct sources *s)
{
        daemon_reply_done(&s->daemon);
        told_done(&s->told);
        free(s->dimensions);
}

/* What the daemon and its history know. 0 or -ENOMEM. */
static int add_numbers(const struct options *o, const struct places *places, double now,
                       struct sources *s, struct page *p)
{
        ask_what_is_normal(o, &s->daemon, &s->said);
        if (p->to >= now && !o->alert && add_open(&s->daemon, p, &s->told) < 0)
                return -ENOMEM;
        int r = read_dimensions(places->state, p, now, &s->dimensions, &p->dimension_count);
        if (r < 0)
                text_add(&s->said,
                         "%sThe history in %s cannot be read (%s), so there are no pictures.",
                         s->said.length > 0 ? " " : "", places->state, strerror(-r));
        p->daemon = s->daemon.root ? &s->daemon : NULL;
        if (p->daemon && p->to >= now)
                add_present(&s->daemon, s->dimensions, p->dimension_count);
        p->dimensions = s->dimensions;
        return 0;
}

/* Whose page it is. */
static const char *host_of(const struct options *o, const struct page *p, struct sources *s)
{
        if (p->daemon)
                return s->daemon.host.name;
        if (p->hosts > 1) {
                snprintf(s->hosts, sizeof(s->hosts), "%zu machines", p->hosts);
                return s->hosts;
        }
        return s->told.count > 0 ? s->told.list[0].host : o->host ? o->host : "";
}

static enum exit_code run(const struct options *o, const struct places *places)
{
        _cleanup_(sources_done) struct sources s = { .dimensions = NULL };
        double now = clock_realtime();
        struct page p = { .to = moment_at(&o->until, now, now), .told = &s.told };
        text_init(&s.said, s.missing, sizeof(s.missing));
        p.from = moment_at(&o->since, now, p.to - DEFAULT_SECONDS);
        if (p.from >= p.to) {
                fputs("kmemwatch report: --since is not before --until\n", stderr);
                return EXIT_USAGE;
        }
        const struct told_query query = {
                .directory = o->directory,
                .since = o->alert ? now - past_reach(PAST_QUARTERS) : p.from,
                .until = o->alert ? INFINITY : p.to,
                .rule = o->rule,
                .alert_id = o->alert,
                .host = o->host,
        };
        int r = read_told(&query, &s.told);
        if (r < 0)
                text_add(&s.said,
                         "There is no journal that could be read (%s), so past alerts are "
                         "missing.",
                         strerror(-r));
        p.told_unknown = r < 0;
        if (o->alert && frame_alert(o, &s.told, now, &p) < 0)
                return EXIT_USAGE;
        p.hosts = told_hosts(&s.told);
        p.elsewhere = is_elsewhere(o, &s.told);
        if (!p.elsewhere && add_numbers(o, places, now, &s, &p) < 0) {
                fputs("kmemwatch report: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        p.numbers_from = begin_of(&p);
        p.host = host_of(o, &p, &s);
        p.missing = *s.missing ? s.missing : NULL;
        if (page_write_file(o->output, &p) < 0)
                return EXIT_USAGE;
        if (p.missing)
                fprintf(stderr, "kmemwatch report: %s\n", p.missing);
        return p.missing ? EXIT_DEGRADED : EXIT_FINE;
}

enum exit_code report_run(const struct options *o)
{
        const struct place_options options = { .config = o->config, .state = o->state };
        struct places places;
        if (places_init(&places, &options, "/run/kmemwatch") < 0) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        enum exit_code code = run(o, &places);
        places_done(&places);
        return code;
}
