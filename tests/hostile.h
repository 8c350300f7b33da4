/* SPDX-License-Identifier: MIT */
/* Names that mean no good, and what nobody may find in a text. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "random.h"
#include "test.h"

enum { NAME_SIZE = 400 };

/* What has broken others. */
static const char *const nasty[] = {
        "\"",
        "\\",
        "\\u0000",
        "\\\"}],",
        "</script>",
        "'; --",
        "%s%n%1000000d",
        "$(reboot)",
        "`reboot`",
        "<!channel>",
        "<!here|x>",
        "<@U123>",
        "<http://evil|bank>",
        "&lt;!channel&gt;",
        "&",
        "*_~`",
        "```",
        "> quote",
        "\n",
        "\r\n",
        "\t",
        "\b",
        "\x7f",
        "\x1b[31m",
        "\x1b]0;title\x07",
        "\x1b[2J",
        "\x9b\x33\x31m",
        ("\xc2\x9b"
         "31m"),
        "\xff\xfe",
        "\xc0\x80",
        "\xed\xa0\x80",
        "\xf4\x90\x80\x80",
        "\xe2\x80\xae",
        "\xe2\x80\x8b",
        "\xe2\x80\xa8",
        "\xef\xbb\xbf",
        "\xe6\xbc\xa2",
        "e\xcc\x81",
        "\xf0\x9f\x92\xa3",
        "MESSAGE=",
        "\nPRIORITY=0\n",
        "PRIORITY=0",
        ",",
        ":",
        "|",
        "^",
        "{secret}",
        "null",
        "-1e999",
};

/* Bytes of any kind but zero. */
static inline char *any_name(struct random *r, char buffer[NAME_SIZE])
{
        size_t most = random_next(r) % 3 ? 40 : NAME_SIZE - 1, length = 0;
        while (length < most && random_next(r) % 12) {
                const char *piece = nasty[random_next(r) % ELEMENTS_OF(nasty)];
                char byte[2] = { (char)(1 + random_next(r) % 255), 0 };
                if (random_next(r) % 2)
                        piece = byte;
                if (length + strlen(piece) > most)
                        break;
                memcpy(buffer + length, piece, strlen(piece));
                length += strlen(piece);
        }
        buffer[length] = 0;
        return buffer;
}

static inline bool is_control(uint32_t c)
{
        return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/* Valid UTF-8 without control characters, but newlines where they are meant. */
static inline void assert_text(const char *where, const char *s, bool lines)
{
        uint32_t c;
        for (const char *p = s; *p;) {
                size_t length = utf8_decode(p, &c);
                if (length == 0 || (is_control(c) && !(lines && c == '\n')))
                        fail_msg("%s: byte %zu of \"%s\"", where, (size_t)(p - s), s);
                p += length;
        }
}
