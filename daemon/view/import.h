/* SPDX-License-Identifier: MIT */
/* Samples that other tools have recorded, as one table over time. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/macros.h"
#include "sample/field.h"
#include "sample/sample.h"

enum {
        /* A month of one-minute samples is 43,200; of seconds it is too much for JSON anyhow. */
        IMPORT_ROWS_MAX = 4 * 1024 * 1024,
        IMPORT_FILE_MAX = 512 * 1024 * 1024,
        IMPORT_ERROR_MAX = 512,
};

struct import_row {
        double time; /* Unix seconds */
        double values[FIELD_KNOWN_COUNT];
};

struct import {
        struct import_row *rows; /* in no order; several of one time may be there until sorted */
        size_t count, space;
        enum host_kind kind; /* of the machine, once it is known */
        bool kind_known;
        const char *file; /* that is being read, for error texts */
        char error[IMPORT_ERROR_MAX];
};

void import_done(struct import *m);

/* Says what is wrong with the file, and returns -EBADMSG. line: 0 none. */
int import_fails(struct import *m, size_t line, const char *format, ...) _printf_(3, 4);

/* A fresh row, all absent; it moves with the next. NULL without memory or beyond the bound: then
 * error says so. */
struct import_row *import_row(struct import *m, double time);

/* Sorts by time and joins what has the same. */
void import_sort(struct import *m);

/* What a file holds is seen from its beginning. data is terminated. 0, -EBADMSG with error set, or
 * -ENOMEM. */
int import_read(struct import *m, const char *file, char *data, size_t size);

/* One format each. json: the whole file. */
int import_sar(struct import *m, const json_t *root);
int import_prometheus(struct import *m, const json_t *root);
int import_netdata_json(struct import *m, const json_t *root);
int import_netdata_info(struct import *m, const json_t *root);
int import_csv(struct import *m, char *data); /* of pmrep, and of Netdata */

/* How another tool calls a field of ours: its index, and the factor to bytes; -1 for none. */
int import_pcp_field(const char *name, double *ret_factor);
int import_netdata_field(const char *name, double *ret_factor);

/* Whether it is one of the four parts of system.ram, which add up to all memory. */
bool import_netdata_is_ram(const char *name);
enum { IMPORT_RAM_PARTS = 4 };

/* Unix seconds; options=ms gives milliseconds. */
double import_netdata_time(double number);
