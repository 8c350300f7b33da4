/* SPDX-License-Identifier: MIT */
/* What reading a trace costs at least, done plainly: getline, and strtod for each cell. Prints how
 * many values there were.
 *
 *   plain_parse FILE */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
        FILE *file = argc == 2 ? fopen(argv[1], "re") : NULL;
        char *line = NULL;
        size_t room = 0;
        unsigned long values = 0;
        double sum = 0;
        if (!file || getline(&line, &room, file) < 0)
                return 1;
        while (getline(&line, &room, file) > 0) {
                char *at = line, *end;
                for (double value = strtod(at, &end); end != at; value = strtod(at, &end)) {
                        sum += value;
                        values += at != line; /* the time is none */
                        at = *end == ',' ? end + 1 : end;
                }
        }
        free(line);
        (void)fclose(file);
        printf("%lu values, sum %g\n", values, sum);
        return 0;
}
