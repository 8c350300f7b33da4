/* SPDX-License-Identifier: MIT */
/* Events of the courier's own: a test, which says in each of its texts that it is none, and that a
 * channel does not work. */
#include "deliver/own_letter.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "announce/event_json.h"
#include "base/macros.h"
#include "base/units.h"
#include "deliver/letter.h"
#include "sample/host.h"

static void fill_in_test(struct event *e, const struct host_facts *host, const char *channel,
                         double now)
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

static void fill_in_news(struct event *e, const struct host_facts *host,
                         const struct channel_news *news, double now)
{
        char lasted[FORMAT_MAX];
        *e = (struct event){
                .time = now,
                .type = news->broken ? EVENT_FIRING : EVENT_RESOLVED,
                .kind = KIND_RATIO,
                .severity = news->broken ? SEVERITY_WARNING : SEVERITY_OK,
                .previous_severity = news->broken ? SEVERITY_OK : SEVERITY_WARNING,
                .highest_severity = SEVERITY_WARNING,
                .trigger = news->broken,
                .resolve = !news->broken,
                .rule = OWN_LETTER_NEWS_RULE,
                .dimension = news->channel,
                .explain =
                        "kmemwatch keeps the alerts for this channel and tries again, but nobody "
                        "behind it hears of them until it is repaired. What you read comes "
                        "through another channel.",
                .action = "See why: kmemwatch status, and journalctl -u kmemwatch-courier. Test it "
                          "with kmemwatch send-test and the channel's name.",
                .unit = UNIT_BYTES,
                .value = NAN,
                .baseline = NAN,
                .spread = NAN,
                .limit = NAN,
                .value_bytes = NAN,
                .baseline_bytes = NAN,
                .rate = NAN,
                .rate_error = NAN,
                .exhausts_at = NAN,
                .exhausts_earliest = NAN,
                .exhausts_latest = NAN,
                .mem_available = NAN,
                .started = news->since,
                .duration = fmax(now - news->since, 0),
                .start_value = NAN,
                .peak = NAN,
                .grown = NAN,
                .host = host,
        };
        e->summary =
                news->broken ? "An alert channel does not work" : "An alert channel works again";
        snprintf(e->id, sizeof(e->id), "%016llx%016llx", (unsigned long long)(now * 1e6),
                 (unsigned long long)news->broken);
        snprintf(e->alert_id, sizeof(e->alert_id), "%032llx",
                 (unsigned long long)(news->since * 1e6));
        snprintf(e->dedup_key, sizeof(e->dedup_key), "kmemwatch-channel/%.64s/%.63s", host->name,
                 news->channel);
        if (news->broken)
                snprintf(e->text, sizeof(e->text), "Channel %.63s does not work: %.256s",
                         news->channel, news->reason);
        else
                snprintf(e->text, sizeof(e->text),
                         "Channel %.63s works again after %s; what was kept for it follows",
                         news->channel, format_duration(e->duration, lasted));
}

/* What the courier knows of this machine, which is little: it reads nothing of /proc. */
static void own_host(struct host_facts *ret)
{
        struct utsname names;
        *ret = (struct host_facts){ .cpus_online = 1,
                                    .cpus_possible = 1,
                                    .numa_nodes = 1,
                                    .page_size = NAN,
                                    .stack_size = NAN,
                                    .mem_total = NAN };
        if (uname(&names) == 0) {
                snprintf(ret->name, sizeof(ret->name), "%.64s", names.nodename);
                snprintf(ret->kernel, sizeof(ret->kernel), "%.64s", names.release);
        }
}

static int letter_of(const struct event *event, struct letter *ret)
{
        char error[LETTER_ERROR_MAX];
        _cleanup_free_ char *json = NULL;
        int r = event_json(event, &json);
        if (r >= 0)
                r = letter_parse(json, strlen(json), error, ret);
        if (r < 0)
                return r == -EBADMSG ? -EINVAL : r;
        /* People are not told what is not known of this machine. */
        ret->host_kind[0] = '\0';
        ret->cpus = NAN;
        return 0;
}

int own_letter_test(const char *channel, double now, struct letter *ret)
{
        struct host_facts host;
        struct event event;
        own_host(&host);
        fill_in_test(&event, &host, channel, now);
        return letter_of(&event, ret);
}

int own_letter_news(const struct channel_news *news, double now, struct letter *ret)
{
        struct host_facts host;
        struct event event;
        own_host(&host);
        fill_in_news(&event, &host, news, now);
        return letter_of(&event, ret);
}
