/* SPDX-License-Identifier: MIT */
/* What Silence is called with, and a file of silences: refused in one line, or within bounds, and
 * what is written again reads as the same. The first byte: whether the file is of this boot. */
#include <errno.h>
#include <math.h>

#include "base/text.h"
#include "engine/silence_state.h"
#include "fuzz.h"

static const struct silence_clock clock_now = { 5e5, 1795152600 };

static void check(const struct silence *s)
{
        require(s->name[0] && memchr(s->name, 0, sizeof(s->name)) && utf8_valid(s->name));
        require(memchr(s->why, 0, sizeof(s->why)) && utf8_valid(s->why));
        require(isfinite(s->began) && isfinite(s->ends) && isfinite(s->began_wall));
        require(s->ends - s->began <= SILENCE_SECONDS_MAX + 1);
}

static void parse_request(const char *text)
{
        struct silence s;
        char error[SILENCE_ERROR_MAX] = "";
        int r = silence_request_parse(text, &clock_now, &s, error);
        require(r == 0 || (r == -EINVAL && error[0] && utf8_valid(error)));
        if (r == 0)
                check(&s);
}

static void load(const char *data, size_t size, bool same_boot)
{
        struct silences *s = calloc(1, sizeof(*s)), *again = calloc(1, sizeof(*again));
        char *json = NULL;
        unsigned bad = 0;
        require(s && again);
        if (silences_decode(data, size, same_boot, &clock_now, s, &bad) == 0) {
                require(s->count <= SILENCES_MAX);
                for (size_t i = 0; i < s->count; i++)
                        check(&s->list[i]);
                require(silences_encode(s, &clock_now, &json) == 0 && utf8_valid(json));
                require(silences_decode(json, strlen(json), true, &clock_now, again, &bad) == 0);
                require(bad == 0 && again->count == s->count);
                struct silence gone;
                while (silences_expire(again, clock_now.now + 2.0 * SILENCE_SECONDS_MAX, &gone))
                        check(&gone);
                require(again->count == 0);
        }
        free(json);
        free(again);
        free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        char *text = copy_text(data + 1, size - 1);
        parse_request(text);
        load(text, size - 1, data[0] & 1);
        free(text);
        return 0;
}
