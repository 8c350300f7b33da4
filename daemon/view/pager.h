/* SPDX-License-Identifier: MIT */
/* Long output goes through the pager, as with journalctl and git. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct pager {
        pid_t pid; /* 0: there is none */
        int out;   /* standard output as it was */
};

/* Puts a pager behind standard output when that is a terminal that one fits: $SYSTEMD_PAGER or
 * $PAGER, else less, else more; none when the variable is empty or "cat". What fails leaves
 * standard output as it is. */
void pager_open(struct pager *ret);

/* Waits until the person has read enough. */
void pager_close(struct pager *p);
