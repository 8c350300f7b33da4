/* SPDX-License-Identifier: MIT */
/* The alerts of the report: what was told of each, who is behind it, why, and what to look at. */
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "view/html.h"
#include "view/page.h"
#include "view/who_reply.h"

/* What stands between back quotes is a command. */
static void print_commands(FILE *out, const char *text)
{
        for (bool command = false;; command = !command) {
                size_t length = strcspn(text, "`");
                _cleanup_free_ char *part = strndup(text, length);
                if (command)
                        html_element(out, "code", "", part ? part : "");
                else
                        html_text(out, part ? part : "");
                if (!text[length])
                        return;
                text += length + 1;
        }
}

static void print_text(FILE *out, const char *label, const char *text)
{
        if (!*text)
                return;
        fputs("<p>", out);
        html_print(out, "strong", "", "%s ", label);
        print_commands(out, text);
        fputs("</p>\n", out);
}

/* Rules are the administrator's own, but a link is followed with one touch: only to the web. */
static void print_link(FILE *out, const char *label, const char *address)
{
        if (!has_prefix(address, "https://") && !has_prefix(address, "http://")) {
                print_text(out, label, address);
                return;
        }
        fputs("<p>", out);
        html_print(out, "strong", "", "%s ", label);
        fputs("<a rel=\"noreferrer\" href=\"", out);
        html_text(out, address);
        fputs("\">", out);
        html_text(out, address);
        fputs("</a></p>\n", out);
}

/* Takes what stands before `end` off *s, which goes on behind it; all when there is no end. */
static void print_until(FILE *out, const char **s, const char *end)
{
        const char *found = strstr(*s, end);
        size_t length = found ? (size_t)(found - *s) : strlen(*s);
        _cleanup_free_ char *part = strndup(*s, length);
        html_text(out, part ? part : "");
        *s += found ? length + strlen(end) : length;
}

/* "310 MiB (98 %) cache dentry: 12000 more", as the journal has it; the share may be missing. */
static void print_culprit(FILE *out, const char *line)
{
        fputs("<tr><td>", out);
        print_until(out, &line, " ");
        fputs("\xc2\xa0", out);
        print_until(out, &line, " ");
        fputs("</td><td>", out);
        if (*line == '(') {
                line++;
                print_until(out, &line, ") ");
        }
        const char *space = strchr(line, ' ');
        _cleanup_free_ char *kind = strndup(line, space ? (size_t)(space - line) : 0);
        fputs("</td><td>", out);
        html_text(out, kind ? culprit_kind_words(kind) : "");
        fputs(" <b>", out);
        line = space ? space + 1 : line;
        print_until(out, &line, ": ");
        fputs("</b>", out);
        if (*line)
                html_print(out, "span", " class=\"note\"", " %s", line);
        fputs("</td></tr>\n", out);
}

static void print_culprits(FILE *out, const struct told *t)
{
        static const char *const titles[] = { "How much", "Share", "What or who" };
        if (!*t->culprit && !*t->culprits)
                return;
        print_text(out, "Who is behind it:", t->culprit);
        if (*t->culprits) {
                fputs("<table class=\"culprits\"><thead><tr>", out);
                for (size_t i = 0; i < ELEMENTS_OF(titles); i++)
                        html_element(out, "th", " scope=\"col\"", titles[i]);
                fputs("</tr></thead><tbody>\n", out);
                _cleanup_free_ char *lines = strdup(t->culprits);
                for (char *rest = lines, *line; (line = strsep(&rest, "\n"));)
                        print_culprit(out, line);
                fputs("</tbody></table>\n", out);
        }
        print_text(out, "Not explained:", t->unexplained);
}

/* The tests that its verdict rests on. */
static void print_why(FILE *out, const struct told *t)
{
        if (!*t->why)
                return;
        fputs("<details><summary>Why it spoke</summary><ul>\n", out);
        _cleanup_free_ char *lines = strdup(t->why);
        for (char *rest = lines, *line; (line = strsep(&rest, "\n"));)
                html_element(out, "li", "", line);
        fputs("</ul></details>\n", out);
}

static void print_life(FILE *out, const struct page *p, const struct page_alert *a)
{
        fputs("<ol class=\"life\">\n", out);
        for (size_t i = 0; i < p->told->count; i++) {
                const struct told *t = &p->told->list[i];
                if (strcmp(t->alert_id, a->first->alert_id) != 0 ||
                    strcmp(t->rule, a->first->rule) != 0)
                        continue;
                bool over = told_ends(t);
                fprintf(out, "<li class=\"%s\">", severity_name(over ? SEVERITY_OK : t->severity));
                html_time(out, t->time, p->to);
                fprintf(out, " <b>%s</b> ",
                        over || t->type != EVENT_FIRING ? event_type_name(t->type)
                                                        : severity_name(t->severity));
                html_text(out, t->text);
                fputs("</li>\n", out);
        }
        fputs("</ol>\n", out);
}

/* in_full: with the words of its rule, which need not be read twice. */
static void print_alert(FILE *out, const struct page *p, const struct page_alert *a, bool in_full)
{
        const struct told *w = a->worst;
        enum severity s = w->severity == SEVERITY_OK ? w->previous : w->severity;
        fprintf(out, "<article class=\"%s\">\n<h3>", severity_name(s));
        html_element(out, "span", " class=\"badge\"", severity_name(s));
        fputs(" ", out);
        html_text(out, *w->summary ? w->summary : w->rule);
        fputs("</h3>\n", out);
        html_print(out, "p", " class=\"origin\"", "%s%s%s, rule %s, %s",
                   p->hosts > 1 ? w->host : "", p->hosts > 1 ? ": " : "", w->dimension, w->rule,
                   a->open ? "still open" : "over");
        fputs("\n", out);
        print_life(out, p, a);
        print_culprits(out, *a->last->culprit ? a->last : w);
        print_text(out, "With it:", *a->last->incident ? a->last->incident : w->incident);
        if (in_full) {
                print_text(out, "What it means:", w->explain);
                print_text(out, "Look first:", w->action);
                print_link(out, "More:", w->runbook);
        }
        print_why(out, w);
        fputs("</article>\n", out);
}

/* Whether no other of its rule is printed before it. */
static bool is_first(const struct page_alert *alerts, size_t count, size_t index)
{
        const struct told *own = alerts[index].worst;
        for (size_t i = 0; i < count; i++) {
                const struct told *other = alerts[i].worst;
                bool before = other->severity > own->severity ||
                              (other->severity == own->severity && i < index);
                if (before && strcmp(other->rule, own->rule) == 0)
                        return false;
        }
        return true;
}

int page_print_alerts(FILE *out, const struct page *p)
{
        struct page_alert *alerts;
        size_t count;
        int r = page_alerts(p, &alerts, &count);
        if (r < 0)
                return r;
        fputs("<section>\n<h2>What spoke</h2>\n", out);
        if (count == 0)
                html_element(out, "p", "",
                             !p->told_unknown ? "No rule spoke in this time."
                             : p->daemon      ? "No alert is open."
                                              : "Nothing is known of alerts.");
        if (p->told->cut)
                fputs("<p class=\"missing\">There was more: only the newest is shown.</p>\n", out);
        /* The worst first, each kind in the order in which it began. */
        for (int s = SEVERITY_COUNT; s-- > 0;)
                for (size_t i = 0; i < count; i++)
                        if ((int)alerts[i].worst->severity == s)
                                print_alert(out, p, &alerts[i], is_first(alerts, count, i));
        fputs("</section>\n", out);
        free(alerts);
        return 0;
}
