/* SPDX-License-Identifier: MIT */
/* The trace reader and the meminfo parser against the plainest computation of the same: cells split
 * at commas and given to strtod, keys searched line by line. */
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../random.h"
#include "../test.h"
#include "base/files.h"
#include "base/macros.h"
#include "sample/decimal.h"
#include "sample/meminfo.h"
#include "sample/trace.h"

DEFINE_CLEANUP(struct trace_reader, trace_reader_free);

static uint64_t below(struct random *r, uint64_t limit)
{
        return random_next(r) % limit;
}

static bool same(double a, double b)
{
        return a == b || (isnan(a) && isnan(b));
}

/* "123", "-0012.340", at times with an exponent; not always a number that decimal_scan takes. */
static size_t random_decimal(struct random *r, bool exponent, char *to)
{
        size_t length = 0;
        uint64_t before = 1 + below(r, below(r, 4) ? 9 : 20),
                 behind = below(r, 3) ? 0 : below(r, 20);

        if (below(r, 4) == 0)
                to[length++] = '-';
        for (uint64_t i = 0; i < before; i++)
                to[length++] = (char)('0' + below(r, 10));
        if (behind > 0)
                to[length++] = '.';
        for (uint64_t i = 0; i < behind; i++)
                to[length++] = (char)('0' + below(r, 10));
        if (exponent && below(r, 8) == 0)
                length += (size_t)sprintf(to + length, "%c%d", below(r, 2) ? 'e' : 'E',
                                          (int)below(r, 12) - 6);
        to[length] = '\0';
        return length;
}

static void test_decimal_is_exact(void **state)
{
        (void)state;
        struct random r = random_seeded("prop_trace decimal");
        int taken = 0;

        for (int i = 0; i < 500000; i++) {
                char text[64] = ""; /* DECIMAL_SLACK included */
                double value = -7;
                size_t length = random_decimal(&r, false, text);
                const char *end = decimal_scan(text, &value);

                if (!end) {
                        assert_true(value == -7);
                        continue;
                }
                taken++;
                if (end != text + length || value != strtod(text, NULL) ||
                    signbit(value) != signbit(strtod(text, NULL)))
                        fail_msg("%s gives %.17g", text, value);
        }
        assert_true(taken > 200000);
}

enum { CELLS_MAX = 12, ROWS_MAX = 40 };

/* One trace of random shape: the text, and what the cells are. */
struct made {
        char *text;
        size_t size;
        size_t columns, rows;
        size_t time_at;
        char cells[ROWS_MAX][CELLS_MAX][64];
};

static void make_trace(struct random *r, struct made *m)
{
        const char *ending = below(r, 2) ? "\n" : "\r\n";
        bool last_ending = below(r, 4) > 0;
        FILE *out = open_memstream(&m->text, &m->size);

        assert_non_null(out);
        m->columns = 1 + below(r, CELLS_MAX);
        m->rows = below(r, ROWS_MAX);
        m->time_at = below(r, m->columns);
        for (size_t c = 0; c < m->columns; c++) {
                (void)fprintf(out, "%s", c ? "," : "");
                if (c == m->time_at)
                        (void)fprintf(out, "time");
                else
                        (void)fprintf(out, "column%zu", c);
        }
        for (size_t row = 0; row < m->rows; row++) {
                for (size_t c = 0; c < m->columns; c++) {
                        char *cell = m->cells[row][c];

                        if (c == m->time_at)
                                (void)sprintf(cell, "%llu.%03u",
                                              (unsigned long long)below(r, 200000000000),
                                              (unsigned)below(r, 1000));
                        else if (below(r, 5) == 0)
                                cell[0] = '\0';
                        else
                                random_decimal(r, true, cell);
                        (void)fprintf(out, "%s%s", c ? "," : ending, cell);
                }
        }
        if (last_ending)
                (void)fprintf(out, "%s", ending);
        (void)fclose(out);
}

static struct trace_reader *open_text(const char *text, size_t size, char error[TRACE_ERROR_MAX])
{
        struct trace_reader *r = NULL;
        int fd = memfd_create("trace", MFD_CLOEXEC);

        assert_true(fd >= 0);
        assert_int_equal(write_all(fd, text, size), 0);
        assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
        return trace_reader_new_fd(fd, true, "t", error, &r) < 0 ? NULL : r;
}

static void test_reader_agrees(void **state)
{
        (void)state;
        struct random random = random_seeded("prop_trace reader");

        for (int i = 0; i < 1500; i++) {
                struct made m;
                char error[TRACE_ERROR_MAX] = "";
                const struct sample *s;

                make_trace(&random, &m);
                _cleanup_free_ char *text = m.text;
                _cleanup_(trace_reader_freep) struct trace_reader *r =
                        open_text(text, m.size, error);
                if (!r)
                        fail_msg("%s\n%s", error, text);
                assert_int_equal(trace_reader_columns(r), m.columns - 1);

                for (size_t row = 0; row < m.rows; row++) {
                        if (trace_reader_next(r, error, &s) != 1)
                                fail_msg("%s\n%s", error, text);
                        assert_true(s->time == strtod(m.cells[row][m.time_at], NULL));
                        assert_string_equal(trace_reader_time_cell(r), m.cells[row][m.time_at]);
                        for (size_t c = 0, shown = 0; c < m.columns; c++) {
                                const char *cell = m.cells[row][c];

                                if (c == m.time_at)
                                        continue;
                                assert_string_equal(trace_reader_cell(r, shown), cell);
                                double value = s->values[trace_reader_column_field(r, shown)];
                                if (!same(value, *cell ? strtod(cell, NULL) * 1024 : NAN))
                                        fail_msg("'%s' is read as %.17g", cell, value / 1024);
                                shown++;
                        }
                }
                assert_int_equal(trace_reader_next(r, error, &s), 0);
        }
}

/* A good trace with some bytes changed: rows before the damage come out as they are, and the line
 * that is blamed is one of the damaged ones or, where a newline went, the one before. */
static void test_damage_is_found(void **state)
{
        (void)state;
        struct random random = random_seeded("prop_trace damage");
        static const char bytes[] = "x,\n\r\"-.e 0\xff;";

        for (int i = 0; i < 3000; i++) {
                struct made m;
                char error[TRACE_ERROR_MAX] = "";
                const struct sample *s;

                make_trace(&random, &m);
                _cleanup_free_ char *text = m.text;
                size_t at = below(&random, m.size);
                size_t line = 1;

                text[at] = bytes[below(&random, sizeof(bytes))]; /* its zero byte too */
                for (size_t j = 0; j < at; j++)
                        line += text[j] == '\n';

                _cleanup_(trace_reader_freep) struct trace_reader *r =
                        open_text(text, m.size, error);
                size_t good = 0;
                int result = r ? 1 : -1;
                while (result == 1) {
                        result = trace_reader_next(r, error, &s);
                        if (result == 1 && good + 2 < line)
                                assert_string_equal(trace_reader_time_cell(r),
                                                    m.cells[good][m.time_at]);
                        good += result == 1;
                }
                if (result == 0) {
                        assert_string_equal(error, "");
                        continue;
                }
                unsigned long blamed;
                assert_int_equal(sscanf(error, "t:%lu: ", &blamed), 1);
                if (blamed < line || blamed > line + 1)
                        fail_msg("line %zu was damaged: %s", line, error);
                assert_true(blamed == 1 || good == blamed - 2);
        }
}

static void test_written_is_read(void **state)
{
        (void)state;
        struct random random = random_seeded("prop_trace write");
        /* Some locales write 0,5. Harmless where none of them is installed. */
        static const char *const locales[] = { "C", "de_DE.UTF-8", "C" };

        for (size_t l = 0; l < ELEMENTS_OF(locales); l++) {
                (void)setlocale(LC_NUMERIC, locales[l]);
                for (int i = 0; i < 300; i++) {
                        _cleanup_free_ char *text = NULL;
                        size_t size;
                        char error[TRACE_ERROR_MAX] = "";
                        double values[20][FIELD_KNOWN_COUNT], times[20];
                        enum host_kind kinds[20];
                        const struct sample *again;
                        FILE *out = open_memstream(&text, &size);

                        assert_non_null(out);
                        assert_int_equal(trace_write_header(out), 0);
                        for (int row = 0; row < 20; row++) {
                                for (size_t f = 0; f < FIELD_KNOWN_COUNT; f++) {
                                        double number = (double)below(
                                                &random, below(&random, 2) ? 1000000 : 1ULL << 52);
                                        if (f >= FIELD_THREADS)
                                                number += 1;
                                        else if (below(&random, 6) == 0)
                                                number = NAN;
                                        else if (below(&random, 6) == 0)
                                                number = random_uniform(&random) * 1e6;
                                        if (field_unit(f) == FIELD_BYTES)
                                                number *= 1024;
                                        values[row][f] = number;
                                }
                                times[row] = (double)below(&random, 200000000000000) / 1000;
                                kinds[row] = (enum host_kind)below(&random, HOST_KIND_COUNT);
                                const struct sample s = { .time = times[row],
                                                          .kind = kinds[row],
                                                          .count = FIELD_KNOWN_COUNT,
                                                          .values = values[row] };
                                assert_int_equal(trace_write_row(out, &s), 0);
                        }
                        assert_int_equal(fclose(out), 0);

                        _cleanup_(trace_reader_freep) struct trace_reader *r =
                                open_text(text, size, error);
                        assert_non_null(r);
                        for (int row = 0; row < 20; row++) {
                                if (trace_reader_next(r, error, &again) != 1)
                                        fail_msg("%s", error);
                                assert_true(again->time == times[row]);
                                assert_int_equal(again->kind, kinds[row]);
                                for (size_t f = 0; f < FIELD_KNOWN_COUNT; f++)
                                        if (!same(again->values[f], values[row][f]))
                                                fail_msg("%s: %.17g became %.17g",
                                                         field_name((enum field)f), values[row][f],
                                                         again->values[f]);
                        }
                        assert_int_equal(trace_reader_next(r, error, &again), 0);
                }
        }
        (void)setlocale(LC_NUMERIC, "C");
}

/* The slow way to find a key: each line copied, split at its colon. */
static double find_key(const char *text, const char *key)
{
        while (*text) {
                size_t length = strcspn(text, "\n"), name = strlen(key);
                char line[512];
                int used = -1;
                unsigned long long number;

                assert_true(length < sizeof(line));
                memcpy(line, text, length);
                line[length] = '\0';
                if (strncmp(line, key, name) == 0 && line[name] == ':') {
                        if (sscanf(line + name + 1, "%*[ ]%llu kB%n", &number, &used) == 1 &&
                            used == (int)(length - name - 1))
                                return (double)number * 1024;
                        return NAN;
                }
                text += length + (text[length] == '\n');
        }
        return NAN;
}

/* The lines in any order, some left out, some damaged in a way that both must see alike. */
static void test_meminfo_agrees(void **state)
{
        (void)state;
        struct random random = random_seeded("prop_trace meminfo");
        static const char *const others[] = {
                "SwapCached",        "Slabs",         "Sla",   "MemTota",
                "Active(anon)",      "VmallocTotal",  "Percp", "KernelStac",
                "HardwareCorrupted", "AnonHugePages", "S",     ""
        };

        for (int i = 0; i < 5000; i++) {
                char text[8192];
                size_t length = 0;
                double values[FIELD_MEMINFO_COUNT];

                for (int line = 0; line < 60; line++) {
                        uint64_t which = below(&random, FIELD_MEMINFO_COUNT + ELEMENTS_OF(others));
                        const char *name = which < FIELD_MEMINFO_COUNT
                                                   ? field_name((enum field)which)
                                                   : others[which - FIELD_MEMINFO_COUNT];
                        static const char *const forms[] = { "%s: %*s%llu kB\n", "%s: %*s%llu\n",
                                                             "%s: %*s%llu kBx\n", "%s %*s%llu kB\n",
                                                             "%s: %*s%llu MB\n" };
                        uint64_t form = below(&random, 12);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
                        length += (size_t)sprintf(
                                text + length, forms[form < ELEMENTS_OF(forms) ? form : 0], name,
                                (int)below(&random, 9), "",
                                (unsigned long long)below(&random, 1ULL << below(&random, 53)));
#pragma GCC diagnostic pop
                }
                size_t found = meminfo_parse(text, length, values);
                for (size_t f = 0; f < FIELD_MEMINFO_COUNT; f++) {
                        double expected = find_key(text, field_name((enum field)f));
                        if (!same(values[f], expected))
                                fail_msg("%s: %f, not %f, in\n%s", field_name((enum field)f),
                                         values[f], expected, text);
                        found -= !isnan(expected);
                }
                assert_int_equal(found, 0);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_decimal_is_exact), cmocka_unit_test(test_reader_agrees),
                cmocka_unit_test(test_damage_is_found),  cmocka_unit_test(test_written_is_read),
                cmocka_unit_test(test_meminfo_agrees),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
