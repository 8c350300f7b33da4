/* SPDX-License-Identifier: MIT */
/* Reads what rules follow of slab caches and cgroups, in slices between the ticks. */
#include "engine/service_members.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "culprit/member_culprit.h"
#include "engine/service_internal.h"
#include "sample/sample.h"

/* Of CPU time between two looks at the timers, as the witness has it. */
static const double SLICE_SECONDS = 0.002;

struct member_service {
        struct member_reader *reader;
        sd_event_source *slices;
        int said[FAMILY_COUNT]; /* negative errno, 0 nothing */
        bool said_cut[FAMILY_COUNT];
        struct culprit_list culprits; /* the last answer */
        double cpu;                   /* seconds that its slices took */
};

static_assert((int)MEMBER_PATTERNS_MAX >= (int)MEMBER_RULES_MAX, "each rule has its pattern");

/* News only: once while it lasts, and when it is over. */
static void say(struct member_service *m, enum family family)
{
        static const char *const what[FAMILY_COUNT] = {
                [FAMILY_SLAB] = "/proc/slabinfo",
                [FAMILY_CGROUP] = "/sys/fs/cgroup",
        };
        struct member_reading now;
        member_reader_status(m->reader, family, &now);
        if (now.error == m->said[family] && now.cut == m->said_cut[family])
                return;
        if (now.error < 0 && now.error != m->said[family])
                log_warning("%s cannot be read: %s; rules for %s:... follow nothing%s",
                            what[family], strerror(-now.error), family_name(family),
                            now.error == -EACCES ? " (the right is CAP_DAC_READ_SEARCH)" : "");
        else if (now.error == 0 && m->said[family] < 0)
                log_notice("%s can be read again", what[family]);
        if (now.cut && !m->said_cut[family])
                log_warning("there is more in %s than %d members: rules for %s:... follow those "
                            "that were found first; a narrower pattern finds all of its own",
                            what[family], MEMBERS_MAX, family_name(family));
        m->said[family] = now.error;
        m->said_cut[family] = now.cut;
}

static int on_slice(sd_event_source *source, void *userdata)
{
        struct service *s = userdata;
        struct member_service *m = s->members;
        double began = clock_thread_cpu();
        bool more = member_reader_step(m->reader, clock_monotonic() + SLICE_SECONDS);
        m->cpu += clock_thread_cpu() - began;
        if (!more)
                for (int f = 0; f < FAMILY_COUNT; f++)
                        say(m, (enum family)f);
        return sd_event_source_set_enabled(source, more ? SD_EVENT_ON : SD_EVENT_OFF);
}

void service_members_tick(struct service *s, const struct sample *sample)
{
        struct member_service *m = s->members;
        if (!m || member_reader_due(m->reader) > clock_monotonic())
                return;
        member_reader_hint(m->reader, sample->values[FIELD_SUNRECLAIM],
                           sample->values[FIELD_SRECLAIMABLE]);
        if (member_reader_due(m->reader) > clock_monotonic())
                return;
        s->loop_due = true;
        (void)sd_event_source_set_enabled(m->slices, SD_EVENT_ON);
}

static int begin(struct service *s)
{
        struct member_service *m = s->members = calloc(1, sizeof(*m));
        if (!m)
                return -ENOMEM;
        int r = member_reader_new(&s->procfs, clock_monotonic, &m->reader);
        if (r >= 0)
                r = sd_event_add_defer(s->loop, &m->slices, on_slice, s);
        if (r >= 0)
                r = sd_event_source_set_enabled(m->slices, SD_EVENT_OFF);
        /* After the tick, the signals and people's questions. */
        if (r >= 0)
                r = sd_event_source_set_priority(m->slices, SD_EVENT_PRIORITY_NORMAL + 40);
        if (r >= 0)
                (void)sd_event_source_set_description(m->slices, "members");
        return r;
}

void service_members_set(struct service *s)
{
        const char *patterns[MEMBER_RULES_MAX];
        unsigned count = 0;
        for (size_t i = 0; i < s->rules.count && count < MEMBER_RULES_MAX; i++)
                if (s->rules.rules[i].pattern)
                        patterns[count++] = s->rules.rules[i].pattern;
        if (count == 0) {
                service_members_free(s);
                return;
        }
        int r = s->members ? 0 : begin(s);
        if (r < 0) {
                log_error("slab caches and cgroups are not followed: %s", strerror(-r));
                service_members_free(s);
                return;
        }
        member_reader_want(s->members->reader, patterns, count);
        sampler_set_members(s->sampler, member_reader_members(s->members->reader));
}

void service_members_free(struct service *s)
{
        if (!s->members)
                return;
        if (s->sampler)
                sampler_set_members(s->sampler, NULL);
        sd_event_source_disable_unref(s->members->slices);
        member_reader_free(s->members->reader);
        free(TAKE_PTR(s->members));
}

const struct culprit_list *service_members_culprits(struct service *s, const char *dimension,
                                                    double bytes, bool sizes,
                                                    const struct culprit_list *found)
{
        struct member_service *m = s->members;
        char name[MEMBER_NAME_MAX + 1];
        if (!m || engine_member_name(s->engine, dimension, name) < 0)
                return NULL;
        /* The whole name, where it is there still. */
        const struct members *all = member_reader_members(m->reader);
        int row = all ? members_find(all, member_key(name)) : -1;
        culprit_of_member(row >= 0 ? all->names[row] : name, bytes, sizes, found, &m->culprits);
        return *m->culprits.culprits[0].name ? &m->culprits : NULL;
}

void service_members_cost(const struct service *s, double *ret_cpu, double *ret_memory)
{
        const struct member_service *m = s->members;
        *ret_cpu = m ? m->cpu : 0;
        *ret_memory = m ? (double)member_reader_resident(m->reader) : 0;
}

void service_members_status(const struct service *s, enum family family, struct member_reading *ret)
{
        *ret = (struct member_reading){ .wanted = false };
        if (s->members)
                member_reader_status(s->members->reader, family, ret);
}
