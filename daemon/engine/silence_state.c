/* SPDX-License-Identifier: MIT */
/* Silences out of JSON and into it. */
#include "engine/silence_state.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "announce/json_out.h"
#include "announce/json_value.h"
#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"

/* Not empty, and as long as it may be. Control characters become spaces. */
static bool read_text(const json_t *o, const char *name, char *to, size_t size)
{
        const char *value = json_string_value(json_object_get(o, name));

        if (!value || !*value || strlen(value) >= size)
                return false;
        utf8_clean(value, to, size);
        return true;
}

static double number(const json_t *o, const char *name)
{
        const json_t *value = json_object_get(o, name);

        return json_is_number(value) ? json_number_value(value) : NAN;
}

int silence_request_parse(const char *json, const struct silence_clock *clock, struct silence *ret,
                          char error[SILENCE_ERROR_MAX])
{
        /* json_object_get takes anything else for an empty object. */
        _cleanup_(json_decrefp) json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
        struct silence s = { .began = clock->now, .began_wall = clock->wall };
        double seconds = number(root, "seconds");

        if (!read_text(root, "name", s.name, sizeof(s.name)))
                snprintf(error, SILENCE_ERROR_MAX,
                         "what is to be silent: a name of at most %d "
                         "bytes is needed",
                         SILENCE_NAME_SIZE - 1);
        else if (!read_text(root, "why", s.why, sizeof(s.why)))
                snprintf(error, SILENCE_ERROR_MAX,
                         "a reason of at most %d bytes is needed, for those who wonder",
                         SILENCE_WHY_SIZE - 1);
        else if (!(seconds >= SILENCE_SECONDS_MIN && seconds <= SILENCE_SECONDS_MAX))
                snprintf(error, SILENCE_ERROR_MAX,
                         "a silence lasts from %d second to %d days; for good, mask the rule or "
                         "give it mode = observe",
                         SILENCE_SECONDS_MIN, SILENCE_SECONDS_MAX / 86400);
        else {
                s.ends = s.began + seconds;
                *ret = s;
                return 0;
        }
        return -EINVAL;
}

int silences_encode(const struct silences *s, const struct silence_clock *clock, char **ret)
{
        struct json_out j;

        json_out_init(&j);
        json_out_open(&j, NULL, '{');
        json_out_open(&j, "silences", '[');
        for (size_t i = 0; i < s->count; i++) {
                const struct silence *one = &s->list[i];

                json_out_open(&j, NULL, '{');
                json_out_text(&j, "name", one->name, SILENCE_NAME_SIZE);
                json_out_text(&j, "why", one->why, SILENCE_WHY_SIZE);
                json_out_whole(&j, "user", one->user);
                json_out_exact(&j, "seconds", one->ends - one->began);
                json_out_exact(&j, "began", one->began_wall);
                json_out_exact(&j, "ends", clock->wall + (one->ends - clock->now));
                json_out_exact(&j, "ends_boottime", one->ends);
                json_out_close(&j, '}');
        }
        json_out_close(&j, ']');
        json_out_close(&j, '}');
        return json_out_take(&j, ret);
}

static bool read_one(const json_t *o, bool same_boot, const struct silence_clock *clock,
                     struct silence *ret)
{
        double seconds = number(o, "seconds"), user = number(o, "user");
        double left = same_boot ? number(o, "ends_boottime") - clock->now
                                : number(o, "ends") - clock->wall;
        struct silence s = { .began_wall = number(o, "began") };

        if (!read_text(o, "name", s.name, sizeof(s.name)) ||
            !read_text(o, "why", s.why, sizeof(s.why)) || !isfinite(left) ||
            !(seconds > 0 && seconds <= SILENCE_SECONDS_MAX))
                return false;
        /* A clock that was behind when the machine came up must not make it longer. */
        s.ends = clock->now + fmin(left, seconds);
        s.began = s.ends - seconds;
        if (!isfinite(s.began_wall))
                s.began_wall = clock->wall - (clock->now - s.began);
        s.user = user >= 0 && user <= (double)UINT32_MAX ? (unsigned)user : UINT32_MAX;
        *ret = s;
        return true;
}

int silences_decode(const void *data, size_t size, bool same_boot,
                    const struct silence_clock *clock, struct silences *ret, unsigned *ret_bad)
{
        _cleanup_(json_decrefp) json_t *root = json_loadb(data, size, 0, NULL);
        const json_t *list = json_object_get(root, "silences"), *one;
        unsigned bad = 0;
        size_t i;

        if (!json_is_array(list))
                return -EBADMSG;
        ret->count = 0;
        json_array_foreach(list, i, one)
        {
                struct silence s;
                if (!read_one(one, same_boot, clock, &s) || silences_add(ret, &s) < 0)
                        bad++;
        }
        *ret_bad = bad;
        return 0;
}

json_t *silence_json(const struct silence *s, const struct silence_clock *clock)
{
        double left = fmax(s->ends - clock->now, 0);
        json_t *o = json_object();

        json_object_set_new(o, "name", json_string(s->name));
        json_object_set_new(o, "why", json_string(s->why));
        json_object_set_new(o, "user", json_integer(s->user));
        json_object_set_new(o, "began", json_value_time(s->began_wall));
        json_object_set_new(o, "ends", json_value_time(clock->wall + left));
        json_object_set_new(o, "left_seconds", json_integer((json_int_t)ceil(left)));
        return o;
}

json_t *silences_json(const struct silences *s, const struct silence_clock *clock)
{
        json_t *list = json_array();

        for (size_t i = 0; i < s->count; i++)
                json_array_append_new(list, silence_json(&s->list[i], clock));
        return list;
}
