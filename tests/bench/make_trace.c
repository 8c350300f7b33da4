/* SPDX-License-Identifier: MIT */
/* Prints a trace of a quiet machine, one row a second: nine dimensions that wander about. The same
 * trace each time.
 *
 *   make_trace ROWS >FILE */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct column {
        const char *name;
        int64_t level; /* KiB, or threads: where it is pulled back to */
        int64_t step;  /* the largest change a second */
        int64_t value;
};

static struct column columns[] = {
        { "MemTotal", 16384000, 0, 0 },     { "MemAvailable", 9000000, 4000, 0 },
        { "SReclaimable", 800000, 300, 0 }, { "SUnreclaim", 200000, 120, 0 },
        { "VmallocUsed", 60000, 16, 0 },    { "KernelStack", 9600, 0, 0 },
        { "PageTables", 30000, 200, 0 },    { "Percpu", 12000, 0, 0 },
        { "threads", 600, 2, 0 },
};

enum {
        COLUMNS = sizeof(columns) / sizeof(columns[0]),
        KERNEL_STACK = 5, /* in that list */
        THREADS = 8,
        START = 1700000000,
};

static uint64_t random_next(uint64_t *state) /* xorshift64, G. Marsaglia 2003 */
{
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        return *state;
}

static char *put(char *at, int64_t number)
{
        char digits[24];
        size_t count = 0;
        do
                digits[count++] = (char)('0' + number % 10);
        while ((number /= 10) > 0);
        while (count > 0)
                *at++ = digits[--count];
        return at;
}

int main(int argc, char **argv)
{
        uint64_t state = 88172645463325252U;
        long rows = argc == 2 ? strtol(argv[1], NULL, 10) : 0;
        if (rows <= 0) {
                fputs("make_trace ROWS\n", stderr);
                return 2;
        }
        fputs("time", stdout);
        for (size_t i = 0; i < COLUMNS; i++) {
                printf(",%s", columns[i].name);
                columns[i].value = columns[i].level;
        }
        putchar('\n');
        for (long row = 0; row < rows; row++) {
                char line[COLUMNS * 24 + 32], *end = put(line, START + row);
                for (size_t i = 0; i < COLUMNS; i++) {
                        struct column *c = &columns[i];
                        if (c->step > 0) {
                                int64_t wide = 2 * c->step + 1;
                                c->value += (int64_t)(random_next(&state) % (uint64_t)wide) -
                                            c->step + (c->level - c->value) / 64;
                        }
                        if (i == KERNEL_STACK) /* 16 KiB for each thread, as of a second ago */
                                c->value = columns[THREADS].value * 16;
                        *end++ = ',';
                        end = put(end, c->value > 0 ? c->value : 0);
                }
                *end++ = '\n';
                if (fwrite(line, 1, (size_t)(end - line), stdout) != (size_t)(end - line))
                        return 1;
        }
        return fflush(stdout) == 0 ? 0 : 1;
}
