/* SPDX-License-Identifier: MIT */
/* Prints JSON for programs. */
#include <errno.h>
#include <jansson.h>
#include <unistd.h>

#include "view/report.h"

/* Not through terminal_put, which would change what is in the strings. When a terminal is there to
 * be steered, everything but ASCII is escaped instead. */
static int dump(const struct terminal *t, const json_t *root, size_t flags)
{
        flags |= JSON_REAL_PRECISION(15);
        if (isatty(fileno(t->out)))
                flags |= JSON_ENSURE_ASCII;
        if (json_dumpf(root, t->out, flags) < 0 || fputc('\n', t->out) < 0)
                return -EIO;
        return 0;
}

int report_print_json(const struct terminal *t, const json_t *root)
{
        return dump(t, root, JSON_INDENT(2));
}

int report_print_json_line(const struct terminal *t, const json_t *root)
{
        return dump(t, root, JSON_COMPACT);
}
