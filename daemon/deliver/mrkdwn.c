/* SPDX-License-Identifier: MIT */
/* Text of strangers in Slack's own markup, and the pieces of a message that are made of it. */
#include "deliver/mrkdwn.h"

#include <jansson.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "deliver/slack.h"

enum { ELLIPSIS_SIZE = sizeof("…") - 1 };

void mrkdwn_begin(struct text *t, char *buffer, size_t size)
{
        text_init(t, buffer, size - ELLIPSIS_SIZE);
}

const char *mrkdwn_end(struct text *t)
{
        if (t->cut)
                memcpy(t->buffer + t->length, "…", ELLIPSIS_SIZE + 1);
        return t->buffer;
}

/* Appends text of a stranger: & < > are the only characters Slack gives a meaning that could reach
 * other people (<!channel>, <@user>, links). Never cut inside an entity. */
void mrkdwn_add(struct text *t, const char *s)
{
        while (*s && !t->cut) {
                size_t plain = strcspn(s, "&<>");
                text_add(t, "%.*s", (int)plain, s);
                s += plain;
                if (!*s || t->cut)
                        break;
                const char *entity = *s == '&' ? "&amp;" : *s == '<' ? "&lt;" : "&gt;";
                if (t->length + strlen(entity) >= t->size)
                        t->cut = true;
                else
                        text_add(t, "%s", entity);
                s++;
        }
}

/* verbatim: Slack must not make links and mentions out of what looks like them. */
json_t *mrkdwn_text(const char *text)
{
        return json_pack("{s:s, s:s, s:b}", "type", "mrkdwn", "text", text, "verbatim", 1);
}

json_t *mrkdwn_section(const char *text)
{
        return json_pack("{s:s, s:o}", "type", "section", "text", mrkdwn_text(text));
}

json_t *mrkdwn_header(const char *headline, const char *id)
{
        char buffer[SLACK_HEADER_MAX + 1];
        struct text t;
        mrkdwn_begin(&t, buffer, sizeof(buffer));
        for (const char *s = headline; *s && !t.cut;) {
                size_t plain = strcspn(s, "<>");
                text_add(&t, "%.*s", (int)plain, s);
                s += plain;
                if (*s)
                        text_add(&t, "%s", *s++ == '<' ? "‹" : "›");
        }
        json_t *header = json_pack("{s:s, s:{s:s, s:s}}", "type", "header", "text", "type",
                                   "plain_text", "text", mrkdwn_end(&t));
        return mrkdwn_with_id(header, id);
}

json_t *mrkdwn_with_id(json_t *block, const char *id)
{
        enum { ID_BYTES = 33 }; /* with its comma: of too many only whole ones */
        size_t length = strlen(id);
        if (length > SLACK_BLOCK_ID_MAX)
                length = SLACK_BLOCK_ID_MAX / ID_BYTES * ID_BYTES - 1;
        if (block && id[0])
                (void)json_object_set_new(block, "block_id", json_stringn(id, length));
        return block;
}
