/* SPDX-License-Identifier: MIT */
/* Reads INI files into documents. */
#pragma once

#include <stddef.h>

struct ini_document;
struct problems;

/* Bounds against a wrong file given by mistake; the shipped rules need a tenth of each. */
enum {
        INI_FILE_MAX = 1024 * 1024,
        INI_SECTIONS_MAX = 1024,
        INI_KEYS_MAX = 128,   /* in one section */
        INI_VALUE_MAX = 4096, /* bytes of a value over all its lines */
        INI_NAME_MAX = 63,    /* bytes of a section or key name */
};

/* Reads text that came from `file` (its name as the user would write it). Everything wrong with the
 * form is added to problems; the document then holds what was understood. 0 or -ENOMEM. */
int ini_document_parse(const char *file, const char *data, size_t size, struct problems *problems,
                       struct ini_document *ret);

/* The same for a file. Negative errno when it cannot be read (-EFBIG: larger than INI_FILE_MAX),
 * nothing is added to problems then. */
int ini_document_read(const char *path, struct problems *problems, struct ini_document *ret);

/* Adds in words what ini_document_read returned. */
void ini_problem_unreadable(const char *path, int error, struct problems *problems);
