/* SPDX-License-Identifier: MIT */
/* What `kmemwatch status` adds to its numbers: what is not known yet, and what was left out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "detect/jump.h"
#include "view/report.h"

enum {
        LEFT_OUT_SHOWN = 10,     /* `check` has all */
        LEFT_OUT_FILE_SHOWN = 3, /* of one file: a broken one does not hide the others */
};

/* Lines are "FILE: ..." or "FILE:LINE: ...". */
static bool same_file(const char *a, const char *b)
{
        size_t length = strcspn(a, ":");

        return strncmp(a, b, length) == 0 && b[length] == ':';
}

void report_print_left_out(const struct terminal *t, const char *title, const char *const *lines,
                           size_t count)
{
        if (count == 0)
                return;
        fputc('\n', t->out);
        terminal_line(t, STYLE_WARNING, "%s", title);
        size_t shown = 0, of_file = 0;
        for (size_t i = 0; i < count; i++) {
                of_file = i > 0 && same_file(lines[i], lines[i - 1]) ? of_file + 1 : 0;
                if ((count > LEFT_OUT_SHOWN && of_file >= LEFT_OUT_FILE_SHOWN) ||
                    shown >= LEFT_OUT_SHOWN)
                        continue;
                shown++;
                terminal_spaces(t, 2);
                terminal_wrap(t, STYLE_PLAIN, 2, 6, lines[i]);
        }
        if (count > shown)
                terminal_line(t, STYLE_PLAIN, "  %zu more: kmemwatch check", count - shown);
}

/* What it cannot know yet, and from when on it will: a new user's first question. */
void report_print_learning(const struct terminal *t, const struct daemon_reply *d, double now)
{
        static const double DAY = 86400;
        enum { DAYS = 2 }; /* what happens each day at the same hour is expected the third time */
        char buffer[512], when[FORMAT_MAX];
        double learned = 0, days = 0;
        struct text line;
        for (size_t i = 0; i < d->dimension_count; i++) {
                if (isfinite(d->dimensions[i].learned))
                        learned = fmax(learned, d->dimensions[i].learned);
                if (isfinite(d->dimensions[i].season_days))
                        days = fmax(days, d->dimensions[i].season_days);
        }
        bool jumps = learned >= jump_params_default.learn, season = days > DAYS;
        if (d->dimension_count == 0 || (jumps && season))
                return;
        text_init(&line, buffer, sizeof(buffer));
        if (!jumps)
                text_add(&line,
                         "sudden changes are told from %s on; leaks as they show, fast ones "
                         "within minutes, slow ones within hours%s",
                         format_time_local(now + jump_params_default.learn - learned, now, when),
                         season ? "" : "; ");
        if (!season)
                text_add(&line,
                         "what happens each day at the same hour is expected the third time, "
                         "from about %s on",
                         format_time_local(now + DAYS * DAY - learned, now, when));
        fputc('\n', t->out);
        terminal_put(t, STYLE_STRONG, "Learning: ");
        terminal_wrap(t, STYLE_PLAIN, 10, 10, buffer);
}
