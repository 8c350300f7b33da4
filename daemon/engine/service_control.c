/* SPDX-License-Identifier: MIT */
/* Status and Alerts, as a person asks them over the control socket. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/macros.h"
#include "base/pages.h"
#include "base/procfs.h"
#include "culprit/witness.h"
#include "engine/explain.h"
#include "engine/service_internal.h"
#include "engine/service_members.h"
#include "engine/service_witness.h"
#include "engine/silence_state.h"
#include "engine/status.h"
#include "sample/host.h"

/* Pages in memory, the second number of /proc/self/statm; NaN when it cannot be read. */
static double resident_bytes(void)
{
        struct procfs own;
        char buffer[128];
        unsigned long all, resident;
        if (procfs_init(&own, NULL) < 0)
                return NAN;
        ssize_t n = procfs_read(&own, "/proc/self/statm", buffer, sizeof(buffer));
        procfs_done(&own);
        if (n <= 0 || sscanf(buffer, "%lu %lu", &all, &resident) != 2)
                return NAN;
        return (double)resident * (double)sysconf(_SC_PAGESIZE);
}

static void answer(struct control_request *request, int r, char *json)
{
        _cleanup_free_ char *owned = json;
        if (r < 0)
                control_request_fail(request, -r, "%s", strerror(-r));
        else
                control_request_reply(request, owned);
}

static const char *culprit(void *userdata, const char *dimension, double fired, char *buffer,
                           size_t size)
{
        const struct culprit_list *known = service_witness_known(userdata, dimension, fired);
        return known ? culprit_text(known, buffer, size) : "";
}

static struct status_cost cost_now(struct service *s)
{
        struct status_cost c = {
                .cpu = clock_process_cpu(),
                .start_cpu = s->start_cpu,
                .resident = resident_bytes(),
                .engine_memory = (double)(engine_resident(s->engine) +
                                          pages_resident(s->rules.rules, s->rules.packed)),
        };
        size_t writing;
        writer_cost(s->writer, &c.writing_cpu, &writing);
        c.writing_memory = (double)writing;
        service_witness_cost(s, &c.attribution_cpu, &c.attribution_memory);
        service_members_cost(s, &c.members_cpu, &c.members_memory);
        return c;
}

static void on_status(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        s->asked = true;
        (void)argument;
        struct spool_status spool;
        struct writer_status writer;
        struct troubles troubles;
        const char *texts[TROUBLES_MAX];
        announcer_spool_status(s->announcer, &spool);
        writer_status(s->writer, &writer);
        service_troubles(s, &troubles);
        for (size_t i = 0; i < troubles.count; i++)
                texts[i] = troubles.text[i];
        const struct silence_clock clock = { clock_boottime(), clock_realtime() };
        char status[SERVICE_STATUS_MAX];
        service_status_text(s, status);
        struct witness_costs looks = { 0 };
        if (service_witness(s))
                witness_costs_read(service_witness(s), &looks);
        struct member_reading readings[FAMILY_COUNT];
        for (int i = 0; i < FAMILY_COUNT; i++)
                service_members_status(s, (enum family)i, &readings[i]);
        struct status_frame frame = {
                .culprit = culprit,
                .userdata = s,
                .started = s->started,
                .interval = s->settings.interval,
                .status = status,
                .observe = s->settings.observe,
                .silences = &s->quiet.list,
                .clock = &clock,
                .faults = &s->faults,
                .troubles = texts,
                .trouble_count = troubles.count,
                .spool_waiting = spool.waiting,
                .spool_dead = spool.dead,
                .spool_oldest = spool.waiting ? spool.oldest_age : NAN,
                .held = spool.held,
                .error = writer.error < 0 ? strerror(-writer.error) : NULL,
                .cost = cost_now(s),
                .looks = service_witness(s) ? &looks : NULL,
                .readings = readings,
        };
        char *json = NULL;
        int r = status_json(s->engine, &frame, &json);
        answer(request, r, json);
}

static void on_alerts(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        s->asked = true;
        (void)argument;
        char *json = NULL;
        const struct silence_clock clock = { clock_boottime(), clock_realtime() };
        const struct status_frame frame = {
                .culprit = culprit,
                .userdata = s,
                .silences = &s->quiet.list,
                .clock = &clock,
        };
        int r = alerts_json(s->engine, &frame, &json);
        answer(request, r, json);
}

static void on_explain(struct control_request *request, const char *argument, void *userdata)
{
        struct service *s = userdata;
        s->asked = true;
        _cleanup_free_ char *json = NULL;
        char error[EXPLAIN_ERROR_MAX] = "out of memory";
        int r = explain_json(s->engine, argument, &json, error);
        if (r < 0)
                control_request_fail(request, -r, "%s", error);
        else
                control_request_reply(request, json);
}

const struct control_method service_methods[] = {
        { "Explain", on_explain },
        { "Status", on_status },
        { "Alerts", on_alerts },
        { "Who", service_on_who },
        { "Top", service_on_top },
        { "Silence", service_on_silence },
        { "Unsilence", service_on_unsilence },
        { "Acknowledge", service_on_acknowledge },
};
const size_t service_method_count = ELEMENTS_OF(service_methods);
