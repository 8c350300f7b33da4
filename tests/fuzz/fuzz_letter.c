/* SPDX-License-Identifier: MIT */
/* An event out of the shared spool, through every channel: whatever parses becomes requests whose
 * bodies are JSON. The first byte chooses what the channel is like. */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/macros.h"
#include "deliver/channel.h"
#include "deliver/letter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void send(const struct channel *c, const struct letter *l, enum form form)
{
        struct request r = { 0 };
        if (channel_request(c, l, form, &r) < 0)
                return;
        json_t *body = json_loads(r.body, 0, NULL);
        assert(body);
        json_decref(body);
        request_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[LETTER_ERROR_MAX];
        struct letter l;
        if (size < 1 || letter_parse((const char *)data + 1, size - 1, error, &l) < 0)
                return 0;
        l.sequence = data[0];
        for (int type = 0; type < CHANNEL_TYPE_COUNT; type++) {
                struct channel c = {
                        .type = (enum channel_type)type,
                        .url = (char *)"https://example.com/{secret}",
                        .secret = (char *)"0123456789abcdef0123456789abcdef",
                        .min_severity = data[0] & 1 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
                        .only_rules = data[0] & 2 ? (char *)"slab-* [a-z]?" : NULL,
                };
                (void)channel_wants(&c, &l);
                send(&c, &l, FORM_FULL);
                send(&c, &l, FORM_SHORT);
        }
        letter_done(&l);
        return 0;
}
