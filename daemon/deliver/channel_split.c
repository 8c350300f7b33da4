/* SPDX-License-Identifier: MIT */
/* A cluster whose members are all told everything: one file, and a channel for each address, with
 * its own backlog and its own retries. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "deliver/channel.h"

DEFINE_CLEANUP(struct channel, channel_free);

/* -ENOMEM when there was something to copy. */
static int copy(const char *from, char **ret)
{
        *ret = from ? strdup(from) : NULL;
        return from && !*ret ? -ENOMEM : 0;
}

static int member_of(const struct channel *c, const char *url, size_t number, struct channel **ret)
{
        _cleanup_(channel_freep) struct channel *m = malloc(sizeof(*m));
        if (!m)
                return -ENOMEM;
        *m = *c;
        m->users = 0;
        m->name = m->file = m->url = m->secret_file = m->secret = m->header = m->ca_file =
                m->proxy = m->only_rules = m->only_dimensions = m->heartbeat_url =
                        m->heartbeat_secret = NULL;
        int r = copy(c->file, &m->file) | copy(url, &m->url) |
                copy(c->secret_file, &m->secret_file) | copy(c->secret, &m->secret) |
                copy(c->header, &m->header) | copy(c->ca_file, &m->ca_file) |
                copy(c->proxy, &m->proxy) | copy(c->only_rules, &m->only_rules) |
                copy(c->only_dimensions, &m->only_dimensions) |
                copy(c->heartbeat_url, &m->heartbeat_url) |
                copy(c->heartbeat_secret, &m->heartbeat_secret);
        if (r < 0 || asprintf(&m->name, "%s.%zu", c->name, number) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(m);
        return 0;
}

int channel_split(struct channel *c, struct channel **ret, size_t max, size_t *ret_count)
{
        _cleanup_(channel_freep) struct channel *whole = c;
        _cleanup_free_ char *urls = NULL;
        char *save = NULL;
        size_t count = 0;

        if (c->type != CHANNEL_ALERTMANAGER || !strchr(c->url, ' ')) {
                ret[0] = TAKE_PTR(whole);
                *ret_count = 1;
                return 0;
        }
        urls = strdup(c->url);
        int r = urls ? 0 : -ENOMEM;
        for (char *url = r < 0 ? NULL : strtok_r(urls, " ", &save); url && r >= 0;
             url = strtok_r(NULL, " ", &save)) {
                r = count < max ? member_of(c, url, count + 1, &ret[count]) : -ENOBUFS;
                count += r >= 0;
        }
        if (r < 0) {
                while (count-- > 0)
                        channel_free(TAKE_PTR(ret[count]));
                return r;
        }
        *ret_count = count;
        return 0;
}
