/* SPDX-License-Identifier: MIT */
/* What is written for a channel. It is first put together in a folder of its own and read as the
 * courier will read it; only what it takes goes to its place. */
#include "view/setup_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "config/problems.h"
#include "deliver/channel_file.h"

static const struct setup_receiver RECEIVERS[] = {
        { .name = "slack",
          .type = "slack",
          .secret = "Address of the incoming webhook (https://hooks.slack.com/services/...)",
          .secret_needed = true },
        { .name = "pagerduty",
          .type = "pagerduty",
          .secret = "Integration key of an \"Events API V2\" integration (32 characters)",
          .secret_needed = true },
        { .name = "webhook",
          .type = "webhook",
          .secret = "Token to send along, if it wants one",
          .url = "Address to POST to (https://...)" },
        { .name = "alertmanager",
          .type = "alertmanager",
          .secret = "Token to send along, if it wants one",
          .url = "Addresses of the Alertmanager and all its cluster (http://localhost:9093)" },
        { .name = "discord",
          .type = "webhook",
          .secret = "Address of the channel's webhook (https://discord.com/api/webhooks/...)",
          .fixed_url = "{secret}",
          .template = "discord.json",
          .more = "interval = 2s\n", /* 30 messages a minute are taken */
          .secret_needed = true },
        { .name = "mattermost",
          .type = "webhook",
          .secret = "Address of the incoming webhook (https://HOST/hooks/...)",
          .fixed_url = "{secret}",
          .template = "mattermost.json",
          .secret_needed = true },
        { .name = "teams",
          .type = "webhook",
          .secret = "Address of the workflow \"When a Teams webhook request is received\"",
          .fixed_url = "{secret}",
          .template = "teams.json",
          .secret_needed = true },
        { .name = "opsgenie",
          .type = "webhook",
          .secret = "Key of an API integration",
          .fixed_url = "https://api.opsgenie.com/v2/alerts",
          .template = "opsgenie.json",
          .header = "Authorization: GenieKey {secret}",
          .secret_needed = true },
};

/* What was answered. */
void setup_forget(struct setup *s)
{
        if (s->secret)
                explicit_bzero(s->secret, strlen(s->secret));
        free(TAKE_PTR(s->secret));
        free(TAKE_PTR(s->url));
}

void setup_done(struct setup *s)
{
        setup_forget(s);
        free(s->name);
}

int setup_problem(const char *what, int error)
{
        fprintf(stderr, "kmemwatch setup: %s: %s\n", what, strerror(-error));
        return error;
}

int setup_complain(const char *text)
{
        fprintf(stderr, "kmemwatch setup: %s\n", text);
        return -EINVAL;
}

int setup_find(const char *name, const struct setup_receiver **ret)
{
        for (size_t i = 0; i < ELEMENTS_OF(RECEIVERS); i++)
                if (strcmp(RECEIVERS[i].name, name) == 0) {
                        *ret = &RECEIVERS[i];
                        return 0;
                }
        fprintf(stderr, "kmemwatch setup: ");
        if (*name)
                fprintf(stderr, "\"%s\" is no kind of receiver; ", name);
        fprintf(stderr, "there are");
        for (size_t i = 0; i < ELEMENTS_OF(RECEIVERS); i++)
                fprintf(stderr, "%s %s", i > 0 ? "," : "", RECEIVERS[i].name);
        fputc('\n', stderr);
        return -EINVAL;
}

static int write_file(int dirfd, const char *name, const char *text, mode_t mode, bool replace)
{
        if (replace)
                return file_write_atomic(dirfd, dirfd, name, text, strlen(text), mode);
        _cleanup_close_ int fd =
                openat(dirfd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        int r = fd < 0 ? -errno : fchmod(fd, mode) < 0 ? -errno : 0;
        if (r >= 0)
                r = write_all(fd, text, strlen(text));
        return r < 0 ? r : fsync(fd) < 0 ? -errno : 0;
}

static void compose(const struct setup *s, const char *template, struct text *t)
{
        const struct setup_receiver *r = s->receiver;
        text_add(t,
                 "# Made by `kmemwatch setup %s`. All keys: kmemwatch.channels(5).\n"
                 "[channel]\ntype = %s\n",
                 r->name, r->type);
        if (*s->url || r->fixed_url)
                text_add(t, "url = %s\n", *s->url ? s->url : r->fixed_url);
        if (*s->secret)
                text_add(t, "secret = %s\n", s->name);
        if (r->header)
                text_add(t, "header = %s\n", r->header);
        if (template)
                text_add(t, "template = %s\n", template);
        if (r->more)
                text_add(t, "%s", r->more);
}

/* channels.d/NAME.ini and secrets/NAME below a folder, which are made where missing. */
static int write_channel(const char *folder, const struct setup *s, const char *template)
{
        char ini[8192], file[CHANNEL_NAME_MAX + sizeof(".ini")], secret[SECRET_MAX + 2];
        struct text t;
        _cleanup_close_ int top = open_directory(folder, 0755);
        _cleanup_close_ int channels = top < 0 ? -1 : open_subfolder(top, "channels.d", 0755);
        _cleanup_close_ int secrets = top < 0 ? -1 : open_subfolder(top, "secrets", 0700);
        if (top < 0 || channels < 0 || secrets < 0)
                return top < 0 ? top : channels < 0 ? channels : secrets;
        text_init(&t, ini, sizeof(ini));
        compose(s, template, &t);
        snprintf(file, sizeof(file), "%s.ini", s->name);
        snprintf(secret, sizeof(secret), "%s\n", s->secret);
        /* The secret first: a channel without it would be an error. */
        int r = *s->secret ? write_file(secrets, s->name, secret, 0600, s->replace) : 0;
        explicit_bzero(secret, sizeof(secret));
        if (s->replace && !*s->secret)
                (void)unlinkat(secrets, s->name, 0);
        if (r >= 0)
                r = write_file(channels, file, ini, 0644, s->replace);
        if (r < 0 && r != -EEXIST && *s->secret && !s->replace)
                (void)unlinkat(secrets, s->name, 0);
        return r;
}

static void remove_trial(const char *folder, const char *name)
{
        char file[CHANNEL_NAME_MAX + sizeof(".ini")];
        _cleanup_close_ int top = open_directory(folder, 0700);
        _cleanup_close_ int channels = top < 0 ? -1 : open_subfolder(top, "channels.d", 0700);
        _cleanup_close_ int secrets = top < 0 ? -1 : open_subfolder(top, "secrets", 0700);
        snprintf(file, sizeof(file), "%s.ini", name);
        if (channels >= 0)
                (void)unlinkat(channels, file, 0);
        if (secrets >= 0)
                (void)unlinkat(secrets, name, 0);
        if (top >= 0) {
                (void)unlinkat(top, "channels.d", AT_REMOVEDIR);
                (void)unlinkat(top, "secrets", AT_REMOVEDIR);
        }
        (void)rmdir(folder);
}

/* Whether the courier would take it; what is wrong is printed. */
bool setup_is_taken(struct setup *s, const char *config)
{
        char folder[] = "/tmp/kmemwatch-setup-XXXXXX", template[PATH_MAX];
        _cleanup_(problems_done) struct problems problems = { 0 };
        struct channel_set set = { 0 };
        if (!mkdtemp(folder))
                return setup_problem("/tmp", -errno) == 0;
        snprintf(template, sizeof(template), "%s/templates/%s", config,
                 s->receiver->template ? s->receiver->template : "");
        int r = write_channel(folder, s, s->receiver->template ? template : NULL);
        _cleanup_free_ char *channels = path_join(folder, "channels.d");
        if (r >= 0 && channels)
                r = channel_set_load(channels, folder, NULL, SECRET_REQUIRED, &problems, &set);
        bool good = r >= 0 && set.count > 0 && !problems_any(&problems);
        s->members = set.count;
        channel_set_done(&set);
        remove_trial(folder, s->name);
        if (r < 0)
                (void)setup_problem(folder, r);
        /* The file that they were found in is gone. */
        for (size_t i = 0; i < problems.count; i++)
                if (problems.list[i].line > 0)
                        fprintf(stderr, "kmemwatch setup: %s\n", problems.list[i].text);
        return good;
}

int setup_write(const char *config, const struct setup *s)
{
        return write_channel(config, s, s->receiver->template);
}
