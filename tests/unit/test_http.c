/* SPDX-License-Identifier: MIT */
/* deliver/http: a name server that does not answer must not hold the loop, which also serves the
 * control socket, the other channels and the watchdog. What goes over the wire is tested against a
 * server, in tests/service. */
#include "deliver/http.h"

#include <errno.h>
#include <math.h>
#include <netdb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "../test.h"
#include "base/clock.h"
#include "base/macros.h"

/* Seconds: longer than the exchange may take, as with several silent name servers. */
enum { RESOLVER = 4, TIMEOUT = 1 };

static atomic_int asked, answered;

/* In place of libc's: libcurl takes the program's. */
int getaddrinfo(const char *restrict name, const char *restrict service,
                const struct addrinfo *restrict hints, struct addrinfo **restrict ret)
{
        (void)name, (void)service, (void)hints, (void)ret;
        asked++;
        sleep(RESOLVER);
        answered++;
        return EAI_AGAIN;
}

struct watch {
        sd_event *loop;
        double last, longest; /* between two turns of the loop */
        enum answer_end end;
        bool done;
};

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        struct watch *w = userdata;
        double now = clock_monotonic();

        (void)usec;
        w->longest = fmax(w->longest, now - w->last);
        w->last = now;
        if (w->done)
                return sd_event_exit(w->loop, 0);
        (void)sd_event_source_set_time_relative(source, 50000);
        return sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_done(struct answer *answer, void *userdata)
{
        struct watch *w = userdata;

        w->end = answer->end;
        w->done = true;
}

static void test_silent_name_server(void **state _unused_)
{
        struct watch w = { .last = clock_monotonic() };
        struct request request = { .url = (char *)"http://nowhere.example/", .body = (char *)"{}" };
        struct transport transport = { .timeout = TIMEOUT };
        struct http_transfer *transfer;
        sd_event_source *tick = NULL;
        struct http *http;

        assert_true(sd_event_new(&w.loop) >= 0);
        assert_true(sd_event_add_time_relative(w.loop, &tick, CLOCK_MONOTONIC, 50000, 1000, on_tick,
                                               &w) >= 0);
        assert_int_equal(http_new(w.loop, &http), 0);
        assert_int_equal(http_send(http, &request, &transport, on_done, &w, &transfer), 0);
        assert_true(sd_event_loop(w.loop) >= 0);
        assert_int_equal(w.end, ANSWER_TIMED_OUT);
        assert_int_equal(asked, 1);
        assert_int_equal(answered, 0);
        /* far from RESOLVER - TIMEOUT, and enough for a busy machine */
        assert_true(w.longest < 1.5);
        http_free(http);
        sd_event_source_unref(tick);
        sd_event_unref(w.loop);

        /* The thread of the resolver takes its memory with it. */
        while (answered == 0)
                usleep(50000);
        usleep(200000);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_silent_name_server),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
