/* SPDX-License-Identifier: MIT */
/* Writes who is behind a change. */
#include "announce/culprit_json.h"

#include <math.h>

#include "announce/json_out.h"
#include "culprit/culprit.h"

void culprit_members_json(struct json_out *j, const struct culprit *c)
{
        json_out_text(j, "kind", culprit_kind_name(c->kind), CULPRIT_NAME_MAX);
        json_out_text(j, "name", c->name, CULPRIT_NAME_MAX);
        json_out_text(j, "label", c->label, CULPRIT_LABEL_MAX);
        json_out_whole(j, "bytes", c->bytes);
        json_out_number(j, "share", c->share);
        json_out_text(j, "note", c->note, CULPRIT_NOTE_MAX);
        json_out_time(j, "since", c->since);
        json_out_bool(j, "sizes", c->sizes);
        json_out_bool(j, "about", c->about);
        json_out_bool(j, "placed", c->placed);
}

void culprits_json(struct json_out *j, const struct culprit_list *l)
{
        char text[CULPRIT_TEXT_MAX];

        json_out_open(j, "culprits", '[');
        for (unsigned i = 0; l && i < l->count; i++) {
                json_out_open(j, NULL, '{');
                culprit_members_json(j, &l->culprits[i]);
                json_out_close(j, '}');
        }
        json_out_close(j, ']');
        json_out_number(j, "explained", l ? l->explained : NAN);
        json_out_number(j, "charged", l ? l->charged : NAN);
        json_out_text(j, "unexplained", l ? l->unexplained : "", CULPRIT_TEXT_MAX);
        json_out_text(j, "hidden", l ? l->hidden : "", CULPRIT_TEXT_MAX);
        json_out_text(j, "culprit_text", l ? culprit_text(l, text, sizeof(text)) : "",
                      CULPRIT_TEXT_MAX);
}
