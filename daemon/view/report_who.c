/* SPDX-License-Identifier: MIT */
/* `kmemwatch who`: the answer as a sentence, then the list behind it, then what it does not know.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"
#include "view/report.h"
#include "view/who_reply.h"

enum { LINE_MAX_BYTES = 2048, INDENT = 2 };

/* Younger than that it is as good as now. */
static const double LOOK_FRESH = 5;

/* What happened: "SUnreclaim grew by 310 MiB within 1 h". */
static void print_change(const struct terminal *t, const struct who_reply *w)
{
        char bytes[FORMAT_MAX], ago[FORMAT_MAX];

        terminal_put(t, STYLE_STRONG, w->dimension);
        if (!isfinite(w->change)) {
                terminal_line(t, STYLE_PLAIN, ": not known, this kernel or view does not say it");
                return;
        }
        format_bytes(fabs(w->change), bytes);
        if (w->sizes || !isfinite(w->since)) {
                terminal_line(t, STYLE_PLAIN, " is %s now: who has it", bytes);
                return;
        }
        const char *what = w->change > 0 ? "grew by" : w->change < 0 ? "fell by" : "changed by";
        terminal_line(t, STYLE_PLAIN, " %s %s within %s", what, bytes,
                      format_duration(fmax(w->time - w->since, 0), ago));
}

/* The daemon's sentence has no full stop. */
static void print_sentence(const struct terminal *t, const struct who_reply *w)
{
        char line[LINE_MAX_BYTES];
        size_t length = utf8_cut(w->text, sizeof line - 2);

        snprintf(line, sizeof line, "%.*s.", (int)length, w->text);
        /* Percentages and names begin a sentence as they are, our own words with a capital. */
        if (line[0] >= 'a' && line[0] <= 'z' &&
            (w->culprit_count == 0 || has_prefix(line, "about ")))
                line[0] = (char)(line[0] - 'a' + 'A');
        terminal_wrap(t, STYLE_PLAIN, 0, 0, line);
}

static size_t longest_word(const char *s)
{
        size_t longest = 0;

        while (*s) {
                size_t length = strcspn(s, " ");
                _cleanup_free_ char *word = strndup(s, length);
                size_t columns = word ? terminal_columns(word) : length;
                longest = MAX_OF(longest, columns);
                s += length + (s[length] == ' ');
        }
        return longest;
}

enum {
        BYTES_WIDTH = 9,
        SHARE_WIDTH = 5,
        KIND_WIDTH = 13,
        GAP = 2,
        WHO_COLUMN = BYTES_WIDTH + GAP + SHARE_WIDTH + GAP + KIND_WIDTH + GAP,
};

static void print_name(const struct terminal *t, const char *kind, const char *name)
{
        size_t longest = longest_word(name), column = WHO_COLUMN;

        if (column + longest <= t->width) {
                terminal_put_field(t, STYLE_PLAIN, kind, KIND_WIDTH, false);
                terminal_spaces(t, GAP);
        } else {
                /* What has no room beside the numbers stands below them, whole. */
                terminal_line(t, STYLE_PLAIN, "%s", kind);
                size_t room = t->width > longest ? t->width - longest : 0;
                column = MIN_OF(room, (size_t)(BYTES_WIDTH + GAP));
                terminal_spaces(t, column);
        }
        terminal_wrap(t, STYLE_PLAIN, column, column, name);
}

static void print_culprit(const struct terminal *t, const struct who_reply *w,
                          const struct reply_culprit *c)
{
        char bytes[FORMAT_MAX + 1], share[FORMAT_MAX] = "", buffer[FORMAT_MAX],
                                    note[LINE_MAX_BYTES];
        struct text n;

        snprintf(bytes, sizeof bytes, "%s%s", c->about ? "~" : "",
                 report_value(UNIT_BYTES, c->bytes, buffer));
        if (isfinite(c->share))
                snprintf(share, sizeof share, "%.0f %%", c->share * 100);
        terminal_put_field(t, STYLE_STRONG, bytes, BYTES_WIDTH, true);
        terminal_spaces(t, GAP);
        terminal_put_field(t, STYLE_PLAIN, share, SHARE_WIDTH, true);
        terminal_spaces(t, GAP);
        print_name(t, culprit_kind_words(c->kind), *c->label ? c->label : c->name);

        text_init(&n, note, sizeof note);
        /* A size among growths: the number is of another kind than the title says. */
        if (c->sizes && !w->sizes)
                text_add(&n, "all it has now, not what it grew by");
        if (*c->note)
                text_add(&n, "%s%s", n.length > 0 ? "; " : "", c->note);
        if (n.length == 0)
                return;
        terminal_spaces(t, WHO_COLUMN);
        terminal_wrap(t, STYLE_FAINT, WHO_COLUMN, WHO_COLUMN, note);
}

static void print_culprits(const struct terminal *t, const struct who_reply *w)
{
        if (w->culprit_count == 0)
                return;
        fputc('\n', t->out);
        terminal_put_field(t, STYLE_FAINT,
                           w->sizes        ? "HAS"
                           : w->change < 0 ? "SHRANK BY"
                                           : "GREW BY",
                           BYTES_WIDTH, true);
        terminal_spaces(t, GAP);
        terminal_put(t, STYLE_FAINT, "SHARE");
        terminal_spaces(t, GAP);
        terminal_put_field(t, STYLE_FAINT, "KIND", KIND_WIDTH, false);
        terminal_spaces(t, GAP);
        terminal_put(t, STYLE_FAINT, "WHO");
        fputc('\n', t->out);
        for (size_t i = 0; i < w->culprit_count; i++)
                print_culprit(t, w, &w->culprits[i]);
}

static void print_part(const struct terminal *t, enum style style, const char *label,
                       const char *text)
{
        if (!*text)
                return;
        terminal_put(t, style, label);
        terminal_spaces(t, 1);
        terminal_wrap(t, STYLE_PLAIN, strlen(label) + 1, INDENT, text);
}

static void print_view(const struct terminal *t, const struct who_reply *w)
{
        char line[LINE_MAX_BYTES], when[FORMAT_MAX];
        struct text l;

        if (strcmp(w->view, "container") == 0)
                print_part(t, STYLE_WARNING, "Limited view:",
                           "kmemwatchd runs in a container. The numbers are the whole host's, but "
                           "only its own processes and cgroups have a name here.");
        /* What is hidden says more, when it is said. */
        if (w->denied_count > 0 && !*w->hidden) {
                text_init(&l, line, sizeof line);
                for (size_t i = 0; i < w->denied_count; i++)
                        text_add(&l, "%s%.64s", i > 0 ? ", " : "", w->denied[i]);
                text_add(&l, ". kmemwatchd needs CAP_DAC_READ_SEARCH for it; kmemwatch.service "
                             "gives that.");
                print_part(t, STYLE_WARNING, "Not allowed to read:", line);
        }
        if (w->deep && !(w->time - w->looked > LOOK_FRESH))
                return;
        text_init(&l, line, sizeof line);
        if (isfinite(w->looked))
                text_add(&l, "%s", format_time_local(w->looked, w->time, when));
        else
                text_add(&l, "not yet");
        if (!w->deep)
                text_add(&l, ", the look of each minute: caches and the upper cgroups only, no "
                             "processes and no callers");
        print_part(t, STYLE_FAINT, "Last looked:", line);
}

void report_print_who(const struct terminal *t, const struct who_reply *w)
{
        print_change(t, w);
        if (*w->text)
                print_sentence(t, w);
        else if (w->culprit_count == 0 && !*w->unexplained)
                terminal_line(t, STYLE_PLAIN, "Nobody stands out.");
        print_culprits(t, w);
        bool told = w->culprit_count == 0 && strcmp(w->text, w->unexplained) == 0;
        if ((*w->unexplained && !told) || *w->hidden || w->denied_count > 0 || !w->deep ||
            strcmp(w->view, "container") == 0 || w->time - w->looked > LOOK_FRESH)
                fputc('\n', t->out);
        if (!told)
                print_part(t, STYLE_STRONG, "Not explained:", w->unexplained);
        print_part(t, STYLE_STRONG, "Hidden:", w->hidden);
        print_view(t, w);
}
