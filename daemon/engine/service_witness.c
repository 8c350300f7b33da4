/* SPDX-License-Identifier: MIT */
/* Looks at who holds the kernel's memory, in slices between the ticks, and gives events their
 * culprits. An event that waits for a look is one that was not taken: the engine keeps it, it is
 * saved as owed, and when the look is done it is offered again. */
#include "engine/service_witness.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "announce/messages.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "culprit/witness.h"
#include "engine/service_internal.h"
#include "engine/service_members.h"
#include "sample/host.h"

/* Of CPU time between two looks at the timers: a tick is late by no more, as long as no single read
 * of the kernel takes longer. */
static const double SLICE_SECONDS = 0.002;

/* Nobody can wait any more: less than this share of memory is available, or this many seconds are
 * left. */
static const double NEARLY_GONE = 0.05, NEARLY_SECONDS = 120;

/* A restart without a stop loses at most this much of what a change is compared with. */
static const double SAVED_SECONDS = 900;

/* A clock that was set, and not merely slewed. */
static const double CLOCK_SET = 1;

/* Seconds: as long as what a deep look said may stand for a later moment. */
static const double FRESH = 120;

enum {
        WAITING_MAX = 16,   /* people: a control socket has 32 connections, of 8 for each user */
        FOLLOWING_MAX = 16, /* events that have left without; of more the culprit stands in the next
                             */
};

struct waiting {
        struct control_request *request;
        enum culprit_dimension dimension;
        double seconds;
};

/* An event that could not wait: its culprit follows. */
struct following {
        char alert_id[EVENT_ID_MAX];
        char rule[RULE_NAME_MAX + 1];
        enum culprit_dimension dimension;
        bool sizes;
        int direction; /* as struct witness_question has it */
        double since, grown;
};

struct attribution {
        double cpu; /* seconds that its slices took */
        struct witness *witness;
        sd_event_source *slices;
        double clock_offset; /* of the wall clock to that of the boot */
        bool said;           /* what a missing right hides */
        double saved_at;     /* CLOCK_MONOTONIC */

        double held_until; /* CLOCK_MONOTONIC; NaN: nothing waits */
        bool releasing;    /* what waited is being offered: it waits no more */
        struct following following[FOLLOWING_MAX];
        unsigned following_count;
        struct waiting waiting[WAITING_MAX];
        unsigned waiting_count;

        /* The last answer for each dimension: for events that do not ask (an end), and `status`. */
        bool known[DIMENSION_COUNT];
        struct culprit_list lists[DIMENSION_COUNT];
};

struct witness *service_witness(const struct service *s)
{
        return s->attribution ? s->attribution->witness : NULL;
}

static void answer(struct service *s, enum culprit_dimension dimension, bool sizes, int direction,
                   double since, double grown, struct culprit_list *ret)
{
        double now = clock_realtime();
        struct witness_question question = {
                .dimension = dimension,
                .sizes = sizes,
                .direction = direction,
                .since = isfinite(since) ? since : now,
                .until = now,
                .grown = grown,
                .host = sampler_host(s->sampler),
        };
        witness_answer(s->attribution->witness, &question, ret);
}

/* --- events that wait, people that wait --- */

/* What could not wait is told now. */
static void follow(struct service *s)
{
        struct attribution *a = s->attribution;
        for (unsigned i = 0; i < a->following_count; i++) {
                const struct following *f = &a->following[i];
                struct culprit_list *l = &a->lists[f->dimension];
                char text[CULPRIT_TEXT_MAX];
                answer(s, f->dimension, f->sizes, f->direction, f->since, f->grown, l);
                a->known[f->dimension] = true;
                const struct journal_field fields[] = {
                        { "RULE", f->rule },
                        { "DIMENSION", culprit_dimension_name(f->dimension) },
                        { "ALERT_ID", f->alert_id },
                        { "CULPRIT", culprit_text(l, text, sizeof(text)) },
                        { "UNEXPLAINED", l->unexplained },
                };
                if (*text)
                        (void)announcer_message(s->announcer, MESSAGE_CULPRIT, LOG_NOTICE, fields,
                                                ELEMENTS_OF(fields), "%s: %s",
                                                culprit_dimension_name(f->dimension), text);
        }
        a->following_count = 0;
}

static void release(struct service *s)
{
        struct attribution *a = s->attribution;
        if (isnan(a->held_until))
                return;
        a->held_until = NAN;
        a->releasing = true;
        s->alerts_saved = false;
        engine_offer(s->engine);
        a->releasing = false;
        if (s->alerts_changed)
                s->alerts_changed = service_state_save_alerts(s) < 0;
}

static void answer_waiting(struct service *s)
{
        struct attribution *a = s->attribution;
        for (unsigned i = 0; i < a->waiting_count; i++)
                who_answer(s, a->waiting[i].request, a->waiting[i].dimension,
                           a->waiting[i].seconds);
        a->waiting_count = 0;
}

bool service_witness_look(struct service *s, struct control_request *request,
                          enum culprit_dimension dimension, double seconds)
{
        struct attribution *a = s->attribution;
        if (a->waiting_count == WAITING_MAX ||
            witness_ask_for_person(a->witness, dimension, control_request_may_change(request)) != 0)
                return true;
        a->waiting[a->waiting_count++] = (struct waiting){ request, dimension, seconds };
        (void)sd_event_source_set_enabled(a->slices, SD_EVENT_ON);
        return false;
}

/* --- looks --- */

static void say_denied(struct service *s)
{
        struct attribution *a = s->attribution;
        char denied[256];
        if (a->said || isnan(witness_looked(a->witness)))
                return;
        a->said = true;
        if (*witness_denied(a->witness, denied, sizeof(denied)))
                log_notice("no right to read %s: alerts name only what else can be seen; the right "
                           "is CAP_DAC_READ_SEARCH",
                           denied);
        if (witness_deep(a->witness)->cgroups_are_own)
                log_notice("this container sees its own cgroups only: what others hold is named by "
                           "process and by kernel object, not by cgroup");
}

static void check_waiting(struct service *s)
{
        struct attribution *a = s->attribution;
        if (!witness_is_looking(a->witness)) {
                say_denied(s);
                release(s);
                follow(s);
                answer_waiting(s);
        } else if (clock_monotonic() >= a->held_until) {
                release(s);
        }
}

void service_witness_cost(const struct service *s, double *ret_cpu, double *ret_memory)
{
        const struct attribution *a = s->attribution;
        *ret_cpu = a ? a->cpu : 0;
        *ret_memory = a ? (double)witness_resident(a->witness) : 0;
}

static int on_slice(sd_event_source *source, void *userdata)
{
        struct service *s = userdata;
        double began = clock_thread_cpu();
        bool more = witness_step(s->attribution->witness, clock_realtime(),
                                 clock_monotonic() + SLICE_SECONDS);
        check_waiting(s);
        s->attribution->cpu += clock_thread_cpu() - began;
        return sd_event_source_set_enabled(source, more ? SD_EVENT_ON : SD_EVENT_OFF);
}

void service_witness_tick(struct service *s)
{
        struct attribution *a = s->attribution;
        if (!a)
                return;
        double now = clock_monotonic(), offset = clock_realtime() - clock_boottime();
        if (fabs(offset - a->clock_offset) >= CLOCK_SET)
                witness_shift(a->witness, offset - a->clock_offset);
        a->clock_offset = offset;
        bool due = witness_due(a->witness) <= now;
        if (due || witness_is_looking(a->witness) || a->waiting_count > 0 || !isnan(a->held_until))
                s->loop_due = true;
        if (now - a->saved_at >= SAVED_SECONDS) {
                a->saved_at = now;
                service_state_save_witness(s);
        }
        sampler_set_unaccounted(s->sampler, witness_unaccounted(a->witness));
        check_waiting(s);
        if (due)
                (void)sd_event_source_set_enabled(a->slices, SD_EVENT_ON);
}

/* --- events --- */

static bool is_nearly_gone(const struct event *e)
{
        return e->mem_available < NEARLY_GONE * e->host->mem_total ||
               e->exhausts_at - e->time < NEARLY_SECONDS;
}

static bool asks(const struct event *e)
{
        return e->type == EVENT_FIRING || e->type == EVENT_ESCALATED || e->type == EVENT_REMINDER;
}

bool service_witness_holds(struct service *s, const struct event *e)
{
        struct attribution *a = s->attribution;
        int dimension = culprit_dimension_by_name(e->dimension);
        if (!a || a->releasing || dimension < 0 || !asks(e))
                return false;
        if (is_nearly_gone(e)) {
                witness_glance(a->witness, clock_realtime());
                return false;
        }
        if (witness_ask(a->witness, (enum culprit_dimension)dimension) != 0)
                return false;
        (void)sd_event_source_set_enabled(a->slices, SD_EVENT_ON);
        double now = clock_monotonic();
        if (isnan(a->held_until))
                a->held_until = now + s->settings.attribution_wait;
        return now < a->held_until;
}

static int direction_of(const struct event *e)
{
        return e->kind == KIND_DROP ? -1 : 1;
}

/* What the fields do not tell: of the others the witness knows it better, from the moment of its
 * own look. */
static double grown_of(const struct event *e, int dimension)
{
        if (dimension != DIMENSION_UNACCOUNTED)
                return NAN;
        return e->kind == KIND_RATIO ? e->value_bytes : e->grown;
}

static void remember_to_follow(struct attribution *a, const struct event *e, int dimension)
{
        if (a->following_count == FOLLOWING_MAX)
                return;
        struct following *f = &a->following[a->following_count++];
        *f = (struct following){
                .dimension = (enum culprit_dimension)dimension,
                .sizes = e->kind == KIND_RATIO,
                .direction = direction_of(e),
                .since = e->since,
                .grown = grown_of(e, dimension),
        };
        memcpy(f->alert_id, e->alert_id, sizeof(f->alert_id));
        memcpy(f->rule, e->rule, strnlen(e->rule, RULE_NAME_MAX));
}

static const struct culprit_list *known_of(const struct service *s, int dimension, double since)
{
        const struct attribution *a = s->attribution;
        return a && dimension >= 0 && a->known[dimension] && a->lists[dimension].until >= since
                       ? &a->lists[dimension]
                       : NULL;
}

const struct culprit_list *service_witness_known(struct service *s, const char *name, double since)
{
        const struct culprit_list *l = known_of(s, culprit_dimension_by_name(name), since);
        return family_of(name) < 0 ? l : service_members_culprits(s, name, NAN, false, l);
}

/* Without time for a deep look, what one said of the same growth a moment ago is better than a
 * snapshot that cannot know. */
static bool knows_more(const struct culprit_list *before, const struct culprit_list *now)
{
        return !before->from_snapshot && now->from_snapshot && before->sizes == now->sizes &&
               before->grown > 0 && now->grown > 0 && before->until >= now->until - FRESH &&
               before->count > 0 && !(now->explained >= before->explained);
}

static bool names_object(const struct culprit_list *l)
{
        return l->count > 0 && l->culprits[0].kind != CULPRIT_CGROUP;
}

static const struct culprit_list *find_culprits(struct service *s, const struct event *e)
{
        struct attribution *a = s->attribution;
        int dimension = culprit_dimension_by_name(e->dimension);
        if (!a || dimension < 0)
                return NULL;
        struct culprit_list *l = &a->lists[dimension];
        if (!asks(e)) /* what was found while it lasted */
                return known_of(s, dimension, e->started);
        if (witness_is_looking(a->witness) && !is_nearly_gone(e)) {
                remember_to_follow(a, e, dimension);
                return NULL;
        }
        struct culprit_list before = *l;
        answer(s, (enum culprit_dimension)dimension, e->kind == KIND_RATIO, direction_of(e),
               e->since, grown_of(e, dimension), l);
        if (a->known[dimension] && is_nearly_gone(e) && knows_more(&before, l))
                *l = before;
        /* The glance was too short to name anybody: the event leaves without, and it follows. */
        if (is_nearly_gone(e) && !names_object(l) &&
            witness_ask(a->witness, (enum culprit_dimension)dimension) == 0) {
                remember_to_follow(a, e, dimension);
                (void)sd_event_source_set_enabled(a->slices, SD_EVENT_ON);
        }
        a->known[dimension] = true;
        return l;
}

const struct culprit_list *service_witness_culprits(struct service *s, const struct event *e)
{
        const struct culprit_list *l = find_culprits(s, e);
        bool sizes = e->kind == KIND_RATIO;
        if (family_of(e->dimension) < 0)
                return l;
        return service_members_culprits(s, e->dimension, sizes ? e->value_bytes : e->grown, sizes,
                                        l);
}

/* --- life --- */

static int begin(struct service *s)
{
        struct attribution *a = calloc(1, sizeof(*a));
        if (!a)
                return -ENOMEM;
        s->attribution = a;
        a->held_until = NAN;
        a->clock_offset = clock_realtime() - clock_boottime();
        int r = witness_new(&s->procfs, clock_monotonic, &a->witness);
        if (r >= 0)
                r = sd_event_add_defer(s->loop, &a->slices, on_slice, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(a->slices, SD_EVENT_OFF);
        /* After the tick, the signals and people's questions. */
        if (r >= 0)
                r = sd_event_source_set_priority(a->slices, SD_EVENT_PRIORITY_NORMAL + 50);
        if (r >= 0)
                (void)sd_event_source_set_description(a->slices, "witness");
        return r;
}

void service_witness_set(struct service *s)
{
        if (!s->settings.attribution) {
                service_witness_stop(s);
                service_witness_free(s);
                return;
        }
        bool began = !s->attribution;
        int r = began ? begin(s) : 0;
        if (r < 0) {
                log_error("alerts will not name who is behind them: %s", strerror(-r));
                service_witness_free(s);
                return;
        }
        witness_set_pace(s->attribution->witness, s->settings.attribution_interval);
        if (began) {
                service_state_restore_witness(s);
                s->attribution->saved_at = clock_monotonic();
        }
}

void service_witness_stop(struct service *s)
{
        struct attribution *a = s->attribution;
        if (!a)
                return;
        release(s);
        if (a->saved_at > 0)
                service_state_save_witness(s);
        for (unsigned i = 0; i < a->waiting_count; i++)
                control_request_fail(a->waiting[i].request, ECANCELED, "the daemon is stopping");
        a->waiting_count = 0;
}

void service_witness_free(struct service *s)
{
        if (!s->attribution)
                return;
        sd_event_source_disable_unref(s->attribution->slices);
        witness_free(s->attribution->witness);
        free(TAKE_PTR(s->attribution));
}
