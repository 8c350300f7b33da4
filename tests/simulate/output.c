/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <math.h>
#include <string.h>

/* Numbers of a row are written by hand: printf would take longer than everything else. */
static char *put_number(char *at, double value)
{
        char digits[24];
        unsigned n = 0;
        uint64_t left = (uint64_t)value;

        do
                digits[n++] = (char)('0' + left % 10);
        while (left /= 10);
        while (n > 0)
                *at++ = digits[--n];
        return at;
}

static bool has_column(const struct scenario *s, enum counter c)
{
        if ((c == COUNTER_VMALLOC && !s->host.has_vmalloc) ||
            (c == COUNTER_PERCPU && !s->host.has_percpu) ||
            (c == COUNTER_SEC_TABLES && !s->host.has_sec))
                return false;
        for (unsigned i = 0; i < s->without_count; i++)
                if (s->without[i] == c)
                        return false;
        return true;
}

void output_header(FILE *out, const struct scenario *s)
{
        fputs("time", out);
        for (int c = 0; c < COUNTER_COUNT; c++)
                if (has_column(s, (enum counter)c))
                        fprintf(out, ",%s", counter_names[c]);
        fputs(",cpus,possible_cpus,cgroups,stack_kib,host_kind\n", out);
}

void output_row(FILE *out, const struct scenario *s, double wall,
                const double values[COUNTER_COUNT], bool facts, bool late, struct random *r)
{
        char line[512], *at = line;
        double milliseconds = round(wall * 1000);

        at = put_number(at, floor(milliseconds / 1000));
        *at++ = '.';
        for (int unit = 100; unit > 0; unit /= 10)
                *at++ = (char)('0' + (int)fmod(floor(milliseconds / unit), 10));
        for (int c = 0; c < COUNTER_COUNT; c++) {
                if (!has_column(s, (enum counter)c))
                        continue;
                *at++ = ',';
                if ((late && s->late == (enum counter)c) ||
                    (s->lost_cells > 0 && draw_chance(r, s->lost_cells)))
                        continue;
                at = put_number(at, c == COUNTER_THREADS ? values[c] : values[c] / 1024);
        }
        *at = 0;
        fputs(line, out);
        if (facts)
                fprintf(out, ",%u,%u,%.0f,%.0f,%s\n", s->host.cpus, s->host.possible_cpus,
                        s->host.cgroups, s->host.stack / 1024, s->host.kind);
        else
                fputs(",,,,,\n", out);
}

static const char *kind_name(enum fault_kind kind)
{
        return kind == FAULT_LEAK ? "growth" : kind == FAULT_DROP ? "drop" : "spike";
}

static void put_names(FILE *out, const enum counter *list)
{
        for (unsigned i = 0; list[i] != COUNTER_COUNT; i++)
                fprintf(out, "%s\"%s\"", i ? ", " : "", counter_names[list[i]]);
}

static void put_neutral(FILE *out, const enum counter *list, double start, double end,
                        const char *why)
{
        if (list[0] == COUNTER_COUNT || !(end > start))
                return;
        fputs(",\n  {\"kind\": \"neutral\", \"dimensions\": [", out);
        put_names(out, list);
        fprintf(out, "], \"start\": %.1f, \"end\": %.1f, \"why\": \"%s\"}", start, end, why);
}

static void put_fault(FILE *out, const struct scenario *s, const struct fault *f, bool first)
{
        enum counter all[8] = { fault_main[f->target] };
        unsigned n = 1, same = f->target <= TARGET_SRECLAIMABLE ? 2 : 1;
        double spread = f->count > 1 ? sqrt(f->square / (f->count - 1)) : 0;
        /* Whoever averages needs some samples to see that it is over. */
        double settle = fmax(600, 20 * s->interval), over = f->wall_gone + settle;
        bool decay = f->shape == SHAPE_DECAY;

        for (unsigned i = 0; fault_side[f->target][i] != COUNTER_COUNT; i++)
                all[n++] = fault_side[f->target][i];
        all[n] = COUNTER_COUNT;

        fprintf(out, "%s\n  {\"kind\": \"%s\", \"dimensions\": [", first ? "" : ",",
                kind_name(f->kind));
        for (unsigned i = 0; i < same; i++)
                fprintf(out, "%s\"%s\"", i ? ", " : "", counter_names[all[i]]);
        fprintf(out,
                "], \"start\": %.1f, \"end\": %.1f, \"shape\": \"%s\", \"fault\": \"%s\", "
                "\"bytes\": %.0f, \"percent\": %.4f, \"life_bytes\": %.0f",
                f->wall_start, f->wall_end, fault_shape_names[f->shape],
                f->target == TARGET_THREADS  ? "threads"
                : f->target == TARGET_STACKS ? "stacks"
                : f->kind == FAULT_SHIFT     ? "shift"
                                             : "bytes",
                f->kind == FAULT_DROP ? -f->size : f->size, 100 * f->size / s->host.total, spread);
        if (f->kind == FAULT_LEAK)
                fprintf(out, ", \"percent_per_hour\": %.5f",
                        100 * f->size / s->host.total / (f->end - f->start) * 3600);
        if (f->again)
                fputs(", \"again\": true", out);
        fputs(", \"grown\": [", out);
        for (unsigned i = 0; i < f->marks; i++)
                fprintf(out, "%s[%.0f, %.0f]", i ? ", " : "", f->mark_wall[i], f->mark_bytes[i]);
        fputs("]}", out);
        put_neutral(out, all, f->wall_end, over, decay ? "it goes gradually" : "it is over");
        put_neutral(out, fault_side[f->target] + same - 1, f->wall_start, over, "side effect");
}

void output_labels(FILE *out, const struct story *story)
{
        const struct scenario *s = story->scenario;
        const struct host *h = &s->host;
        bool first = true;

        fprintf(out,
                "{\"trace\": \"%s\", \"family\": \"%s\", \"seed\": %llu,\n"
                " \"about\": \"%s host, %s, %.1f GiB, %u CPUs, kernel %.0f.%.0f\",\n"
                " \"interval\": %g, \"hours\": %.3f, \"rows\": %.0f,\n \"labels\": [",
                story->trace, s->name, (unsigned long long)story->seed, role_names[h->role],
                h->kind, h->total / 1073741824, h->cpus, floor(h->kernel),
                100 * (h->kernel - floor(h->kernel)), s->interval, s->seconds / 3600, story->rows);
        for (unsigned i = 0; i < s->fault_count; i++) {
                const struct fault *f = &s->faults[i];

                if (f->wall_start > 0 && f->size > 0) {
                        put_fault(out, s, f, first);
                        first = false;
                }
        }
        for (unsigned i = 0; i < story->neutral_count; i++) {
                const struct window *w = &story->neutral[i];

                fprintf(out,
                        "%s\n  {\"kind\": \"neutral\", \"dimensions\": [\"*\"], \"start\": %.1f, "
                        "\"end\": %.1f, \"why\": \"%s\"}",
                        first ? "" : ",", w->start, w->end, w->why);
                first = false;
        }
        fputs("\n ]}\n", out);
}
