/* SPDX-License-Identifier: MIT */
/* Who and Top: what a person asks of the witness over the control socket (kmemwatch-formats(7)). */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "announce/culprit_json.h"
#include "announce/json_out.h"
#include "base/clock.h"
#include "base/macros.h"
#include "base/units.h"
#include "culprit/cause.h"
#include "culprit/witness.h"
#include "engine/service_internal.h"
#include "engine/service_witness.h"
#include "sample/host.h"

enum {
        WORD_MAX = 64,
        TOP_GROWERS_MAX = 20, /* lines of a terminal that is not large */
};

/* What is asked when nothing is said: long enough for a leak to show, short enough to be today's.
 */
static const double WHO_SECONDS = 3600, TOP_SECONDS = 60;

/* No longer than the history looks back, and Top no shorter than a snapshot that it takes itself
 * may cost: one in half of this. */
static const double SECONDS_MAX = 13 * 86400.0, TOP_SECONDS_MIN = 10;

/* Without those that contain others: who made them grow is named once. */
static const enum culprit_dimension parts[] = {
        DIMENSION_SRECLAIMABLE, DIMENSION_SUNRECLAIM,  DIMENSION_VMALLOC_USED,
        DIMENSION_KERNEL_STACK, DIMENSION_PAGE_TABLES, DIMENSION_SEC_PAGE_TABLES,
        DIMENSION_PERCPU,
};
static const enum field part_fields[] = {
        FIELD_SRECLAIMABLE, FIELD_SUNRECLAIM,      FIELD_VMALLOC_USED, FIELD_KERNEL_STACK,
        FIELD_PAGE_TABLES,  FIELD_SEC_PAGE_TABLES, FIELD_PERCPU,
};
static_assert(ELEMENTS_OF(parts) == ELEMENTS_OF(part_fields), "a field for each");

/* What the fields of a look do not tell: by how much it has grown, or its size. */
static double unaccounted(const struct service *s, double seconds)
{
        double now = witness_unaccounted(service_witness(s));

        return seconds <= 0 ? now
                            : now - engine_value_before(s->engine, FIELD_UNACCOUNTED, seconds);
}

static void ask(struct service *s, enum culprit_dimension dimension, double seconds,
                struct culprit_list *ret)
{
        double now = clock_realtime();
        const struct witness_question question = {
                .dimension = dimension,
                .sizes = seconds <= 0,
                .since = now - fmax(seconds, 0),
                .until = now,
                .grown = dimension == DIMENSION_UNACCOUNTED ? unaccounted(s, seconds) : NAN,
                .host = sampler_host(s->sampler),
        };
        witness_answer(service_witness(s), &question, ret);
}

/* The root of what grew most, or SUnreclaim, where leaks are, when nothing did. */
static enum culprit_dimension fastest(struct service *s, double seconds)
{
        const struct host_facts *h = sampler_host(s->sampler);
        enum culprit_dimension roots[DIMENSION_COUNT], best = DIMENSION_SUNRECLAIM;
        double counts[COUNT_COUNT], most = 0;
        struct cause_input in = { .possible_cpus = h->cpus_possible };

        if (!witness_change(service_witness(s), clock_realtime() - fmax(seconds, WHO_SECONDS),
                            in.grown, counts))
                return best;
        in.threads = counts[COUNT_THREADS];
        in.cgroups = counts[COUNT_CGROUPS];
        in.networks = counts[COUNT_NET_NAMESPACES];
        in.stacks_in_vmalloc = in.grown[FIELD_VMALLOC_USED] >= in.grown[FIELD_KERNEL_STACK];
        cause_find(&in, roots);
        for (size_t i = 0; i < ELEMENTS_OF(parts); i++)
                if (in.grown[part_fields[i]] > most) {
                        most = in.grown[part_fields[i]];
                        best = roots[parts[i]];
                }
        return best;
}

/* Whose cgroups and processes are seen. */
static const char *view(const struct service *s)
{
        const struct host_facts *h = sampler_host(s->sampler);

        if (h->meminfo_is_lxcfs || witness_deep(service_witness(s))->cgroups_are_own)
                return "container";
        return "host";
}

static void add_denied(struct json_out *j, const struct witness *w)
{
        const struct findings *looks[] = { witness_deep(w), witness_snapshot(w) };

        json_out_open(j, "denied", '[');
        for (unsigned i = 0; i < SOURCE_COUNT; i++)
                /* BPF maps are for CAP_SYS_ADMIN: who asks of what they are in is told then. */
                if (i != SOURCE_MAPS &&
                    (looks[0]->state[i] == SOURCE_DENIED || looks[1]->state[i] == SOURCE_DENIED))
                        json_out_text(j, NULL, source_name((enum source)i), WORD_MAX);
        json_out_close(j, ']');
}

static void reply(struct control_request *request, struct json_out *j)
{
        _cleanup_free_ char *json = NULL;
        int r = json_out_take(j, &json);

        if (r < 0)
                control_request_fail(request, -r, "%s", strerror(-r));
        else
                control_request_reply(request, json);
}

void who_answer(struct service *s, struct control_request *request,
                enum culprit_dimension dimension, double seconds)
{
        struct witness *w = service_witness(s);
        struct culprit_list list;
        struct json_out j;

        ask(s, dimension, seconds, &list);
        json_out_init(&j);
        json_out_open(&j, NULL, '{');
        json_out_whole(&j, "version", 1);
        json_out_text(&j, "dimension", culprit_dimension_name(dimension), WORD_MAX);
        json_out_time(&j, "time", list.until);
        json_out_time(&j, "since", list.sizes ? NAN : list.since);
        json_out_time(&j, "looked",
                      list.from_snapshot ? witness_snapshot(w)->time : witness_looked(w));
        json_out_bool(&j, "deep", !list.from_snapshot);
        json_out_text(&j, "unit", "bytes", WORD_MAX);
        json_out_bool(&j, "sizes", list.sizes);
        json_out_whole(&j, "change", list.grown);
        culprits_json(&j, &list);
        json_out_text(&j, "view", view(s), WORD_MAX);
        add_denied(&j, w);
        json_out_close(&j, '}');
        reply(request, &j);
}

/* "[DIMENSION] [SECONDS]". False when it is something else; *ret_dimension is -1 when none is
 * named. */
static bool read_question(const char *argument, double usual, int *ret_dimension,
                          double *ret_seconds)
{
        char words[2 * WORD_MAX], *rest = NULL;

        *ret_dimension = -1;
        *ret_seconds = usual;
        if (strlen(argument) >= sizeof(words))
                return false;
        strcpy(words, argument);
        for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
                double seconds;

                if (parse_number(word, &seconds) >= 0) {
                        if (!(seconds >= 0 && seconds <= SECONDS_MAX))
                                return false;
                        *ret_seconds = seconds;
                } else {
                        *ret_dimension = culprit_dimension_by_name(word);
                        if (*ret_dimension < 0)
                                return false;
                }
        }
        return true;
}

static bool can_answer(struct service *s, struct control_request *request)
{
        if (service_witness(s))
                return true;
        control_request_fail(request, EOPNOTSUPP,
                             "attribution is off (attribution in kmemwatch.conf)");
        return false;
}

void service_on_who(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        double seconds;
        int dimension;

        if (!can_answer(s, request))
                return;
        if (!read_question(argument, WHO_SECONDS, &dimension, &seconds)) {
                control_request_fail(request, EINVAL,
                                     "not a dimension whose culprits can be named: %s", argument);
                return;
        }
        if (dimension < 0)
                dimension = (int)fastest(s, seconds);
        if (service_witness_look(s, request, (enum culprit_dimension)dimension, seconds))
                who_answer(s, request, (enum culprit_dimension)dimension, seconds);
}

/* --- top --- */

struct grower {
        struct culprit culprit;
        enum culprit_dimension dimension;
        double grown; /* the dimension as a whole, bytes */
};

static void insert(struct grower growers[TOP_GROWERS_MAX], unsigned *count, const struct culprit *c,
                   enum culprit_dimension dimension, double grown)
{
        unsigned place = *count;

        /* What a cgroup grew by in all (v1) is the same in every dimension: once is enough, in the
         * one that grew most. */
        for (unsigned i = 0; c->about && i < *count; i++) {
                struct grower *g = &growers[i];
                if (g->culprit.kind != c->kind || g->culprit.bytes != c->bytes ||
                    strcmp(g->culprit.name, c->name) != 0)
                        continue;
                if (grown > g->grown)
                        *g = (struct grower){ *c, dimension, grown };
                return;
        }
        while (place > 0 && growers[place - 1].culprit.bytes < c->bytes)
                place--;
        if (place == TOP_GROWERS_MAX)
                return;
        if (*count < TOP_GROWERS_MAX)
                ++*count;
        memmove(&growers[place + 1], &growers[place], (*count - 1 - place) * sizeof(growers[0]));
        growers[place] = (struct grower){ *c, dimension, grown };
}

static void add_growers(struct service *s, struct json_out *j, double seconds)
{
        _cleanup_free_ struct grower *growers = calloc(TOP_GROWERS_MAX, sizeof(*growers));
        struct culprit_list list;
        unsigned count = 0;

        for (size_t i = 0; growers && i < ELEMENTS_OF(parts); i++) {
                ask(s, parts[i], seconds, &list);
                for (unsigned k = 0; list.grown > 0 && k < list.count; k++)
                        if (!list.culprits[k].sizes)
                                insert(growers, &count, &list.culprits[k], parts[i], list.grown);
        }
        json_out_open(j, "growers", '[');
        for (unsigned i = 0; i < count; i++) {
                json_out_open(j, NULL, '{');
                json_out_text(j, "dimension", culprit_dimension_name(growers[i].dimension),
                              WORD_MAX);
                culprit_members_json(j, &growers[i].culprit);
                json_out_close(j, '}');
        }
        json_out_close(j, ']');
}

static void add_changes(struct service *s, struct json_out *j, double seconds)
{
        double fields[FIELD_MEMINFO_COUNT], counts[COUNT_COUNT];

        (void)witness_change(service_witness(s), clock_realtime() - seconds, fields, counts);
        json_out_open(j, "changes", '{');
        json_out_whole(j, field_name(FIELD_SLAB), fields[FIELD_SLAB]);
        for (size_t i = 0; i < ELEMENTS_OF(part_fields); i++)
                json_out_whole(j, field_name(part_fields[i]), fields[part_fields[i]]);
        json_out_whole(j, field_name(FIELD_THREADS), counts[COUNT_THREADS]);
        json_out_close(j, '}');
}

/* The dimensions are those of Status, which a tool asks for beside this. */
void service_on_top(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        struct json_out j;
        double seconds;
        int dimension;

        if (!can_answer(s, request))
                return;
        if (!read_question(argument, TOP_SECONDS, &dimension, &seconds)) {
                control_request_fail(request, EINVAL, "not a number of seconds: %s", argument);
                return;
        }
        seconds = fmax(seconds, TOP_SECONDS_MIN);
        json_out_init(&j);
        json_out_open(&j, NULL, '{');
        json_out_whole(&j, "version", 1);
        json_out_time(&j, "time", clock_realtime());
        json_out_whole(&j, "seconds", seconds);
        add_growers(s, &j, seconds);
        add_changes(s, &j, seconds);
        json_out_time(&j, "looked", witness_snapshot(service_witness(s))->time);
        json_out_text(&j, "view", view(s), WORD_MAX);
        add_denied(&j, service_witness(s));
        json_out_close(&j, '}');
        reply(request, &j);
}
