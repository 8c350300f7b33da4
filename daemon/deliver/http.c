/* SPDX-License-Identifier: MIT */
/* libcurl's multi interface on sd-event. curl says which sockets and which timer it waits for; the
 * loop says when they are ready. */
#include "deliver/http.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/macros.h"
#include "base/text.h"

enum {
        IDLE_CONNECTIONS_MAX = 4, /* a channel that speaks once a day needs none kept */
        CONNECT_SECONDS_MAX = 10,
        /* Slower than this is a receiver that hangs; only the answer counts, requests are small. */
        LOW_SPEED_BYTES = 1,
        LOW_SPEED_SECONDS = 15,
};

struct http {
        sd_event *loop;
        CURLM *multi;
        sd_event_source *timer;
};

struct http_transfer {
        struct http *http;
        CURL *easy;
        struct curl_slist *headers;
        char *body; /* curl reads it while it sends */
        http_done done;
        void *userdata;
        struct answer answer;
        size_t header_bytes;
        char error[CURL_ERROR_SIZE];
};

DEFINE_CLEANUP(struct http_transfer, http_cancel);
DEFINE_CLEANUP(struct http, http_free);

/* --- answers --- */

static size_t on_body(char *data, size_t size, size_t count, void *userdata)
{
        struct http_transfer *t = userdata;
        struct answer *a = &t->answer;
        size_t bytes = size * count;
        if (bytes > ANSWER_BODY_MAX - a->body_size) {
                bytes = ANSWER_BODY_MAX - a->body_size;
                a->end = ANSWER_OVERSIZED;
        }
        char *body = realloc(a->body, a->body_size + bytes + 1);
        if (!body)
                return 0;
        memcpy(body + a->body_size, data, bytes);
        a->body = body;
        a->body_size += bytes;
        a->body[a->body_size] = '\0';
        return a->end == ANSWER_OVERSIZED ? 0 : size * count; /* 0 ends the transfer */
}

static size_t on_header(char *data, size_t size, size_t count, void *userdata)
{
        static const char name[] = "retry-after:";
        struct http_transfer *t = userdata;
        char line[ANSWER_HEADER_MAX + sizeof(name)];
        size_t bytes = size * count;
        t->header_bytes += bytes;
        if (t->header_bytes > ANSWER_BODY_MAX)
                return 0; /* ends the transfer */
        if (bytes < sizeof(line)) {
                memcpy(line, data, bytes);
                line[bytes] = '\0';
                if (has_prefix(line, "HTTP/")) /* what came before was an interim answer */
                        t->answer.retry_after[0] = '\0';
                if (strncasecmp(line, name, sizeof(name) - 1) == 0)
                        snprintf(t->answer.retry_after, sizeof(t->answer.retry_after), "%.*s",
                                 ANSWER_HEADER_MAX - 1, trim(line + sizeof(name) - 1));
        }
        return bytes;
}

static enum answer_end end_of(CURLcode code)
{
        switch (code) {
        case CURLE_OK:
                return ANSWER_COMPLETE;
        case CURLE_OPERATION_TIMEDOUT:
                return ANSWER_TIMED_OUT;
        case CURLE_PEER_FAILED_VERIFICATION:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
                return ANSWER_UNTRUSTED;
        case CURLE_URL_MALFORMAT:
        case CURLE_SSL_CACERT_BADFILE:
        case CURLE_SSL_CIPHER:
        case CURLE_BAD_FUNCTION_ARGUMENT:
        case CURLE_NOT_BUILT_IN:
                return ANSWER_IMPOSSIBLE;
        default:
                return ANSWER_BROKEN_OFF;
        }
}

static void finish(struct http_transfer *t, CURLcode code)
{
        struct answer *a = &t->answer;
        curl_off_t microseconds = 0;

        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &a->status);
        if (curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &microseconds) == CURLE_OK)
                a->seconds = (double)microseconds / 1e6;
        if (a->end != ANSWER_OVERSIZED)
                a->end = end_of(code);
        if (a->end != ANSWER_COMPLETE && a->end != ANSWER_OVERSIZED)
                utf8_clean(t->error[0] ? t->error : curl_easy_strerror(code), a->text,
                           sizeof(a->text));

        /* The callee may send the next one, so the transfer goes first. */
        http_done done = t->done;
        void *userdata = t->userdata;
        struct answer answer = *a;
        char empty[] = "";
        if (!answer.body)
                answer.body = empty;
        char *owned = TAKE_PTR(a->body);
        http_cancel(t);
        done(&answer, userdata);
        free(owned);
}

/* One at a time: the callee may start and cancel transfers. */
static void take_finished(struct http *h)
{
        CURLMsg *message;
        int left;
        while ((message = curl_multi_info_read(h->multi, &left))) {
                struct http_transfer *t = NULL;
                if (message->msg == CURLMSG_DONE &&
                    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t) ==
                            CURLE_OK &&
                    t)
                        finish(t, message->data.result);
        }
}

/* --- the loop --- */

static int on_io(sd_event_source *source _unused_, int fd, uint32_t events, void *userdata)
{
        struct http *h = userdata;
        int running, what = 0;
        if (events & EPOLLIN)
                what |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                what |= CURL_CSELECT_OUT;
        if (events & (EPOLLERR | EPOLLHUP))
                what |= CURL_CSELECT_ERR;
        (void)curl_multi_socket_action(h->multi, fd, what, &running);
        take_finished(h);
        return 0;
}

static int on_timer(sd_event_source *source _unused_, uint64_t usec _unused_, void *userdata)
{
        struct http *h = userdata;
        int running;
        (void)curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        take_finished(h);
        return 0;
}

static int on_socket(CURL *easy _unused_, curl_socket_t fd, int what, void *userdata, void *socket)
{
        struct http *h = userdata;
        sd_event_source *source = socket;

        if (what == CURL_POLL_REMOVE) {
                (void)curl_multi_assign(h->multi, fd, NULL);
                sd_event_source_disable_unref(source);
                return 0;
        }
        uint32_t events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                          (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0);
        if (source)
                return sd_event_source_set_io_events(source, events) < 0 ? -1 : 0;
        if (sd_event_add_io(h->loop, &source, fd, events, on_io, h) < 0)
                return -1;
        (void)sd_event_source_set_description(source, "http-socket");
        if (curl_multi_assign(h->multi, fd, source) != CURLM_OK) {
                sd_event_source_disable_unref(source);
                return -1;
        }
        return 0;
}

static int on_timeout_wanted(CURLM *multi _unused_, long milliseconds, void *userdata)
{
        struct http *h = userdata;
        if (milliseconds < 0)
                return sd_event_source_set_enabled(h->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        if (sd_event_source_set_time_relative(h->timer, (uint64_t)milliseconds * 1000) < 0)
                return -1;
        return sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

/* --- sending --- */

static int set_up(struct http_transfer *t, const struct request *r, const struct transport *tr)
{
        CURL *e = t->easy;
        long timeout = (long)(tr->timeout * 1000);
        CURLcode c = CURLE_OK;

#define SET(option, value) (c = c == CURLE_OK ? curl_easy_setopt(e, option, value) : c)
        SET(CURLOPT_PRIVATE, t);
        SET(CURLOPT_ERRORBUFFER, t->error);
        SET(CURLOPT_NOSIGNAL, 1L);
        SET(CURLOPT_PROTOCOLS_STR, "http,https");
        SET(CURLOPT_REDIR_PROTOCOLS_STR, "https"); /* none is followed; "" is refused */
        SET(CURLOPT_FOLLOWLOCATION, 0L);
        SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
        SET(CURLOPT_USERAGENT, "kmemwatch/" KMW_VERSION);
        SET(CURLOPT_URL, r->url);
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDS, t->body);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(t->body));
        SET(CURLOPT_HTTPHEADER, t->headers);
        SET(CURLOPT_TIMEOUT_MS, timeout);
        SET(CURLOPT_CONNECTTIMEOUT_MS, MIN_OF(timeout, CONNECT_SECONDS_MAX * 1000L));
        SET(CURLOPT_LOW_SPEED_LIMIT, (long)LOW_SPEED_BYTES);
        SET(CURLOPT_LOW_SPEED_TIME, (long)LOW_SPEED_SECONDS);
        SET(CURLOPT_SSL_VERIFYPEER, 1L);
        SET(CURLOPT_SSL_VERIFYHOST, 2L);
        SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
        if (tr->ca_file) {
                SET(CURLOPT_CAINFO, tr->ca_file);
                SET(CURLOPT_CAPATH, NULL);
        }
        /* Both set, so that no http_proxy or no_proxy of the environment is looked at. */
        SET(CURLOPT_PROXY, tr->proxy ? tr->proxy : "");
        SET(CURLOPT_NOPROXY, "");
        SET(CURLOPT_WRITEFUNCTION, on_body);
        SET(CURLOPT_WRITEDATA, t);
        SET(CURLOPT_HEADERFUNCTION, on_header);
        SET(CURLOPT_HEADERDATA, t);
        /* When the time is up while a name server is silent, libcurl would wait for its resolver's
         * thread, which takes as long as resolv.conf(5) says: minutes in which the watchdog would
         * end us. So it leaves the thread to itself: it ends, and frees what it holds, when the
         * resolver has given up. */
        SET(CURLOPT_QUICK_EXIT, 1L);
        /* The answer is judged even when it is an error page; no compression: no bomb. */
        SET(CURLOPT_FAILONERROR, 0L);
        SET(CURLOPT_ACCEPT_ENCODING, NULL);
#undef SET
        return c == CURLE_OK ? 0 : c == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EINVAL;
}

static int add_header(struct http_transfer *t, const char *line)
{
        struct curl_slist *list = curl_slist_append(t->headers, line);
        if (!list)
                return -ENOMEM;
        t->headers = list;
        return 0;
}

int http_send(struct http *h, const struct request *request, const struct transport *transport,
              http_done done, void *userdata, struct http_transfer **ret)
{
        _cleanup_(http_cancelp) struct http_transfer *t = calloc(1, sizeof(*t));
        if (!t)
                return -ENOMEM;
        *t = (struct http_transfer){ .http = h, .done = done, .userdata = userdata };
        t->easy = curl_easy_init();
        t->body = strdup(request->body);
        if (!t->easy || !t->body)
                return -ENOMEM;

        /* JSON is UTF-8 in any case, but Teams counts twice the bytes without the word. */
        int r = add_header(t, "Content-Type: application/json; charset=utf-8");
        if (r >= 0)
                r = add_header(t, "Expect:"); /* no pause for "100 Continue" */
        if (r >= 0 && request->header)
                r = add_header(t, request->header);
        if (r >= 0)
                r = set_up(t, request, transport);
        if (r < 0)
                return r;
        if (curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
                return -ENOMEM;
        *ret = TAKE_PTR(t);
        return 0;
}

void http_cancel(struct http_transfer *t)
{
        if (!t)
                return;
        if (t->easy) {
                (void)curl_multi_remove_handle(t->http->multi, t->easy);
                curl_easy_cleanup(t->easy);
        }
        for (struct curl_slist *header = t->headers; header; header = header->next)
                explicit_bzero(header->data, strlen(header->data));
        curl_slist_free_all(t->headers);
        secret_free(t->body);
        answer_done(&t->answer);
        free(t);
}

int http_new(struct sd_event *loop, struct http **ret)
{
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;
        _cleanup_(http_freep) struct http *h = calloc(1, sizeof(*h));
        if (!h) {
                curl_global_cleanup();
                return -ENOMEM;
        }
        h->loop = sd_event_ref(loop);
        h->multi = curl_multi_init();
        if (!h->multi)
                return -ENOMEM;
        int r = sd_event_add_time_relative(loop, &h->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, h);
        if (r >= 0)
                r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        (void)sd_event_source_set_description(h->timer, "http-timer");

        CURLMcode c = curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
        c = c ? c : curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
        c = c ? c : curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted);
        c = c ? c : curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
        c = c ? c : curl_multi_setopt(h->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS_MAX);
        if (c != CURLM_OK)
                return -ENOMEM;
        *ret = TAKE_PTR(h);
        return 0;
}

void http_free(struct http *h)
{
        if (!h)
                return;
        if (h->multi)
                (void)curl_multi_cleanup(h->multi);
        sd_event_source_disable_unref(h->timer);
        sd_event_unref(h->loop);
        free(h);
        curl_global_cleanup();
}
