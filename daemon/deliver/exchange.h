/* SPDX-License-Identifier: MIT */
/* One HTTP exchange as plain data: what is sent, and what came back. No network in here, so that
 * building and judging can be tested without one. */
#pragma once

#include <stddef.h>

enum {
        ANSWER_BODY_MAX = 64 * 1024, /* the receivers answer with a word or a small JSON object */
        ANSWER_TEXT_MAX = 256,
        ANSWER_HEADER_MAX = 64, /* a Retry-After date has 29 bytes */
        ANSWER_QUOTE_MAX = 120, /* what of an answer stands in a log line */
};

/* Wipes and frees; NULL is fine. Freed memory of a long-running program ends up in swap and dumps.
 */
void secret_free(char *s);

/* A POST of JSON. What may hold the secret is marked; only the *_shown texts are for people. */
struct request {
        char *url;        /* secret */
        char *header;     /* secret; one more header line "Name: value", or NULL */
        char *body;       /* secret */
        char *url_shown;  /* scheme and host only */
        char *body_shown; /* the body with the secret taken out; NULL when it holds none */
};
void request_done(struct request *r);

/* What for people stands for the body: body_shown, else body. */
const char *request_body_for_people(const struct request *r);

/* How it is sent. Strings are not owned; NULL: none. */
struct transport {
        const char *ca_file;
        const char *proxy;
        double timeout; /* seconds for the whole exchange */
};

enum answer_end {
        ANSWER_COMPLETE,
        ANSWER_OVERSIZED,  /* cut at ANSWER_BODY_MAX; status and the start of the body are good */
        ANSWER_BROKEN_OFF, /* no name, no connection, reset, half an answer */
        ANSWER_TIMED_OUT,
        ANSWER_UNTRUSTED,  /* the certificate is not good */
        ANSWER_IMPOSSIBLE, /* address, proxy or CA file cannot be used */
        ANSWER_END_COUNT,
};

struct answer {
        enum answer_end end;
        long status; /* 0 when none came */
        char *body;  /* terminated, never NULL after http.c has filled it; bytes of a stranger */
        size_t body_size;
        char retry_after[ANSWER_HEADER_MAX]; /* the header as it stood, "" without */
        char text[ANSWER_TEXT_MAX];          /* what went wrong with the connection, in words */
        double seconds;                      /* how long it took */
};
void answer_done(struct answer *a);

/* "https://hooks.slack.com/…": without path, query and user. In fresh memory, or NULL without. */
char *url_redact(const char *url);

/* Replaces in place each occurrence of `secret` in text by "…". NULL, or shorter than SECRET_MIN:
 * nothing is done (a secret of three letters would blank out half of a text). */
enum { SECRET_MIN = 4 };
void text_redact(char *text, const char *secret);
