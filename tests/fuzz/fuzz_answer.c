/* SPDX-License-Identifier: MIT */
/* A receiver's answer: type, how it ended and status from the first four bytes, then Retry-After up
 * to the first newline, then the body. */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "deliver/channel.h"
#include "deliver/retry.h"
#include "deliver/verdict.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 4)
                return 0;
        struct answer a = { .end = data[1] % ANSWER_END_COUNT, .status = data[2] * 256 + data[3] };
        const uint8_t *header = data + 4, *newline = memchr(header, '\n', size - 4);
        size_t length = newline ? (size_t)(newline - header) : 0;
        memcpy(a.retry_after, header, MIN_OF(length, sizeof(a.retry_after) - 1));
        a.body_size = size - 4 - length;
        a.body = malloc(a.body_size + 1);
        if (!a.body)
                return 0;
        memcpy(a.body, header + length, a.body_size);
        a.body[a.body_size] = '\0';

        const struct channel c = { .type = data[0] % CHANNEL_TYPE_COUNT,
                                   .url = (char *)"https://example.com/path/of/{secret}",
                                   .secret = (char *)"aaaaaaaa" };
        struct judgement j;
        channel_redact_answer(&c, &a);
        verdict_of(c.type, &a, 1.8e9, &j);
        assert(strlen(j.reason) < sizeof(j.reason) && !strstr(j.reason, c.secret));
        assert((j.verdict == VERDICT_ACCEPTED) == !j.reason[0]);
        assert(isnan(j.retry_after) || (j.retry_after >= 0 && j.retry_after <= RETRY_AFTER_MAX));
        for (const char *p = j.reason; *p; p++)
                assert((unsigned char)*p >= ' ');
        answer_done(&a);
        return 0;
}
