/* SPDX-License-Identifier: MIT */
/* An event out of the shared spool, through every channel, alone and together with others: whatever
 * parses becomes requests whose bodies are JSON. The first byte chooses what the channel is like.
 */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/macros.h"
#include "deliver/channel.h"
#include "deliver/letter.h"
#include "deliver/parcel.h"
#include "deliver/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char template[] =
        "{\"ends\":{\"path\":\"/{dedup_key}\"},\"body\":[\"{headline:markdown:99}{text:7}{explain}\","
        "\"{value_bytes}\",{\"$if\":\"culprit\",\"then\":\"{culprit:markdown}{machine}\"},"
        "{\"$switch\":\"severity\",\"critical\":1,\"else\":\"{action}{host}\"}]}";

static const char other[] =
        "{\"version\":1,\"event\":\"resolved\",\"severity\":\"ok\",\"id\":\"77\","
        "\"alert\":{\"id\":\"88\",\"rule\":\"r\",\"dimension\":\"Slab\"},"
        "\"time\":\"2026-11-20T05:14:56Z\"}";

static void send(const struct channel *c, struct parcel *p, enum form form)
{
        struct request r = { 0 };
        if (channel_request(c, p, form, &r) < 0)
                return;
        json_t *body = json_loads(r.body, 0, NULL);
        assert(body);
        json_decref(body);
        request_done(&r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[LETTER_ERROR_MAX], template_error[TEMPLATE_ERROR_MAX];
        struct letter l;
        if (size < 1 || letter_parse((const char *)data + 1, size - 1, error, &l) < 0)
                return 0;
        l.sequence = data[0];
        struct parcel one = { .letters = &l, .count = 1 }, many = { .summary = data[0] & 4 };
        for (int i = 0; i < 3; i++) {
                struct letter m;
                if (letter_parse(i == 1 ? other : (const char *)data + 1,
                                 i == 1 ? sizeof(other) - 1 : size - 1, error, &m) < 0 ||
                    parcel_add(&many, &m) < 0)
                        abort();
        }
        for (int type = 0; type < CHANNEL_TYPE_COUNT; type++) {
                struct channel c = {
                        .type = (enum channel_type)type,
                        .url = (char *)"https://example.com/{secret}",
                        .secret = (char *)"0123456789abcdef0123456789abcdef",
                        .min_severity = data[0] & 1 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
                        .only_rules = data[0] & 2 ? (char *)"slab-* [a-z]?" : NULL,
                };
                (void)channel_wants(&c, &l);
                send(&c, &one, FORM_FULL);
                send(&c, &one, FORM_SHORT);
                send(&c, &many, FORM_FULL);
                send(&c, &many, FORM_SHORT);
                if (type == CHANNEL_WEBHOOK) {
                        if (template_parse(template, sizeof(template) - 1, template_error,
                                           &c.template) < 0)
                                abort();
                        send(&c, &one, FORM_FULL);
                        send(&c, &many, FORM_FULL);
                        template_free(c.template);
                }
                many.count = 1; /* the same alert twice, or as good as */
                letter_done(&many.letters[1]);
                letter_done(&many.letters[2]);
                for (int i = 0; i < 2; i++) {
                        struct letter m;
                        if (letter_parse((const char *)data + 1, size - 1, error, &m) < 0 ||
                            parcel_add(&many, &m) < 0)
                                abort();
                }
        }
        parcel_done(&many);
        letter_done(&l);
        return 0;
}
