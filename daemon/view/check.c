/* SPDX-License-Identifier: MIT */
/* `kmemwatch check`: reads settings, rules and channels as the programs would, and prints every
 * fault with its place. systemd runs it before a reload. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "announce/json_value.h"
#include "base/macros.h"
#include "base/places.h"
#include "config/config_file.h"
#include "config/problems.h"
#include "deliver/channel_file.h"
#include "judge/rule_file.h"
#include "view/commands.h"
#include "view/report.h"
#include "view/terminal.h"

/* A folder that was named must be there; those that are only looked into need not. */
static void folder_must_exist(const char *folder, struct problems *problems)
{
        if (folder && access(folder, F_OK) < 0)
                problems_add(problems, folder, 0, "%s", strerror(errno));
}

struct checked {
        size_t rules, channels;
};

/* 0 or -ENOMEM. */
static int check(const struct places *places, const struct config_part *parts, size_t part_count,
                 bool rules_only, struct problems *problems, struct checked *ret)
{
        static const struct extra_fields no_extra;
        _cleanup_(rule_set_done) struct rule_set rules = { 0 };

        if (rule_set_load(places->rules, &no_extra, problems, &rules) == -ENOMEM)
                return -ENOMEM;
        ret->rules = rules.count;
        if (rules.count == 0 && problems->count == 0)
                problems_add(problems, places->rules[0], 0, "there are no rules");
        if (rules_only)
                return 0;
        if (config_file_load(places->main_file, parts, part_count, problems) == -ENOMEM)
                return -ENOMEM;
        /* Whoever may not read the secrets still checks all else. */
        _cleanup_(channel_set_done) struct channel_set channels = { 0 };
        if (channel_set_load(places->channels, places->config, places->credentials,
                             SECRET_IF_READABLE, problems, &channels) == -ENOMEM)
                return -ENOMEM;
        ret->channels = channels.count;
        return 0;
}

/* One fault a line, unwrapped, as compilers print them, so that editors and grep find the place. */
static int print_problems(const struct terminal *t, struct problems *problems)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return -ENOMEM;
        problems_print(problems, f);
        if (fclose(f) != 0)
                return -ENOMEM;
        for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
                char *colon = strstr(line, ": ");
                if (!*line)
                        continue;
                if (colon) {
                        *colon = 0;
                        terminal_put(t, STYLE_STRONG, line);
                        terminal_line(t, STYLE_PLAIN, ": %s", colon + 2);
                } else
                        terminal_line(t, STYLE_PLAIN, "%s", line);
        }
        return 0;
}

/* Files, not problems: a file's problems begin with a line that says that it is left out. */
static size_t files_with_faults(const struct problems *problems)
{
        size_t count = 0;

        for (size_t i = 0; i < problems->count; i++) {
                bool first = true;
                for (size_t k = 0; k < i && first; k++)
                        first = strcmp(problems->list[i].file, problems->list[k].file) != 0;
                count += first;
        }
        return count;
}

/* For programs: what was read and every fault with its place. */
static int print_json(const struct terminal *t, const struct checked *checked, bool rules_only,
                      struct problems *problems, size_t files)
{
        json_t *faults = json_array();

        problems_sort(problems);
        for (size_t i = 0; i < problems->count; i++) {
                const struct problem *p = &problems->list[i];
                json_array_append_new(
                        faults, json_pack("{s:o, s:o, s:o}", "file", json_value_text(p->file),
                                          "line", p->line ? json_integer(p->line) : json_null(),
                                          "text", json_value_text(p->text)));
        }
        json_t *root = json_pack(
                "{s:i, s:I, s:o, s:I, s:o, s:I}", "version", 1, "rules", (json_int_t)checked->rules,
                "channels", rules_only ? json_null() : json_integer((json_int_t)checked->channels),
                "files_with_faults", (json_int_t)files, "faults", faults, "faults_left_out",
                (json_int_t)problems->dropped);
        int r = root ? report_print_json(t, root) : -ENOMEM;

        json_decref(root);
        return r;
}

static const char *plural(size_t count)
{
        return count == 1 ? "" : "s";
}

static void print_summary(const struct terminal *t, const struct checked *checked, bool rules_only,
                          size_t faults)
{
        terminal_print(t, STYLE_PLAIN, "%zu rule%s, ", checked->rules, plural(checked->rules));
        if (!rules_only)
                terminal_print(t, STYLE_PLAIN, "%zu channel%s, ", checked->channels,
                               plural(checked->channels));
        if (faults == 0)
                terminal_line(t, STYLE_GOOD, "no faults");
        else
                terminal_line(t, STYLE_CRITICAL, "%zu file%s with faults", faults, plural(faults));
}

enum exit_code check_run(const struct options *o, const struct terminal *t,
                         const struct config_part *parts, size_t count)
{
        const struct place_options options = {
                .config = o->config,
                .rules = o->argument ? o->argument : o->rules,
                .channels = o->channels,
        };
        /* A folder by itself is somebody's rules, to be tried before they are installed. */
        bool rules_only = o->argument && !o->config && !o->channels;
        _cleanup_(problems_done) struct problems problems = { 0 };
        _cleanup_(places_done) struct places places = { 0 };
        struct checked checked = { 0 };

        folder_must_exist(o->config, &problems);
        folder_must_exist(options.rules, &problems);
        folder_must_exist(o->channels, &problems);
        if (places_init(&places, &options, "/run/kmemwatch") < 0 ||
            check(&places, parts, count, rules_only, &problems, &checked) < 0 ||
            (!o->json && print_problems(t, &problems) < 0)) {
                fputs("kmemwatch: out of memory\n", stderr);
                return EXIT_USAGE;
        }
        size_t faults = files_with_faults(&problems);
        if (o->json)
                (void)print_json(t, &checked, rules_only, &problems, faults);
        else if (!o->quiet)
                print_summary(t, &checked, rules_only, faults);
        return faults > 0 ? EXIT_FAULTS : EXIT_FINE;
}
