/* SPDX-License-Identifier: MIT */
/* The progress bar of replay. */
#include "engine/progress.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "base/units.h"
#include "sample/trace.h"

enum {
        ROWS = 256, /* between two looks at the clock: some tenths of a millisecond */
        BAR = 30,
};

static const double FIRST_SECONDS = 1, SECONDS = 0.1;

void progress_init(struct progress *p, FILE *out)
{
        *p = (struct progress){ .out = out,
                                .wanted = isatty(fileno(out)) == 1,
                                .began = clock_monotonic() };
}

void progress_line(double read, double all, double seconds, char line[PROGRESS_LINE])
{
        static const char done[] = "##############################";
        char size[FORMAT_MAX], left[FORMAT_MAX];
        struct text t;
        text_init(&t, line, PROGRESS_LINE);
        if (!(all > 0)) {
                text_add(&t, "%s read", format_bytes(read, size));
                return;
        }
        double part = fmin(1, read / all);
        text_add(&t, "[%-*.*s] %3.0f %%", BAR, (int)(part * BAR), done, floor(part * 100));
        if (part > 0)
                text_add(&t, ", %s left", format_duration(ceil(seconds * (1 - part) / part), left));
}

void progress_step(struct progress *p, const struct trace_reader *reader)
{
        char line[PROGRESS_LINE];
        double read, all;
        if (!p->wanted || ++p->rows % ROWS != 0)
                return;
        double now = clock_monotonic();
        if (now - p->began < FIRST_SECONDS || now - p->drawn < SECONDS)
                return;
        trace_reader_progress(reader, &read, &all);
        progress_line(read, all, now - p->began, line);
        fprintf(p->out, "\r%s\033[K", line);
        (void)fflush(p->out);
        p->drawn = now;
        p->shown = true;
}

void progress_clear(struct progress *p)
{
        if (!p->shown)
                return;
        fputs("\r\033[K", p->out);
        (void)fflush(p->out);
        p->shown = false;
}
