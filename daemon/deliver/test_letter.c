/* SPDX-License-Identifier: MIT */
/* A warning that is none: it says so in each of its texts, and names the host it comes from. */
#include "deliver/test_letter.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "announce/event_json.h"
#include "base/macros.h"
#include "deliver/letter.h"
#include "sample/host.h"

static void fill_in(struct event *e, const struct host_facts *host, const char *channel, double now)
{
        static const double mib = 1024 * 1024;
        *e = (struct event){
                .time = now,
                .type = EVENT_FIRING,
                .kind = KIND_GROWTH,
                .severity = SEVERITY_WARNING,
                .highest_severity = SEVERITY_WARNING,
                .trigger = true,
                .rule = "send-test",
                .dimension = "SUnreclaim",
                .summary = "Test message, nothing is wrong",
                .explain = "Somebody has run \"kmemwatch send-test\" to see whether alerts arrive. "
                           "The numbers are made up.",
                .action = "Nothing. If this opened an incident, close it.",
                .unit = UNIT_BYTES,
                .value = 540 * mib,
                .baseline = 320 * mib,
                .spread = 4 * mib,
                .limit = NAN,
                .value_bytes = 540 * mib,
                .baseline_bytes = 320 * mib,
                .rate = 220 * mib / 3600,
                .rate_error = 6 * mib / 3600,
                .exhausts_at = NAN,
                .exhausts_earliest = NAN,
                .exhausts_latest = NAN,
                .mem_available = NAN,
                .started = now,
                .start_value = 320 * mib,
                .peak = 540 * mib,
                .grown = 220 * mib,
                .recent_count = EVENT_RECENT_MAX,
                .recent_interval = 60,
                .host = host,
        };
        for (unsigned i = 0; i < EVENT_RECENT_MAX; i++)
                e->recent[i] = (320 + 220.0 * i / (EVENT_RECENT_MAX - 1)) * mib;
        snprintf(e->id, sizeof(e->id), "%032llx", (unsigned long long)(now * 1e6));
        snprintf(e->alert_id, sizeof(e->alert_id), "%032d", 0);
        snprintf(e->dedup_key, sizeof(e->dedup_key), "kmemwatch-test/%.64s/%.63s", host->name,
                 channel);
        snprintf(e->text, sizeof(e->text),
                 "Test from kmemwatch on %.64s through channel %.63s: this is what an alert "
                 "looks like",
                 host->name, channel);
}

int test_letter(const char *channel, double now, struct letter *ret)
{
        /* The courier reads nothing of /proc; these are the least that an event may say. */
        struct host_facts host = { .cpus_online = 1,
                                   .cpus_possible = 1,
                                   .numa_nodes = 1,
                                   .page_size = NAN,
                                   .stack_size = NAN,
                                   .mem_total = NAN };
        char error[LETTER_ERROR_MAX];
        _cleanup_free_ char *json = NULL;
        struct utsname names;
        struct event event;

        if (uname(&names) == 0) {
                snprintf(host.name, sizeof(host.name), "%.64s", names.nodename);
                snprintf(host.kernel, sizeof(host.kernel), "%.64s", names.release);
        }
        fill_in(&event, &host, channel, now);
        int r = event_json(&event, &json);
        if (r >= 0)
                r = letter_parse(json, strlen(json), error, ret);
        if (r < 0)
                return r == -EBADMSG ? -EINVAL : r;
        /* People are not told what is not known of this machine. */
        ret->host_kind[0] = '\0';
        ret->cpus = NAN;
        return 0;
}
