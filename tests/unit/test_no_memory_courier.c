/* SPDX-License-Identifier: MIT */
/* What the courier does when an allocation fails, any one. */
#include <stdio.h>
#include <sys/stat.h>

#include "../letters.h"
#include "../no_memory.h"
#include "../support.h"
#include "deliver/channel_file.h"
#include "deliver/lane.h"
#include "deliver/queue.h"
#include "deliver/record.h"

static struct folder *folder;

static int do_channels(void)
{
        struct problems problems = { 0 };
        struct channel_set set = { 0 };
        char channels[128];
        snprintf(channels, sizeof(channels), "%s/channels.d", folder->path);
        int r = channel_set_load(channels, folder->path, NULL, SECRET_REQUIRED, &problems, &set);
        if (r == 0) {
                assert_false(problems_any(&problems));
                assert_int_equal(set.count, 2);
                assert_string_equal(set.channels[0]->secret, "abcdefgh");
                assert_string_equal(set.channels[0]->only_rules, "slab-*");
        }
        channel_set_done(&set);
        problems_done(&problems);
        return r;
}

static int do_letter(void)
{
        char error[LETTER_ERROR_MAX];
        struct letter letter;
        int r = letter_parse(LETTER_USUAL, strlen(LETTER_USUAL), error, &letter);
        if (r == 0)
                letter_done(&letter);
        return r;
}

static int do_queue(void)
{
        struct queue queue = { 0 };
        struct queue_entry *entry;
        int r = 0;
        for (uint64_t i = 0; i < 300 && r == 0; i++)
                r = queue_add(&queue, i, "0123456789abcdef0123456789abcdef", &entry);
        queue_done(&queue);
        return r;
}

static int do_record(void)
{
        char *one = NULL, *two = NULL;
        int r = record_add(NULL, "ops", "accepted", &one);
        if (r == 0)
                r = record_add(one, "oncall", "dead", &two);
        free(one);
        free(two);
        return r;
}

/* Without memory nothing is told in quiet hours. */
static int do_quiet(void)
{
        struct lane lane = { .quiet = { .on = true } };
        struct queue queue = { 0 };
        struct queue_entry *entry;
        size_t muted;
        int r = queue_add(&queue, 1, "0123456789abcdef0123456789abcdef", &entry);
        if (r == 0) {
                entry->alert = 1;
                entry->begins = 1;
                r = lane_hold(&lane, &queue, 1, &muted);
                assert_int_equal(queue_held(&queue, 1), 1);
        }
        queue_done(&queue);
        return r;
}

static const struct operation operations[] = {
        { "channels", do_channels, 0 }, { "a letter", do_letter, -EBADMSG },
        { "the queue", do_queue, 0 },   { "a record", do_record, 0 },
        { "quiet hours", do_quiet, 0 },
};

static void test_operations(void **state)
{
        char secret[128];
        folder = *state;
        folder_put(folder, "secrets/key", "abcdefgh\n");
        folder_put(folder, "channels.d/a.ini",
                   "[channel]\ntype = webhook\nurl = http://127.0.0.1/\n"
                   "secret = key\nonly-rules = slab-*\n");
        folder_put(folder, "channels.d/b.ini",
                   "[channel]\ntype = webhook\nurl = http://127.0.0.1/\n");
        snprintf(secret, sizeof(secret), "%s/secrets/key", folder->path);
        assert_int_equal(chmod(secret, 0600), 0);
        fail_each_allocation(operations, ELEMENTS_OF(operations));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_operations, folder_setup, folder_teardown),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
