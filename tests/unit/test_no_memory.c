/* SPDX-License-Identifier: MIT */
/* What the daemon and the person's tool do when an allocation fails, any one. */
#include <errno.h>
#include <stdio.h>

#include "../no_memory.h"
#include "../sample_event.h"
#include "../support.h"
#include "../world.h"
#include "announce/event_json.h"
#include "base/places.h"
#include "config/config_file.h"
#include "config/dirs.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "culprit/findings.h"
#include "culprit/history.h"
#include "deliver/settings.h"
#include "engine/open_alert.h"
#include "engine/settings.h"
#include "engine/silence_state.h"
#include "sample/trace.h"
#include "store/state_file.h"
#include "view/reply.h"

static const char rule_text[] =
        "[slab-growth]\ndimension = SUnreclaim\ndetect = growth\n"
        "warning = 0.5%/h\ncritical = exhausts in 12h\nonly-if = MemAvailable < 50%\n"
        "for = 10min\nwhen = any\nsummary = Grows\nexplain = E\n of it\naction = A\n"
        "action-vm = B\nrunbook = https://example.org/\n"
        "[slab-size]\ndimension = SUnreclaim\ndetect = ratio\nwarning = 300M\nfor = 0s\n"
        "summary = S\nexplain = E\naction = A\n";

/* What is made once, with memory. */
static struct {
        struct folder folder;
        struct world world; /* with an open alert */
        struct rule_set other_rules;
        char *open_alerts, *reply, *silences;
        struct event event;
} made;

static const char *below(const char *name)
{
        static char path[128];
        snprintf(path, sizeof(path), "%s/%s", made.folder.path, name);
        return path;
}

static int do_ini(void)
{
        struct problems problems = { 0 };
        struct ini_document base = { 0 }, copy = { 0 }, drop_in = { 0 };
        static const char over[] = "[slab-size]\nwarning = 400M\nrunbook = https://example.com/\n";
        int r = ini_document_parse("a", rule_text, strlen(rule_text), &problems, &base);
        if (r == 0)
                r = ini_document_copy(&base, &copy);
        if (r == 0)
                r = ini_document_parse("b", over, strlen(over), &problems, &drop_in);
        if (r == 0)
                r = ini_document_override(&copy, &drop_in, &problems);
        if (r == 0) {
                const struct ini_section *size = ini_section_find(&copy, "slab-size");
                assert_string_equal(ini_entry_find(size, "warning")->value, "400M");
                assert_non_null(ini_entry_find(size, "runbook"));
                assert_string_equal(ini_entry_find(&base.sections[0], "explain")->value, "E of it");
        }
        ini_document_done(&base);
        ini_document_done(&copy);
        ini_document_done(&drop_in);
        problems_done(&problems);
        return r;
}

static void check_rules(const struct rule_set *set, const struct problems *problems)
{
        assert_int_equal(problems->count + problems->dropped, 0);
        assert_int_equal(set->count, 2);
        const struct rule *r = rule_set_find(set, "slab-growth");
        assert_non_null(r);
        assert_string_equal(r->action[HOST_VM], "A B");
        assert_string_equal(r->explain, "E of it");
        assert_string_equal(r->runbook, "https://example.org/");
        assert_string_equal(r->dimension, "SUnreclaim");
}

static int do_rules(void)
{
        struct problems problems = { 0 };
        struct rule_set set = { 0 };
        int r = rule_file_parse("a", rule_text, strlen(rule_text), NULL, &problems, &set);
        if (r == 0)
                r = rule_set_pack(&set, HOST_VM);
        if (r == 0)
                check_rules(&set, &problems);
        rule_set_done(&set);
        problems_done(&problems);
        return r;
}

static int do_rule_folder(void)
{
        const char *const folders[] = { below("rules"), NULL };
        struct problems problems = { 0 };
        struct rule_set set = { 0 };
        int r = rule_set_load(folders, NULL, &problems, &set);
        if (r == 0)
                check_rules(&set, &problems);
        rule_set_done(&set);
        problems_done(&problems);
        return r;
}

static int do_settings(void)
{
        struct daemon_settings daemon = { 0 };
        struct courier_settings courier = { 0 };
        const struct config_part both[] = { { daemon_key_table(), &daemon },
                                            { courier_key_table(), &courier } };
        struct problems problems = { 0 };
        int r = config_file_load(below("kmemwatch.conf"), both, ELEMENTS_OF(both), &problems);
        if (r == 0 && !problems_any(&problems)) {
                assert_true(daemon.interval == 2);
                assert_string_equal(courier.proxy, "http://p:1");
        }
        courier_settings_done(&courier);
        problems_done(&problems);
        return r;
}

static int do_places(void)
{
        const struct place_options options = { .channels = "/c" };
        struct places places;
        int r = places_init(&places, &options, "/run/x");
        if (r == 0)
                places_done(&places);
        return r;
}

static int ignore_event(const struct event *e, void *userdata)
{
        (void)e;
        (void)userdata;
        return 0;
}

static int do_engine(void)
{
        struct engine *engine = NULL;
        int r = engine_new(&made.world.rules, &made.world.host, ignore_event, NULL, &engine);
        if (r == 0) {
                engine_feed(engine, &made.world.sample);
                r = engine_set_rules(engine, &made.other_rules);
                engine_feed(engine, &made.world.sample);
                engine_free(engine);
        }
        return r;
}

static int do_open_alerts_out(void)
{
        char *json = NULL;
        int r = open_alerts_encode(made.world.engine, &json);
        free(json);
        return r;
}

static int do_open_alerts_in(void)
{
        struct open_alerts_result result;
        struct engine *engine = NULL;
        int r = engine_new(&made.other_rules, &made.world.host, ignore_event, NULL, &engine);
        if (r == 0)
                r = open_alerts_decode(engine, made.open_alerts, strlen(made.open_alerts),
                                       1795152600, 0, &result);
        engine_free(engine);
        return r;
}

static int do_event_json(void)
{
        char *json = NULL, *line = NULL;
        int r = event_json(&made.event, &json);
        if (r == 0)
                r = event_json_line(&made.event, &line);
        free(json);
        free(line);
        return r;
}

static int do_trace(void)
{
        char error[TRACE_ERROR_MAX];
        struct trace_reader *reader = NULL;
        const struct sample *sample;
        int r = trace_reader_new(below("trace.csv"), error, &reader);
        while (r == 0 && (r = trace_reader_next(reader, error, &sample)) > 0)
                r = 0;
        trace_reader_free(reader);
        return r;
}

static int do_culprits(void)
{
        struct findings findings = { 0 };
        struct history *history = NULL;
        int r = findings_init(&findings, true);
        if (r == 0)
                r = history_new(65536, 64, 60, 1U << TABLE_CACHES, &history);
        history_free(history);
        findings_done(&findings);
        return r;
}

static int do_reply(void)
{
        struct daemon_reply reply = { 0 };
        int r = daemon_reply_parse(made.reply, &reply);
        daemon_reply_done(&reply);
        return r;
}

static int do_silences(void)
{
        static const struct silence_clock clock = { 1000, 1795152600 };
        struct silences list = { 0 };
        unsigned bad;
        char *json = NULL;
        int r = silences_decode(made.silences, strlen(made.silences), true, &clock, &list, &bad);
        if (r == 0)
                r = silences_encode(&list, &clock, &json);
        free(json);
        return r;
}

static int do_state(void)
{
        struct state_loaded loaded = { 0 };
        int fd = open(made.folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        int r = state_file_load(fd, "x.state", "x", NULL, 4096, 1795152600, &loaded);
        if (r > 0)
                assert_int_equal(loaded.size, 3);
        assert_int_equal(loaded.fault, STATE_GOOD); /* it must not be set aside for this */
        state_loaded_done(&loaded);
        close(fd);
        return r < 0 ? r : r > 0 ? 0 : -ENOENT;
}

static const struct operation operations[] = {
        { "INI files", do_ini, 0 },
        { "rules", do_rules, 0 },
        { "a folder of rules", do_rule_folder, 0 },
        { "settings", do_settings, 0 },
        { "places", do_places, 0 },
        { "the engine and a reload", do_engine, 0 },
        { "saving alerts", do_open_alerts_out, 0 },
        { "loading alerts", do_open_alerts_in, -EBADMSG },
        { "an event", do_event_json, 0 },
        { "a trace", do_trace, 0 },
        { "culprits", do_culprits, 0 },
        { "an answer of the daemon", do_reply, -EBADMSG },
        { "silences", do_silences, -EBADMSG },
        { "a state file", do_state, 0 },
};

static int make(void **state)
{
        void *folder = NULL;
        size_t size;
        (void)state;
        if (folder_setup(&folder) < 0)
                return -1;
        made.folder = *(struct folder *)folder;
        folder_put(&made.folder, "rules/a.ini", rule_text);
        folder_put(&made.folder, "rules/a.ini.d/x.ini", "[slab-size]\nwarning = 500M\n");
        folder_put(&made.folder, "kmemwatch.conf",
                   "[daemon]\ninterval = 2s\n[courier]\nproxy = http://p:1\n");
        folder_put(&made.folder, "trace.csv",
                   "time,MemTotal,SUnreclaim,other\n1700000000,8000000,1,2\n"
                   "1700000001,8000000,,3\n");
        int fd = open(made.folder.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        const struct state_head head = { .kind = "x", .version = 1 };
        assert_int_equal(state_file_write(fd, "x.state", &head, "abc", 3), 0);
        close(fd);

        world_init(&made.world, rule_text);
        made.world.values[FIELD_SUNRECLAIM] = 2 * GIB;
        world_run(&made.world, 20, 0);
        assert_true(made.world.count > 0);
        world_rules("[slab-size]\ndimension = SUnreclaim\ndetect = ratio\nwarning = 300M\n"
                    "summary = S\nexplain = E\naction = A\n",
                    &made.other_rules);
        made.event = sample_event();
        made.silences = strdup("{\"silences\":[{\"name\":\"a\",\"why\":\"w\",\"user\":0,"
                               "\"seconds\":7200,\"began\":1795152000,\"ends\":1795159200,"
                               "\"ends_boottime\":7000}]}");
        assert_int_equal(open_alerts_encode(made.world.engine, &made.open_alerts), 0);
        return file_read(AT_FDCWD, "tests/unit/golden/busy-daemon.json", 1 << 20, &made.reply,
                         &size);
}

static int unmake(void **state)
{
        void *folder = &made.folder;
        (void)state;
        world_done(&made.world);
        rule_set_done(&made.other_rules);
        free(made.open_alerts);
        free(made.reply);
        free(made.silences);
        return folder_teardown(&folder);
}

static void test_operations(void **state)
{
        (void)state;
        fail_each_allocation(operations, ELEMENTS_OF(operations));
}

int main(void)
{
        const struct CMUnitTest tests[] = { cmocka_unit_test(test_operations) };
        return cmocka_run_group_tests(tests, make, unmake);
}
