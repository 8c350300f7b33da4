/* SPDX-License-Identifier: MIT */
/* A moment as a person names it, in the ways that journalctl's users know (systemd.time(7)). */
#pragma once

#include <stdbool.h>

enum moment_kind {
        MOMENT_NONE, /* not given */
        MOMENT_UNIX, /* seconds of the Unix clock */
        MOMENT_AGO,  /* seconds before now */
        MOMENT_DAY,  /* seconds after the local midnight of a day that is counted from today */
};

struct moment {
        enum moment_kind kind;
        double seconds;
        int day; /* MOMENT_DAY: 0 today, -1 yesterday */
};

/* "2h", "-2h", "2 hours ago", "1h 30min ago"; "now", "today", "yesterday"; "14:30", "14:30:15" of
 * today; "2026-01-05", "2026-01-05 14:30", with seconds, local unless "UTC" follows; RFC 3339;
 * "@1767582000", or so many digits that it cannot be a time ago. 0 or -EINVAL. */
int moment_parse(const char *text, struct moment *ret);

/* Unix seconds; `otherwise` for MOMENT_NONE. */
double moment_at(const struct moment *m, double now, double otherwise);

/* Whether it has not come yet: "14:30" in the morning. */
bool moment_is_ahead(const struct moment *m, double now);
