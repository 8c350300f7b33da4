/* SPDX-License-Identifier: MIT */
/* Takes the answers to Who and Top apart. */
#include "view/who_reply.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "culprit/culprit.h"
#include "view/json_in.h"

static int culprits_parse(const json_t *list, struct reply_culprit **ret, size_t *ret_count)
{
        size_t count = json_in_count(list);
        struct reply_culprit *culprits = calloc(count + 1, sizeof *culprits);

        if (!culprits)
                return -ENOMEM;
        for (size_t i = 0; i < count; i++) {
                const json_t *o = json_array_get(list, i);
                culprits[i] = (struct reply_culprit){
                        .dimension = json_in_text(o, "dimension"),
                        .kind = json_in_text(o, "kind"),
                        .name = json_in_text(o, "name"),
                        .label = json_in_text(o, "label"),
                        .note = json_in_text(o, "note"),
                        .bytes = json_in_number(o, "bytes"),
                        .share = json_in_number(o, "share"),
                        .since = json_in_time(o, "since"),
                        .sizes = json_in_truth(o, "sizes"),
                        .about = json_in_truth(o, "about"),
                        .placed = json_in_truth(o, "placed"),
                };
        }
        *ret = culprits;
        *ret_count = count;
        return 0;
}

int who_reply_parse(const char *json, struct who_reply *ret)
{
        json_t *root = NULL;
        int r = json_in_open(json, &root);

        if (r < 0)
                return r;
        struct who_reply w = {
                .root = root,
                .dimension = json_in_text(root, "dimension"),
                .text = json_in_text(root, "culprit_text"),
                .unexplained = json_in_text(root, "unexplained"),
                .hidden = json_in_text(root, "hidden"),
                .view = json_in_text(root, "view"),
                .time = json_in_time(root, "time"),
                .since = json_in_time(root, "since"),
                .looked = json_in_time(root, "looked"),
                .change = json_in_number(root, "change"),
                .explained = json_in_number(root, "explained"),
                .charged = json_in_number(root, "charged"),
                .deep = json_in_truth(root, "deep"),
                .sizes = json_in_truth(root, "sizes"),
        };
        r = culprits_parse(json_object_get(root, "culprits"), &w.culprits, &w.culprit_count);
        if (r == 0)
                r = json_in_texts(json_object_get(root, "denied"), &w.denied, &w.denied_count);
        if (r < 0) {
                who_reply_done(&w);
                return r;
        }
        /* It may remember less than it was asked for. fmax() leaves out what is unknown. */
        if (w.culprit_count > 0 && isfinite(w.since))
                w.since = fmax(w.since, w.culprits[0].since);
        *ret = w;
        return 0;
}

void who_reply_done(struct who_reply *r)
{
        free(r->culprits);
        free(r->denied);
        json_decref(r->root);
        *r = (struct who_reply){ 0 };
}

int top_reply_parse(const char *json, struct top_reply *ret)
{
        json_t *root = NULL;
        int r = json_in_open(json, &root);

        if (r < 0)
                return r;
        struct top_reply t = {
                .root = root,
                .view = json_in_text(root, "view"),
                .time = json_in_time(root, "time"),
                .looked = json_in_time(root, "looked"),
                .seconds = json_in_number(root, "seconds"),
        };
        r = culprits_parse(json_object_get(root, "growers"), &t.growers, &t.grower_count);
        if (r == 0)
                r = json_in_texts(json_object_get(root, "denied"), &t.denied, &t.denied_count);
        if (r < 0) {
                top_reply_done(&t);
                return r;
        }
        *ret = t;
        return 0;
}

void top_reply_done(struct top_reply *r)
{
        free(r->growers);
        free(r->denied);
        json_decref(r->root);
        *r = (struct top_reply){ 0 };
}

double top_reply_change(const struct top_reply *r, const char *dimension)
{
        return json_in_number(json_object_get(r->root, "changes"), dimension);
}

const char *culprit_kind_words(const char *kind)
{
        static const char *const WORDS[CULPRIT_KIND_COUNT] = {
                [CULPRIT_CACHE] = "slab cache", [CULPRIT_LARGE_KMALLOC] = "large kmalloc",
                [CULPRIT_CALLER] = "function",  [CULPRIT_SITE] = "source line",
                [CULPRIT_STACKS] = "stacks",    [CULPRIT_MAP] = "BPF map",
                [CULPRIT_OBJECTS] = "objects",  [CULPRIT_PAGES] = "pages",
                [CULPRIT_PROCESS] = "process",  [CULPRIT_CGROUP] = "cgroup",
        };
        int known = culprit_kind_by_name(kind);

        return known < 0 || !WORDS[known] ? kind : WORDS[known];
}
