/* SPDX-License-Identifier: MIT */
/* Escapes text for HTML. */
#include "view/html.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"

static bool is_hidden(uint32_t c)
{
        return c < ' ' || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
               (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void html_text(FILE *out, const char *s)
{
        while (*s) {
                uint32_t c;
                size_t length = utf8_decode(s, &c);
                if (length == 0) {
                        fputs("\xef\xbf\xbd", out);
                        s++;
                        continue;
                }
                if (is_hidden(c))
                        fputs(c == '\n' || c == '\t' ? " " : "\xef\xbf\xbd", out);
                else if (c == '&')
                        fputs("&amp;", out);
                else if (c == '<')
                        fputs("&lt;", out);
                else if (c == '>')
                        fputs("&gt;", out);
                else if (c == '"')
                        fputs("&quot;", out);
                else if (c == '\'')
                        fputs("&#39;", out);
                else
                        fwrite(s, 1, length, out);
                s += length;
        }
}

void html_element(FILE *out, const char *tag, const char *attributes, const char *text)
{
        fprintf(out, "<%s%s>", tag, attributes);
        html_text(out, text);
        fprintf(out, "</%s>", tag);
}

void html_print(FILE *out, const char *tag, const char *attributes, const char *format, ...)
{
        char text[4096];
        va_list arguments;
        va_start(arguments, format);
        (void)vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        text[utf8_cut(text, sizeof(text) - 1)] = '\0';
        html_element(out, tag, attributes, text);
}

void html_time(FILE *out, double unix_seconds, double now)
{
        char utc[FORMAT_MAX], local[FORMAT_MAX];
        if (isfinite(unix_seconds))
                fprintf(out, "<time datetime=\"%s\">%s</time>", format_time_utc(unix_seconds, utc),
                        format_time_local(unix_seconds, now, local));
}
