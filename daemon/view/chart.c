/* SPDX-License-Identifier: MIT */
/* Draws a chart as SVG. The picture is stretched to the width that there is, so all text stands
 * beside it as HTML, where it keeps its size and cannot run into itself. */
#include "view/chart.h"

#include <math.h>

#include "base/clock.h"
#include "base/units.h"
#include "view/html.h"
#include "view/report.h"

/* --- points --- */

/* Every two points become one. */
static void halve(struct thin *t)
{
        size_t kept = 0;
        for (size_t i = 0; i < t->count; kept++) {
                struct past_point p = t->points[i];
                double weight = t->weight[i++];
                /* Only neighbours in the wider grid: what lies across a gap stays apart. */
                if (i < t->count && t->points[i].time - p.time < 2 * t->step) {
                        const struct past_point *q = &t->points[i];
                        double sum = weight + t->weight[i];
                        p.mean =
                                (float)(((double)p.mean * weight + (double)q->mean * t->weight[i]) /
                                        sum);
                        p.least = fminf(p.least, q->least);
                        p.most = fmaxf(p.most, q->most);
                        weight = sum;
                        i++;
                }
                t->points[kept] = p;
                t->weight[kept] = weight;
        }
        t->count = kept;
        t->step *= 2;
}

void thin_add(struct thin *t, const struct past_point *p)
{
        struct past_point *last = t->count > 0 ? &t->points[t->count - 1] : NULL;
        if (!isfinite(p->mean) || (last && p->time <= last->time))
                return;
        if (last && t->step == 0)
                t->step = p->time - last->time;
        if (last && t->step > 0 && p->time < last->time + t->step * 0.999) {
                double *weight = &t->weight[t->count - 1];
                last->mean =
                        (float)(((double)last->mean * *weight + (double)p->mean) / (*weight + 1));
                last->least = fminf(last->least, p->least);
                last->most = fmaxf(last->most, p->most);
                (*weight)++;
                return;
        }
        while (t->count == THIN_MAX)
                halve(t);
        t->points[t->count] = *p;
        t->weight[t->count++] = 1;
}

void thin_add_present(struct thin *t, double time, double value)
{
        static const double AGE_MAX = 300; /* the writer is a minute behind, a slow disk more */
        const struct past_point *last = t->count > 0 ? &t->points[t->count - 1] : NULL;
        float v = (float)value;
        if (!last || !isfinite(v) || time <= last->time)
                return;
        bool near = time - last->time < AGE_MAX;
        size_t count = t->count;
        thin_add(t, &(struct past_point){ time, v, v, v });
        t->present = near && t->count > count;
}

/* --- the picture --- */

enum { WIDTH = 1000, HEIGHT = 200 };

/* The band of what is normal is drawn this many spreads wide; the detector judges at more. */
static const double BAND_SPREADS = 3;

/* Two standard errors: some 95 %. */
static const double FORECAST_ERRORS = 2;

struct frame {
        const struct chart *chart;
        double low, high; /* of the picture, in the unit */
};

static double x_of(const struct frame *f, double time)
{
        const struct chart *c = f->chart;
        return fmin(fmax((time - c->from) / (c->ends - c->from), -0.1), 1.1) * WIDTH;
}

static double y_of(const struct frame *f, double value)
{
        return HEIGHT * (1 - fmin(fmax((value - f->low) / (f->high - f->low), -1), 2));
}

static bool has_trend(const struct chart *c)
{
        return isfinite(c->rate) && isfinite(c->rate_error) && c->points->count > 0;
}

static double last_value(const struct chart *c)
{
        return (double)c->points->points[c->points->count - 1].mean;
}

/* Nobody knows of a day what an hour told: twice as far ahead as was looked back. */
static double forecast_end(const struct chart *c)
{
        static const double FURTHEST = 2;
        return isfinite(c->horizon) ? fmin(c->ends, c->to + FURTHEST * c->horizon) : c->ends;
}

static void widen(struct frame *f, double value)
{
        if (isfinite(value)) {
                f->low = fmin(f->low, value);
                f->high = fmax(f->high, value);
        }
}

static struct frame frame_of(const struct chart *c)
{
        struct frame f = { c, INFINITY, -INFINITY };
        for (size_t i = 0; i < c->points->count; i++) {
                widen(&f, (double)c->points->points[i].least);
                widen(&f, (double)c->points->points[i].most);
        }
        widen(&f, c->baseline);
        double range = f.high - f.low;
        /* A forecast may take as much room again as the past, so that this stays to be seen. */
        if (has_trend(c)) {
                double end = last_value(c) + c->rate * (forecast_end(c) - c->to);
                widen(&f, fmin(fmax(end, f.low - range), f.high + range));
        }
        range = f.high - f.low;
        bool positive = f.low >= 0;
        /* A constant lies in the middle; noise of a page is not blown up to the full height. */
        double least = fmax(fabs(f.high) * 0.01, c->unit == UNIT_RATIO ? 1e-6 : 1);
        if (range < least) {
                f.low -= (least - range) / 2;
                f.high += (least - range) / 2;
        }
        range = f.high - f.low;
        f.low -= range * 0.06;
        f.high += range * 0.06;
        if (positive && f.low < 0)
                f.low = 0;
        return f;
}

static void print_band(FILE *out, const struct frame *f)
{
        const struct chart *c = f->chart;
        if (!isfinite(c->baseline))
                return;
        double half = isfinite(c->spread) ? BAND_SPREADS * c->spread : 0;
        double top = fmax(y_of(f, c->baseline + half), 0);
        double bottom = fmin(y_of(f, c->baseline - half), HEIGHT);
        if (bottom - top < 2) {
                top -= 1;
                bottom = top + 2;
        }
        fprintf(out, "<rect class=\"band\" x=\"0\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
                top, x_of(f, c->to), bottom - top);
}

/* Between two points that lie further apart than this, nobody knows. */
static bool is_gap(const struct thin *t, size_t i)
{
        if (t->present && i == t->count - 1)
                return false;
        return t->points[i].time - t->points[i - 1].time > 3.5 * fmax(t->step, 1);
}

static void print_range(FILE *out, const struct frame *f)
{
        const struct thin *t = f->chart->points;
        for (size_t begin = 0, end; begin < t->count; begin = end) {
                for (end = begin + 1; end < t->count && !is_gap(t, end);)
                        end++;
                fputs("<polygon class=\"range\" points=\"", out);
                for (size_t i = begin; i < end; i++)
                        fprintf(out, "%.1f,%.1f ", x_of(f, t->points[i].time),
                                y_of(f, (double)t->points[i].most));
                for (size_t i = end; i-- > begin;)
                        fprintf(out, "%.1f,%.1f ", x_of(f, t->points[i].time),
                                y_of(f, (double)t->points[i].least));
                fputs("\"/>", out);
        }
}

static void print_line(FILE *out, const struct frame *f)
{
        const struct thin *t = f->chart->points;
        fputs("<path class=\"line\" d=\"", out);
        for (size_t i = 0; i < t->count; i++)
                fprintf(out, "%c%.1f,%.1f", i == 0 || is_gap(t, i) ? 'M' : 'L',
                        x_of(f, t->points[i].time), y_of(f, (double)t->points[i].mean));
        fputs("\"/>", out);
}

/* Where the line of this rate runs through what there was since `begin`: its middle value at its
 * middle time, as a regression's does. false: there was nothing. */
static bool centre_of(const struct thin *t, double begin, double *ret_time, double *ret_value)
{
        double times = 0, values = 0, weight = 0;
        for (size_t i = 0; i < t->count; i++) {
                double w = t->points[i].time >= begin ? t->weight[i] : 0;
                times += w * (t->points[i].time - begin);
                values += w * (double)t->points[i].mean;
                weight += w;
        }
        *ret_time = begin + times / weight;
        *ret_value = values / weight;
        return weight > 0;
}

static void print_trend(FILE *out, const struct frame *f)
{
        const struct chart *c = f->chart;
        double time, value;
        if (!has_trend(c))
                return;
        double back = isfinite(c->horizon) ? fmin(c->horizon, c->to - c->from) : 0;
        if (back > 0 && centre_of(c->points, c->to - back, &time, &value))
                fprintf(out, "<path class=\"trend\" d=\"M%.1f,%.1fL%.1f,%.1f\"/>",
                        x_of(f, c->to - back), y_of(f, value - c->rate * (time - c->to + back)),
                        x_of(f, c->to), y_of(f, value + c->rate * (c->to - time)));
        double end = forecast_end(c), ahead = end - c->to, now = last_value(c);
        double error = FORECAST_ERRORS * c->rate_error;
        if (ahead <= 0)
                return;
        fprintf(out, "<polygon class=\"cone\" points=\"%.1f,%.1f %.1f,%.1f %.1f,%.1f\"/>",
                x_of(f, c->to), y_of(f, now), x_of(f, end),
                y_of(f, now + (c->rate + error) * ahead), x_of(f, end),
                y_of(f, now + (c->rate - error) * ahead));
        fprintf(out, "<path class=\"forecast\" d=\"M%.1f,%.1fL%.1f,%.1f\"/>", x_of(f, c->to),
                y_of(f, now), x_of(f, end), y_of(f, now + c->rate * ahead));
}

static void print_marks(FILE *out, const struct frame *f)
{
        const struct chart *c = f->chart;
        for (size_t i = 0; i < c->mark_count; i++) {
                double x = x_of(f, c->marks[i].time);
                fprintf(out, "<g class=\"mark %s\"><title>", severity_name(c->marks[i].severity));
                html_text(out, c->marks[i].text);
                fprintf(out, "</title><path d=\"M%.1f,0V%d\"/></g>", x, HEIGHT);
        }
}

/* What a person who cannot see the picture would be told of it. */
static void print_description(FILE *out, const struct chart *c)
{
        char a[FORMAT_MAX], b[FORMAT_MAX], d[FORMAT_MAX], e[FORMAT_MAX];
        float least = INFINITY, most = -INFINITY;
        for (size_t i = 0; i < c->points->count; i++) {
                least = fminf(least, c->points->points[i].least);
                most = fmaxf(most, c->points->points[i].most);
        }
        html_text(out, c->name);
        fprintf(out, ": between %s and %s, now %s", report_value(c->unit, (double)least, a),
                report_value(c->unit, (double)most, b), report_value(c->unit, last_value(c), d));
        if (isfinite(c->baseline))
                fprintf(out, ", normal %s", report_value(c->unit, c->baseline, e));
        if (has_trend(c) && c->unit == UNIT_BYTES)
                fprintf(out, ", trend %s", format_rate(c->rate, e));
        if (c->mark_count > 0)
                fprintf(out, ", %zu alert mark%s", c->mark_count, c->mark_count == 1 ? "" : "s");
}

void chart_print(FILE *out, const struct chart *c, unsigned id)
{
        char top[FORMAT_MAX], bottom[FORMAT_MAX];
        if (c->points->count == 0)
                return;
        struct frame f = frame_of(c);
        fprintf(out,
                "<div class=\"chart\"><div class=\"high\" aria-hidden=\"true\">%s</div>"
                "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
                "aria-labelledby=\"chart%u\"><title id=\"chart%u\">",
                report_value(c->unit, f.high, top), WIDTH, HEIGHT, id, id);
        print_description(out, c);
        fputs("</title>", out);
        print_band(out, &f);
        print_range(out, &f);
        print_marks(out, &f);
        if (c->ends > c->to)
                fprintf(out, "<path class=\"now\" d=\"M%.1f,0V%d\"/>", x_of(&f, c->to), HEIGHT);
        print_trend(out, &f);
        print_line(out, &f);
        fprintf(out,
                "</svg><div class=\"low\" aria-hidden=\"true\">%s</div><div class=\"times%s\">",
                report_value(c->unit, f.low, bottom), c->ends > c->to ? " further" : "");
        html_time(out, c->from, c->to);
        html_time(out, c->to, c->from);
        if (c->ends > c->to)
                fprintf(out, "<span class=\"ahead\">+ %s</span>",
                        format_duration(c->ends - c->to, top));
        fputs("</div></div>\n", out);
}
