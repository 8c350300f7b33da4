/* SPDX-License-Identifier: MIT */
/* Life and cleaning of what is sent and what came back; what a person may see of it. */
#include "deliver/exchange.h"

#include <stdio.h>
#include <string.h>

#include "base/macros.h"

void secret_free(char *s)
{
        if (s)
                explicit_bzero(s, strlen(s));
        free(s);
}

void request_done(struct request *r)
{
        secret_free(TAKE_PTR(r->url));
        secret_free(TAKE_PTR(r->header));
        secret_free(TAKE_PTR(r->body));
        free(TAKE_PTR(r->url_shown));
        free(TAKE_PTR(r->body_shown));
}

const char *request_body_for_people(const struct request *r)
{
        if (r->body_shown)
                return r->body_shown;
        return r->body ? r->body : "";
}

void answer_done(struct answer *a)
{
        free(TAKE_PTR(a->body));
        a->body_size = 0;
}

char *url_redact(const char *url)
{
        const char *host = strstr(url, "://");
        host = host ? host + 3 : url;
        size_t length = strcspn(host, "/?#");
        const char *at = memrchr(host, '@', length);
        if (at) {
                length -= (size_t)(at + 1 - host);
                host = at + 1;
        }
        const char *scheme = strncmp(url, "http://", 7) == 0 ? "http" : "https";
        char *shown = NULL;
        if (asprintf(&shown, "%s://%.*s/…", scheme, (int)length, host) < 0)
                return NULL;
        return shown;
}

void text_redact(char *text, const char *secret)
{
        static const char mark[] = "…";
        _Static_assert(sizeof(mark) - 1 <= SECRET_MIN, "the mark must not be longer than a secret");
        size_t length = secret ? strlen(secret) : 0;
        if (length < SECRET_MIN)
                return;
        for (char *hit = strstr(text, secret); hit; hit = strstr(hit, secret)) {
                memcpy(hit, mark, sizeof(mark) - 1);
                char *rest = hit + sizeof(mark) - 1;
                memmove(rest, hit + length, strlen(hit + length) + 1);
                hit = rest;
        }
}
