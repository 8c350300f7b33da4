/* SPDX-License-Identifier: MIT */
/* The control socket byte by byte: however a call is cut into packets it is answered, and whatever
 * peers send or leave out, the program's own work is not delayed. */
#include "../control_server.h"
#include "../random.h"
#include "../wire.h"

/* True when `text` comes within the time. */
static bool comes(int fd, const char *text, double seconds)
{
        double deadline = clock_monotonic() + seconds;
        char buffer[65536];
        size_t size = 0;

        while (size < sizeof buffer) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                double left = deadline - clock_monotonic();
                if (left <= 0 || poll(&p, 1, (int)(left * 1e3) + 1) == 0)
                        return false;
                ssize_t n = recv(fd, buffer + size, sizeof buffer - size, MSG_DONTWAIT);
                if (n == 0 || (n < 0 && errno != EAGAIN))
                        return false;
                size += n > 0 ? (size_t)n : 0;
                if (memmem(buffer, size, text, strlen(text)))
                        return true;
        }
        return false;
}

/* --- tests --- */

/* A client need not wait for the answer to its handshake before it calls. */
static void test_one_packet(void **state)
{
        struct fixture *f = *state;
        struct wire w = { .size = 0 };
        int fd = raw_connect(f->path);

        wire_handshake(&w);
        wire_call(&w, 1, INTERFACE, "Echo", "first");
        wire_call(&w, 2, INTERFACE, "Echo", "second");
        assert_int_equal(send(fd, w.data, w.size, MSG_NOSIGNAL), w.size);
        assert_true(comes(fd, "second", 5));
        close(fd);
}

static void send_pieces(int fd, const struct wire *w, struct random *random, size_t longest)
{
        for (size_t at = 0; at < w->size;) {
                size_t n = 1 + random_next(random) % longest;
                n = MIN_OF(n, w->size - at);
                assert_int_equal(send(fd, w->data + at, n, MSG_NOSIGNAL), n);
                at += n;
                if (random_next(random) % 4 == 0)
                        usleep(random_next(random) % 300);
        }
}

static void test_any_pieces(void **state)
{
        static const size_t longest[] = { 1, 2, 7, 40, 200 };
        struct fixture *f = *state;
        struct random random = random_seeded("pieces of a call");

        for (unsigned i = 0; i < 60; i++) {
                struct wire w = { .size = 0 };
                int fd = raw_connect(f->path);

                wire_handshake(&w);
                wire_call(&w, 1, INTERFACE, "Echo", "0123456789 is the answer");
                send_pieces(fd, &w, &random, longest[i % ELEMENTS_OF(longest)]);
                if (!comes(fd, "is the answer", 5))
                        fail_msg("round %u: no answer", i);
                close(fd);
        }
}

/* The word of the handshake is a line of its own. */
static void test_begin_elsewhere(void **state)
{
        static const char lines[] = "\0AUTH EXTERNAL BEGIN\r\nNOBEGIN\r\nBEGINNING\r\n";
        struct fixture *f = *state;
        int fd = raw_connect(f->path);

        assert_int_equal(send(fd, lines, sizeof lines - 1, MSG_NOSIGNAL), sizeof lines - 1);
        assert_answers(f);
        close(fd);
}

/* Peers who stop in the middle, send without end, ask without reading and come and go. */
static void test_no_tick_is_late(void **state)
{
        struct fixture *f = *state;
        struct random random = random_seeded("hostile peers");
        double until = clock_monotonic() + 1.5;
        int fds[CONTROL_CONNECTIONS_MAX + 8];
        unsigned rounds = 0;

        for (size_t i = 0; i < ELEMENTS_OF(fds); i++)
                fds[i] = -1;
        while (clock_monotonic() < until) {
                size_t i = random_next(&random) % ELEMENTS_OF(fds);
                struct wire w = { .size = 0 };

                rounds++;
                if (fds[i] >= 0)
                        close(fds[i]);
                fds[i] = raw_connect(f->path);
                wire_handshake(&w);
                wire_call(&w, 1, INTERFACE, random_next(&random) % 2 ? "Big" : "Echo", "x");
                wire_call(&w, 2, INTERFACE, "Nothing", "x");
                if (random_next(&random) % 3 == 0)
                        w.data[random_next(&random) % w.size] = (char)random_next(&random);
                if (random_next(&random) % 2)
                        w.size = 1 + random_next(&random) % w.size;
                (void)send(fds[i], w.data, w.size, MSG_NOSIGNAL | MSG_DONTWAIT);
                if (random_next(&random) % 8 == 0)
                        usleep(1000);
        }
        for (size_t i = 0; i < ELEMENTS_OF(fds); i++)
                if (fds[i] >= 0)
                        close(fds[i]);
        _cleanup_free_ char *reply = NULL, *error = NULL;
        for (int tries = 0; call(f, "Latest", "", 5, &reply, &error) < 0 && tries < 100; tries++)
                usleep(10000);
        assert_non_null(reply);
        assert_true(rounds > 50);
        /* The machine may be busy with other tests; a peer that is waited for would cost a second
         * and more. */
        if (strtod(reply, NULL) > 0.5)
                fail_msg("a tick was %s s late", reply);
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
                WITH_SERVER(test_one_packet),
                WITH_SERVER(test_any_pieces),
                WITH_SERVER(test_begin_elsewhere),
                WITH_SERVER(test_no_tick_is_late),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
