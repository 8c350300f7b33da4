/* SPDX-License-Identifier: MIT */
/* What members cost that rules follow: an engine with FOLLOW slots for one rule on MEMBERS slab
 * caches, which are read every ten seconds. Prints one line of JSON.
 *
 *   members FOLLOW MEMBERS SECONDS */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "config/problems.h"
#include "engine/engine.h"
#include "judge/rule.h"
#include "judge/rule_file.h"
#include "machine.h"
#include "sample/members.h"

static int make_rules(long follow, struct rule_set *ret)
{
        char text[512], slots[256] = "";
        struct problems problems = { 0 };
        if (follow > 0)
                snprintf(slots, sizeof(slots),
                         "[b]\ndimension = slab:*\nfollow = %ld\ndetect = growth\n"
                         "warning = 64M/h\nsummary = s\nexplain = e\naction = a\n",
                         follow);
        snprintf(text, sizeof(text),
                 "[a]\ndimension = SUnreclaim\ndetect = growth\nwarning = 64M/h\nsummary = s\n"
                 "explain = e\naction = a\n%s",
                 slots);
        int r = rule_file_parse("bench", text, strlen(text), NULL, &problems, ret);
        if (problems_any(&problems))
                r = -1;
        problems_print(&problems, stderr);
        problems_done(&problems);
        return r;
}

/* Each of its own size, with a little noise. */
static void read_members(struct members *m, long count, unsigned *state)
{
        char name[64];
        members_begin(m, FAMILY_SLAB);
        for (long i = 0; i < count; i++) {
                *state = *state * 1664525 + 1013904223;
                snprintf(name, sizeof(name), "slab:cache-%ld", i);
                members_put(m, FAMILY_SLAB, name, (double)i * 65536 + (double)(*state >> 18),
                            false);
        }
        members_end(m, FAMILY_SLAB, true);
}

int main(int argc, char **argv)
{
        long follow = argc == 4 ? strtol(argv[1], NULL, 10) : -1;
        long count = argc == 4 ? strtol(argv[2], NULL, 10) : 0;
        long rows = argc == 4 ? strtol(argv[3], NULL, 10) : 0;
        double values[FIELD_KNOWN_COUNT], tick = 0, reading = 0;
        struct sample sample = { .kind = HOST_PHYSICAL,
                                 .count = FIELD_KNOWN_COUNT,
                                 .values = values };
        struct rule_set rules = { 0 };
        struct members members;
        struct engine *engine;
        unsigned long events = 0;
        unsigned state = 1;
        if (follow < 0 || count <= 0 || count > MEMBERS_MAX || rows <= 0) {
                fputs("members FOLLOW MEMBERS SECONDS\n", stderr);
                return 2;
        }
        fill_fields(values);
        if (make_rules(follow, &rules) < 0 || members_init(&members) < 0 ||
            engine_new(&rules, &host, ignore_event, &events, &engine) < 0)
                return 1;
        size_t before = engine_resident(engine);
        sample.members = follow > 0 ? &members : NULL;
        for (long row = 0; row < rows; row++) {
                sample.time = START + (double)row;
                double start = seconds();
                if (row % 10 == 0)
                        read_members(&members, count, &state);
                reading += seconds() - start;
                start = seconds();
                engine_feed(engine, &sample);
                tick += seconds() - start;
        }
        printf("{\"follow\": %ld, \"members\": %ld, \"tick_us\": %.3f, \"table_us\": %.3f, "
               "\"kib\": %.1f, \"events\": %lu}\n",
               follow, count, tick / (double)rows * 1e6, reading / (double)rows * 1e7,
               (double)(engine_resident(engine) - before) / 1024, events);
        engine_free(engine);
        members_done(&members);
        rule_set_done(&rules);
        return 0;
}
