/* SPDX-License-Identifier: MIT */
/* See json_in.h: the only place that knows how lenient we are with answers. */
#include "view/json_in.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

#include "base/macros.h"
#include "base/units.h"
#include "view/reply.h"

int json_in_open(const char *text, json_t **ret)
{
        json_error_t error;
        json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);

        if (!root)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : -EBADMSG;
        if (!json_is_object(root)) {
                json_decref(root);
                return -EBADMSG;
        }
        if (json_integer_value(json_object_get(root, "version")) != REPLY_VERSION) {
                json_decref(root);
                return -EPROTONOSUPPORT;
        }
        *ret = root;
        return 0;
}

const char *json_in_text(const json_t *object, const char *key)
{
        const char *text = json_string_value(json_object_get(object, key));

        return text ? text : "";
}

double json_in_number(const json_t *object, const char *key)
{
        const json_t *value = json_object_get(object, key);

        return json_is_number(value) ? json_number_value(value) : NAN;
}

bool json_in_truth(const json_t *object, const char *key)
{
        return json_is_true(json_object_get(object, key));
}

double json_in_time(const json_t *object, const char *key)
{
        double time;

        return parse_time(json_in_text(object, key), &time) < 0 ? NAN : time;
}

size_t json_in_count(const json_t *list)
{
        size_t size = json_array_size(list); /* 0 when it is not a list */

        return MIN_OF(size, (size_t)REPLY_LIST_MAX);
}

int json_in_texts(const json_t *list, const char ***ret, size_t *ret_count)
{
        size_t count = json_in_count(list);
        const char **texts = calloc(count + 1, sizeof *texts);

        if (!texts)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const char *text = json_string_value(json_array_get(list, i));
                texts[i] = text ? text : "";
        }
        *ret = texts;
        *ret_count = count;
        return 0;
}
