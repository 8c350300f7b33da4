/* SPDX-License-Identifier: MIT */
/* store/writer: order, retry, replacement, bounds, and that neither a failing nor a hanging job
 * holds up whom it must not. */
#include "store/writer.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../test.h"
#include "base/clock.h"

/* What the jobs of a test wrote, in order, and how they shall behave. */
struct book {
        pthread_mutex_t lock;
        char text[4096];
        atomic_int fail; /* this errno, until set to 0 */
        atomic_bool hold, held;
        atomic_uint tries;
};

static void book_init(struct book *b)
{
        memset(b, 0, sizeof(*b));
        pthread_mutex_init(&b->lock, NULL);
}

static int note(void *userdata, const char *name, const void *data, size_t size)
{
        struct book *b = userdata;
        size_t length;

        atomic_fetch_add(&b->tries, 1);
        while (atomic_load(&b->hold)) {
                atomic_store(&b->held, true);
                usleep(1000);
        }
        if (atomic_load(&b->fail))
                return -atomic_load(&b->fail);
        pthread_mutex_lock(&b->lock);
        length = strlen(b->text);
        snprintf(b->text + length, sizeof(b->text) - length, "%s=%.*s ", name, (int)size,
                 size ? (const char *)data : "");
        pthread_mutex_unlock(&b->lock);
        return 0;
}

static bool is_empty(struct writer *w)
{
        struct writer_status s;

        writer_status(w, &s);
        return s.waiting == 0 && s.lane[WRITER_PASSING].waiting == 0 &&
               s.lane[WRITER_RETRY].waiting == 0;
}

static bool wait_for_empty(struct writer *w, double seconds)
{
        double end = clock_monotonic() + seconds;

        while (!is_empty(w)) {
                if (clock_monotonic() > end)
                        return false;
                usleep(1000);
        }
        return true;
}

static void wait_for_text(struct book *b, const char *text)
{
        bool same = false;

        for (int i = 0; i < 5000 && !same; i++) {
                usleep(1000);
                pthread_mutex_lock(&b->lock);
                same = strcmp(b->text, text) == 0;
                pthread_mutex_unlock(&b->lock);
        }
        assert_true(same);
}

static void wait_for_flag(atomic_bool *flag)
{
        for (int i = 0; i < 5000 && !atomic_load(flag); i++)
                usleep(1000);
        assert_true(atomic_load(flag));
}

static struct writer *started(void)
{
        struct writer *w = NULL;

        assert_int_equal(writer_new(&w), 0);
        return w;
}

static int put(struct writer *w, enum writer_lane lane, struct book *b, const char *name,
               const char *data)
{
        return writer_submit(w, lane, note, b, name, data, strlen(data));
}

static void test_order(void **state)
{
        struct writer *w = started();
        struct book b;
        char data[] = "1";
        size_t left = 99;

        (void)state;
        book_init(&b);
        assert_int_equal(put(w, WRITER_DURABLE, &b, "a", data), 0);
        data[0] = 'x'; /* it was copied */
        assert_int_equal(put(w, WRITER_DURABLE, &b, "b", "2"), 0);
        assert_int_equal(put(w, WRITER_DURABLE, &b, "c", ""), 0);
        assert_int_equal(writer_submit(w, WRITER_DURABLE, note, &b, "d", NULL, 0), 0);
        assert_int_equal(writer_free(w, 5, &left), 0);
        assert_int_equal(left, 0);
        assert_string_equal(b.text, "a=1 b=2 c= d= ");
        assert_int_equal(writer_free(NULL, 0, NULL), 0);
}

/* A lasting job that fails is tried again and holds up only its own lane. */
static void test_failing_lane(void **state)
{
        struct writer *w = started();
        struct book bad, good;
        struct writer_status s;

        (void)state;
        book_init(&bad);
        book_init(&good);
        atomic_store(&bad.fail, ENOSPC);
        assert_int_equal(put(w, WRITER_DURABLE, &bad, "spool", "1"), 0);
        assert_int_equal(put(w, WRITER_DURABLE, &bad, "spool", "2"), 0);
        for (int i = 0; i < 50; i++) {
                assert_int_equal(put(w, WRITER_JOURNAL, &good, "j", ""), 0);
                usleep(500);
        }
        assert_int_equal(put(w, WRITER_PASSING, &good, "p", ""), 0);
        usleep(100 * 1000);

        writer_status(w, &s);
        assert_int_equal(s.lane[WRITER_JOURNAL].waiting, 0);
        assert_int_equal(s.lane[WRITER_PASSING].waiting, 0);
        assert_int_equal(s.lane[WRITER_DURABLE].waiting, 2);
        assert_int_equal(s.lane[WRITER_DURABLE].error, -ENOSPC);
        assert_int_equal(s.error, -ENOSPC);
        assert_int_equal(s.waiting, 2);
        assert_true(clock_monotonic() - s.waiting_since < 60 && s.waiting_since > 0);
        assert_int_equal(s.done, 51);
        /* The pauses are seconds, whatever else goes on; a slow machine may see the second one. */
        assert_in_range(s.failed, 1, 2);
        assert_true(isnan(s.busy_since));

        atomic_store(&bad.fail, 0);
        assert_true(wait_for_empty(w, 3));
        assert_string_equal(bad.text, "spool=1 spool=2 ");
        writer_status(w, &s);
        assert_int_equal(s.error, 0);
        assert_true(isnan(s.waiting_since));
        assert_int_equal(writer_free(w, 1, NULL), 0);
}

/* Nobody waits for what is only to be moved on: not another lane, and not the end. */
static void test_retry_lane(void **state)
{
        struct writer *w = started();
        struct book bad, good;
        struct writer_status s;
        double begin;
        size_t left = 99;

        (void)state;
        book_init(&bad);
        book_init(&good);
        atomic_store(&bad.fail, EROFS);
        assert_int_equal(put(w, WRITER_RETRY, &bad, "retry", "1"), 0);
        assert_int_equal(put(w, WRITER_DURABLE, &good, "d", ""), 0);
        wait_for_text(&good, "d= ");
        for (int i = 0; i < 5000 && atomic_load(&bad.tries) == 0; i++)
                usleep(1000);
        writer_status(w, &s);
        assert_int_equal(s.waiting, 0);
        assert_int_equal(s.lane[WRITER_RETRY].waiting, 1);
        assert_int_equal(s.error, -EROFS);
        atomic_store(&bad.fail, 0);
        assert_true(wait_for_empty(w, 3));
        wait_for_text(&bad, "retry=1 ");

        atomic_store(&bad.fail, EROFS);
        assert_int_equal(put(w, WRITER_RETRY, &bad, "retry", "2"), 0);
        begin = clock_monotonic();
        assert_int_equal(writer_free(w, 5, &left), 0);
        assert_int_equal(left, 0);
        assert_true(clock_monotonic() - begin < 1);
}

/* At the end failed jobs are tried quickly, whatever pause they had. */
static void test_stop_retries(void **state)
{
        struct writer *w = started();
        struct book b;
        size_t left;

        (void)state;
        book_init(&b);
        atomic_store(&b.fail, EIO);
        assert_int_equal(put(w, WRITER_JOURNAL, &b, "x", "1"), 0);
        assert_int_equal(put(w, WRITER_DURABLE, &b, "y", "1"), 0);
        assert_int_equal(put(w, WRITER_DURABLE, &b, "z", "1"), 0);
        assert_int_equal(writer_free(w, 0.55, &left), 0);
        assert_int_equal(left, 3);
        assert_in_range(atomic_load(&b.tries), 4, 20); /* not one, not a busy loop */
        assert_string_equal(b.text, "");
}

static void test_replacement(void **state)
{
        struct writer *w = started();
        struct book b, other;

        (void)state;
        book_init(&b);
        book_init(&other);
        atomic_store(&b.hold, true);
        assert_int_equal(put(w, WRITER_PASSING, &b, "fast", "1"), 0);
        wait_for_flag(&b.held);
        /* The first runs; of the rest only the newest of each name stays, in its first turn. */
        assert_int_equal(put(w, WRITER_PASSING, &b, "fast", "2"), 0);
        usleep(1000);
        assert_int_equal(put(w, WRITER_PASSING, &b, "slow", "1"), 0);
        usleep(1000);
        assert_int_equal(put(w, WRITER_PASSING, &b, "fast", "three is longer"), 0);
        assert_int_equal(put(w, WRITER_PASSING, &other, "fast", "mine"), 0);
        assert_int_equal(put(w, WRITER_PASSING, &b, "slow", "2"), 0);
        atomic_store(&b.hold, false);
        assert_int_equal(writer_free(w, 5, NULL), 0);
        assert_string_equal(b.text, "fast=1 fast=three is longer slow=2 ");
        assert_string_equal(other.text, "fast=mine ");
}

static void make_letters(void *data, size_t size, const void *from)
{
        memset(data, *(const char *)from, size);
}

static void test_made_in_place(void **state)
{
        struct writer *w = started();
        struct book b;

        (void)state;
        book_init(&b);
        atomic_store(&b.hold, true);
        assert_int_equal(writer_submit_made(w, note, &b, "x", 3, make_letters, "a"), 0);
        wait_for_flag(&b.held);
        assert_int_equal(writer_submit_made(w, note, &b, "x", 2, make_letters, "b"), 0);
        assert_int_equal(writer_submit_made(w, note, &b, "x", 5, make_letters, "c"), 0);
        assert_int_equal(writer_submit_made(w, note, &b, "x", (size_t)WRITER_PASSING_MAX + 1,
                                            make_letters, "d"),
                         -EMSGSIZE);
        atomic_store(&b.hold, false);
        assert_int_equal(writer_free(w, 5, NULL), 0);
        assert_string_equal(b.text, "x=aaa x=ccccc ");
}

/* A passing job that fails is given up; one that must grow keeps its content. */
/* What is held waits until it is released; what is durable does not. */
static void test_hold(void **state)
{
        struct writer *w = started();
        struct book b;

        (void)state;
        book_init(&b);
        writer_hold(w);
        assert_int_equal(put(w, WRITER_PASSING, &b, "a", "1"), 0);
        assert_int_equal(put(w, WRITER_PASSING, &b, "b", "2"), 0);
        usleep(30000);
        assert_string_equal(b.text, "");
        writer_release(w);
        wait_for_text(&b, "a=1 b=2 ");
        assert_true(wait_for_empty(w, 5));
        writer_hold(w);
        assert_int_equal(put(w, WRITER_PASSING, &b, "c", "3"), 0);
        assert_int_equal(put(w, WRITER_DURABLE, &b, "d", "4"), 0);
        wait_for_text(&b, "a=1 b=2 d=4 ");
        writer_release(w);
        wait_for_text(&b, "a=1 b=2 d=4 c=3 ");
        assert_int_equal(writer_free(w, 5, NULL), 0);
}

static void test_passing_fails_and_grows(void **state)
{
        enum { BIG = 3 * 1024 * 1024 };
        struct writer *w = started();
        struct book b;
        struct writer_status s;
        char *big = malloc(BIG);

        (void)state;
        book_init(&b);
        atomic_store(&b.fail, EROFS);
        assert_int_equal(put(w, WRITER_PASSING, &b, "p", "1"), 0);
        assert_true(wait_for_empty(w, 2));
        writer_status(w, &s);
        assert_int_equal(s.lane[WRITER_PASSING].error, -EROFS);
        assert_int_equal(s.failed, 1);
        atomic_store(&b.fail, 0);

        memset(big, 'x', BIG);
        memcpy(big, "big", 4);
        assert_int_equal(writer_submit(w, WRITER_PASSING, note, &b, "p", big, BIG), 0);
        assert_true(wait_for_empty(w, 2));
        assert_int_equal(writer_submit(w, WRITER_PASSING, note, &b, "p", big,
                                       (size_t)WRITER_PASSING_MAX + 1),
                         -EMSGSIZE);
        assert_string_equal(b.text, "p=big ");
        writer_status(w, &s);
        assert_int_equal(s.error, 0);
        assert_int_equal(writer_free(w, 1, NULL), 0);
        free(big);
}

static void test_bounds(void **state)
{
        struct writer *w = started();
        struct book b;
        char name[WRITER_NAME_MAX + 2], *block = calloc(1, WRITER_JOB_MAX + 1);
        size_t taken = 0, left;

        (void)state;
        book_init(&b);
        memset(name, 'n', sizeof(name));
        name[WRITER_NAME_MAX + 1] = 0;
        assert_int_equal(put(w, WRITER_DURABLE, &b, name, ""), -ENAMETOOLONG);
        assert_int_equal(writer_submit(w, WRITER_DURABLE, note, &b, "x", block, WRITER_JOB_MAX + 1),
                         -EMSGSIZE);

        atomic_store(&b.hold, true);
        name[WRITER_NAME_MAX] = 0;
        assert_int_equal(put(w, WRITER_DURABLE, &b, name, ""), 0);
        wait_for_flag(&b.held);
        while (writer_has_room(w, WRITER_DURABLE, WRITER_JOB_MAX)) {
                assert_int_equal(
                        writer_submit(w, WRITER_DURABLE, note, &b, "x", block, WRITER_JOB_MAX), 0);
                taken++;
        }
        assert_int_equal(taken, WRITER_DURABLE_BYTES / WRITER_JOB_MAX - 1);
        assert_int_equal(writer_submit(w, WRITER_DURABLE, note, &b, "x", block, WRITER_JOB_MAX),
                         -ENOBUFS);
        assert_true(writer_has_room(w, WRITER_DURABLE, 10));
        assert_int_equal(put(w, WRITER_JOURNAL, &b, "j", "still"), 0);

        for (unsigned i = 0; i < WRITER_PASSING_JOBS; i++) {
                snprintf(name, sizeof(name), "p%u", i);
                assert_int_equal(put(w, WRITER_PASSING, &b, name, ""), 0);
        }
        assert_int_equal(put(w, WRITER_PASSING, &b, "one more", ""), -ENOBUFS);
        assert_int_equal(put(w, WRITER_PASSING, &b, "p1", "newer"), 0);
        atomic_store(&b.hold, false);
        assert_int_equal(writer_free(w, 5, &left), 0);
        assert_int_equal(left, 0);
        free(block);
}

/* A job that hangs: nobody waits for it beyond the deadline, and it may come back later. */
static void hang(enum writer_lane lane, enum writer_lane other)
{
        struct writer *w = started();
        static struct book b, free_one; /* the thread outlives this function's other locals */
        struct writer_status s;
        bool came_back = false;
        double begin;
        size_t left;

        book_init(&b);
        book_init(&free_one);
        atomic_store(&b.hold, true);
        atomic_store(&b.held, false);
        assert_int_equal(put(w, lane, &b, "stuck", ""), 0);
        wait_for_flag(&b.held);
        begin = clock_monotonic();
        assert_int_equal(put(w, other, &free_one, "other", ""), 0);
        wait_for_text(&free_one,
                      "other= "); /* a disk does not hold up the journal, nor it a disk */
        assert_int_equal(put(w, lane, &b, "behind", ""), 0);
        writer_status(w, &s);
        assert_true(s.busy_since <= begin);
        assert_int_equal(s.busy_lane, lane);
        assert_int_equal(s.waiting, 2);
        assert_int_equal(writer_free(w, 0.2, &left), -EBUSY);
        assert_int_equal(left, 2);
        assert_true(clock_monotonic() - begin < 2);
        atomic_store(&b.hold, false);
        for (int i = 0; i < 2000 && !came_back; i++) {
                usleep(1000); /* then the thread frees the writer itself; leak checkers watch */
                pthread_mutex_lock(&b.lock);
                came_back = b.text[0];
                pthread_mutex_unlock(&b.lock);
        }
        usleep(20 * 1000);
        pthread_mutex_lock(&b.lock);
        assert_string_equal(b.text, "stuck= ");
        pthread_mutex_unlock(&b.lock);
}

static void test_hanging(void **state)
{
        (void)state;
        hang(WRITER_DURABLE, WRITER_JOURNAL);
        hang(WRITER_JOURNAL, WRITER_DURABLE);
}

struct speaker {
        struct writer *w;
        struct book *book;
};

static int speak(void *userdata, const char *name, const void *data, size_t size)
{
        struct speaker *k = userdata;

        (void)data;
        (void)size;
        usleep(20 * 1000); /* the other thread has nothing to do meanwhile, and is to end */
        return put(k->w, WRITER_JOURNAL, k->book, name, "said");
}

/* What a job on the disk's thread has to say goes through the journal's, also at the end. */
static void test_words_of_jobs(void **state)
{
        struct book b;
        struct speaker k = { started(), &b };

        (void)state;
        book_init(&b);
        for (int i = 0; i < 3; i++)
                assert_int_equal(writer_submit(k.w, WRITER_DURABLE, speak, &k, "n", NULL, 0), 0);
        assert_int_equal(writer_free(k.w, 5, NULL), 0);
        assert_string_equal(b.text, "n=said n=said n=said ");
}

/* One submitter's jobs, numbered from 1. */
struct flood {
        struct writer *w;
        enum writer_lane lane;
        unsigned last; /* written by the writer thread only */
};

static int check_next(void *userdata, const char *name, const void *data, size_t size)
{
        struct flood *f = userdata;
        unsigned number;

        (void)name;
        (void)size;
        memcpy(&number, data, sizeof(number));
        if (number == f->last + 1) /* else the last number will not come out */
                f->last = number;
        return 0;
}

static void *flood(void *argument)
{
        struct flood *f = argument;

        for (unsigned i = 1; i <= 5000;) {
                if (writer_submit(f->w, f->lane, check_next, f, "n", &i, sizeof(i)) == 0)
                        i++;
                else
                        usleep(100);
        }
        return NULL;
}

/* Two lanes filled by two threads while a third asks for the status; for -fsanitize=thread. */
static void test_threads(void **state)
{
        struct writer *w = started();
        struct flood floods[] = { { .w = w, .lane = WRITER_JOURNAL },
                                  { .w = w, .lane = WRITER_DURABLE } };
        struct writer_status s;
        pthread_t threads[2];

        (void)state;
        for (int i = 0; i < 2; i++)
                assert_int_equal(pthread_create(&threads[i], NULL, flood, &floods[i]), 0);
        for (int i = 0; i < 200; i++)
                writer_status(w, &s);
        for (int i = 0; i < 2; i++)
                pthread_join(threads[i], NULL);
        assert_int_equal(writer_free(w, 10, NULL), 0);
        assert_int_equal(floods[0].last, 5000);
        assert_int_equal(floods[1].last, 5000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_order),
                cmocka_unit_test(test_failing_lane),
                cmocka_unit_test(test_retry_lane),
                cmocka_unit_test(test_stop_retries),
                cmocka_unit_test(test_replacement),
                cmocka_unit_test(test_hold),
                cmocka_unit_test(test_made_in_place),
                cmocka_unit_test(test_passing_fails_and_grows),
                cmocka_unit_test(test_bounds),
                cmocka_unit_test(test_hanging),
                cmocka_unit_test(test_words_of_jobs),
                cmocka_unit_test(test_threads),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
