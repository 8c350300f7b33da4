/* SPDX-License-Identifier: MIT */
/* deliver/alertmanager and firing: which alerts an event becomes, and which are remembered. */
#include "deliver/alertmanager.h"

#include <math.h>
#include <string.h>

#include "../letters.h"
#include "../support.h"
#include "../test.h"
#include "base/macros.h"
#include "deliver/exchange.h"
#include "deliver/firing.h"
#include "deliver/parcel.h"

/* 2026-11-20T05:20:00Z, five minutes after the usual event */
static const double NOW = 1795152000;

static json_t *body_of(const char *changes, enum severity min)
{
        _cleanup_free_ char *body = NULL;
        struct letter l;
        make_letter(changes, &l);
        assert_int_equal(alertmanager_body(&l, min, NOW, &body), 0);
        letter_done(&l);
        json_t *json = json_loads(body, 0, NULL);
        assert_true(json_is_array(json));
        return json;
}

static const char *text_of(const json_t *alerts, size_t at, const char *group, const char *name)
{
        const json_t *alert = json_array_get(alerts, at);
        const char *text = json_string_value(
                json_object_get(group ? json_object_get(alert, group) : alert, name));
        return text ? text : "(none)";
}

static void test_labels(void **state _unused_)
{
        json_auto_t *alerts = body_of("{\"severity\":\"warning\",\"highest_severity\":\"warning\"}",
                                      SEVERITY_WARNING);
        assert_int_equal(json_array_size(alerts), 1);
        assert_string_equal(text_of(alerts, 0, "labels", "alertname"), "slab-growth");
        assert_string_equal(text_of(alerts, 0, "labels", "severity"), "warning");
        assert_string_equal(text_of(alerts, 0, "labels", "instance"), "db1");
        assert_string_equal(text_of(alerts, 0, "labels", "job"), "kmemwatch");
        assert_string_equal(text_of(alerts, 0, "labels", "dimension"), "SUnreclaim");
        /* Nothing else, and nothing that changes, is part of the identity. */
        assert_int_equal(json_object_size(json_object_get(json_array_get(alerts, 0), "labels")), 5);
        assert_string_equal(text_of(alerts, 0, "annotations", "summary"),
                            "Unreclaimable slab grows");
        assert_string_equal(text_of(alerts, 0, "annotations", "runbook_url"),
                            "https://example.com/r?a=1&b=2");
        assert_string_equal(text_of(alerts, 0, "annotations", "change"), "320 MiB → 1.4 GiB");
        assert_string_equal(text_of(alerts, 0, NULL, "startsAt"), "2026-11-20T05:10:00.000Z");
        assert_string_equal(text_of(alerts, 0, NULL, "endsAt"), "2026-11-20T05:25:00.000Z");
}

/* An incident ends with another alert than it began with: for Alertmanager it is the same one. */
static void test_incident(void **state _unused_)
{
        json_auto_t *alerts = body_of("{\"incident\":{\"rule\":\"kernel-stack-spike\","
                                      "\"dimension\":\"KernelStack\","
                                      "\"started\":\"2026-11-20T05:00:00Z\"}}",
                                      SEVERITY_CRITICAL);
        assert_string_equal(text_of(alerts, 0, "labels", "alertname"), "kernel-stack-spike");
        assert_string_equal(text_of(alerts, 0, "labels", "dimension"), "KernelStack");
        assert_string_equal(text_of(alerts, 0, "annotations", "rule"), "slab-growth");
        assert_string_equal(text_of(alerts, 0, NULL, "startsAt"), "2026-11-20T05:00:00.000Z");
}

/* What gets worse is another alert there. One that began long ago would not wait for its group. */
static void test_worse_begins_now(void **state _unused_)
{
        static const struct {
                const char *event, *starts;
        } cases[] = {
                { "firing", "2026-11-20T05:10:00.000Z" },
                { "escalated", "2026-11-20T05:14:56.123Z" },
                { "eased", "2026-11-20T05:14:56.123Z" },
                { "reminder", "2026-11-20T05:10:00.000Z" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char changes[64];
                snprintf(changes, sizeof(changes), "{\"event\":\"%s\"}", cases[i].event);
                json_auto_t *alerts = body_of(changes, SEVERITY_CRITICAL);
                assert_string_equal(text_of(alerts, 0, NULL, "startsAt"), cases[i].starts);
        }
}

/* What becomes of the two severities: "fires", "ends", or not named. */
static void test_severities(void **state _unused_)
{
        static const struct {
                const char *event, *severity, *highest;
                enum severity min;
                const char *warning, *critical;
        } cases[] = {
                { "firing", "warning", "warning", SEVERITY_WARNING, "fires", "" },
                { "firing", "critical", "critical", SEVERITY_WARNING, "ends", "fires" },
                { "firing", "critical", "critical", SEVERITY_CRITICAL, "", "fires" },
                { "escalated", "critical", "critical", SEVERITY_WARNING, "ends", "fires" },
                { "eased", "warning", "critical", SEVERITY_WARNING, "fires", "ends" },
                { "eased", "warning", "critical", SEVERITY_CRITICAL, "", "ends" },
                { "eased", "notice", "critical", SEVERITY_WARNING, "ends", "ends" },
                { "resolved", "ok", "critical", SEVERITY_WARNING, "ends", "ends" },
                { "resolved", "ok", "warning", SEVERITY_WARNING, "ends", "" },
                { "adopted", "ok", "critical", SEVERITY_CRITICAL, "", "ends" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char changes[256];
                const char *found[2] = { "", "" };
                snprintf(changes, sizeof(changes),
                         "{\"event\":\"%s\",\"severity\":\"%s\",\"highest_severity\":\"%s\"}",
                         cases[i].event, cases[i].severity, cases[i].highest);
                json_auto_t *alerts = body_of(changes, cases[i].min);
                for (size_t k = 0; k < json_array_size(alerts); k++) {
                        bool critical =
                                strcmp(text_of(alerts, k, "labels", "severity"), "critical") == 0;
                        bool fires = strcmp(text_of(alerts, k, NULL, "endsAt"),
                                            "2026-11-20T05:25:00.000Z") == 0;
                        found[critical] = fires ? "fires" : "ends";
                }
                if (strcmp(found[0], cases[i].warning) != 0 ||
                    strcmp(found[1], cases[i].critical) != 0)
                        fail_msg("%s to %s: warning \"%s\", critical \"%s\"", cases[i].event,
                                 cases[i].severity, found[0], found[1]);
        }
}

/* A clock that was set back between the two must not make the receiver refuse it. */
static void test_end_before_start(void **state _unused_)
{
        json_auto_t *alerts = body_of("{\"event\":\"resolved\",\"severity\":\"ok\","
                                      "\"time\":\"2026-11-20T05:00:00Z\"}",
                                      SEVERITY_CRITICAL);
        assert_string_equal(text_of(alerts, 0, NULL, "endsAt"), "2026-11-20T05:10:00.000Z");
}

static void test_address(void **state _unused_)
{
        static const char *const urls[][2] = {
                { "http://am:9093", "http://am:9093/api/v2/alerts" },
                { "http://am:9093/", "http://am:9093/api/v2/alerts" },
                { "https://h/prefix", "https://h/prefix/api/v2/alerts" },
                { "https://h/api/v2/alerts", "https://h/api/v2/alerts" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(urls); i++) {
                _cleanup_(parcel_done) struct parcel p = { 0 };
                struct letter l;
                make_letter(NULL, &l);
                assert_int_equal(parcel_add(&p, &l), 0);
                const struct channel c = { .type = CHANNEL_ALERTMANAGER,
                                           .url = (char *)urls[i][0],
                                           .secret = (char *)"t0ken",
                                           .interval = NAN,
                                           .min_severity = SEVERITY_WARNING };
                struct request r = { 0 };
                assert_int_equal(channel_request(&c, &p, FORM_FULL, &r), 0);
                assert_string_equal(r.url, urls[i][1]);
                assert_string_equal(r.header, "Authorization: Bearer t0ken");
                assert_true(channel_resend(&c) == ALERTMANAGER_RESEND_SECONDS);
                request_done(&r);
        }
}

static void note(struct firing *f, unsigned alert, const char *event, const char *severity)
{
        char changes[256];
        struct letter l;
        snprintf(changes, sizeof(changes),
                 "{\"event\":\"%s\",\"severity\":\"%s\",\"dedup_key\":\"%032u\"}", event, severity,
                 alert);
        make_letter(changes, &l);
        assert_int_equal(firing_note(f, &l, NOW), 0);
        letter_done(&l);
}

static void test_firing(void **state)
{
        struct folder *folder = *state;
        struct firing f;
        firing_open(&f, folder->path);
        note(&f, 1, "firing", "warning");
        note(&f, 2, "firing", "critical");
        note(&f, 1, "escalated", "critical");
        assert_int_equal(f.count, 2);
        note(&f, 2, "resolved", "ok");
        assert_int_equal(firing_prune(&f, NOW + 299, ALERTMANAGER_END_SECONDS), 2);

        /* What comes back is what was there. */
        struct firing again;
        firing_open(&again, folder->path);
        assert_int_equal(again.count, 2);
        assert_true(isnan(again.entries[0].ended) && again.entries[1].ended == NOW);
        assert_non_null(strstr(again.entries[0].raw, "escalated"));
        assert_string_equal(again.entries[0].raw, f.entries[0].raw);
        firing_done(&again);

        assert_int_equal(firing_prune(&f, NOW + 301, ALERTMANAGER_END_SECONDS), 1);
        firing_open(&again, folder->path);
        assert_int_equal(again.count, 1);
        firing_done(&again);

        /* Eased to a notice it is over, too; it may come back. */
        note(&f, 1, "eased", "notice");
        assert_true(f.entries[0].ended == NOW);
        note(&f, 1, "escalated", "warning");
        assert_true(isnan(f.entries[0].ended));
        firing_done(&f);
}

static void test_firing_bound(void **state)
{
        struct folder *folder = *state;
        struct firing f;
        firing_open(&f, folder->path);
        for (unsigned i = 1; i <= FIRING_MAX + 3; i++)
                note(&f, i, "firing", "warning");
        assert_int_equal(f.count, FIRING_MAX);
        assert_non_null(strstr(f.entries[0].raw, "00000004"));
        firing_done(&f);
}

/* Whatever somebody writes there, it is no alert. */
static void test_firing_damaged(void **state)
{
        struct folder *folder = *state;
        struct firing f;
        folder_put(folder, "firing", "- {\n\n-\n- null\nx y z\n17 {\"version\":1}\n- ");
        firing_open(&f, folder->path);
        assert_int_equal(f.count, 0);
        firing_done(&f);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_labels),
                cmocka_unit_test(test_incident),
                cmocka_unit_test(test_severities),
                cmocka_unit_test(test_worse_begins_now),
                cmocka_unit_test(test_end_before_start),
                cmocka_unit_test(test_address),
                cmocka_unit_test_setup_teardown(test_firing, folder_setup, folder_teardown),
                cmocka_unit_test_setup_teardown(test_firing_bound, folder_setup, folder_teardown),
                cmocka_unit_test_setup_teardown(test_firing_damaged, folder_setup, folder_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
