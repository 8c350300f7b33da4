/* SPDX-License-Identifier: MIT */
/* deliver/channel_file and secret: good files, every error at its place, and no secret in any. */
#include "deliver/channel_file.h"

#include <errno.h>
#include <math.h>

#include "../support.h"
#include "../test.h"
#include "base/macros.h"
#include "config/keys.h"

#define KEY "0123456789abcdefghijABCDEFGHIJxy"
#define HOOK "https://hooks.slack.com/services/T0/B0/XX"

struct loaded {
        struct channel_set set;
        char *problems;
};

static char *below(const struct folder *f, const char *name)
{
        return path_join(f->path, name);
}

static struct loaded load_as(const struct folder *f, const char *credentials, enum secret_need need)
{
        struct loaded l = { 0 };
        struct problems problems = { 0 };
        _cleanup_free_ char *channels = below(f, "channels.d"), *config = below(f, "");
        config[strlen(config) - 1] = '\0';
        (void)channel_set_load(channels, config, credentials, need, &problems, &l.set);
        l.problems = problems_text(&problems);
        folder_forget(f, l.problems);
        problems_done(&problems);
        return l;
}

static struct loaded load(const struct folder *f)
{
        return load_as(f, NULL, SECRET_REQUIRED);
}

static void done(struct loaded *l)
{
        channel_set_done(&l->set);
        free(l->problems);
}

static void put_secret(struct folder *f, const char *name, const char *text)
{
        _cleanup_free_ char *file = path_join("secrets", name), *path = NULL;
        folder_put(f, file, text);
        path = below(f, file);
        assert_int_equal(chmod(path, 0600), 0);
}

static void put_secrets(struct folder *f)
{
        put_secret(f, "slack", HOOK "\n");
        put_secret(f, "pager", KEY "\n");
        put_secret(f, "token", "t0ken");
}

static void test_good(void **state)
{
        struct folder *f = *state;
        put_secrets(f);
        folder_put(f, "channels.d/ops.ini", "[channel]\ntype = slack\nsecret = slack\n");
        folder_put(f, "channels.d/oncall.ini",
                   "; who is on call\n[channel]\ntype = pagerduty\nsecret = pager\n"
                   "min-severity = critical\nonly-rules = slab-*\n  vmalloc-*\ntimeout = 3s\n"
                   "quiet = Mon 02:00-04:00\nquiet-except = critical\n"
                   "interval = 2s\nproxy = http://proxy:3128\nca-file = /etc/ca.pem\n");
        folder_put(f, "channels.d/hook.ini",
                   "[channel]\ntype = webhook\nurl = http://127.0.0.1:8080/x?y={secret}\n"
                   "secret = token\nheader = X-Key: {secret}\n");
        folder_put(f, "channels.d/empty.ini", "");
        folder_put(f, "channels.d/readme.txt", "not a channel");
        struct loaded l = load(f);
        assert_string_equal(l.problems, "");
        assert_int_equal(l.set.count, 3);
        assert_int_equal(l.set.left_out_count, 0);
        const struct channel *hook = l.set.channels[0], *oncall = l.set.channels[1],
                             *ops = l.set.channels[2];
        assert_string_equal(hook->name, "hook");
        assert_string_equal(hook->secret, "t0ken");
        assert_string_equal(hook->header, "X-Key: {secret}");
        assert_int_equal(oncall->type, CHANNEL_PAGERDUTY);
        assert_string_equal(oncall->secret, KEY);
        assert_string_equal(oncall->only_rules, "slab-* vmalloc-*");
        assert_int_equal(oncall->min_severity, SEVERITY_CRITICAL);
        assert_true(oncall->timeout == 3 && oncall->interval == 2);
        assert_true(oncall->quiet.count == 1 && oncall->quiet_but_critical);
        assert_int_equal(ops->quiet.count, 0);
        assert_string_equal(ops->secret, HOOK);
        assert_int_equal(ops->min_severity, SEVERITY_WARNING);
        assert_true(isnan(ops->timeout) && isnan(ops->interval));
        assert_null(ops->proxy);
        done(&l);
}

static void test_cluster(void **state)
{
        struct folder *f = *state;
        put_secrets(f);
        folder_put(f, "channels.d/am.ini",
                   "[channel]\ntype = alertmanager\nurl = http://am1:9093  https://am2/x/\n"
                   "min-severity = critical\nonly-rules = slab-*\n");
        folder_put(f, "channels.d/one.ini",
                   "[channel]\ntype = alertmanager\nurl = http://am1:9093\n");
        struct loaded l = load(f);
        assert_string_equal(l.problems, "");
        assert_int_equal(l.set.count, 3);
        assert_string_equal(l.set.channels[0]->name, "am.1");
        assert_string_equal(l.set.channels[0]->url, "http://am1:9093");
        assert_string_equal(l.set.channels[1]->name, "am.2");
        assert_string_equal(l.set.channels[1]->url, "https://am2/x/");
        assert_string_equal(l.set.channels[1]->only_rules, "slab-*");
        assert_int_equal(l.set.channels[1]->min_severity, SEVERITY_CRITICAL);
        assert_string_equal(l.set.channels[2]->name, "one");
        done(&l);

        /* A name that is taken, and more than there is room for. */
        folder_put(f, "channels.d/am.2.ini", "[channel]\ntype = webhook\nurl = https://h/x\n");
        char many[512] = "[channel]\ntype = alertmanager\nurl =";
        for (int i = 0; i < CHANNELS_MAX; i++)
                strcat(many, " http://h");
        folder_put(f, "channels.d/one.ini", strcat(many, "\n"));
        l = load(f);
        assert_non_null(strstr(l.problems, "am.2.ini: is named like a member"));
        assert_non_null(strstr(l.problems, "one.ini: more addresses than"));
        assert_int_equal(l.set.count, 3);
        done(&l);
}

/* One file each; the problems as "file:line: ..." must begin like this, one line per entry. */
static const struct {
        const char *text;
        const char *problems[4];
} bad_files[] = {
        { "[channel]\n", { "channels.d/x.ini:1: " } },
        { "type = slack\n", { "channels.d/x.ini:1: " } },
        { "[chanel]\ntype = slack\nsecret = slack\n", { "channels.d/x.ini:1: unknown section" } },
        { "[channel]\ntype = slack\nsecret = slack\n[more]\na = b\n",
          { "channels.d/x.ini:4: unknown section [more]" } },
        { "[channel]\ntype = pigeon\n", { "channels.d/x.ini:2: " } },
        { "[channel]\ntype = slack\nsecret = slack\ncolour = red\ntimeout = soon\ninterval = 1h\n",
          { "channels.d/x.ini:4: ", "channels.d/x.ini:5: timeout",
            "channels.d/x.ini:6: interval" } },
        /* all in one pass, whatever kind of mistake it is */
        { "[channel]\ntype = pagerduty\nsecret = slack\ntimeout = soon\nurl = ftp://h/x\n",
          { "channels.d/x.ini:3: secret: the secret is not", "channels.d/x.ini:4: timeout",
            "channels.d/x.ini:5: url: is not an address" } },
        { "[channel]\ntype = pigeon\nproxy = h:1\nca-file = ca.pem\nheader = x\n",
          { "channels.d/x.ini:2: type", "channels.d/x.ini:3: proxy", "channels.d/x.ini:4: ca-file",
            "channels.d/x.ini:5: header" } },
        { "[channel]\ntype = webhook\nurl = https://me:" KEY "@h/x\n",
          { "channels.d/x.ini:3: url: a name or password does not belong here" } },
        { "[channel]\ntype = slack\n", { "channels.d/x.ini:1: secret: is missing" } },
        { "[channel]\ntype = pagerduty\n", { "channels.d/x.ini:1: secret: is missing" } },
        { "[channel]\ntype = alertmanager\n", { "channels.d/x.ini:1: url: is missing" } },
        { "[channel]\ntype = alertmanager\nurl = http://a:9093 b:9093\n",
          { "channels.d/x.ini:3: url: is not an address" } },
        { "[channel]\ntype = alertmanager\nurl = http://a:9093\nsecret = token\n",
          { "channels.d/x.ini:3: url: http:// shows the secret" } },
        { "[channel]\ntype = slack\nsecret = slack\nquiet = Mon 2-4\n",
          { "channels.d/x.ini:4: quiet: no times at \"2-4\"" } },
        { "[channel]\ntype = slack\nsecret = slack\nquiet = 06:00-22:00, 22:00-06:00\n",
          { "channels.d/x.ini:4: quiet: is all of the week" } },
        { "[channel]\ntype = slack\nsecret = slack\nquiet-except = critical\n",
          { "channels.d/x.ini:4: quiet-except: is of no use without quiet" } },
        { "[channel]\ntype = webhook\nurl = {secret}\nsecret = token\n",
          { "channels.d/x.ini:4: secret: the secret is not an address" } },
        { "[channel]\ntype = webhook\nurl = {secret}\n",
          { "channels.d/x.ini:1: secret: is missing" } },
        { "[channel]\ntype = webhook\n", { "channels.d/x.ini:1: url: is missing" } },
        { "[channel]\ntype = webhook\nurl = ftp://h/x\n", { "channels.d/x.ini:3: url: " } },
        { "[channel]\ntype = webhook\nurl = https://\n", { "channels.d/x.ini:3: url: " } },
        { "[channel]\ntype = webhook\nurl = https:///x\n", { "channels.d/x.ini:3: url: " } },
        { "[channel]\ntype = webhook\nurl = https://h/a b\n", { "channels.d/x.ini:3: url: " } },
        { "[channel]\ntype = webhook\nurl = file:///etc/passwd\n",
          { "channels.d/x.ini:3: url: " } },
        { "[channel]\ntype = webhook\nurl = https://h/{secret}\n",
          { "channels.d/x.ini:1: secret: is missing, but {secret} is used" } },
        { "[channel]\ntype = webhook\nurl = https://h/x\nheader = no colon\nproxy = h:1\n"
          "ca-file = ca.pem\n",
          { "channels.d/x.ini:4: header", "channels.d/x.ini:5: proxy",
            "channels.d/x.ini:6: ca-file" } },
        { "[channel]\ntype = slack\nsecret = nobody\n",
          { "channels.d/x.ini:3: secret: there is no such file" } },
        { "[channel]\ntype = slack\nsecret = ../secrets/slack\n",
          { "channels.d/x.ini:3: secret: must be the name of a file" } },
        { "[channel]\ntype = slack\nsecret = .hidden\n",
          { "channels.d/x.ini:3: secret: must be the name of a file" } },
        { "[channel]\ntype = slack\nsecret = pager\n",
          { "channels.d/x.ini:3: secret: the secret is not an address" } },
        { "[channel]\ntype = pagerduty\nsecret = slack\n",
          { "channels.d/x.ini:3: secret: the secret is not a routing key" } },
        { "[channel]\ntype = slack\nsecret = empty\n",
          { "channels.d/x.ini:3: secret: the file is empty" } },
        { "[channel]\ntype = slack\nsecret = two\n",
          { "channels.d/x.ini:3: secret: the file has more than one line" } },
        { "[channel]\ntype = slack\nsecret = binary\n",
          { "channels.d/x.ini:3: secret: the file holds something else" } },
        { "[channel]\ntype = slack\nsecret = huge\n",
          { "channels.d/x.ini:3: secret: the file is too long" } },
        { "[channel]\ntype = slack\nsecret = open\n",
          { "channels.d/x.ini:3: secret: the file may be read by everyone" } },
        /* secrets that everybody on the way could read */
        { "[channel]\ntype = slack\nsecret = clear\n",
          { "channels.d/x.ini:3: secret: the secret is an address with http://" } },
        { "[channel]\ntype = pagerduty\nsecret = pager\nurl = http://127.example.com/x\n",
          { "channels.d/x.ini:4: url: http:// shows" } },
        { "[channel]\ntype = slack\nurl = http://[::2]:80/x\n",
          { "channels.d/x.ini:3: url: http:// shows" } },
        /* the secret itself in the wrong place */
        { "[channel]\ntype = slack\nsecret = " HOOK "\n",
          { "channels.d/x.ini:3: secret: must be the name of a file" } },
        { "[channel]\ntype = pagerduty\nsecret = " KEY "\n",
          { "channels.d/x.ini:3: secret: there is no such file" } },
};

static void test_bad(void **state)
{
        struct folder *f = *state;
        char huge[SECRET_MAX + 10];
        put_secrets(f);
        put_secret(f, "empty", "\n");
        put_secret(f, "two", "one\ntwo\n");
        put_secret(f, "binary", "k\xc3\xa9y");
        put_secret(f, "clear", "http://hooks.example.com/services/T0/B0/XXXXXXXXXXXXXXXXXXXX");
        memset(huge, 'x', sizeof(huge));
        huge[sizeof(huge) - 1] = '\0';
        put_secret(f, "huge", huge);
        folder_put(f, "secrets/open", HOOK "\n"); /* mode 0644 */
        folder_put(f, "channels.d/good.ini", "[channel]\ntype = slack\nsecret = slack\n");

        for (size_t i = 0; i < ELEMENTS_OF(bad_files); i++) {
                folder_put(f, "channels.d/x.ini", bad_files[i].text);
                struct loaded l = load(f);
                const char *rest = l.problems;
                for (size_t k = 0; k < ELEMENTS_OF(bad_files[i].problems); k++) {
                        const char *expected = bad_files[i].problems[k];
                        if (!expected)
                                break;
                        if (strncmp(rest, expected, strlen(expected)) != 0)
                                fail_msg("%s\n%s\nnot \"%s\"", bad_files[i].text, l.problems,
                                         expected);
                        rest = strchr(rest, '\n') + 1;
                }
                if (*rest)
                        fail_msg("%s\nmore than expected: %s", bad_files[i].text, l.problems);
                assert_null(strstr(l.problems, KEY));
                assert_null(strstr(l.problems, "T0/B0"));
                /* left out, and the others go on */
                assert_int_equal(l.set.count, 1);
                assert_int_equal(l.set.left_out_count, 1);
                assert_string_equal(l.set.left_out[0], "x");
                done(&l);
        }
}

static void test_names_and_count(void **state)
{
        struct folder *f = *state;
        put_secrets(f);
        folder_put(f, "channels.d/a b.ini", "[channel]\ntype = slack\nsecret = slack\n");
        struct loaded l = load(f);
        assert_int_equal(l.set.count, 0);
        assert_non_null(strstr(l.problems, "a channel's name"));
        done(&l);

        for (int i = 0; i < CHANNELS_MAX + 3; i++) {
                char name[64];
                snprintf(name, sizeof(name), "channels.d/c%02d.ini", i);
                folder_put(f, name, "[channel]\ntype = slack\nsecret = slack\n");
        }
        l = load(f);
        assert_int_equal(l.set.count + l.set.left_out_count, CHANNELS_MAX);
        assert_non_null(strstr(l.problems, "more than the 16 allowed"));
        done(&l);
}

/* To this machine itself, and where somebody has said that it may be. */
static void test_in_the_clear(void **state)
{
        static const char *const good[] = {
                "type = slack\nurl = http://127.0.0.1:8080/x\n",
                "type = slack\nurl = http://127.1.2.3/x\n",
                "type = slack\nurl = http://[::1]:8080/x\n",
                "type = pagerduty\nsecret = pager\nurl = http://localhost/x\n",
                "type = pagerduty\nsecret = pager\nallow-http = yes\nurl = http://pd.example.com/x\n",
                "type = webhook\nurl = http://hook.example.com/x\n",
        };
        struct folder *f = *state;
        put_secrets(f);
        for (size_t i = 0; i < ELEMENTS_OF(good); i++) {
                char text[256];
                snprintf(text, sizeof(text), "[channel]\n%s", good[i]);
                folder_put(f, "channels.d/x.ini", text);
                struct loaded l = load(f);
                assert_string_equal(l.problems, "");
                assert_int_equal(l.set.count, 1);
                done(&l);
        }
}

/* It would read as empty, and an empty file is no channel and no fault. */
static void test_fifo(void **state)
{
        struct folder *f = *state;
        folder_put(f, "channels.d/a.ini", "");
        _cleanup_free_ char *path = below(f, "channels.d/x.ini");
        assert_int_equal(mkfifo(path, 0600), 0);
        struct loaded l = load(f);
        assert_non_null(strstr(l.problems, "x.ini: is not a plain file"));
        assert_int_equal(l.set.left_out_count, 1);
        done(&l);
}

static void test_no_folder(void **state)
{
        struct loaded l = load(*state);
        assert_string_equal(l.problems, "");
        assert_int_equal(l.set.count, 0);
        done(&l);
}

static void test_drop_in_and_mask(void **state)
{
        struct folder *f = *state;
        put_secrets(f);
        folder_put(f, "channels.d/ops.ini", "[channel]\ntype = slack\nsecret = slack\n");
        folder_put(f, "channels.d/ops.ini.d/site.ini", "[channel]\nmin-severity = critical\n");
        _cleanup_free_ char *masked = below(f, "channels.d/off.ini");
        assert_int_equal(symlink("/dev/null", masked), 0);
        struct loaded l = load(f);
        assert_string_equal(l.problems, "");
        assert_int_equal(l.set.count, 1);
        assert_int_equal(l.set.channels[0]->min_severity, SEVERITY_CRITICAL);
        done(&l);
}

/* systemd's folder is used alone when there is one: as secret_NAME, then as NAME. */
static void test_credentials(void **state)
{
        struct folder *f = *state;
        put_secret(f, "slack", "https://wrong.example.com/x");
        folder_put(f, "credentials/secret_slack", HOOK "\n");
        folder_put(f, "credentials/pager", KEY);
        folder_put(f, "channels.d/a.ini", "[channel]\ntype = slack\nsecret = slack\n");
        folder_put(f, "channels.d/b.ini", "[channel]\ntype = pagerduty\nsecret = pager\n");
        folder_put(f, "channels.d/c.ini", "[channel]\ntype = pagerduty\nsecret = nobody\n");
        _cleanup_free_ char *credentials = below(f, "credentials");
        struct loaded l = load_as(f, credentials, SECRET_REQUIRED);
        assert_int_equal(l.set.count, 2);
        assert_string_equal(l.set.channels[0]->secret, HOOK);
        assert_string_equal(l.set.channels[1]->secret, KEY);
        assert_non_null(
                strstr(l.problems, "channels.d/c.ini:3: secret: the file was not handed over"));
        done(&l);
}

/* As somebody who may not read secrets: no fault of the file. */
static void test_check_without_rights(void **state)
{
        struct folder *f = *state;
        folder_put(f, "channels.d/a.ini", "[channel]\ntype = slack\nsecret = slack\n");
        put_secrets(f);
        _cleanup_free_ char *secrets = below(f, "secrets"), *one = below(f, "secrets/slack");
        assert_int_equal(remove(one), 0);
        /* covered by InaccessiblePaths: there, but of mode 0 and without content */
        assert_int_equal(chmod(secrets, 0), 0);
        struct loaded l = load_as(f, NULL, SECRET_IF_READABLE);
        assert_string_equal(l.problems, "");
        assert_int_equal(l.set.count, 1);
        assert_null(l.set.channels[0]->secret);
        done(&l);
        l = load_as(f, NULL, SECRET_REQUIRED);
        assert_int_equal(l.set.count, 0);
        done(&l);
        /* but where we can look, what is missing is said */
        assert_int_equal(chmod(secrets, 0700), 0);
        l = load_as(f, NULL, SECRET_IF_READABLE);
        assert_non_null(strstr(l.problems, "there is no such file"));
        done(&l);
}

/* What the example of all keys says is read back without a problem. */
static void test_example(void **state)
{
        struct folder *f = *state;
        put_secret(f, "slack-ops", HOOK "\n");
        char *example = PRINTED(keys_print_example(channel_key_table(), out));
        folder_put(f, "channels.d/example.ini", example);
        struct loaded l = load(f);
        assert_non_null(strstr(example, "min-severity"));
        if (l.problems[0] && !strstr(l.problems, "secret: is missing"))
                fail_msg("%s\n%s", l.problems, example);
        free(example);
        done(&l);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
        const struct CMUnitTest tests[] = {
                TEST(test_good),        TEST(test_cluster),
                TEST(test_bad),         TEST(test_names_and_count),
                TEST(test_no_folder),   TEST(test_in_the_clear),
                TEST(test_fifo),        TEST(test_drop_in_and_mask),
                TEST(test_credentials), TEST(test_check_without_rights),
                TEST(test_example),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
