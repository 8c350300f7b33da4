/* SPDX-License-Identifier: MIT */
/* What strangers may ask of the daemon: its own methods with any argument, and any bytes on its
 * socket; and what may stand in the file of silences. The first byte chooses the method, or these;
 * one that is asked again and again is answered or dropped, and what is kept of it can be read
 * again. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <unistd.h>

#include "../wire.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/macros.h"
#include "base/text.h"
#include "control/connection.h"
#include "engine/open_alert.h"
#include "engine/service_internal.h"
#include "engine/silence_state.h"
#include "judge/rule_file.h"
#include "sample/host.h"
#include "sample/sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char RULES[] = "[slab-spike]\ndimension = SUnreclaim\ndetect = spike\nwarning = 20M\n"
                            "summary = S\nexplain = E\naction = A\n"
                            "[slab-size]\ndimension = SUnreclaim\ndetect = ratio\nper = MemTotal\n"
                            "warning = 0.001%\nfor = 0s\nsummary = S\nexplain = E\naction = A\n";

static int take(const struct event *e, void *userdata)
{
        (void)e, (void)userdata;
        return 0;
}

/* A daemon with an alert, without a disk: its writer has nowhere to write to. */
static struct service *service(void)
{
        static struct service s;
        static const struct service_options options;
        static char folder[] = "/tmp/fuzz-control-XXXXXX", path[64];
        struct problems problems = { 0 };
        const struct sample *sample;

        if (s.engine)
                return &s;
        s.options = &options;
        s.procfs.root_fd = -1;
        s.state_lock = s.runtime_lock = -1;
        log_open("fuzz", LOG_EMERG); /* what the journal is told would go to standard error */
        s.journal = (struct journal){ .identifier = "fuzz", .to_stderr = true };
        if (!mkdtemp(folder) ||
            rule_file_parse("r", RULES, strlen(RULES), NULL, &problems, &s.rules) < 0 ||
            procfs_init(&s.procfs, NULL) < 0 || sampler_new(&s.procfs, &s.sampler) < 0 ||
            writer_new(&s.writer) < 0 ||
            announcer_new(s.writer, &s.journal, NULL, NULL, &s.announcer) < 0 ||
            engine_new(&s.rules, sampler_host(s.sampler), take, &s, &s.engine) < 0 ||
            sd_event_new(&s.loop) < 0)
                abort();
        for (int i = 0; i < 5; i++) {
                if (sampler_take(s.sampler, clock_realtime() + i, &sample) < 0)
                        abort();
                engine_feed(s.engine, sample);
        }
        snprintf(path, sizeof(path), "%s/socket", folder);
        if (control_server_new(s.loop, path, CONTROL_DAEMON_INTERFACE, service_methods,
                               service_method_count, &s, &s.control) < 0)
                abort();
        (void)unlink(path);
        (void)rmdir(folder);
        s.alerts_file.name = "a";
        s.quiet.file.name = "b";
        s.alerts_file.folder = s.quiet.file.folder = "/proc/nowhere";
        s.alerts_file.announcer = s.quiet.file.announcer = &s.announcer;
        s.alerts_file.forgets = s.quiet.file.forgets = "x";
        s.alerts_file.folder_fd = s.quiet.file.folder_fd = -1;
        return &s;
}

static void turn(struct service *s, int times)
{
        while (times-- > 0 && sd_event_run(s->loop, 0) > 0)
                ;
}

static void check_kept(const struct service *s)
{
        const struct silence_clock clock = { clock_boottime(), clock_realtime() };
        _cleanup_free_ char *silences = NULL, *alerts = NULL;
        struct silences back;
        unsigned bad;

        if (s->quiet.list.count > SILENCES_MAX ||
            silences_encode(&s->quiet.list, &clock, &silences) < 0 ||
            silences_decode(silences, strlen(silences), true, &clock, &back, &bad) < 0 || bad > 0 ||
            back.count != s->quiet.list.count || !utf8_valid(silences) ||
            open_alerts_encode(s->engine, &alerts) < 0 || !utf8_valid(alerts))
                abort();
}

static void read_silences(const uint8_t *data, size_t size)
{
        const struct silence_clock clock = { 1000, 1795152896 };
        struct silences first, again;
        unsigned bad;
        char *json;

        if (silences_decode(data, size, size & 1, &clock, &first, &bad) < 0)
                return;
        if (silences_encode(&first, &clock, &json) < 0 || !utf8_valid(json) ||
            silences_decode(json, strlen(json), true, &clock, &again, &bad) < 0 || bad > 0 ||
            again.count != first.count)
                abort();
        for (size_t i = 0; i < again.count; i++)
                if (again.list[i].ends > clock.now + SILENCE_SECONDS_MAX)
                        abort();
        free(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static struct wire w;
        struct service *s = service();
        struct control_connection *c;
        int pair[2];

        if (size < 1 || size > CONTROL_REQUEST_BYTES_MAX - 1024)
                return 0;
        w.size = 0;
        wire_handshake(&w);
        size_t method = data[0] % (service_method_count + 3);
        if (method == service_method_count + 2) {
                read_silences(data + 1, size - 1);
                return 0;
        }
        if (method < service_method_count) {
                _cleanup_free_ char *argument = strndup((const char *)data + 1, size - 1);
                for (uint32_t i = 1; i <= 3; i++) /* the third finds what the first has done */
                        if (strlen(argument) * i < CONTROL_REQUEST_BYTES_MAX / 2)
                                wire_call(&w, i, CONTROL_DAEMON_INTERFACE,
                                          service_methods[method].name, argument);
        } else {
                if (method == service_method_count)
                        w.size = 0;
                wire_put(&w, data + 1, size - 1);
        }
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
            control_connection_new(s->control, pair[0], &c) < 0)
                abort();
        for (size_t at = 0; at < w.size;) {
                ssize_t n = send(pair[1], w.data + at, MIN_OF(w.size - at, (size_t)4096),
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
                if (n < 0)
                        break;
                at += (size_t)n;
                turn(s, 20);
                if (control_connection_dead(c))
                        break;
        }
        turn(s, 60);
        check_kept(s);
        service_quiet_apply(s);
        control_connection_free(c);
        (void)close(pair[1]);
        service_quiet_done(s);
        s->quiet.timer = NULL;
        if (data[0] & 0x80)
                s->quiet.list.count = 0;
        return 0;
}
