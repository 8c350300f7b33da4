/* SPDX-License-Identifier: MIT */
/* Prints text that others wrote (a daemon of lesser rights, a webhook's answer, a file) so that it
 * stays within its columns and cannot steer the terminal. */
#include "view/terminal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"

static const char *const STYLES[] = {
        [STYLE_PLAIN] = "",
        [STYLE_STRONG] = "\033[1m",
        [STYLE_FAINT] = "\033[2m",
        [STYLE_GOOD] = "\033[32m",
        [STYLE_NOTICE] = "\033[36m",
        [STYLE_WARNING] = "\033[33m",
        [STYLE_CRITICAL] = "\033[1;31m",
};
static_assert(ELEMENTS_OF(STYLES) == STYLE_COUNT, "each style has its sequence");

static bool locale_is_utf8(void)
{
        static const char *const VARIABLES[] = { "LC_ALL", "LC_CTYPE", "LANG" };

        for (size_t i = 0; i < ELEMENTS_OF(VARIABLES); i++) {
                const char *value = getenv(VARIABLES[i]);
                if (value && *value)
                        return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
        }
        return false;
}

static unsigned width_of(int fd)
{
        struct winsize size;
        uint64_t columns;
        const char *variable = getenv("COLUMNS");

        if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
                columns = size.ws_col;
        else if (!variable || parse_u64(variable, &columns) < 0)
                columns = TERMINAL_WIDTH_DEFAULT;
        return (unsigned)MIN_OF(MAX_OF(columns, (uint64_t)TERMINAL_WIDTH_MIN), (uint64_t)1000);
}

void terminal_init(struct terminal *t, FILE *out, bool no_colour)
{
        int fd = fileno(out);

        *t = (struct terminal){ .out = out,
                                .width = width_of(fd),
                                .colour = !no_colour && terminal_has_colour(fd),
                                .utf8 = locale_is_utf8() };
}

/* One character as it is printed. */
struct glyph {
        char bytes[8];
        size_t columns;
};

/* Characters that show nothing, or change the direction of what follows: a name made of them reads
 * as another (CVE-2021-42574). Zero-width joiners, marks and the byte-order mark are among them. */
static bool is_deceiving(uint32_t c)
{
        return c == 0xAD || c == 0x61C || (c >= 0x200B && c <= 0x200F) ||
               (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF ||
               (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE0FFF);
}

/* The nearest ASCII character of what we and the shipped rules use; '?' for all others. */
static char ascii_of(uint32_t c)
{
        /* Eight blocks of rising height, U+2581 on. */
        static const char BLOCKS[] = "_.-:=+*#";

        if (c < 0x80)
                return (char)c;
        if (c >= 0x2581 && c <= 0x2588)
                return BLOCKS[c - 0x2581];
        switch (c) {
        case 0xA0:   /* no-break space */
        case 0x202F: /* narrow no-break space */
                return ' ';
        case 0xB5: /* micro */
        case 0x3BC:
                return 'u';
        case 0xD7: /* times */
                return 'x';
        case 0x2010: /* hyphens and dashes */
        case 0x2011:
        case 0x2012:
        case 0x2013:
        case 0x2014:
        case 0x2212: /* minus */
                return '-';
        case 0x2018:
        case 0x2019:
                return '\'';
        case 0x201C:
        case 0x201D:
                return '"';
        case 0x2026: /* ellipsis: one column, as ls and top mark what they cut */
                return '~';
        default:
                return '?';
        }
}

/* Takes one character off *s. */
static struct glyph glyph_next(const char **s, bool utf8)
{
        struct glyph g = { .columns = 1 };
        char raw[8] = "";
        uint32_t c;
        size_t taken = utf8_decode(*s, &c);

        if (taken == 0) {
                taken = 1;
                c = 0xFFFD;
                strcpy(raw, "\xEF\xBF\xBD");
        } else if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
                c = ' ';
                strcpy(raw, " ");
        } else if (is_deceiving(c)) {
                c = 0xFFFD;
                strcpy(raw, "\xEF\xBF\xBD");
        } else {
                memcpy(raw, *s, taken);
                g.columns = utf8_width(raw);
        }
        *s += taken;
        if (utf8)
                memcpy(g.bytes, raw, sizeof raw);
        else
                memset(g.bytes, ascii_of(c), g.columns);
        return g;
}

size_t terminal_columns(const char *s)
{
        size_t columns = 0;

        while (*s)
                columns += glyph_next(&s, true).columns;
        return columns;
}

static void style_on(const struct terminal *t, enum style style)
{
        if (t->colour)
                fputs(STYLES[style], t->out);
}

static void style_off(const struct terminal *t, enum style style)
{
        if (t->colour && style != STYLE_PLAIN)
                fputs("\033[0m", t->out);
}

/* At most `columns` columns; returns how many it took. */
static size_t put_some(const struct terminal *t, const char *s, size_t columns)
{
        size_t used = 0;

        while (*s) {
                struct glyph g = glyph_next(&s, t->utf8);
                if (used + g.columns > columns)
                        break;
                fputs(g.bytes, t->out);
                used += g.columns;
        }
        return used;
}

void terminal_put(const struct terminal *t, enum style style, const char *s)
{
        style_on(t, style);
        (void)put_some(t, s, SIZE_MAX / 2);
        style_off(t, style);
}

_printf_(3, 0) static void print_arguments(const struct terminal *t, enum style style,
                                           const char *format, va_list arguments)
{
        char *text;

        if (vasprintf(&text, format, arguments) < 0)
                return;
        terminal_put(t, style, text);
        free(text);
}

void terminal_print(const struct terminal *t, enum style style, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        print_arguments(t, style, format, arguments);
        va_end(arguments);
}

void terminal_line(const struct terminal *t, enum style style, const char *format, ...)
{
        va_list arguments;

        va_start(arguments, format);
        print_arguments(t, style, format, arguments);
        va_end(arguments);
        fputc('\n', t->out);
}

void terminal_spaces(const struct terminal *t, size_t count)
{
        while (count-- > 0)
                fputc(' ', t->out);
}

void terminal_put_field(const struct terminal *t, enum style style, const char *s, size_t columns,
                        bool align_right)
{
        size_t needed = terminal_columns(s);

        if (align_right && needed < columns)
                terminal_spaces(t, columns - needed);
        style_on(t, style);
        if (needed <= columns) {
                (void)put_some(t, s, columns);
                style_off(t, style);
                if (!align_right)
                        terminal_spaces(t, columns - needed);
                return;
        }
        size_t used = columns > 0 ? put_some(t, s, columns - 1) : 0;
        if (columns > 0)
                (void)put_some(t, "…", 1);
        style_off(t, style);
        if (columns > 0)
                terminal_spaces(t, columns - 1 - used);
}

void terminal_put_path(const struct terminal *t, enum style style, const char *s, size_t columns)
{
        size_t needed = terminal_columns(s);

        if (needed <= columns || columns < 3) {
                terminal_put_field(t, style, s, columns, false);
                return;
        }
        /* A third for the beginning, which names the kind. */
        size_t head = (columns - 1) / 3, skipped = 0;
        const char *tail = s;

        while (needed - skipped > columns - 1 - head)
                skipped += glyph_next(&tail, true).columns;
        style_on(t, style);
        size_t used = put_some(t, s, head);
        used += put_some(t, "…", 1);
        used += put_some(t, tail, columns - used);
        style_off(t, style);
        terminal_spaces(t, columns - used);
}

void terminal_wrap(const struct terminal *t, enum style style, size_t column, size_t indent,
                   const char *s)
{
        size_t width = MIN_OF((size_t)t->width, (size_t)TERMINAL_PROSE_MAX);
        bool first = true; /* of its line */

        style_on(t, style);
        while (*s) {
                const char *word = s;
                size_t columns = 0;
                while (*s && *s != ' ' && *s != '\n')
                        columns += glyph_next(&s, true).columns;
                if (s > word) {
                        if (!first && column + 1 + columns > width) {
                                fputc('\n', t->out);
                                terminal_spaces(t, indent);
                                column = indent;
                                first = true;
                        }
                        if (!first) {
                                fputc(' ', t->out);
                                column++;
                        }
                        /* A word longer than a line stands alone and is left to the terminal: a
                         * command or address broken by us could not be copied. */
                        for (const char *p = word; p < s;)
                                fputs(glyph_next(&p, t->utf8).bytes, t->out);
                        column += columns;
                        first = false;
                }
                if (*s)
                        s++;
        }
        style_off(t, style);
        fputc('\n', t->out);
}
