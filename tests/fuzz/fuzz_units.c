/* SPDX-License-Identifier: MIT */
/* Numbers with units, times, patterns and words as a person types them: in range or refused, and
 * what is formatted fits and is valid. */
#include <errno.h>
#include <math.h>

#include "announce/spool_name.h"
#include "announce/wrap.h"
#include "base/text.h"
#include "base/units.h"
#include "fuzz.h"
#include "sample/cpulist.h"

typedef int (*parser)(const char *, double *);
typedef const char *(*formatter)(double, char[FORMAT_MAX]);

static const struct {
        parser parse;
        formatter format;
        double max;
        bool negative;
} numbers[] = {
        { parse_number, NULL, INFINITY, true },
        { parse_bytes, format_bytes, INFINITY, false },
        { parse_percent, format_percent, INFINITY, false },
        { parse_duration, format_duration, INFINITY, false },
        { parse_time, format_time_utc, 253402300800.0, false },
};

static void check_format(formatter format, double value)
{
        char text[FORMAT_MAX];
        require(format(value, text) == text && utf8_valid(text));
        require(text[0] && strlen(text) < FORMAT_MAX);
}

static void check_formats(double value)
{
        char text[FORMAT_MAX];
        check_format(format_bytes, value);
        check_format(format_rate, value);
        check_format(format_duration, value);
        check_format(format_percent, value);
        if (value >= 0 && value < 253402300800.0) {
                check_format(format_time_utc, value);
                require(utf8_valid(format_time_local(value, value / 2, text)));
        }
}

static void check_texts(const char *text)
{
        char small[24], clean[512], lines[1024];
        (void)utf8_clean(text, small, sizeof(small));
        require(utf8_valid(small) && strlen(small) < sizeof(small));
        (void)utf8_clean(text, clean, sizeof(clean));
        require(utf8_valid(clean));
        for (const char *c = clean; *c; c++)
                require((unsigned char)*c >= ' ' && *c != 0x7f);
        require(utf8_width(clean) <= 2 * strlen(clean));
        require(utf8_cut(clean, 10) <= 10);
        (void)wrap_text(clean, 20, lines, sizeof(lines));
        require(utf8_valid(lines));
        require(glob_match("*", text));
        (void)glob_match(text, clean);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = copy_text(data, size);
        uint64_t count, sequence;
        unsigned cpus;
        int yes;
        char id[SPOOL_EVENT_ID_SIZE], name[SPOOL_NAME_SIZE];
        double raw;

        for (size_t i = 0; i < ELEMENTS_OF(numbers); i++) {
                double value = -7;
                int r = numbers[i].parse(text, &value);
                require(r == 0 || r == -EINVAL || r == -ERANGE);
                require(r == 0 || value == -7);
                if (r < 0)
                        continue;
                require(isfinite(value) && value <= numbers[i].max);
                require(numbers[i].negative || value >= 0);
                if (numbers[i].format)
                        check_format(numbers[i].format, value);
        }
        if (parse_u64(text, &count) == 0)
                require(size > 0 && strspn(text, "0123456789") == strlen(text));
        if (parse_boolean(text, &yes) == 0)
                require(yes == 0 || yes == 1);
        if (cpulist_count(text, &cpus) == 0)
                require(cpus >= 1 && cpus <= 65536);
        if (spool_name_parse(text, &sequence, id))
                require(spool_name_format(sequence, id, name) && strcmp(name, text) == 0);
        if (size >= sizeof(raw)) {
                memcpy(&raw, data, sizeof(raw));
                check_formats(raw);
        }
        check_texts(text);
        return 0;
}
