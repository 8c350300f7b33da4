/* SPDX-License-Identifier: MIT */
/* announce/entry, readable, wrap, messages: what the journal and the person in the foreground get,
 * and that the catalog knows each message. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>

#include "../sample_event.h"
#include "../test.h"
#include "alert/event.h"
#include "announce/entry.h"
#include "announce/journal.h"
#include "announce/readable.h"
#include "announce/wrap.h"
#include "base/files.h"
#include "base/text.h"
#include "culprit/culprit.h"

static struct event an_event(void)
{
        struct event e = sample_event();

        e.type = EVENT_FIRING;
        e.explain = "Objects that the kernel cannot give back. When they grow and grow, something "
                    "in the kernel asks for them and forgets them.";
        e.action = "See which cache: `slabtop -o -s c | head. -20`. Then ask whoever owns it.";
        e.runbook = "https://example.org/slab";
        e.baseline = e.mem_available = NAN;
        strcpy(e.text, "SUnreclaim grows +310 MiB/h, now 512 MiB");
        return e;
}

static const char *field(const struct entry *e, const char *name)
{
        return entry_value(e->data, e->size, name);
}

static void test_fields(void **state _unused_)
{
        static const struct {
                const char *name, *value;
        } cases[] = {
                { "MESSAGE", "critical: SUnreclaim grows +310 MiB/h, now 512 MiB. First: See which "
                             "cache: `slabtop -o -s c | head. -20`." },
                { "PRIORITY", "2" },
                { "SYSLOG_IDENTIFIER", "kmemwatchd" },
                { "KMEMWATCH_RULE", "slab-unreclaimable-growth" },
                { "KMEMWATCH_DIMENSION", "SUnreclaim" },
                { "KMEMWATCH_KIND", "growth" },
                { "KMEMWATCH_EVENT", "firing" },
                { "KMEMWATCH_SEVERITY", "critical" },
                { "KMEMWATCH_VALUE_BYTES", "536870912" },
                { "KMEMWATCH_BASELINE_BYTES", NULL },
                { "KMEMWATCH_RATE_BYTES_PER_HOUR", "325535580" },
                { "KMEMWATCH_EXHAUSTS_AT", "2026-11-20T11:08:17.000Z" },
                { "KMEMWATCH_CULPRIT", NULL },
                { "KMEMWATCH_ALERT_ID", "aaaabbbbccccddddeeeeffff00001111" },
                { "KMEMWATCH_MEM_AVAILABLE_BYTES", NULL },
                { "KMEMWATCH_SUMMARY", "Unreclaimable slab grows steadily" },
                { "KMEMWATCH_EXPLAIN",
                  "Objects that the kernel cannot give back. When they grow and grow, something "
                  "in\nthe kernel asks for them and forgets them." },
                { "KMEMWATCH_RUNBOOK", "https://example.org/slab" },
                { "DOCUMENTATION", "https://example.org/slab" },
        };
        struct event event = an_event();
        static struct entry e;

        entry_of_event(&e, "kmemwatchd", &event);
        assert_string_equal(field(&e, "MESSAGE_ID"), message_id(MESSAGE_FIRING_GROWTH));
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                const char *is = field(&e, cases[i].name);

                if (!cases[i].value)
                        assert_null(is);
                else
                        assert_string_equal(is ? is : "(none)", cases[i].value);
        }
}

static void test_kinds_of_event(void **state _unused_)
{
        static const struct {
                enum event_type type;
                enum kind kind;
                enum severity severity;
                enum message message;
                int priority;
                bool first; /* MESSAGE says what to look at */
        } cases[] = {
                { EVENT_FIRING, KIND_SPIKE, SEVERITY_NOTICE, MESSAGE_FIRING_SPIKE, 5, true },
                { EVENT_FIRING, KIND_DROP, SEVERITY_NOTICE, MESSAGE_FIRING_DROP, 5, true },
                { EVENT_FIRING, KIND_RATIO, SEVERITY_WARNING, MESSAGE_FIRING_RATIO, 4, true },
                { EVENT_ESCALATED, KIND_RATIO, SEVERITY_CRITICAL, MESSAGE_ESCALATED, 2, true },
                { EVENT_EASED, KIND_RATIO, SEVERITY_WARNING, MESSAGE_EASED, 6, false },
                { EVENT_REMINDER, KIND_SPIKE, SEVERITY_WARNING, MESSAGE_REMINDER, 4, true },
                { EVENT_ADOPTED, KIND_SPIKE, SEVERITY_OK, MESSAGE_ADOPTED, 6, false },
                { EVENT_RESOLVED, KIND_DROP, SEVERITY_OK, MESSAGE_RESOLVED, 6, false },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct event event = an_event();
                static struct entry e;
                char priority[2] = { (char)('0' + cases[i].priority), 0 };

                event.type = cases[i].type;
                event.kind = cases[i].kind;
                event.severity = cases[i].severity;
                entry_of_event(&e, "kmemwatchd", &event);
                assert_string_equal(field(&e, "MESSAGE_ID"), message_id(cases[i].message));
                assert_string_equal(field(&e, "PRIORITY"), priority);
                assert_int_equal(strstr(field(&e, "MESSAGE"), "First: ") != NULL, cases[i].first);
        }
}

/* The way into a journal of fields that nobody meant. */
static void test_hostile(void **state _unused_)
{
        struct event event = an_event();
        static struct entry e;
        const char *p;
        char huge[10000];
        unsigned count = 0;

        memset(huge, '\n', sizeof(huge) - 1);
        huge[sizeof(huge) - 1] = 0;
        event.rule = "x\nPRIORITY=0\x1b[2J\xff";
        event.dimension = "a=b=c";
        event.summary = NULL;
        event.explain = NULL;
        event.action = huge;
        event.runbook = "";
        snprintf(event.text, sizeof(event.text), "line\nbreak");
        event.value = INFINITY;
        event.time = -1;
        entry_of_event(&e, "kmemwatchd", &event);
        assert_string_equal(field(&e, "PRIORITY"), "2");
        assert_string_equal(field(&e, "KMEMWATCH_RULE"), "x\nPRIORITY=0 [2J\xef\xbf\xbd");
        assert_string_equal(field(&e, "KMEMWATCH_DIMENSION"), "a=b=c");
        assert_string_equal(field(&e, "KMEMWATCH_EXPLAIN"), "(The rule does not say.)");
        assert_non_null(field(&e, "KMEMWATCH_SUMMARY"));
        assert_null(field(&e, "KMEMWATCH_RUNBOOK"));
        assert_null(field(&e, "KMEMWATCH_VALUE"));
        assert_null(field(&e, "KMEMWATCH_TIME"));
        assert_null(strchr(field(&e, "MESSAGE"), '\n'));
        for (p = e.data; p < e.data + e.size; p += strlen(p) + 1) {
                assert_true(utf8_valid(p));
                count++;
        }
        assert_int_equal(count, e.count);

        /* All at their largest. */
        memset(huge, 'w', sizeof(huge) - 1);
        for (size_t i = 50; i < sizeof(huge) - 1; i += 50)
                huge[i] = ' ';
        event.rule = event.dimension = event.summary = event.explain = event.action =
                event.runbook = huge;
        memset(event.text, 't', sizeof(event.text) - 1);
        event.text[sizeof(event.text) - 1] = 0;
        entry_of_event(&e, "kmemwatchd", &event);
        assert_non_null(field(&e, "MESSAGE"));
        assert_true(e.size <= sizeof(e.data));
        for (p = e.data; p < e.data + e.size; p += strlen(p) + 1)
                assert_true(strlen(p) < 4096);
}

static void test_own_message(void **state _unused_)
{
        const struct journal_field fields[] = { { "FILE", "/var/lib/x" },
                                                { "ERROR", NULL },
                                                { "PROBLEMS", "a:1: one\nb:2: two" } };
        static struct entry e;

        entry_of_message(&e, "kmemwatchd", MESSAGE_SPOOL_FAILED, LOG_ERR, fields, 3, "Can\nnot");
        assert_string_equal(field(&e, "MESSAGE"), "Can not");
        assert_string_equal(field(&e, "PRIORITY"), "3");
        assert_string_equal(field(&e, "KMEMWATCH_FILE"), "/var/lib/x");
        assert_null(field(&e, "KMEMWATCH_ERROR"));
        assert_string_equal(field(&e, "KMEMWATCH_PROBLEMS"), "a:1: one\nb:2: two");
        assert_int_equal(e.count, 6);
}

static void test_wrap(void **state _unused_)
{
        static const struct {
                const char *text;
                size_t columns;
                const char *lines;
        } cases[] = {
                { "", 10, "" },
                { "one", 10, "one" },
                { "one two three", 7, "one two\nthree" },
                { "one two three", 8, "one two\nthree" },
                { "averyveryverylongword x", 5, "averyveryverylongword\nx" },
                { "a b c", 1, "a\nb\nc" },
                { "one\ntwo  three ", 20, "one\ntwo  three " },
                { "\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9 x", 5,
                  "\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\nx" },
        };
        char buffer[256];

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++)
                assert_string_equal(
                        wrap_text(cases[i].text, cases[i].columns, buffer, sizeof(buffer)),
                        cases[i].lines);
        assert_int_equal(strlen(wrap_text("one two three", 3, buffer, 8)), 7);
}

static void test_readable(void **state _unused_)
{
        struct readable_style style = { .width = 60 };
        struct event event = an_event();
        static struct entry e;
        static char lines[READABLE_MAX];
        size_t length;

        setenv("TZ", "CET-1", 1);
        tzset();
        entry_of_event(&e, "kmemwatchd", &event);
        length = readable_event(e.data, e.size, &style, lines);
        assert_int_equal(length, strlen(lines));
        assert_string_equal(lines,
                            "2026-11-20 06:34:57 CRITICAL Unreclaimable slab grows steadily\n"
                            "    SUnreclaim grows +310 MiB/h, now 512 MiB\n"
                            "    Objects that the kernel cannot give back. When they grow\n"
                            "    and grow, something in the kernel asks for them and\n"
                            "    forgets them.\n"
                            "    First: See which cache: `slabtop -o -s c | head. -20`.\n"
                            "    Then ask whoever owns it.\n"
                            "    Rule: slab-unreclaimable-growth,\n"
                            "    https://example.org/slab\n");

        style.width = 0;
        readable_event(e.data, e.size, &style, lines);
        assert_non_null(strstr(lines, "\n    First: See which cache: `slabtop -o -s c | head. "
                                      "-20`. Then ask whoever owns it.\n"));
        style.colour = true;
        readable_event(e.data, e.size, &style, lines);
        assert_non_null(strstr(lines, "\033[1;31mCRITICAL\033[0m"));

        style.colour = false;
        event.type = EVENT_RESOLVED;
        event.severity = SEVERITY_OK;
        snprintf(event.text, sizeof(event.text), "SUnreclaim: the growth is over after 2 h");
        entry_of_event(&e, "kmemwatchd", &event);
        readable_event(e.data, e.size, &style, lines);
        assert_string_equal(lines,
                            "2026-11-20 06:34:57 RESOLVED Unreclaimable slab grows steadily\n"
                            "    SUnreclaim: the growth is over after 2 h\n");

        event.type = EVENT_REMINDER;
        event.severity = SEVERITY_WARNING;
        entry_of_event(&e, "kmemwatchd", &event);
        readable_event(e.data, e.size, &style, lines);
        assert_non_null(strstr(lines, " WARNING (still) Unreclaimable"));
        assert_null(strstr(lines, "First:"));

        /* Too narrow to wrap, and nothing in it at all. */
        style.width = 3;
        readable_event(e.data, e.size, &style, lines);
        length = readable_event("", 0, &style, lines);
        assert_true(length > 0 && lines[length - 1] == '\n');
}

/* Who is behind it and what moved with it stand in the message, in fields and in the lines. */
static void test_culprits(void **state _unused_)
{
        static struct culprit_list list = {
                .count = 2,
                .explained = 0.98,
                .charged = NAN,
                .unexplained = "2 % are large",
                .culprits = { { .kind = CULPRIT_CACHE,
                                .name = "dentry",
                                .label = "dentry",
                                .note = "12 more",
                                .bytes = 104857600,
                                .share = 0.98 },
                              { .kind = CULPRIT_CGROUP,
                                .name = "/a\x1b[31m/b",
                                .label = "a b",
                                .bytes = 94371840,
                                .share = 0.9 } },
        };
        static struct entry e;
        static char lines[READABLE_MAX];
        struct readable_style style = { 0 };
        struct event event = an_event();

        event.culprits = &list;
        event.incident = (struct event_incident){
                .id = "aaaabbbbccccddddeeeeffff00001111",
                .severity = SEVERITY_CRITICAL,
                .alerts = { { event.alert_id, event.rule, event.dimension, KIND_GROWTH,
                              SEVERITY_CRITICAL },
                            { "0", "slab-spike", "SUnreclaim", KIND_SPIKE, SEVERITY_WARNING } },
                .alert_count = 2,
                .moved = { { "SUnreclaim", 104857600 }, { "Percpu", 1048576 } },
                .moved_count = 2,
        };
        entry_of_event(&e, "kmemwatchd", &event);
        assert_string_equal(entry_value(e.data, e.size, "KMEMWATCH_CULPRIT"),
                            "98 % of it is dentry, charged to a b");
        assert_string_equal(entry_value(e.data, e.size, "KMEMWATCH_CULPRITS"),
                            "100 MiB (98 %) cache dentry: 12 more\n"
                            "90 MiB (90 %) cgroup /a [31m/b");
        assert_string_equal(entry_value(e.data, e.size, "KMEMWATCH_EXPLAINED"), "0.98");
        assert_string_equal(entry_value(e.data, e.size, "KMEMWATCH_INCIDENT"),
                            "with it moved Percpu +1 MiB; one incident: "
                            "slab-unreclaimable-growth, slab-spike");
        assert_string_equal(entry_value(e.data, e.size, "KMEMWATCH_INCIDENT_DIMENSIONS"),
                            "SUnreclaim Percpu");
        assert_non_null(strstr(entry_value(e.data, e.size, "MESSAGE"),
                               "; 98 % of it is dentry, charged to a b; with it moved Percpu"));
        readable_event(e.data, e.size, &style, lines);
        assert_non_null(strstr(lines, "\n    Who: 98 % of it is dentry, charged to a b\n"));
        assert_non_null(strstr(lines, "\n    Incident: with it moved Percpu +1 MiB"));
}

static void test_destination(void **state _unused_)
{
        static const struct {
                bool stream, also, to_journal, to_stderr;
        } cases[] = {
                { true, false, true, false },
                { true, true, true, false },
                { false, false, false, true },
                { false, true, true, true },
        };

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct journal j = { .identifier = "x" };

                journal_choose(&j, cases[i].stream, cases[i].also);
                assert_int_equal(j.to_journal, cases[i].to_journal);
                assert_int_equal(j.to_stderr, cases[i].to_stderr);
        }
}

/* Which fields an entry with this id has for certain, so that the catalog may name them: others are
 * shown by their names. */
static const char *certain_fields(enum message message)
{
        static const char *const own[] = {
                [MESSAGE_CANNOT_SAMPLE] = " ERROR ",
                [MESSAGE_RULES_LEFT_OUT] = " PROBLEMS ",
                [MESSAGE_RELOAD_REFUSED] = " PROBLEMS ",
                [MESSAGE_STATE_SET_ASIDE] = " FILE ASIDE ERROR ",
                [MESSAGE_SPOOL_FAILED] = " FILE ERROR ",
                [MESSAGE_SPOOL_FULL] = " FILE ",
                [MESSAGE_STATE_FAILED] = " FILE ERROR ",
                [MESSAGE_STATE_RECOVERED] = " FILE ",
                [MESSAGE_SPOOL_RECOVERED] = " FILE ",
                [MESSAGE_DISK_STUCK] = " ERROR ",
                [MESSAGE_COURIER_SILENT] = " FILE ",
                [MESSAGE_COURIER_BACK] = " FILE ",
                [MESSAGE_NO_CHANNELS] = " FILE ",
                [MESSAGE_SILENCED] = " SILENCE WHY UNTIL ",
                [MESSAGE_SILENCE_OVER] = " SILENCE WHY ",
                [MESSAGE_ACKNOWLEDGED] = " NAME ",
                [MESSAGE_CULPRIT] = " RULE DIMENSION ALERT_ID CULPRIT ",
                [MESSAGE_CHANNEL_BROKEN] = " CHANNEL ERROR ",
                [MESSAGE_CHANNEL_RECOVERED] = " CHANNEL ",
                [MESSAGE_EVENT_GIVEN_UP] = " CHANNEL FILE ERROR ",
        };

        return message <= MESSAGE_RESOLVED
                       ? " TEXT SUMMARY EXPLAIN ACTION RULE DIMENSION KIND SEVERITY "
                         "PREVIOUS_SEVERITY ALERT_ID "
                       : own[message];
}

static void check_fields(const char *text, enum message message)
{
        for (const char *p = text; (p = strstr(p, "@KMEMWATCH_")); p++) {
                char name[64];
                size_t length = strcspn(p + 1, "@\n");

                assert_int_equal(p[1 + length], '@');
                snprintf(name, sizeof(name), " %.*s ", (int)length - 10, p + 11);
                if (!strstr(certain_fields(message), name))
                        fail_msg("catalog: entry %s names%s", message_id(message), name);
                p += length;
        }
}

static void test_catalog(void **state _unused_)
{
        static const char *const heads[] = { "\nSubject: ", "\nDefined-By: kmemwatch\n",
                                             "\nSupport: ", "\nDocumentation: man:kmemwatch(1)" };
        char *text, *next;
        unsigned seen = 0;
        size_t size;

        /* Tests run from the top of the tree. */
        assert_int_equal(file_read(AT_FDCWD, "etc/kmemwatch.catalog", 1 << 20, &text, &size), 0);
        assert_true(utf8_valid(text));
        for (int i = 0; i < MESSAGE_COUNT; i++) {
                char mark[64];
                char *entry, *end;

                assert_int_equal(strspn(message_id((enum message)i), "0123456789abcdef"), 32);
                assert_int_equal(strlen(message_id((enum message)i)), 32);
                for (int k = 0; k < i; k++)
                        assert_string_not_equal(message_id((enum message)i),
                                                message_id((enum message)k));
                snprintf(mark, sizeof(mark), "\n-- %s\n", message_id((enum message)i));
                entry = strstr(text, mark);
                if (!entry) {
                        print_message("no entry for %s\n", message_id((enum message)i));
                        fail();
                        return;
                }
                assert_null(strstr(entry + 1, mark));
                entry += strlen(mark) - 1;
                end = strstr(entry, "\n-- ");
                entry = strndup(entry, end ? (size_t)(end - entry) : strlen(entry));
                for (size_t k = 0; k < ELEMENTS_OF(heads); k++)
                        assert_non_null(strstr(entry, heads[k]));
                assert_true(strlen(strstr(entry, "\n\n")) > 80); /* it says something */
                check_fields(entry, (enum message)i);
                free(entry);
        }
        for (char *p = text; (next = strstr(p, "\n-- ")); p = next + 1)
                seen++;
        assert_int_equal(seen, MESSAGE_COUNT);
        free(text);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_fields),   cmocka_unit_test(test_kinds_of_event),
                cmocka_unit_test(test_hostile),  cmocka_unit_test(test_own_message),
                cmocka_unit_test(test_wrap),     cmocka_unit_test(test_readable),
                cmocka_unit_test(test_culprits), cmocka_unit_test(test_destination),
                cmocka_unit_test(test_catalog),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
