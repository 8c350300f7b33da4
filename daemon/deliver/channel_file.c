/* SPDX-License-Identifier: MIT */
/* From a channel's file to a channel. No message repeats a value that could be a secret written
 * into the wrong place. */
#include "deliver/channel_file.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/dirs.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/keys.h"
#include "config/problems.h"
#include "deliver/channel_check.h"
#include "deliver/exchange.h"
#include "deliver/template.h"

void channel_set_done(struct channel_set *set)
{
        for (size_t i = 0; i < set->count; i++)
                channel_free(set->channels[i]);
        for (size_t i = 0; i < set->left_out_count; i++)
                free(set->left_out[i]);
        set->count = set->left_out_count = 0;
}

/* --- one file --- */

static bool name_is_good(const char *name)
{
        size_t length = strlen(name);
        return length > 0 && length <= CHANNEL_NAME_MAX &&
               strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                       length;
}

DEFINE_CLEANUP(struct channel, channel_free);

struct loader {
        const char *config, *credentials;
        enum secret_need need;
        struct problems *problems;
};

/* The secret in the file that `name` names, with what is wrong told at `key`. */
static int read_secret(const struct channel_check *check, const char *key, const char *name,
                       const struct loader *l, char **ret)
{
        char error[SECRET_ERROR_MAX];
        int r = secret_read(name, l->config, l->credentials, l->need, error, ret);
        if (r == -EINVAL) {
                channel_complain(check, key, error);
                return 0;
        }
        return r;
}

static int make_channel(const char *name, const char *file, struct channel_settings *s,
                        char **secret, char **beat, struct channel **ret)
{
        _cleanup_(channel_freep) struct channel *c = calloc(1, sizeof(*c));
        if (!c)
                return -ENOMEM;
        *c = (struct channel){
                .name = strdup(name),
                .file = strdup(file),
                .type = (enum channel_type)s->type,
                .url = TAKE_PTR(s->url),
                .secret_file = TAKE_PTR(s->secret),
                .secret = TAKE_PTR(*secret),
                .header = TAKE_PTR(s->header),
                .ca_file = TAKE_PTR(s->ca_file),
                .proxy = TAKE_PTR(s->proxy),
                .timeout = s->timeout > 0 ? s->timeout : NAN,
                .interval = s->interval > 0 ? s->interval : NAN,
                .group = s->group,
                .heartbeat = s->heartbeat,
                .heartbeat_url = TAKE_PTR(s->heartbeat_url),
                .heartbeat_secret = TAKE_PTR(*beat),
                .min_severity = s->min_severity == 1 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
                .quiet = s->quiet,
                .quiet_but_critical = s->quiet_but == 1,
                .only_rules = TAKE_PTR(s->only_rules),
                .only_dimensions = TAKE_PTR(s->only_dimensions),
        };
        if (!c->name || !c->file)
                return -ENOMEM;
        *ret = TAKE_PTR(c);
        return 0;
}

static void secret_freep(char **s)
{
        secret_free(*s);
}

/* Negative errno only without memory; what is wrong is complained of. */
static int read_template(const struct channel_check *check, const char *name, const char *config,
                         struct template **ret)
{
        char error[TEMPLATE_ERROR_MAX];
        int r = template_load(name, config, error, ret);
        if (r == -EINVAL)
                channel_complain(check, "template", error);
        return r == -ENOMEM ? r : 0;
}

DEFINE_CLEANUP(struct template, template_free);

/* The document's channel; *ret stays NULL when something is wrong with it. */
static int load_section(const struct loader *l, const char *name, const char *file,
                        const struct ini_section *section, struct channel **ret)
{
        struct channel_settings s = { 0 };
        const struct channel_check check = { section, l->problems };
        const struct ini_entry *type = ini_entry_find(section, "type");
        size_t before = l->problems->count + l->problems->dropped;
        _cleanup_(secret_freep) char *secret = NULL, *beat = NULL;
        _cleanup_(template_freep) struct template *template = NULL;

        int r = keys_set_defaults(channel_key_table(), &s, NULL);
        if (r >= 0)
                r = keys_apply(channel_key_table(), section, &s, NULL, l->problems);
        if (r >= 0)
                channel_check_values(&check, &s);
        if (!channel_is_given(&check, "group"))
                s.group = NAN;
        if (!channel_is_given(&check, "heartbeat"))
                s.heartbeat = NAN;
        /* With a wrong type the rest would be judged by another one's rules. */
        if (r >= 0 && type && channel_type_is_known(type->value)) {
                channel_check_needs(&check, &s);
                if (s.secret)
                        r = read_secret(&check, "secret", s.secret, l, &secret);
                if (secret)
                        channel_check_secret(&check, &s, secret);
        }
        if (r >= 0 && s.heartbeat_secret)
                r = read_secret(&check, "heartbeat-secret", s.heartbeat_secret, l, &beat);
        if (r >= 0 && s.template)
                r = read_template(&check, s.template, l->config, &template);
        if (r >= 0 && l->problems->count + l->problems->dropped == before)
                r = make_channel(name, file, &s, &secret, &beat, ret);
        if (r >= 0 && *ret)
                (*ret)->template = TAKE_PTR(template);
        keys_done(channel_key_table(), &s);
        return r;
}

static int load_document(const struct loader *l, const struct config_file_source *source,
                         struct ini_document *ret)
{
        const char *path = source->paths[0];
        int r = ini_document_read(path, l->problems, ret);
        if (r < 0 && r != -ENOMEM) {
                ini_problem_unreadable(path, r, l->problems);
                return 0;
        }
        for (size_t i = 0; r >= 0 && i < source->drop_in_count; i++) {
                struct ini_document drop_in = { 0 };
                r = ini_document_read(source->drop_ins[i], l->problems, &drop_in);
                if (r >= 0)
                        r = ini_document_override(ret, &drop_in, l->problems);
                else if (r != -ENOMEM) {
                        ini_problem_unreadable(source->drop_ins[i], r, l->problems);
                        r = 0;
                }
                ini_document_done(&drop_in);
        }
        return r;
}

static int load_file(const struct loader *l, const char *name,
                     const struct config_file_source *source, struct channel **ret)
{
        struct ini_document document = { 0 };
        const char *path = source->paths[0];
        size_t before = l->problems->count + l->problems->dropped;

        int r = load_document(l, source, &document);
        for (size_t i = 0; r >= 0 && i < document.count; i++) {
                const struct ini_section *other = &document.sections[i];
                if (strcmp(other->name, CHANNEL_SECTION) != 0)
                        problems_add(l->problems, other->file, other->line,
                                     "unknown section [%s]; a channel has only [" CHANNEL_SECTION
                                     "]",
                                     other->name);
        }
        const struct ini_section *section = ini_section_find(&document, CHANNEL_SECTION);
        if (r >= 0 && !name_is_good(name))
                problems_add(l->problems, path, 0,
                             "a channel's name has at most %d letters, digits, dots, dashes and "
                             "underscores",
                             CHANNEL_NAME_MAX);
        if (r >= 0 && !section && l->problems->count + l->problems->dropped == before)
                problems_add(l->problems, path, 0, "has no section [" CHANNEL_SECTION "]");
        struct channel *channel = NULL;
        if (r >= 0 && section)
                r = load_section(l, name, path, section, &channel);
        /* Also what was wrong before the section was looked at leaves the file out. */
        if (r >= 0 && l->problems->count + l->problems->dropped == before)
                *ret = TAKE_PTR(channel);
        channel_free(channel);
        ini_document_done(&document);
        return r;
}

/* Takes the channel over. */
static int add_members(const struct loader *l, const char *file, struct channel *channel,
                       struct channel_set *set)
{
        size_t count, before = set->count;
        int r = channel_split(channel, &set->channels[before],
                              CHANNELS_MAX - before - set->left_out_count, &count);
        if (r == -ENOBUFS) {
                problems_add(l->problems, file, 0, "more addresses than the %d channels allowed",
                             CHANNELS_MAX);
                return 0;
        }
        if (r < 0)
                return r;
        set->count += count;
        /* Names sort so that the file ops.1.ini comes before ops.ini. */
        for (size_t i = before; i < set->count; i++)
                for (size_t other = 0; other < before; other++)
                        if (strcmp(set->channels[i]->name, set->channels[other]->name) == 0)
                                problems_add(l->problems, set->channels[other]->file, 0,
                                             "is named like a member of the cluster in %s", file);
        return 0;
}

static int load_source(const struct loader *l, const struct config_file_source *source,
                       struct channel_set *set)
{
        struct channel *channel = NULL;
        if (source->path_count == 0)
                return 0;
        if (set->count + set->left_out_count == CHANNELS_MAX) {
                problems_add(l->problems, source->paths[0], 0,
                             "one channel more than the %d allowed", CHANNELS_MAX);
                return 0;
        }
        _cleanup_free_ char *name = strndup(source->name, strlen(source->name) - strlen(".ini"));
        if (!name)
                return -ENOMEM;
        int r = load_file(l, name, source, &channel);
        if (r < 0)
                return r;
        if (channel)
                r = add_members(l, source->paths[0], channel, set);
        else
                set->left_out[set->left_out_count++] = TAKE_PTR(name);
        return r;
}

int channel_set_load(const char *folder, const char *config, const char *credentials,
                     enum secret_need need, struct problems *problems, struct channel_set *ret)
{
        const char *const folders[] = { folder, NULL };
        const struct loader loader = { config, credentials, need, problems };
        struct config_files files = { 0 };
        struct channel_set set = { 0 };

        int r = config_files_find(folders, ".ini", problems, &files);
        int failed = r;
        for (size_t i = 0; r != -ENOMEM && i < files.count; i++)
                if (load_source(&loader, &files.list[i], &set) == -ENOMEM)
                        r = failed = -ENOMEM;
        config_files_done(&files);
        if (failed == -ENOMEM) {
                channel_set_done(&set);
                return failed;
        }
        *ret = set;
        return failed;
}

int channel_files_count(const char *folder)
{
        _cleanup_(config_files_done) struct config_files files = { 0 };
        _cleanup_(problems_done) struct problems ignored = { 0 };
        int count = 0;
        int r = config_files_find((const char *const[]){ folder, NULL }, ".ini", &ignored, &files);
        for (size_t i = 0; i < files.count; i++)
                count += files.list[i].path_count > 0;
        return r < 0 ? -1 : count;
}
