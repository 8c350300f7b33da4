/* SPDX-License-Identifier: MIT */
/* Events for tests of the channels: a usual one, with single members put over it. */
#pragma once

#include <jansson.h>
#include <string.h>

#include "base/macros.h"
#include "deliver/letter.h"
#include "test.h"

#define LETTER_USUAL                                                                               \
        "{\"version\":1,\"id\":\"0123456789abcdef0123456789abcdef\",\"event\":\"firing\","         \
        "\"time\":\"2026-11-20T05:14:56.123Z\",\"severity\":\"critical\","                         \
        "\"previous_severity\":\"ok\",\"highest_severity\":\"critical\",\"trigger\":true,"         \
        "\"resolve\":false,\"dedup_key\":\"machine/rule/SUnreclaim/1\","                           \
        "\"alert\":{\"id\":\"fedcba9876543210fedcba9876543210\",\"rule\":\"slab-growth\","         \
        "\"dimension\":\"SUnreclaim\",\"kind\":\"growth\",\"started\":\"2026-11-20T05:10:00Z\","   \
        "\"duration_seconds\":296,\"start_value\":335544320,\"peak\":1503238553,"                  \
        "\"grown\":1167694233},\"summary\":\"Unreclaimable slab grows\","                          \
        "\"explain\":\"What it means.\",\"action\":\"Look at slabtop.\","                          \
        "\"runbook\":\"https://example.com/r?a=1&b=2\",\"text\":\"SUnreclaim 1.4 GiB\","           \
        "\"value\":1503238553,\"unit\":\"bytes\",\"baseline\":335544320,\"spread\":4194304,"       \
        "\"limit\":null,\"rate_bytes_per_hour\":325058560,\"rate_error_bytes_per_hour\":9000000,"  \
        "\"exhausts_at\":\"2026-11-20T14:14:56Z\",\"exhausts_earliest\":\"2026-11-20T12:14:56Z\"," \
        "\"exhausts_latest\":\"2026-11-20T17:14:56+00:00\",\"mem_available_bytes\":8e9,"           \
        "\"score\":0.9,\"recent\":{\"interval_seconds\":60,\"values\":[1,2,null,4]},"              \
        "\"host\":{\"name\":\"db1\",\"kernel\":\"6.1.0\",\"kind\":\"vm\",\"kind_name\":\"kvm\","   \
        "\"cpus\":8,\"mem_total_bytes\":16e9},\"culprits\":[]}"

/* changes: a JSON object whose members replace or join those of the usual event ("alert" and "host"
 * member by member), NULL for none. */
_unused_ static void make_letter(const char *changes, struct letter *ret)
{
        char error[LETTER_ERROR_MAX] = "";
        json_auto_t *event = json_loads(LETTER_USUAL, 0, NULL);
        json_auto_t *over = json_loads(changes ? changes : "{}", JSON_ALLOW_NUL, NULL);
        assert_non_null(event);
        assert_non_null(over);
        assert_int_equal(json_object_update_recursive(event, over), 0);
        _cleanup_free_ char *text = json_dumps(event, JSON_COMPACT);
        int r = letter_parse(text, strlen(text), error, ret);
        if (r < 0)
                fail_msg("%s: %s", changes, error);
}
