/* SPDX-License-Identifier: MIT */
/* A file of open alerts that may hold anything: what of it is taken over lives on as an alert does,
 * its events are valid, and what is saved again can be loaded again. The first byte chooses whether
 * rules are missing and whether events are taken. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "announce/event_json.h"
#include "base/macros.h"
#include "base/text.h"
#include "config/problems.h"
#include "engine/engine.h"
#include "engine/open_alert.h"
#include "judge/rule_file.h"
#include "sample/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char RULES[] = "[slab-spike]\ndimension = SUnreclaim\ndetect = spike\nwarning = 20M\n"
                            "summary = S\nexplain = E\naction = A\n"
                            "[slab-size]\ndimension = SUnreclaim\ndetect = ratio\nper = MemTotal\n"
                            "warning = 5%\nsummary = S\nexplain = E\naction = A\n"
                            "[cache]\ndimension = slab:*\nfollow = 2\ndetect = ratio\n"
                            "warning = 50M\nsummary = S\nexplain = E\naction = A\n";

struct taker {
        bool refuse;
};

static int take(const struct event *e, void *userdata)
{
        const struct taker *t = userdata;
        char *json;

        if (event_json(e, &json) < 0 || !utf8_valid(json) || strlen(json) >= EVENT_JSON_MAX ||
            strlen(e->id) != EVENT_ID_MAX - 1)
                abort();
        free(json);
        return t->refuse ? -1 : 0;
}

static const struct rule_set *rules(void)
{
        static struct rule_set set;
        struct problems problems = { 0 };

        if (set.count == 0 && (rule_file_parse("r", RULES, strlen(RULES), NULL, &problems, &set) ||
                               problems.count > 0))
                abort();
        return &set;
}

static struct engine *new_engine(struct taker *t)
{
        static const struct host_facts host = { .name = "h", .cpus_online = 2, .cpus_possible = 2 };
        struct engine *e;

        if (engine_new(rules(), &host, take, t, &e) < 0)
                abort();
        return e;
}

static void feed(struct engine *e)
{
        double values[FIELD_KNOWN_COUNT];
        struct sample sample = { .time = 1795151696, .count = FIELD_KNOWN_COUNT, .values = values };

        for (int i = 0; i < 4; i++) {
                for (int k = 0; k < FIELD_KNOWN_COUNT; k++)
                        values[k] = i == 2 ? NAN : 1e8 * (k + 1);
                engine_feed(e, &sample);
                sample.time += 600;
        }
}

static unsigned total(const struct open_alerts_result *r)
{
        return r->open + r->gone + r->ended;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        struct taker taker = { 0 };
        struct open_alerts_result first, again;
        _cleanup_free_ char *json = NULL;

        if (size < 1)
                return 0;
        taker.refuse = data[0] & 1;
        unsigned flags = data[0] >> 1 & (OPEN_ALERTS_HOLD | OPEN_ALERTS_REBOOTED);
        struct engine *e = new_engine(&taker);
        if (open_alerts_decode(e, data + 1, size - 1, 1795151696, flags, &first) == 0) {
                if (open_alerts_encode(e, &json) < 0 || !utf8_valid(json))
                        abort();
                struct engine *other = new_engine(&taker);
                if (open_alerts_decode(other, json, strlen(json), 1795151696, flags, &again) < 0 ||
                    again.bad > 0 || total(&again) != total(&first))
                        abort();
                /* What a reboot ended is owed its end, and goes on as that. */
                if (first.ended == 0 && (again.open != first.open || again.gone != first.gone))
                        abort();
                engine_free(other);
                feed(e);
                if (engine_set_rules(e, rules()) < 0)
                        abort();
                feed(e);
        }
        engine_free(e);
        return 0;
}
