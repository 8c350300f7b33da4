/* SPDX-License-Identifier: MIT */
/* deliver/outbox: what the courier does in the spool folder, and what a crash at each point leaves.
 */
#include <errno.h>
#include <sys/stat.h>

#include "../support.h"
#include "../test.h"
#include "base/macros.h"
#include "base/text.h"
#include "deliver/outbox.h"
#include "deliver/queue.h"
#include "deliver/record.h"
#include "deliver/settled.h"

#define ID "0123456789abcdef0123456789abcdef"
#define STEM "00000000000000000007-" ID

static void open_outbox(const struct folder *f, struct outbox *o)
{
        assert_int_equal(outbox_open(f->path, o), 0);
}

static bool exists(const struct folder *f, const char *name)
{
        _cleanup_free_ char *path = path_join(f->path, name);
        struct stat st;
        return lstat(path, &st) == 0;
}

static char *content(const struct folder *f, const char *name)
{
        _cleanup_free_ char *path = path_join(f->path, name);
        char *data = NULL;
        size_t size;
        assert_int_equal(file_read(AT_FDCWD, path, 1 << 20, &data, &size), 0);
        return data;
}

static void test_classify(void **state _unused_)
{
        static const struct {
                const char *name;
                enum outbox_file kind;
        } cases[] = {
                { STEM ".json", OUTBOX_EVENT },
                { STEM ".done", OUTBOX_RECORD },
                { STEM, OUTBOX_FOREIGN },
                { STEM ".jso", OUTBOX_FOREIGN },
                { STEM ".json.done", OUTBOX_FOREIGN },
                { STEM ".done.json", OUTBOX_FOREIGN },
                { ".done", OUTBOX_FOREIGN },
                { "", OUTBOX_FOREIGN },
                { "7-" ID ".json", OUTBOX_FOREIGN },
                { "00000000000000000007-0123456789ABCDEF0123456789abcdef.json", OUTBOX_FOREIGN },
                { "99999999999999999999-" ID ".json", OUTBOX_FOREIGN }, /* beyond 64 bits */
                { "core", OUTBOX_FOREIGN },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                uint64_t sequence = 0;
                char id[QUEUE_ID_MAX] = "";
                if (outbox_classify(cases[i].name, &sequence, id) != cases[i].kind)
                        fail_msg("%s", cases[i].name);
                if (cases[i].kind != OUTBOX_FOREIGN) {
                        assert_int_equal(sequence, 7);
                        assert_string_equal(id, ID);
                }
        }
}

static void test_read(void **state)
{
        struct folder *f = *state;
        _cleanup_free_ char *data = NULL;
        struct outbox o;
        size_t size;
        open_outbox(f, &o);
        assert_int_equal(outbox_read(&o, 7, ID, &data, &size), -ENOENT);
        folder_put(f, "new/" STEM ".json", "{}");
        assert_int_equal(outbox_read(&o, 7, ID, &data, &size), 0);
        assert_string_equal(data, "{}");
        assert_int_equal(size, 2);
        outbox_close(&o);
}

/* Neither a link to a secret, nor a folder, nor a pipe that would block is read. */
static void test_read_only_plain_files(void **state)
{
        struct folder *f = *state;
        char *data = NULL;
        struct outbox o;
        size_t size;
        open_outbox(f, &o);
        _cleanup_free_ char *path = path_join(o.new_path, STEM ".json");
        folder_put(f, "secret", "{\"version\":1}");

        assert_int_equal(symlink("../secret", path), 0);
        assert_int_equal(outbox_read(&o, 7, ID, &data, &size), -EBADMSG);
        assert_int_equal(remove(path), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        assert_int_equal(outbox_read(&o, 7, ID, &data, &size), -EBADMSG);
        assert_int_equal(outbox_bury(&o, STEM ".json", "a folder"), 0);
        assert_true(exists(f, "dead/" STEM ".json"));
        assert_int_equal(mkfifo(path, 0600), 0);
        assert_int_equal(outbox_read(&o, 7, ID, &data, &size), -EBADMSG);
        outbox_close(&o);
}

static void test_records(void **state)
{
        struct folder *f = *state;
        _cleanup_free_ char *record = NULL;
        struct outbox o;
        open_outbox(f, &o);
        assert_int_equal(outbox_record_read(&o, 7, ID, &record), -ENOENT);
        assert_int_equal(outbox_record_add(&o, 7, ID, "ops", "accepted"), 0);
        assert_int_equal(outbox_record_add(&o, 7, ID, "oncall", "dead"), 0);
        assert_int_equal(outbox_record_read(&o, 7, ID, &record), 0);
        assert_string_equal(record, "ops accepted\noncall dead\n");
        assert_int_equal(outbox_record_remove(&o, 7, ID), 0);
        assert_int_equal(outbox_record_remove(&o, 7, ID), 0);
        assert_false(exists(f, "new/" STEM ".done"));
        outbox_close(&o);
}

static void test_damaged_record(void **state)
{
        struct folder *f = *state;
        char huge[RECORD_MAX + 100];
        struct outbox o;
        open_outbox(f, &o);
        memset(huge, 'x', sizeof(huge));
        huge[sizeof(huge) - 1] = '\0';
        folder_put(f, "new/" STEM ".done", huge);
        char *record = NULL;
        assert_int_equal(outbox_record_read(&o, 7, ID, &record), -EBADMSG);
        /* written anew: at worst something is sent once more */
        assert_int_equal(outbox_record_add(&o, 7, ID, "ops", "accepted"), 0);
        _cleanup_free_ char *text = content(f, "new/" STEM ".done");
        assert_string_equal(text, "ops accepted\n");
        outbox_close(&o);
}

static void test_remove(void **state)
{
        struct folder *f = *state;
        struct outbox o;
        open_outbox(f, &o);
        folder_put(f, "new/" STEM ".json", "{}");
        assert_int_equal(outbox_record_add(&o, 7, ID, "ops", "accepted"), 0);
        assert_int_equal(outbox_remove(&o, 7, ID, true), 0);
        assert_false(exists(f, "new/" STEM ".json"));
        assert_false(exists(f, "new/" STEM ".done"));
        assert_int_equal(outbox_remove(&o, 7, ID, true), 0); /* again, after a crash */
        outbox_close(&o);
}

/* What has left the spool is known, also to the next courier, within a bound. */
static void test_settled(void **state)
{
        struct folder *f = *state;
        static struct settled s;
        char id[QUEUE_ID_MAX];
        settled_open(&s, f->path);
        assert_false(settled_knows(&s, ID));
        settled_add(&s, ID);
        settled_close(&s);
        settled_open(&s, f->path);
        assert_true(settled_knows(&s, ID));
        for (unsigned i = 0; i < 10 * SETTLED_MAX; i++) {
                snprintf(id, sizeof(id), "%032x", i);
                settled_add(&s, id);
        }
        settled_close(&s);
        _cleanup_free_ char *text = content(f, "settled");
        assert_true(strlen(text) <= (size_t)9 * SETTLED_MAX * QUEUE_ID_MAX);
        settled_open(&s, f->path);
        assert_true(settled_knows(&s, id));
        snprintf(id, sizeof(id), "%032x", 9 * SETTLED_MAX + 1);
        assert_true(settled_knows(&s, id));
        assert_false(settled_knows(&s, ID));
        settled_close(&s);

        /* damaged: what can be read of it counts */
        folder_put(f, "settled", "\xff\n\n" ID "\nxyz\n012");
        settled_open(&s, f->path);
        assert_true(settled_knows(&s, ID));
        assert_int_equal(s.count, 1);
        settled_close(&s);
        /* something else in its place */
        _cleanup_free_ char *path = path_join(f->path, "settled");
        assert_int_equal(unlink(path), 0);
        assert_int_equal(symlink("/etc/passwd", path), 0);
        settled_open(&s, f->path);
        settled_add(&s, ID);
        settled_close(&s);
        settled_open(&s, f->path);
        assert_true(settled_knows(&s, ID));
        settled_close(&s);
        settled_open(&s, NULL);
        settled_add(&s, ID);
        assert_true(settled_knows(&s, ID));
        settled_close(&s);
}

static void test_bury_for(void **state)
{
        struct folder *f = *state;
        struct outbox o;
        open_outbox(f, &o);
        folder_put(f, "new/" STEM ".json", "{\"a\":1}");
        assert_int_equal(outbox_bury_for(&o, 7, ID, "ops", "invalid_blocks"), 0);
        assert_int_equal(outbox_bury_for(&o, 7, ID, "hook", "answer 400"), 0);
        assert_true(exists(f, "new/" STEM ".json")); /* others may still want it */
        assert_int_equal(o.dead, 1);
        _cleanup_free_ char *copy = content(f, "dead/" STEM ".json");
        _cleanup_free_ char *reason = content(f, "dead/" STEM ".ops.reason");
        assert_string_equal(copy, "{\"a\":1}");
        assert_string_equal(reason, "invalid_blocks\n");
        assert_true(exists(f, "dead/" STEM ".hook.reason"));
        assert_int_equal(outbox_remove(&o, 7, ID, false), 0);
        assert_true(exists(f, "dead/" STEM ".json"));
        assert_int_equal(outbox_bury_for(&o, 8, ID, "ops", "never was"), -ENOENT);
        outbox_close(&o);
}

static void test_bury_long_name(void **state)
{
        struct folder *f = *state;
        char name[256], path[300];
        struct outbox o;
        open_outbox(f, &o);
        memset(name, 'n', sizeof(name));
        name[255] = '\0';
        snprintf(path, sizeof(path), "new/%s", name);
        folder_put(f, path, "x");
        assert_int_equal(outbox_bury(&o, name, "not an event"), 0);
        snprintf(path, sizeof(path), "dead/%s", name);
        assert_true(exists(f, path));
        snprintf(path, sizeof(path), "dead/%.243s.reason", name);
        assert_true(exists(f, path));
        assert_int_equal(outbox_bury(&o, name, "gone"), -ENOENT);
        outbox_close(&o);
}

/* dead/ is bounded: the oldest go, with their reasons. */
static void test_dead_bound(void **state)
{
        struct folder *f = *state;
        char name[128];
        struct outbox o;
        open_outbox(f, &o);
        for (int i = 0; i < OUTBOX_DEAD_MAX; i++) {
                snprintf(name, sizeof(name), "dead/%020d-" ID ".json", i + 1);
                folder_put(f, name, "{}");
        }
        snprintf(name, sizeof(name), "dead/%020d-" ID ".ops.reason", 1);
        folder_put(f, name, "because\n");
        /* a folder that somebody had put into new/ is in nobody's way, though its name is first */
        folder_put(f, "dead/!folder/file", "x");
        folder_put(f, "dead/.00000000000000000001-" ID ".ops.reason.tmp", "half"); /* a crash */
        outbox_close(&o);
        open_outbox(f, &o);
        assert_int_equal(o.dead, OUTBOX_DEAD_MAX);
        assert_false(exists(f, "dead/.00000000000000000001-" ID ".ops.reason.tmp"));
        folder_put(f, "new/00000000000000009999-" ID ".json", "{}");
        assert_int_equal(outbox_bury_for(&o, 9999, ID, "ops", "no"), 0);
        assert_int_equal(o.dead, OUTBOX_DEAD_MAX);
        assert_false(exists(f, name));
        assert_false(exists(f, "dead/00000000000000000001-" ID ".json"));
        assert_true(exists(f, "dead/00000000000000000002-" ID ".json"));
        assert_true(exists(f, "dead/00000000000000009999-" ID ".ops.reason"));
        outbox_close(&o);
}

static int count_kinds(enum outbox_file kind, uint64_t sequence _unused_, const char *id _unused_,
                       const char *name _unused_, void *userdata)
{
        ((unsigned *)userdata)[kind]++;
        return 0;
}

static int stop_at_once(enum outbox_file kind _unused_, uint64_t sequence _unused_,
                        const char *id _unused_, const char *name _unused_, void *userdata _unused_)
{
        return -ECANCELED;
}

static void test_scan(void **state)
{
        struct folder *f = *state;
        unsigned kinds[3] = { 0 };
        struct outbox o;
        open_outbox(f, &o);
        folder_put(f, "new/" STEM ".json", "{}");
        folder_put(f, "new/" STEM ".done", "ops accepted\n");
        folder_put(f, "new/." STEM ".done.tmp", "half a rec"); /* a crash while it was written */
        folder_put(f, "new/core", "x");
        assert_int_equal(outbox_scan(&o, count_kinds, kinds), 0);
        assert_int_equal(kinds[OUTBOX_EVENT], 1);
        assert_int_equal(kinds[OUTBOX_RECORD], 1);
        assert_int_equal(kinds[OUTBOX_FOREIGN], 1);
        assert_false(exists(f, "new/." STEM ".done.tmp"));
        assert_int_equal(outbox_scan(&o, stop_at_once, NULL), -ECANCELED);
        outbox_close(&o);
}

/* As the daemon does: a link in place of a folder is not followed. */
static void test_open_no_links(void **state)
{
        struct folder *f = *state;
        struct outbox o;
        _cleanup_free_ char *elsewhere = path_join(f->path, "elsewhere"),
                            *spool = path_join(f->path, "spool"),
                            *link = path_join(f->path, "spool/new");
        assert_int_equal(make_directory(elsewhere, 0700), 0);
        assert_int_equal(make_directory(spool, 0700), 0);
        assert_int_equal(symlink("../elsewhere", link), 0);
        assert_int_equal(outbox_open(spool, &o), -ENOTDIR);
        assert_int_equal(remove(link), 0);
        assert_int_equal(outbox_open(spool, &o), 0);
        outbox_close(&o);
}

static void test_lock(void **state)
{
        struct outbox a, b;
        open_outbox(*state, &a);
        assert_int_equal(outbox_open(((struct folder *)*state)->path, &b), -EBUSY);
        outbox_close(&a);
        open_outbox(*state, &b);
        outbox_close(&b);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_classify),
                TEST(test_read),
                TEST(test_read_only_plain_files),
                TEST(test_records),
                TEST(test_damaged_record),
                TEST(test_remove),
                TEST(test_settled),
                TEST(test_bury_for),
                TEST(test_bury_long_name),
                TEST(test_dead_bound),
                TEST(test_scan),
                TEST(test_open_no_links),
                TEST(test_lock),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
