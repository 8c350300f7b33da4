/* SPDX-License-Identifier: MIT */
/* announce: the whole way from an event to standard error and the spool, and what happens when the
 * spool cannot be written. */
#include "announce/announce.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "../test.h"
#include "alert/event.h"
#include "announce/spool_name.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/log.h"
#include "base/macros.h"
#include "store/writer.h"

/* The journal that is not there: standard error in a file. */
static const struct journal JOURNAL = { .identifier = "kmemwatchd", .to_stderr = true };

struct place {
        char top[64], spool[80], hold[80], output[80];
        int stderr_fd; /* the real one */
        struct writer *writer;
        struct announcer *announcer;
};

static int setup(void **state)
{
        struct place *p = calloc(1, sizeof(*p));
        int fd;

        strcpy(p->top, "/tmp/kmw-announce-XXXXXX");
        assert_non_null(mkdtemp(p->top));
        snprintf(p->spool, sizeof(p->spool), "%s/spool", p->top);
        snprintf(p->hold, sizeof(p->hold), "%s/held", p->top);
        snprintf(p->output, sizeof(p->output), "%s/output", p->top);
        unsetenv("JOURNAL_STREAM");
        log_open(NULL, LOG_INFO);
        p->stderr_fd = dup(STDERR_FILENO);
        fd = open(p->output, O_CREAT | O_RDWR | O_APPEND | O_CLOEXEC, 0600);
        assert_true(fd >= 0);
        dup2(fd, STDERR_FILENO);
        close(fd);
        assert_int_equal(writer_new(&p->writer), 0);
        *state = p;
        return 0;
}

static int teardown(void **state)
{
        struct place *p = *state;
        char command[128];
        int r = writer_free(p->writer, 5, NULL);

        announcer_free(p->announcer);
        dup2(p->stderr_fd, STDERR_FILENO);
        close(p->stderr_fd);
        snprintf(command, sizeof(command), "rm -rf %s", p->top);
        r = system(command) || r;
        free(p);
        return r;
}

static void start(struct place *p, const char *spool)
{
        assert_int_equal(announcer_new(p->writer, &JOURNAL, spool, p->hold, &p->announcer), 0);
}

static char *output(const struct place *p)
{
        char *text;
        size_t size;

        assert_int_equal(file_read(AT_FDCWD, p->output, 10 << 20, &text, &size), 0);
        return text;
}

static unsigned count_of(const char *text, const char *word)
{
        unsigned count = 0;

        for (; (text = strstr(text, word)); text++)
                count++;
        return count;
}

/* Waits until word stands `count` times on standard error. */
static void wait_for(const struct place *p, const char *word, unsigned count)
{
        double end = clock_monotonic() + 10;

        for (;;) {
                char *text = output(p);
                unsigned is = count_of(text, word);

                if (is == count || clock_monotonic() > end) {
                        if (is != count)
                                print_message("waited for %u of \"%s\" in:\n%s", count, word, text);
                        assert_int_equal(is, count);
                        free(text);
                        return;
                }
                free(text);
                usleep(10 * 1000);
        }
}

static void wait_until_done(const struct place *p)
{
        struct writer_status s;
        double end = clock_monotonic() + 10;

        do {
                usleep(1000);
                writer_status(p->writer, &s);
        } while ((s.waiting || s.lane[WRITER_PASSING].waiting) && clock_monotonic() < end);
        assert_int_equal(s.waiting, 0);
}

static struct event an_event(unsigned number, enum severity severity)
{
        struct event e = {
                .time = 1795152897 + number,
                .type = EVENT_FIRING,
                .kind = KIND_SPIKE,
                .severity = severity,
                .trigger = severity > SEVERITY_NOTICE,
                .rule = "slab-spike",
                .dimension = "SUnreclaim",
                .summary = "Slab jumped",
                .explain = "It means something.",
                .action = "Look there.",
                .baseline = NAN,
                .exhausts_at = NAN,
        };

        snprintf(e.id, sizeof(e.id), "%032x", number);
        snprintf(e.alert_id, sizeof(e.alert_id), "%032x", 7);
        snprintf(e.text, sizeof(e.text), "event number %u", number);
        return e;
}

/* The names in a folder as "1 2 3": their event's numbers, sorted by name. */
static void events_in(const char *path, char ret[256])
{
        struct dirent **entries;
        size_t used = 0;
        int count = scandir(path, &entries, NULL, alphasort);

        ret[0] = 0;
        for (int i = 0; i < count; i++) {
                char id[SPOOL_EVENT_ID_SIZE];
                uint64_t sequence;

                if (spool_name_parse(entries[i]->d_name, &sequence, id))
                        used += (size_t)snprintf(ret + used, 256 - used, "%s%lu", used ? " " : "",
                                                 strtoul(id, NULL, 16));
                free(entries[i]);
        }
        if (count >= 0)
                free(entries);
}

static void spooled(const struct place *p, char ret[256])
{
        char path[128];

        snprintf(path, sizeof(path), "%s/new", p->spool);
        events_in(path, ret);
}

static void test_both_ways(void **state)
{
        struct place *p = *state;
        struct spool_status status;
        char names[256], *text;

        start(p, p->spool);
        for (unsigned i = 1; i <= 3; i++) {
                struct event e = an_event(i, i == 2 ? SEVERITY_NOTICE : SEVERITY_WARNING);

                assert_int_equal(announcer_event(p->announcer, &e), 0);
        }
        struct event end = an_event(4, SEVERITY_NOTICE);
        end.type = EVENT_EASED;
        end.resolve = true; /* closes what was paged, though it is a notice */
        assert_int_equal(announcer_event(p->announcer, &end), 0);
        wait_until_done(p);

        spooled(p, names);
        assert_string_equal(names, "1 3 4");
        text = output(p);
        for (unsigned i = 1; i <= 4; i++) {
                char line[32];

                snprintf(line, sizeof(line), "event number %u\n", i);
                assert_int_equal(count_of(text, line), 1);
        }
        assert_int_equal(count_of(text, "First: Look there."), 3);
        free(text);
        announcer_spool_status(p->announcer, &status);
        assert_int_equal(status.waiting, 3);
        assert_int_equal(status.held, 0);
        assert_int_equal(status.error, 0);
        assert_true(status.oldest_age >= 0 && status.oldest_age < 60);

        struct event bad = an_event(5, SEVERITY_WARNING);
        strcpy(bad.id, "../x");
        assert_int_equal(announcer_event(p->announcer, &bad), -EINVAL);
}

/* The courier alone hears of what some of its channels may not know: an alert that joins what is
 * told already, and that a person knows. */
static void test_for_the_courier(void **state)
{
        static const struct {
                bool tells, listed, trigger;
                enum event_quiet quiet;
        } joins[] = {
                { true, false, true, QUIET_NOT },        /* told to all */
                { false, false, true, QUIET_NOT },       /* joins */
                { false, true, true, QUIET_NOT },        /* stood in what was told */
                { false, false, false, QUIET_NOT },      /* a change of what is known */
                { false, false, false, QUIET_SILENCED }, /* nobody is to hear of it */
                { false, false, true, QUIET_ACKNOWLEDGED },
        };
        struct place *p = *state;
        char names[256], *text;

        start(p, p->spool);
        for (unsigned i = 0; i < ELEMENTS_OF(joins); i++) {
                struct event e = an_event(i + 1, SEVERITY_WARNING);
                strcpy(e.incident.id, "0123456789abcdef0123456789abcdef");
                e.incident.tells = joins[i].tells;
                e.incident.listed = joins[i].listed;
                e.trigger = joins[i].trigger;
                e.quiet = joins[i].quiet;
                assert_int_equal(announcer_event(p->announcer, &e), 0);
        }
        struct event known = an_event(7, SEVERITY_WARNING);
        known.type = EVENT_ACKNOWLEDGED;
        assert_int_equal(announcer_pass_on(p->announcer, &known), 0);
        wait_until_done(p);
        spooled(p, names);
        assert_string_equal(names, "1 2 7");
        text = output(p);
        assert_int_equal(count_of(text, "event number 7"), 0); /* the journal has its own word */
        assert_int_equal(count_of(text, "event number 3"), 1);
        free(text);
}

static void test_no_spool(void **state)
{
        struct place *p = *state;
        struct event e = an_event(1, SEVERITY_CRITICAL);
        struct spool_status status;

        start(p, NULL);
        assert_int_equal(announcer_event(p->announcer, &e), 0);
        wait_until_done(p);
        wait_for(p, "event number 1", 1);
        announcer_spool_status(p->announcer, &status);
        assert_int_equal(status.waiting, 0);
        assert_true(status.oldest_age == 0);
}

static int count_one(void *userdata, const char *name _unused_, const void *data _unused_,
                     size_t size _unused_)
{
        atomic_fetch_add((atomic_uint *)userdata, 1);
        return 0;
}

static void put_events(struct place *p, unsigned first, unsigned last)
{
        for (unsigned i = first; i <= last; i++) {
                struct event e = an_event(i, SEVERITY_WARNING);

                assert_int_equal(announcer_event(p->announcer, &e), 0);
        }
}

/* The daemon is killed, and another one starts. */
static void again(struct place *p)
{
        assert_int_equal(writer_free(p->writer, 5, NULL), 0);
        announcer_free(p->announcer);
        assert_int_equal(writer_new(&p->writer), 0);
        start(p, p->spool);
}

/* While only the spool fails its events wait on the disk, and nothing else of the lane waits for
 * them; the next daemon puts them into the spool before its own. */
static void test_kept_over_a_kill(void **state)
{
        struct place *p = *state;
        atomic_uint behind = 0;
        struct spool_status status;
        char names[256];

        close(open(p->spool, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        start(p, p->spool);
        put_events(p, 1, 2);
        assert_int_equal(writer_submit(p->writer, WRITER_DURABLE, count_one, &behind, "x", NULL, 0),
                         0);
        wait_until_done(p);
        assert_int_equal(behind, 1);
        events_in(p->hold, names);
        assert_string_equal(names, "1 2");

        again(p); /* in vain */
        put_events(p, 3, 3);
        wait_until_done(p);
        events_in(p->hold, names);
        assert_string_equal(names, "1 2 3");
        announcer_spool_status(p->announcer, &status);
        assert_int_equal(status.held, 3);
        assert_int_equal(status.error, -ENOTDIR);

        assert_int_equal(unlink(p->spool), 0);
        again(p);
        put_events(p, 4, 4);
        wait_until_done(p);
        spooled(p, names);
        assert_string_equal(names, "1 2 3 4");
        events_in(p->hold, names);
        assert_string_equal(names, "");
        announcer_spool_status(p->announcer, &status);
        assert_int_equal(status.held, 0);
        assert_int_equal(status.error, 0);
}

/* What lies in the hold is not believed; what cannot be read is set aside, the rest arrives. */
static void test_damaged_hold(void **state)
{
        struct place *p = *state;
        char path[160], names[256];

        close(open(p->spool, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        start(p, p->spool);
        put_events(p, 1, 3);
        wait_until_done(p);
        snprintf(path, sizeof(path), "%s/%020d-%032x.json", p->hold, 1, 1);
        assert_int_equal(unlink(path), 0);
        assert_int_equal(mkdir(path, 0700), 0);
        snprintf(path, sizeof(path), "%s/%020d-%032x.json", p->hold, 2, 2);
        assert_int_equal(unlink(path), 0);
        snprintf(path, sizeof(path), "%s/99999999999999999999-%032x.json", p->hold, 9);
        assert_int_equal(symlink("/etc/hostname", path), 0);
        snprintf(path, sizeof(path), "%s/18446744073709551615-%032x.json", p->hold, 9);
        assert_int_equal(symlink("/etc/hostname", path), 0);
        assert_int_equal(unlink(p->spool), 0);
        again(p);
        put_events(p, 4, 4);
        wait_until_done(p);
        spooled(p, names);
        assert_string_equal(names, "3 4");
        wait_for(p, ".json.bad: Bad message; this event is in the journal only", 1);
}

/* When the hold fails, too, nothing is lost as long as the daemon lives. */
static void test_no_hold(void **state)
{
        struct place *p = *state;
        char names[256];

        close(open(p->spool, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        close(open(p->hold, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
        start(p, p->spool);
        put_events(p, 1, 3);
        wait_for(p, "event number", 3);
        assert_int_equal(unlink(p->spool), 0);
        wait_until_done(p);
        spooled(p, names);
        assert_string_equal(names, "1 2 3");
}

/* Held, said once, tried again, in order; the journal does not wait for it. */
static void test_unwritable(void **state)
{
        struct place *p = *state;
        struct spool_status status;
        char names[256];

        close(open(p->spool, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)); /* a file in its place */
        start(p, p->spool);
        wait_for(p, "Cannot write events to the spool", 1);
        for (unsigned i = 1; i <= 3; i++) {
                struct event e = an_event(i, SEVERITY_WARNING);

                assert_int_equal(announcer_event(p->announcer, &e), 0);
        }
        wait_for(p, "event number", 3);
        usleep(1200 * 1000); /* once more in vain */
        announcer_spool_status(p->announcer, &status);
        assert_int_equal(status.held, 3);
        assert_int_equal(status.error, -ENOTDIR);

        assert_int_equal(unlink(p->spool), 0);
        wait_for(p, "can be written to the spool", 1);
        wait_until_done(p);
        wait_for(p, "Cannot write events to the spool", 1);
        spooled(p, names);
        assert_string_equal(names, "1 2 3");
        announcer_spool_status(p->announcer, &status);
        assert_int_equal(status.held, 0);
        assert_int_equal(status.waiting, 3);
        assert_int_equal(status.error, 0);
}

static int hold(void *userdata, const char *name _unused_, const void *data _unused_,
                size_t size _unused_)
{
        while (atomic_load((atomic_bool *)userdata))
                usleep(1000);
        return 0;
}

static int nothing(void *userdata _unused_, const char *name _unused_, const void *data _unused_,
                   size_t size _unused_)
{
        return 0;
}

/* No room on the way to the spool: the caller comes again, and nothing is told twice. */
static void test_full_queue(void **state)
{
        struct place *p = *state;
        struct event e = an_event(1, SEVERITY_WARNING), other = an_event(2, SEVERITY_WARNING);
        static atomic_bool held;
        static char block[WRITER_JOB_MAX];
        struct spool_status status;
        char names[256];

        start(p, p->spool);
        wait_until_done(p);
        atomic_store(&held, true);
        assert_int_equal(writer_submit(p->writer, WRITER_DURABLE, hold, &held, "hold", NULL, 0), 0);
        for (size_t size = sizeof(block); size > 100; size /= 2)
                while (writer_submit(p->writer, WRITER_DURABLE, nothing, NULL, "fill", block,
                                     size) == 0)
                        ;
        for (int i = 0; i < 3; i++) {
                assert_int_equal(announcer_tell(p->announcer, &e), 0);
                assert_int_equal(announcer_event(p->announcer, &e), -ENOBUFS);
                assert_int_equal(announcer_event(p->announcer, &other), -ENOBUFS);
        }
        announcer_spool_status(p->announcer, &status);
        assert_int_equal(status.held, 0); /* the caller has them */
        atomic_store(&held, false);
        wait_until_done(p);
        assert_int_equal(announcer_event(p->announcer, &e), 0);
        assert_int_equal(announcer_event(p->announcer, &other), 0);
        wait_until_done(p);
        wait_for(p, "event number 1\n", 1);
        wait_for(p, "event number 2\n", 1);
        spooled(p, names);
        assert_string_equal(names, "1 2");
}

static void test_own_messages(void **state)
{
        struct place *p = *state;
        const struct journal_field fields[] = { { "PROBLEMS", "a.ini:3: unknown key" } };

        start(p, NULL);
        assert_int_equal(announcer_message(p->announcer, MESSAGE_RULES_LEFT_OUT, LOG_ERR, fields, 1,
                                           "%d rule file left out: %s", 1, "a.ini"),
                         0);
        journal_message(&JOURNAL, MESSAGE_COURIER_SILENT, LOG_WARNING, NULL, 0, "direct");
        wait_until_done(p);
        wait_for(p, "error: 1 rule file left out: a.ini\n", 1);
        wait_for(p, "warning: direct\n", 1);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_both_ways, setup, teardown),
                cmocka_unit_test_setup_teardown(test_for_the_courier, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_spool, setup, teardown),
                cmocka_unit_test_setup_teardown(test_unwritable, setup, teardown),
                cmocka_unit_test_setup_teardown(test_kept_over_a_kill, setup, teardown),
                cmocka_unit_test_setup_teardown(test_damaged_hold, setup, teardown),
                cmocka_unit_test_setup_teardown(test_no_hold, setup, teardown),
                cmocka_unit_test_setup_teardown(test_full_queue, setup, teardown),
                cmocka_unit_test_setup_teardown(test_own_messages, setup, teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
