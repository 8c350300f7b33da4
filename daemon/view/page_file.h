/* SPDX-License-Identifier: MIT */
/* The report into a file. */
#pragma once

struct page;

/* Writes the page to the file, or to standard output when it is NULL or "-" and not a terminal.
 * What fails is said on standard error. 0 or negative errno. */
int page_write_file(const char *path, const struct page *p);
