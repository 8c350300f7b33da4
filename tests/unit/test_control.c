/* SPDX-License-Identifier: MIT */
/* The control socket: called by our client and by peers that mean no good. */
#include "../control_server.h"

static int setup_impatient(void **state)
{
        struct fixture *f = calloc(1, sizeof *f);

        start(f, 0.3);
        *state = f;
        return 0;
}

/* ---- tests ---- */

static void test_answer(void **state)
{
        static const char *const cases[] = { "", "plain", "{\"text\":\"ä ✓ 漢\"}" };
        struct stat st;

        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *reply = NULL, *error = NULL;
                assert_int_equal(call(*state, "Echo", cases[i], 5, &reply, &error), 0);
                assert_string_equal(reply, cases[i]);
                assert_null(error);
        }
        assert_return_code(stat(((struct fixture *)*state)->path, &st), errno);
        assert_true(S_ISSOCK(st.st_mode));
        assert_int_equal(st.st_mode & 0777, 0666);
}

static void test_big_answer(void **state)
{
        _cleanup_free_ char *reply = NULL, *error = NULL;

        assert_int_equal(call(*state, "Big", "", 5, &reply, &error), 0);
        assert_int_equal(strlen(reply), BIG);
}

static void test_late_answer(void **state)
{
        _cleanup_free_ char *reply = NULL, *error = NULL;

        assert_int_equal(call(*state, "Late", "", 5, &reply, &error), 0);
        assert_string_equal(reply, "late");
        free(TAKE_PTR(reply));
        /* The peer has gone when the answer comes. */
        assert_int_equal(call(*state, "Late", "", 0.01, &reply, &error), -ETIMEDOUT);
        assert_null(reply);
        usleep(100000);
        assert_answers(*state);
}

static void test_refusals(void **state)
{
        static const struct {
                const char *method, *argument, *text;
        } cases[] = {
                { "Refuse", "slack", "there is no channel \"slack\"" },
                { "NoSuchMethod", "", "NoSuchMethod" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *reply = NULL, *error = NULL;
                assert_int_equal(
                        call(*state, cases[i].method, cases[i].argument, 5, &reply, &error),
                        -EREMOTEIO);
                assert_null(reply);
                assert_non_null(strstr(error, cases[i].text));
        }
        _cleanup_free_ char *reply = NULL, *error = NULL;
        assert_int_equal(call(*state, "Echo", "\xff", 5, &reply, &error), -EINVAL);
        assert_null(error);
        assert_answers(*state);
}

static void test_no_answer(void **state)
{
        _cleanup_free_ char *reply = NULL, *error = NULL;
        double before = clock_monotonic();

        assert_int_equal(call(*state, "Keep", "", 0.1, &reply, &error), -ETIMEDOUT);
        assert_true(clock_monotonic() - before < 2);
        assert_answers(*state);
}

static void *call_keep(void *userdata)
{
        _cleanup_free_ char *reply = NULL, *error = NULL;

        return (void *)(intptr_t)call(userdata, "Keep", "", 20, &reply, &error);
}

static void test_server_ends_before_the_answer(void **state)
{
        pthread_t caller;
        void *result;

        /* A copy: the caller reads the path while the fixture goes. */
        struct fixture copy = *(struct fixture *)*state;
        assert_int_equal(pthread_create(&caller, NULL, call_keep, &copy), 0);
        usleep(100000);
        assert_int_equal(teardown(state), 0);
        assert_int_equal(pthread_join(caller, &result), 0);
        assert_int_equal((intptr_t)result, -ECONNRESET);
        assert_int_equal(setup(state), 0);
}

static void test_nobody_there(void **state)
{
        struct fixture *f = *state;
        _cleanup_free_ char *reply = NULL, *error = NULL;
        char path[128], long_path[256];
        struct sockaddr_un address = { .sun_family = AF_UNIX };

        snprintf(path, sizeof path, "%s/other", f->folder);
        assert_int_equal(control_call(path, INTERFACE, "Echo", "", 1, &reply, &error), -ENOENT);

        memset(long_path, 'x', sizeof long_path - 1);
        long_path[sizeof long_path - 1] = 0;
        assert_int_equal(control_call(long_path, INTERFACE, "Echo", "", 1, &reply, &error),
                         -ENAMETOOLONG);

        /* Somebody listens but never accepts: a stopped daemon. */
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        strcpy(address.sun_path, path);
        assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof address), errno);
        assert_int_equal(control_call(path, INTERFACE, "Echo", "", 1, &reply, &error),
                         -ECONNREFUSED);
        assert_return_code(listen(fd, 0), errno);
        double before = clock_monotonic();
        for (int i = 0; i < 3; i++) /* the last finds the backlog full */
                assert_int_equal(control_call(path, INTERFACE, "Echo", "", 0.1, &reply, &error),
                                 -ETIMEDOUT);
        assert_true(clock_monotonic() - before < 2);
        close(fd);

        /* What a dead program leaves behind is replaced, a living one is not. */
        struct control_server *s = NULL;
        sd_event *loop = NULL;
        assert_int_equal(control_call(path, INTERFACE, "Echo", "", 1, &reply, &error),
                         -ECONNREFUSED);
        assert_return_code(sd_event_new(&loop), 0);
        assert_int_equal(
                control_server_new(loop, f->path, INTERFACE, methods, ELEMENTS_OF(methods), f, &s),
                -EADDRINUSE);
        assert_answers(f);
        assert_int_equal(control_server_new(loop, long_path, INTERFACE, methods,
                                            ELEMENTS_OF(methods), f, &s),
                         -ENAMETOOLONG);
        assert_int_equal(
                control_server_new(loop, path, INTERFACE, methods, ELEMENTS_OF(methods), f, &s), 0);
        control_server_free(s);
        assert_int_equal(access(path, F_OK), -1);

        /* A file that is no socket is not ours to remove. */
        close(open(path, O_WRONLY | O_CREAT, 0600));
        assert_int_equal(
                control_server_new(loop, path, INTERFACE, methods, ELEMENTS_OF(methods), f, &s),
                -EADDRINUSE);
        assert_int_equal(unlink(path), 0);
        sd_event_unref(loop);
}

static void test_garbage(void **state)
{
        /* Handshake, then a header that promises a message of 64 MiB. */
        static const char huge[] = "\0AUTH ANONYMOUS\r\nBEGIN\r\n"
                                   "l\1\0\1\0\0\0\4\1\0\0\0\x10\0\0\0";
        static const struct {
                const char *text;
                size_t size;
                bool flood; /* followed by zeros until the server hangs up */
        } cases[] = {
                { "GET / HTTP/1.0\r\n\r\n", 18, false },
                { "\0NONSENSE\r\n", 11, true },
                { "\xff\xff\xff\xff\xff\xff\xff\xff", 8, false },
                { "\0AUTH ANONYMOUS\r\nBEGIN\r\n", 24, true },
                { huge, sizeof huge - 1, true },
                { "", 0, true },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                static const char zeros[4096];
                int fd = raw_connect(((struct fixture *)*state)->path);
                size_t sent = 0;
                assert_int_equal(send(fd, cases[i].text, cases[i].size, MSG_NOSIGNAL),
                                 cases[i].size);
                while (cases[i].flood && sent < 16 * CONTROL_REQUEST_BYTES_MAX &&
                       send(fd, zeros, sizeof zeros, MSG_NOSIGNAL) > 0)
                        sent += sizeof zeros;
                assert_answers(*state);
                if (!hangs_up(fd, 5))
                        fail_msg("case %zu: still connected", i);
                close(fd);
        }
}

static sd_bus *bus_connect(struct fixture *f)
{
        sd_bus *bus;
        int fd = raw_connect(f->path);

        assert_return_code(sd_bus_new(&bus), 0);
        assert_return_code(sd_bus_set_fd(bus, fd, fd), 0);
        assert_return_code(sd_bus_set_anonymous(bus, 1), 0);
        assert_return_code(sd_bus_start(bus), 0);
        while (sd_bus_is_ready(bus) == 0) {
                assert_true(sd_bus_process(bus, NULL) >= 0);
                assert_true(sd_bus_wait(bus, 100000) >= 0);
        }
        return bus;
}

static void bus_send(sd_bus *bus, const char *interface, const char *method)
{
        sd_bus_message *m;

        assert_return_code(
                sd_bus_message_new_method_call(bus, &m, NULL, CONTROL_OBJECT, interface, method),
                0);
        if (strcmp(interface, INTERFACE) == 0)
                assert_return_code(sd_bus_message_append(m, "s", ""), 0);
        /* Without a cookie it would say that it wants no answer. */
        uint64_t cookie;
        (void)sd_bus_send(bus, m, &cookie);
        sd_bus_message_unref(m);
}

static void test_peer_that_never_reads(void **state)
{
        static const struct {
                const char *interface, *method;
                int calls;
        } cases[] = {
                { INTERFACE, "Big", 40 },
                { "org.freedesktop.DBus.Introspectable", "Introspect", 400 },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                sd_bus *bus = bus_connect(*state);
                for (int n = 0; n < cases[i].calls; n++)
                        bus_send(bus, cases[i].interface, cases[i].method);
                (void)sd_bus_flush(bus);
                assert_answers(*state);
                /* Long before the idle time. */
                struct pollfd p = { .fd = sd_bus_get_fd(bus), .events = POLLRDHUP };
                if (poll(&p, 1, 5000) != 1)
                        fail_msg("case %zu: still connected", i);
                sd_bus_close_unref(bus);
        }
}

static void test_many_pending_calls(void **state)
{
        sd_bus *bus = bus_connect(*state);
        int refused = 0;

        for (int i = 0; i < CONTROL_PENDING_MAX + 3; i++)
                bus_send(bus, INTERFACE, "Keep");
        while (refused < 3) {
                sd_bus_message *m = NULL;
                int r = sd_bus_process(bus, &m);
                assert_true(r >= 0);
                if (m && sd_bus_message_is_method_error(m, NULL) > 0) {
                        assert_non_null(
                                strstr(sd_bus_message_get_error(m)->message, "still waiting"));
                        refused++;
                }
                sd_bus_message_unref(m);
                if (r == 0)
                        assert_true(sd_bus_wait(bus, 5000000) > 0);
        }
        assert_answers(*state);
        sd_bus_close_unref(bus);
}

static void test_too_many_connections(void **state)
{
        struct fixture *f = *state;
        _cleanup_free_ char *reply = NULL, *error = NULL;
        int fds[CONTROL_CONNECTIONS_PER_USER];

        for (size_t i = 0; i < ELEMENTS_OF(fds); i++)
                fds[i] = raw_connect(f->path);
        assert_int_equal(call(f, "Echo", "", 5, &reply, &error), -ECONNRESET);
        for (size_t i = 0; i < ELEMENTS_OF(fds); i++) {
                assert_false(hangs_up(fds[i], 0.01));
                close(fds[i]);
        }
        usleep(50000);
        assert_answers(f);
}

static void test_idle_peer_is_dropped(void **state)
{
        sd_bus *bus = bus_connect(*state), *waiting = bus_connect(*state);
        int silent = raw_connect(((struct fixture *)*state)->path);
        double before = clock_monotonic();

        bus_send(waiting, INTERFACE, "Keep");
        (void)sd_bus_flush(waiting);
        assert_true(hangs_up(silent, 5));
        assert_true(clock_monotonic() - before >= 0.25);
        assert_true(hangs_up(sd_bus_get_fd(bus), 5));
        /* One whose call is being answered is not idle. */
        assert_false(hangs_up(sd_bus_get_fd(waiting), 0.5));
        close(silent);
        sd_bus_close_unref(bus);
        sd_bus_close_unref(waiting);
}

static void test_may_change(void **state)
{
        static const struct {
                uid_t user;
                gid_t group, other;
                const char *answer;
        } cases[] = {
                { 0, 0, 0, "yes" },
                { 65534, 65534, 65534, "no" },
                { 65534, ADMIN_GROUP, 65534, "yes" },
                { 65534, 65534, ADMIN_GROUP, "yes" },
        };
        struct fixture *f = *state;

        if (geteuid() != 0) {
                print_message("only root can try other users: left out\n");
                skip();
        }
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                int status;
                pid_t pid = fork();
                assert_true(pid >= 0);
                if (pid == 0) {
                        char *reply = NULL, *error = NULL;
                        gid_t groups[70];
                        for (size_t n = 0; n < ELEMENTS_OF(groups); n++)
                                groups[n] = 60000 + (gid_t)n;
                        groups[69] = cases[i].other;
                        if (setgroups(ELEMENTS_OF(groups), groups) < 0 ||
                            setgid(cases[i].group) < 0 || setuid(cases[i].user) < 0 ||
                            call(f, "MayChange", "", 5, &reply, &error) < 0)
                                _exit(2);
                        _exit(strcmp(reply, cases[i].answer) == 0 ? 0 : 1);
                }
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (status != 0)
                        fail_msg("case %zu: status %#x", i, (unsigned)status);
        }
}

int main(void)
{
#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
        const struct CMUnitTest tests[] = {
                WITH_SERVER(test_answer),
                WITH_SERVER(test_big_answer),
                WITH_SERVER(test_late_answer),
                WITH_SERVER(test_refusals),
                WITH_SERVER(test_no_answer),
                WITH_SERVER(test_server_ends_before_the_answer),
                WITH_SERVER(test_nobody_there),
                WITH_SERVER(test_garbage),
                WITH_SERVER(test_peer_that_never_reads),
                WITH_SERVER(test_many_pending_calls),
                WITH_SERVER(test_too_many_connections),
                cmocka_unit_test_setup_teardown(test_idle_peer_is_dropped, setup_impatient,
                                                teardown),
                WITH_SERVER(test_may_change),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
