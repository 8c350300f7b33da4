/* SPDX-License-Identifier: MIT */
/* The kernel's list format, "0-3,8,10-11". Pure. */
#pragma once

/* How many numbers the list names. White space at the end is fine. 0; -EBADMSG when it is empty or
 * not a list; -ERANGE when it names more than 65536 (the largest NR_CPUS is 8192, the largest
 * number of nodes 1024). *ret is untouched on failure. */
int cpulist_count(const char *text, unsigned *ret);
