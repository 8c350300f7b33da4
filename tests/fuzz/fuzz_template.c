/* SPDX-License-Identifier: MIT */
/* A template that somebody has written: whatever is taken for one makes JSON of an event. */
#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "deliver/letter.h"
#include "deliver/template.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char event[] =
        "{\"version\":1,\"event\":\"firing\",\"severity\":\"critical\",\"id\":\"77\","
        "\"alert\":{\"id\":\"88\",\"rule\":\"{rule}\\\"\",\"dimension\":\"Slab\"},"
        "\"summary\":\"**@all** \\\\ <b>\",\"text\":\"\\\"}],{\",\"value_bytes\":1e300,"
        "\"dedup_key\":\"a/b\",\"time\":\"2026-11-20T05:14:56Z\"}";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        char error[TEMPLATE_ERROR_MAX], letter_error[LETTER_ERROR_MAX];
        struct template *t;
        struct letter l;
        if (template_parse((const char *)data, size, error, &t) < 0)
                return 0;
        if (letter_parse(event, sizeof(event) - 1, letter_error, &l) < 0)
                abort();
        for (enum meaning meaning = MEANING_BEGINS; meaning <= MEANING_ENDS; meaning++) {
                char *body, *path;
                if (!template_wants(t, meaning))
                        continue;
                if (template_body(t, &l, meaning, &body) < 0 ||
                    template_path(t, &l, meaning, &path) < 0)
                        abort();
                json_t *json = json_loads(body, JSON_DECODE_ANY, NULL);
                assert(json);
                json_decref(json);
                free(body);
                free(path);
        }
        letter_done(&l);
        template_free(t);
        return 0;
}
