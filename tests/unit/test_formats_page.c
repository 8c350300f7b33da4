/* SPDX-License-Identifier: MIT */
/* kmemwatch-formats(7) names every member and field that the programs write. Run in the root of the
 * tree, as `make check-unit` does. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>

#include "../sample_event.h"
#include "../test.h"
#include "../world.h"
#include "alert/event.h"
#include "announce/entry.h"
#include "announce/event_json.h"
#include "base/files.h"
#include "base/macros.h"
#include "culprit/culprit.h"
#include "engine/silence_state.h"
#include "engine/status.h"

static const char PAGE[] = "contrib/man/kmemwatch-formats.7";

static const struct culprit_list CULPRITS = {
        .explained = 0.98,
        .count = 1,
        .culprits = { { .kind = CULPRIT_CACHE, .name = "dentry", .label = "dentry", .bytes = 1 } },
        .unexplained = "the rest",
};

/* With every member that can be known. */
static struct event whole_event(void)
{
        struct event e = sample_event();
        e.runbook = "https://docs.kernel.org/";
        e.workload = "threads";
        e.workload_is_count = true;
        e.workload_change = 3000;
        e.explained = 1;
        e.culprits = &CULPRITS;
        e.incident = (struct event_incident){ .id = "aaaabbbbccccddddeeeeffff00001111",
                                              .rule = "kernel-stack-spike",
                                              .dimension = "KernelStack",
                                              .cause = "KernelStack",
                                              .alerts = { { "aaaabbbbccccddddeeeeffff00001111",
                                                            "kernel-stack-spike", "KernelStack",
                                                            KIND_SPIKE, SEVERITY_WARNING } },
                                              .alert_count = 1,
                                              .moved = { { "KernelStack", 1 } },
                                              .moved_count = 1 };
        return e;
}

static char *page;

/* The page as it reads: without the backslashes before minus signs. */
static int read_page(void **state)
{
        size_t size, kept = 0;
        (void)state;
        if (file_read(AT_FDCWD, PAGE, 1024 * 1024, &page, &size) < 0)
                return -1;
        for (size_t i = 0; i < size; i++)
                if (page[i] != '\\')
                        page[kept++] = page[i];
        page[kept] = '\0';
        return 0;
}

static int free_page(void **state)
{
        (void)state;
        free(page);
        return 0;
}

static bool is_word(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
}

/* As a whole word, so that KMEMWATCH_VALUE is not taken for KMEMWATCH_VALUE_BYTES. */
static void assert_named(const char *name)
{
        size_t length = strlen(name);
        for (const char *at = page; (at = strstr(at, name)); at += length)
                if ((at == page || !is_word(at[-1])) && !is_word(at[length]))
                        return;
        fail_msg("%s does not name %s", PAGE, name);
}

static void assert_members_named(const json_t *object)
{
        const char *key;
        json_t *value;
        assert_true(json_object_size(object) > 0);
        json_object_foreach((json_t *)object, key, value)
        {
                assert_named(key);
                if (json_is_object(value))
                        assert_members_named(value);
                else if (json_is_object(json_array_get(value, 0)))
                        assert_members_named(json_array_get(value, 0));
        }
}

static void test_webhook_members(void **state)
{
        struct event event = whole_event();
        _cleanup_free_ char *text = NULL;
        (void)state;
        assert_int_equal(event_json(&event, &text), 0);
        json_auto_t *root = json_loads(text, 0, NULL);
        assert_members_named(root);
        assert_named("sequence"); /* what the courier adds */
}

static void test_replay_members(void **state)
{
        struct event event = whole_event();
        _cleanup_free_ char *text = NULL;
        (void)state;
        assert_int_equal(event_json_line(&event, &text), 0);
        json_auto_t *root = json_loads(text, 0, NULL);
        assert_members_named(root);
}

static void assert_json_named(char *text)
{
        _cleanup_free_ char *owned = text;
        json_auto_t *root = json_loads(owned, 0, NULL);
        assert_members_named(root);
}

/* Everything is there at once: a dimension, an alert, a fault. */
static void test_status_members(void **state)
{
        struct problems faults = { 0 };
        const struct silence_clock clock = { 1000, 1700000000 };
        const struct silences silences = { { { .name = "n", .why = "w", .ends = 2000 } }, 1 };
        const struct status_frame frame = { .status = "",
                                            .silences = &silences,
                                            .clock = &clock,
                                            .faults = &faults,
                                            .error = "x" };
        struct world w;
        char *text = NULL;
        (void)state;
        world_init(&w, "[large]\ndimension = Slab\nper = MemTotal\ndetect = ratio\n"
                       "warning = 1%\nfor = 0s\n" WORLD_WORDS);
        world_run(&w, 100, 0);
        problems_add(&faults, "f", 1, "x");
        assert_int_equal(status_json(w.engine, &frame, &text), 0);
        assert_non_null(strstr(text, "\"alert_id\""));
        assert_json_named(text);
        assert_int_equal(alerts_json(w.engine, &frame, &text), 0);
        assert_json_named(text);
        problems_done(&faults);
        world_done(&w);
        size_t size;
        assert_int_equal(
                file_read(AT_FDCWD, "tests/unit/golden/busy-courier.json", 1 << 20, &text, &size),
                0);
        assert_json_named(text);
        assert_named("courier_error"); /* what the tool adds */
}

static void test_journal_fields(void **state)
{
        struct event event = whole_event();
        static struct entry entry;
        unsigned seen = 0;
        (void)state;
        entry_of_event(&entry, "kmemwatchd", &event);
        for (size_t at = 0; at < entry.size; at += strlen(entry.data + at) + 1) {
                char name[64];
                size_t length = strcspn(entry.data + at, "=");
                if (strncmp(entry.data + at, "KMEMWATCH_", 10) != 0)
                        continue;
                assert_true(length < sizeof(name));
                memcpy(name, entry.data + at, length);
                name[length] = '\0';
                assert_named(name);
                seen++;
        }
        assert_true(seen > 20);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_webhook_members),
                cmocka_unit_test(test_replay_members),
                cmocka_unit_test(test_status_members),
                cmocka_unit_test(test_journal_fields),
        };
        return cmocka_run_group_tests_name("formats page", tests, read_page, free_page);
}
