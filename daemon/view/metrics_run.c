/* SPDX-License-Identifier: MIT */
/* `kmemwatch metrics`: to standard output, into a file for node_exporter, or as the answer to one
 * HTTP request that systemd has accepted. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "base/macros.h"
#include "view/ask.h"
#include "view/commands.h"
#include "view/metrics.h"
#include "view/reply.h"

enum {
        ASK_SECONDS = 3,        /* Prometheus waits for ten */
        REQUEST_SECONDS = 5,    /* for the whole of a request to come in */
        REQUEST_MAX = 8 * 1024, /* Prometheus sends 300 bytes */
        FILE_MODE = 0644,       /* node_exporter is another user */
};

/* The whole text in fresh memory. 0 when the daemon has answered; else negative errno, with *ret
 * all the same unless it is NULL, and the reason in problem. */
static int collect(const struct options *o, enum metrics_format format, char **ret,
                   size_t *ret_size, char problem[ASK_PROBLEM_MAX])
{
        _cleanup_(daemon_reply_done) struct daemon_reply daemon = { 0 };
        _cleanup_(courier_reply_done) struct courier_reply courier = { 0 };
        char unheard[ASK_PROBLEM_MAX];

        *ret = NULL;
        FILE *out = open_memstream(ret, ret_size);
        if (!out) {
                snprintf(problem, ASK_PROBLEM_MAX, "out of memory");
                return -ENOMEM;
        }
        int r = ask_daemon(o, ASK_SECONDS, &daemon, problem);
        bool delivers = ask_courier(o, ASK_SECONDS, &courier, unheard) >= 0;
        metrics_print(out, format, r < 0 ? NULL : &daemon, delivers ? &courier : NULL);
        if (fclose(out) != 0) {
                snprintf(problem, ASK_PROBLEM_MAX, "out of memory");
                free(TAKE_PTR(*ret));
                return -ENOMEM;
        }
        return r;
}

/* --- into a file --- */

/* Renamed into place: a collector never reads half of it. */
static int replace(const char *path, const char *text, size_t size)
{
        _cleanup_free_ char *folder = strdup(path);
        char *slash = folder ? strrchr(folder, '/') : NULL;
        if (!folder)
                return -ENOMEM;
        if (slash)
                *slash = '\0';
        _cleanup_close_ int fd = open(!slash    ? "."
                                      : *folder ? folder
                                                : "/",
                                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : file_replace(fd, slash ? slash + 1 : path, text, size, FILE_MODE);
}

/* --- as the answer to a request --- */

/* False when no whole request came: too slow, too long, hung up. */
static bool read_request(char request[REQUEST_MAX])
{
        double end = clock_monotonic() + REQUEST_SECONDS;
        size_t length = 0;
        while (length < REQUEST_MAX - 1) {
                struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
                double left = end - clock_monotonic();
                if (left <= 0 || poll(&ready, 1, (int)(left * 1000) + 1) <= 0)
                        return false;
                ssize_t n = read(STDIN_FILENO, request + length, REQUEST_MAX - 1 - length);
                if (n <= 0)
                        return false;
                length += (size_t)n;
                request[length] = '\0';
                if (strstr(request, "\r\n\r\n") || strstr(request, "\n\n"))
                        return true;
        }
        return false;
}

static void answer(const char *status, const char *type, const char *body, size_t size)
{
        fprintf(stdout,
                "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %zu\r\nConnection: close\r\n"
                "\r\n",
                status, type, size);
        fwrite(body, 1, size, stdout);
}

static void answer_words(const char *status, const char *words)
{
        answer(status, "text/plain; charset=utf-8", words, strlen(words));
}

static bool path_is(const char *request, const char *path)
{
        size_t length = strlen(path);
        const char *at = request + strlen("GET ");
        return strncmp(at, path, length) == 0 && strchr(" ?", at[length]);
}

/* Whatever the daemon does, a whole request gets an answer. */
static enum exit_code serve(const struct options *o)
{
        char request[REQUEST_MAX] = "", problem[ASK_PROBLEM_MAX];
        _cleanup_free_ char *text = NULL;
        size_t size;
        if (!read_request(request))
                return EXIT_USAGE;
        if (strncmp(request, "GET ", strlen("GET ")) != 0) {
                answer_words("405 Method Not Allowed", "Only GET is understood.\n");
                return EXIT_FINE;
        }
        if (path_is(request, "/")) {
                answer_words("200 OK", "kmemwatch: the metrics are at /metrics\n");
                return EXIT_FINE;
        }
        if (!path_is(request, "/metrics")) {
                answer_words("404 Not Found", "The metrics are at /metrics.\n");
                return EXIT_FINE;
        }
        enum metrics_format format = strcasestr(request, "application/openmetrics-text")
                                             ? METRICS_OPENMETRICS
                                             : METRICS_TEXT;
        (void)collect(o, format, &text, &size, problem);
        if (text)
                answer("200 OK", metrics_content_type(format), text, size);
        else
                answer_words("503 Service Unavailable", "Out of memory.\n");
        return EXIT_FINE;
}

enum exit_code metrics_run(const struct options *o)
{
        _cleanup_free_ char *text = NULL;
        char problem[ASK_PROBLEM_MAX];
        size_t size;

        if (o->serve)
                return serve(o);
        int r = collect(o, o->textfile ? METRICS_TEXT : METRICS_OPENMETRICS, &text, &size, problem);
        if (text && (!o->textfile || strcmp(o->textfile, "-") == 0)) {
                fwrite(text, 1, size, stdout);
        } else if (text) {
                int written = replace(o->textfile, text, size);
                if (written < 0) {
                        fprintf(stderr, "kmemwatch: %s: %s\n", o->textfile, strerror(-written));
                        return EXIT_USAGE;
                }
        }
        return r >= 0 ? EXIT_FINE : ask_unreachable(o, PROGRAM_DAEMON, r, problem);
}
