/* SPDX-License-Identifier: MIT */
/* A process, a control group, a host and a rule's words may be named anything, in any bytes.
 * Whatever they are, JSON stays JSON, mrkdwn says only what was meant, a journal entry is text, and
 * a terminal is not steered. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../hostile.h"
#include "alert/text.h"
#include "announce/entry.h"
#include "announce/event_json.h"
#include "announce/readable.h"
#include "culprit/culprit.h"
#include "deliver/channel.h"
#include "deliver/letter.h"
#include "deliver/parcel.h"
#include "view/terminal.h"

enum { ROUNDS = 400 };

/* & only as an entity, < > only around a link or a date of our own. */
static void assert_mrkdwn(const char *where, const char *s)
{
        for (const char *p = s; *p; p++) {
                if (*p == '&' && strncmp(p, "&amp;", 5) != 0 && strncmp(p, "&lt;", 4) != 0 &&
                    strncmp(p, "&gt;", 4) != 0)
                        fail_msg("%s: a bare & in \"%s\"", where, s);
                if (*p == '>')
                        fail_msg("%s: a bare > in \"%s\"", where, s);
                if (*p != '<')
                        continue;
                if (strncmp(p, "<https://docs.kernel.org/", 25) != 0 &&
                    strncmp(p, "<!date^", 7) != 0)
                        fail_msg("%s: \"%s\"", where, p);
                p = strpbrk(p + 1, "<>");
                if (!p || *p != '>')
                        fail_msg("%s: no end of a link in \"%s\"", where, s);
        }
}

/* All strings of a message; those that Slack reads as mrkdwn too. */
static void assert_strings(const char *where, const json_t *value, bool mrkdwn)
{
        const char *key;
        json_t *member;
        size_t i;
        if (json_is_string(value)) {
                assert_text(where, json_string_value(value), true);
                if (mrkdwn)
                        assert_mrkdwn(where, json_string_value(value));
        }
        json_array_foreach(value, i, member)
        {
                assert_strings(where, member, mrkdwn);
        }
        bool plain = json_is_string(json_object_get(value, "type")) &&
                     strcmp(json_string_value(json_object_get(value, "type")), "plain_text") == 0;
        json_object_foreach((json_t *)value, key, member)
        {
                assert_strings(where, member, mrkdwn && !plain && strcmp(key, "url") != 0);
        }
}

static void check_channels(const char *json)
{
        char error[LETTER_ERROR_MAX];
        struct parcel many = { .count = 0 };
        for (int i = 0; i < 3; i++) {
                struct letter l;
                if (letter_parse(json, strlen(json), error, &l) < 0)
                        fail_msg("%s: %s", error, json);
                /* The second is of another alert. */
                l.alert_id[0] = i == 1 ? '0' : l.alert_id[0];
                assert_int_equal(parcel_add(&many, &l), 0);
        }
        for (int type = 0; type < CHANNEL_TYPE_COUNT; type++)
                for (int form = 0; form < 2 * FORM_COUNT; form++) {
                        char url[] = "https://example.com/{secret}";
                        char secret[] = "0123456789abcdef0123456789abcdef";
                        struct channel c = { .type = (enum channel_type)type,
                                             .url = url,
                                             .secret = secret,
                                             .min_severity = SEVERITY_WARNING };
                        struct parcel one = { .letters = many.letters, .count = 1 };
                        struct request request = { 0 };
                        json_error_t at;
                        int r = channel_request(&c, form < FORM_COUNT ? &one : &many,
                                                (enum form)(form % FORM_COUNT), &request);
                        assert_true(r == 0 || r == -EINVAL);
                        if (r < 0)
                                continue;
                        json_auto_t *body = json_loads(request.body, JSON_REJECT_DUPLICATES, &at);
                        if (!body)
                                fail_msg("%s: %s: %s", channel_type_name(c.type), at.text,
                                         request.body);
                        assert_strings(channel_type_name(c.type), body,
                                       strcmp(channel_type_name(c.type), "slack") == 0);
                        request_done(&request);
                }
        parcel_done(&many);
}

static void check_journal(const struct event *e)
{
        static struct entry entry;
        static char lines[READABLE_MAX];
        static const struct readable_style styles[] = { { 0, false }, { 60, false } };
        entry_of_event(&entry, "kmemwatchd", e);
        for (const char *p = entry.data; p < entry.data + entry.size; p += strlen(p) + 1) {
                size_t name = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
                assert_true(name > 0 && p[name] == '=');
                assert_text(p, p + name + 1, strncmp(p, "MESSAGE=", 8) != 0);
        }
        assert_true(entry_value(entry.data, entry.size, "PRIORITY")[1] == 0);
        for (size_t i = 0; i < ELEMENTS_OF(styles); i++) {
                assert_true(readable_event(entry.data, entry.size, &styles[i], lines) > 0);
                assert_text("standard error", lines, true);
        }
}

static void check_event(struct random *r, const struct event *usual, struct host_facts *host)
{
        char names[8][NAME_SIZE];
        struct culprit_list culprits;
        struct event e = *usual;
        e.rule = any_name(r, names[0]);
        e.dimension = any_name(r, names[1]);
        e.summary = any_name(r, names[2]);
        e.explain = any_name(r, names[3]);
        e.action = any_name(r, names[4]);
        e.workload = any_name(r, names[5]);
        e.host = host;
        snprintf(host->name, sizeof(host->name), "%s", any_name(r, names[6]));
        snprintf(host->kernel, sizeof(host->kernel), "%s", any_name(r, names[6]));
        snprintf(host->kind_name, sizeof(host->kind_name), "%s", any_name(r, names[6]));
        snprintf(e.dedup_key, sizeof(e.dedup_key), "%s", any_name(r, names[6]));
        e.type = (enum event_type)(random_next(r) % EVENT_TYPE_COUNT);
        e.kind = (enum kind)(random_next(r) % KIND_COUNT);
        e.quiet = (enum event_quiet)(random_next(r) % QUIET_COUNT);
        if (random_next(r) % 2)
                e.value = e.baseline = NAN;
        event_text(&e);
        culprit_list_init(&culprits, DIMENSION_KERNEL_STACK);
        for (int i = 0; i < 3; i++) {
                struct culprit *c = culprit_list_add(
                        &culprits, (enum culprit_kind)(random_next(r) % CULPRIT_KIND_COUNT));
                c->bytes = 1e6;
                snprintf(c->name, sizeof(c->name), "%s", any_name(r, names[7]));
                snprintf(c->label, sizeof(c->label), "%s", any_name(r, names[7]));
                snprintf(c->note, sizeof(c->note), "%s", any_name(r, names[7]));
        }
        e.culprits = &culprits;
        _cleanup_free_ char *json = NULL, *line = NULL;
        assert_int_equal(event_json(&e, &json), 0);
        assert_true(strlen(json) < EVENT_JSON_MAX);
        assert_text("webhook", json, false);
        json_auto_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(root);
        assert_strings("webhook", root, false);
        assert_int_equal(event_json_line(&e, &line), 0);
        assert_text("replay", line, false);
        check_journal(&e);
        check_channels(json);
}

static void test_events(void **state)
{
        (void)state;
        struct random r = random_seeded("hostile names");
        struct host_facts host = { .kind = HOST_VM, .cpus_online = 2 };
        struct event usual = {
                .id = "11112222333344445555666677778888",
                .alert_id = "aaaabbbbccccddddeeeeffff00001111",
                .time = 1795152897,
                .severity = SEVERITY_CRITICAL,
                .trigger = true,
                .runbook = "https://docs.kernel.org/x?a=1&b=2",
                .unit = UNIT_BYTES,
                .value = 1e9,
                .baseline = 1e8,
                .limit = 5e8,
                .rate = 1e5,
                .exhausts_at = 1795162897,
                .started = 1795152897,
                .peak = 1e9,
                .workload_change = 3,
                .explained = 0.5,
                .recent = { 1, 2, NAN, 4 },
                .recent_count = 4,
                .recent_interval = 60,
        };
        for (int i = 0; i < ROUNDS; i++)
                check_event(&r, &usual, &host);
}

static void test_terminal(void **state)
{
        (void)state;
        struct random r = random_seeded("a terminal");
        char name[NAME_SIZE];
        for (int i = 0; i < 4 * ROUNDS; i++) {
                char *text = NULL;
                size_t size;
                FILE *out = open_memstream(&text, &size);
                assert_non_null(out);
                struct terminal t = { .out = out, .width = 60 + i % 60, .utf8 = i % 2 };
                terminal_put(&t, STYLE_PLAIN, any_name(&r, name));
                terminal_put_field(&t, STYLE_STRONG, any_name(&r, name), 1 + (size_t)i % 30, i % 3);
                terminal_print(&t, STYLE_FAINT, "%s", any_name(&r, name));
                terminal_wrap(&t, STYLE_PLAIN, 3, 5, any_name(&r, name));
                terminal_line(&t, STYLE_CRITICAL, "%.*s", i % 50, any_name(&r, name));
                fclose(out);
                assert_int_equal(strlen(text), size);
                assert_text("terminal", text, true);
                for (const char *p = text; *p; p++)
                        if (!t.utf8 && (unsigned char)*p >= 0x80)
                                fail_msg("not ASCII: %s", text);
                free(text);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_events),
                cmocka_unit_test(test_terminal),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
