/* SPDX-License-Identifier: MIT */
/* Writes and reads the names of spool files. */
#include "announce/spool_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum { DIGITS = 20, ID = 32 };

static const char HEX[] = "0123456789abcdef";

bool spool_name_format(uint64_t sequence, const char *event_id, char ret[SPOOL_NAME_SIZE])
{
        if (strspn(event_id, HEX) != ID || event_id[ID])
                return false;
        snprintf(ret, SPOOL_NAME_SIZE, "%020" PRIu64 "-%s.json", sequence, event_id);
        return true;
}

bool spool_name_parse(const char *name, uint64_t *ret_sequence,
                      char ret_event_id[SPOOL_EVENT_ID_SIZE])
{
        char digits[DIGITS + 1];
        uint64_t sequence;

        if (strlen(name) != SPOOL_NAME_SIZE - 1 || strspn(name, "0123456789") != DIGITS ||
            name[DIGITS] != '-' || strspn(name + DIGITS + 1, HEX) != ID ||
            strcmp(name + DIGITS + 1 + ID, ".json") != 0)
                return false;
        memcpy(digits, name, DIGITS);
        digits[DIGITS] = 0;
        if (parse_u64(digits, &sequence) < 0) /* 20 digits can be more than 64 bits */
                return false;
        *ret_sequence = sequence;
        if (ret_event_id) {
                memcpy(ret_event_id, name + DIGITS + 1, ID);
                ret_event_id[ID] = 0;
        }
        return true;
}
