/* SPDX-License-Identifier: MIT */
/* Counts CPUs and nodes in the lists of /sys/devices/system. */
#include "sample/cpulist.h"

#include <ctype.h>
#include <errno.h>

enum { LIST_MAX = 65536 };

static int parse_index(const char **at, unsigned *ret)
{
        unsigned number = 0;

        if (!isdigit((unsigned char)**at))
                return -EBADMSG;
        for (; isdigit((unsigned char)**at); (*at)++) {
                number = number * 10 + (unsigned)(**at - '0');
                if (number >= LIST_MAX)
                        return -ERANGE;
        }
        *ret = number;
        return 0;
}

int cpulist_count(const char *text, unsigned *ret)
{
        unsigned count = 0;

        for (;;) {
                unsigned first, last;
                int r = parse_index(&text, &first);

                if (r < 0)
                        return r;
                last = first;
                if (*text == '-') {
                        text++;
                        r = parse_index(&text, &last);
                        if (r < 0)
                                return r;
                        if (last < first)
                                return -EBADMSG;
                }
                count += last - first + 1;
                if (count > LIST_MAX)
                        return -ERANGE;
                if (*text != ',')
                        break;
                text++;
        }
        while (isspace((unsigned char)*text))
                text++;
        if (*text)
                return -EBADMSG;
        *ret = count;
        return 0;
}
