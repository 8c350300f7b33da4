/* SPDX-License-Identifier: MIT */
/* An event in which everything is known, for the tests of what is written about events. */
#pragma once

#include <math.h>

#include "alert/event.h"
#include "base/macros.h"

_unused_ static const struct host_facts SAMPLE_HOST = {
        .kind = HOST_VM,
        .kind_name = "kvm",
        .name = "web-3",
        .kernel = "6.1.0-41-cloud-amd64",
        .boot_id = "0123456789abcdef0123456789abcdef",
        .machine_id = "fedcba9876543210fedcba9876543210",
        .cpus_online = 2,
        .cpus_possible = 4,
        .numa_nodes = 1,
        .mem_total = 8589934592.0,
};

/* Growth of unreclaimable slab that became critical; a test changes what it is about. */
_unused_ static struct event sample_event(void)
{
        struct event e = {
                .id = "11112222333344445555666677778888",
                .alert_id = "aaaabbbbccccddddeeeeffff00001111",
                .dedup_key = "fedc/slab-unreclaimable-growth/SUnreclaim/1795152897",
                .time = 1795152897.25,
                .type = EVENT_ESCALATED,
                .kind = KIND_GROWTH,
                .severity = SEVERITY_CRITICAL,
                .previous_severity = SEVERITY_NOTICE,
                .highest_severity = SEVERITY_CRITICAL,
                .trigger = true,
                .rule = "slab-unreclaimable-growth",
                .dimension = "SUnreclaim",
                .summary = "Unreclaimable slab grows steadily",
                .explain = "It is not given back.",
                .action = "See which cache grows: `slabtop -o -s c | head -20`. Then ask.",
                .unit = UNIT_BYTES,
                .value = 536870912.4,
                .baseline = 268435456,
                .spread = 1048576.5,
                .limit = 11930.4647,
                .value_bytes = 536870912.4,
                .baseline_bytes = NAN,
                .rate = 90426.55,
                .rate_error = 12.5,
                .exhausts_at = 1795172897,
                .exhausts_earliest = 1795172000.5,
                .exhausts_latest = INFINITY,
                .mem_available = 4294967296.0,
                .started = 1795150000,
                .duration = 2897.25,
                .start_value = 300000000,
                .peak = 536870912.4,
                .grown = 236870912.4,
                .score = 0.98765432,
                .recent = { 1.5, NAN, -0.2 },
                .recent_count = 3,
                .recent_interval = 60,
                .text = "SUnreclaim grows +310 MiB/h",
                .host = &SAMPLE_HOST,
        };

        return e;
}
