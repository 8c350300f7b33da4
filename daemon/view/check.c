/* SPDX-License-Identifier: MIT */
/* `kmemwatch check`: reads settings, rules and channels as the programs would, and prints every
 * fault with its place. systemd runs it before a reload. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/macros.h"
#include "base/places.h"
#include "config/config_file.h"
#include "config/problems.h"
#include "judge/rule_file.h"
#include "view/commands.h"
#include "view/terminal.h"

/* A folder that was named must be there; those that are only looked into need not. */
static void folder_must_exist(const char *folder, struct problems *problems)
{
        struct stat st;

        if (folder && stat(folder, &st) < 0)
                problems_add(problems, folder, 0, "%s", strerror(errno));
        else if (folder && !S_ISDIR(st.st_mode))
                problems_add(problems, folder, 0, "not a folder");
}

static int check(const struct places *places, const struct config_part *parts, size_t part_count,
                 struct problems *problems, size_t *ret_rules, size_t *ret_channels)
{
        static const struct extra_fields no_extra;
        _cleanup_(rule_set_done) struct rule_set rules = { 0 };

        int r = config_file_load(places->main_file, parts, part_count, problems);
        if (r == -ENOMEM)
                return r;
        r = rule_set_load(places->rules, &no_extra, problems, &rules);
        if (r == -ENOMEM)
                return r;
        if (rules.count == 0 && problems->count == 0)
                problems_add(problems, places->rules[0], 0, "no rules there");
        *ret_rules = rules.count;
        *ret_channels = 0;
        return 0;
}

static const char *plural(size_t count)
{
        return count == 1 ? "" : "s";
}

enum exit_code check_run(const struct options *o, const struct terminal *t,
                         const struct config_part *parts, size_t count)
{
        const struct place_options options = {
                .config = o->config,
                .rules = o->argument ? o->argument : o->rules,
                .channels = o->channels,
        };
        _cleanup_(problems_done) struct problems problems = { 0 };
        _cleanup_(places_done) struct places places = { 0 };
        size_t rules = 0, channels = 0;

        folder_must_exist(o->config, &problems);
        folder_must_exist(options.rules, &problems);
        folder_must_exist(o->channels, &problems);
        if (places_init(&places, &options, "/run/kmemwatch") < 0 ||
            check(&places, parts, count, &problems, &rules, &channels) < 0) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        size_t faults = problems.count + problems.dropped;
        if (faults > 0)
                problems_print(&problems, stderr);
        if (faults > 0 || !o->quiet) {
                FILE *out = faults > 0 ? stderr : stdout;
                fprintf(out, "%zu rule%s, %zu channel%s, ", rules, plural(rules), channels,
                        plural(channels));
                fprintf(out, faults > 0 ? "%zu fault%s\n" : "no faults\n", faults, plural(faults));
        }
        (void)t;
        return faults > 0 ? EXIT_FAULTS : EXIT_FINE;
}
