/* SPDX-License-Identifier: MIT */
/* Puts the report together. */
#include "view/page.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/units.h"
#include "view/html.h"
#include "view/page_style.h"
#include "view/report.h"

/* How far the forecast looks, as a part of the past that is shown. */
static const double AHEAD = 0.25;

/* A slope is one from this many standard errors on. */
static const double TREND_ERRORS = 2;

static const char *host_name(const struct page *p)
{
        const char *slash = p->trace ? strrchr(p->trace, '/') : NULL;
        return *p->host ? p->host : slash ? slash + 1 : p->trace ? p->trace : "this machine";
}

static void print_head(FILE *out, const struct page *p)
{
        char words[1024], from[FORMAT_MAX], to[FORMAT_MAX];
        page_words(p, words, sizeof(words));
        fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
              "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
              "<meta name=\"color-scheme\" content=\"light dark\">\n"
              /* Nothing is fetched and nothing runs, whatever text may have got in. */
              "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
              "style-src 'unsafe-inline'\">\n",
              out);
        html_print(out, "title", "", "Kernel memory of %s", host_name(p));
        fprintf(out, "\n<style>\n%s</style>\n</head>\n<body>\n<header>\n", page_style);
        html_print(out, "h1", "", "Kernel memory of %s", host_name(p));
        fputs("\n<p class=\"span\">", out);
        html_print(out, "span", "", "%s to %s", format_time_local(p->from, INFINITY, from),
                   format_time_local(p->to, INFINITY, to));
        fputs("</p>\n", out);
        html_element(out, "p", " class=\"lead\"", words);
        if (p->elsewhere)
                html_element(out, "p", " class=\"span\"",
                             "As their journals tell it; the numbers are with the machines.");
        if (p->missing)
                html_element(out, "p", " class=\"missing\"", p->missing);
        fputs("\n</header>\n<main>\n", out);
}

/* --- dimensions --- */

static const struct reply_dimension *known(const struct page *p, const char *name)
{
        for (size_t i = 0; p->daemon && i < p->daemon->dimension_count; i++)
                if (strcmp(p->daemon->dimensions[i].name, name) == 0)
                        return &p->daemon->dimensions[i];
        return NULL;
}

/* "KernelStack/threads" of an alert belongs to "KernelStack/threads" and no other. */
static size_t marks_of(const struct page *p, const char *name, struct chart_mark *marks, size_t max)
{
        size_t count = 0;
        for (size_t i = 0; i < p->told->count && count < max; i++) {
                const struct told *t = &p->told->list[i];
                /* VmallocUsed-KernelStack is the name of the number, VmallocUsed the rule's. */
                size_t length = strlen(t->dimension);
                if (strncmp(t->dimension, name, length) != 0 ||
                    (name[length] != '\0' && name[length] != '-'))
                        continue;
                bool over = told_ends(t);
                marks[count++] =
                        (struct chart_mark){ t->time, over ? SEVERITY_OK : t->severity, t->text };
        }
        return count;
}

static void print_facts(FILE *out, const struct chart *c, const struct reply_dimension *d)
{
        char value[FORMAT_MAX], other[FORMAT_MAX];
        const struct past_point *last = &c->points->points[c->points->count - 1];
        fputs("<dl>", out);
        fputs("<div><dt>at the end</dt>", out);
        html_element(out, "dd", "", report_value(c->unit, (double)last->mean, value));
        fputs("</div>", out);
        if (isfinite(c->baseline)) {
                fputs("<div><dt>normal</dt>", out);
                html_element(out, "dd", "", report_value(c->unit, c->baseline, value));
                fputs("</div>", out);
        }
        if (c->steady || isfinite(c->rate)) {
                fputs("<div><dt>trend</dt>", out);
                if (c->steady)
                        html_element(out, "dd", "", "steady");
                else
                        html_print(out, "dd", "", "%s \xc2\xb1 %s", format_rate(c->rate, value),
                                   format_bytes(c->rate_error * 3600, other));
                fputs("</div>", out);
        }
        if (d && isfinite(d->exhausts_at)) {
                fputs("<div><dt>memory gone</dt><dd>", out);
                html_time(out, d->exhausts_at, c->to);
                if (isfinite(d->exhausts_earliest) && isfinite(d->exhausts_latest)) {
                        fputs(" (", out);
                        html_time(out, d->exhausts_earliest, c->to);
                        fputs(" to ", out);
                        html_time(out, d->exhausts_latest, c->to);
                        fputs(")", out);
                }
                fputs("</dd></div>", out);
        }
        fputs("</dl>\n", out);
}

static void print_numbers(FILE *out, const struct chart *c)
{
        enum { ROWS = 12 };
        char value[3][FORMAT_MAX];
        size_t count = c->points->count, step = MAX_OF((count + ROWS - 1) / ROWS, (size_t)1);
        fputs("<details><summary>Numbers</summary><table><thead><tr><th scope=\"col\">From</th>"
              "<th scope=\"col\">Least</th><th scope=\"col\">Mean</th><th scope=\"col\">Most</th>"
              "</tr></thead><tbody>\n",
              out);
        for (size_t i = 0; i < count; i += step) {
                double least = INFINITY, most = -INFINITY, sum = 0;
                size_t end = MIN_OF(i + step, count);
                for (size_t k = i; k < end; k++) {
                        least = fmin(least, (double)c->points->points[k].least);
                        most = fmax(most, (double)c->points->points[k].most);
                        sum += (double)c->points->points[k].mean;
                }
                fputs("<tr><td>", out);
                html_time(out, c->points->points[i].time, c->to);
                fprintf(out, "</td><td>%s</td><td>%s</td><td>%s</td></tr>\n",
                        report_value(c->unit, least, value[0]),
                        report_value(c->unit, sum / (double)(end - i), value[1]),
                        report_value(c->unit, most, value[2]));
        }
        fputs("</tbody></table></details>\n", out);
}

static void print_dimension(FILE *out, const struct page *p, size_t index)
{
        enum { MARKS_MAX = 200 }; /* more than a picture can show apart */
        struct chart_mark marks[MARKS_MAX];
        const struct page_dimension *x = &p->dimensions[index];
        const struct reply_dimension *d = known(p, x->name);
        /* What may as well be none leads nowhere. */
        bool known_rate = d && d->unit == UNIT_BYTES && isfinite(d->rate);
        bool trend = known_rate && fabs(d->rate) >= TREND_ERRORS * d->rate_error;
        struct chart c = {
                .name = x->name,
                .unit = x->unit,
                .from = p->numbers_from,
                .to = p->to,
                .ends = trend ? p->to + AHEAD * (p->to - p->numbers_from) : p->to,
                .points = &x->thin,
                .baseline = d ? d->baseline : NAN,
                .spread = d ? d->spread : NAN,
                .rate = trend ? d->rate : NAN,
                .rate_error = trend ? d->rate_error : NAN,
                .steady = known_rate && !trend,
                .horizon = d ? d->horizon : NAN,
                .marks = marks,
                .mark_count = marks_of(p, x->name, marks, MARKS_MAX),
        };
        if (x->thin.count == 0)
                return;
        fputs("<section class=\"dimension\">\n", out);
        html_element(out, "h3", "", x->name);
        fputs("\n", out);
        print_facts(out, &c, d);
        chart_print(out, &c, (unsigned)index);
        print_numbers(out, &c);
        fputs("</section>\n", out);
}

static void print_dimensions(FILE *out, const struct page *p)
{
        static const char *const keys[][2] = {
                { "line", "mean" },   { "range", "least to most" }, { "band", "normal" },
                { "trend", "trend" }, { "cone", "forecast, 95 %" }, { "warning", "an alert spoke" },
        };
        char from[FORMAT_MAX];
        if (p->dimension_count == 0)
                return;
        fputs("<section>\n<h2>Every number</h2>\n", out);
        if (p->numbers_from > p->from)
                html_print(out, "p", " class=\"span\"",
                           "Numbers were recorded from %s on: the pictures begin there.",
                           format_time_local(p->numbers_from, INFINITY, from));
        fputs("<p class=\"key\">", out);
        for (size_t i = 0; i < ELEMENTS_OF(keys); i++)
                fprintf(out, "<span><span class=\"k %s\"></span> %s</span> ", keys[i][0],
                        keys[i][1]);
        fputs("</p>\n<div class=\"dimensions\">\n", out);
        for (size_t i = 0; i < p->dimension_count; i++)
                print_dimension(out, p, i);
        fputs("</div>\n</section>\n", out);
}

/* --- the machine --- */

static void print_fact(FILE *out, const char *name, const char *format, ...) _printf_(3, 4);
static void print_fact(FILE *out, const char *name, const char *format, ...)
{
        char text[512];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        fputs("<tr>", out);
        html_element(out, "th", " scope=\"row\"", name);
        html_element(out, "td", "", text);
        fputs("</tr>\n", out);
}

static void print_machine(FILE *out, const struct page *p)
{
        const struct reply_host *h = p->daemon ? &p->daemon->host : NULL;
        char memory[FORMAT_MAX];
        if (!h)
                return;
        fputs("<section>\n<h2>The machine</h2>\n<table class=\"facts\"><tbody>\n", out);
        if (*h->name)
                print_fact(out, "Name", "%s", h->name);
        if (*h->kernel)
                print_fact(out, "Kernel", "%s", h->kernel);
        print_fact(out, "Kind", "%s%s%s%s", h->kind, *h->kind_name ? " (" : "", h->kind_name,
                   *h->kind_name ? ")" : "");
        if (isfinite(h->mem_total))
                print_fact(out, "Memory", "%s", format_bytes(h->mem_total, memory));
        if (isfinite(h->cpus))
                print_fact(out, "CPUs", "%.0f online, %.0f possible", h->cpus, h->possible_cpus);
        if (isfinite(h->numa_nodes) && h->numa_nodes > 1)
                print_fact(out, "NUMA nodes", "%.0f", h->numa_nodes);
        if (isfinite(h->cgroups) && h->cgroups > 0)
                print_fact(out, "cgroups", "%.0f", h->cgroups);
        if (isfinite(p->daemon->rules_active))
                print_fact(out, "Rules", "%.0f at work", p->daemon->rules_active);
        fputs("</tbody></table>\n</section>\n", out);
}

int page_print(FILE *out, const struct page *p)
{
        char made[FORMAT_MAX];
        print_head(out, p);
        int r = page_print_alerts(out, p);
        if (r < 0)
                return r;
        print_dimensions(out, p);
        print_machine(out, p);
        fputs("</main>\n", out);
        html_print(out, "footer", "", "Made by kmemwatch %s%s%s. Times are local; to %s.",
                   KMW_VERSION, p->trace ? " from " : "", p->trace ? p->trace : "",
                   format_time_utc(p->to, made));
        fputs("\n</body>\n</html>\n", out);
        return fflush(out) != 0 || ferror(out) ? -EIO : 0;
}
