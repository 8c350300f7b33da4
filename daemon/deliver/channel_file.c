/* SPDX-License-Identifier: MIT */
/* From a channel's file to a channel: the keys, and what has to fit together among them. No message
 * repeats a value that could be a secret written into the wrong place. */
#include "deliver/channel_file.h"

#include <ctype.h>
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
#include "deliver/exchange.h"
#include "deliver/pagerduty.h"

#define SECTION "channel"

/* As the keys say it; what is not given is NULL or 0. */
struct settings {
        int type, min_severity; /* indexes of the lists below */
        char *secret, *url, *header, *only_rules, *only_dimensions, *ca_file, *proxy;
        double timeout, interval, group;
        bool allow_http;
};

static const char *const type_choices[] = { "slack", "pagerduty", "alertmanager", "webhook", NULL };
_Static_assert(ELEMENTS_OF(type_choices) == CHANNEL_TYPE_COUNT + 1, "in the order of the enum");

static const char *const severity_choices[] = { "warning", "critical", NULL };

enum { URL_MAX = 2048, PATH_MAX_BYTES = 1024 };

#define KEY(field) .section = SECTION, .offset = offsetof(struct settings, field)

static const struct key keys[] = {
        { KEY(type), .name = "type", .type = KEY_CHOICE, .choices = type_choices, .required = true,
          .example = "slack",
          .help = "What kind of receiver this is: slack (an incoming webhook), pagerduty (the "
                  "Events API v2), alertmanager (of Prometheus, API v2), or webhook (any program "
                  "that takes a POST of the JSON in kmemwatch-formats(7))." },
        { KEY(secret), .name = "secret", .type = KEY_TEXT, .max = 64, .placeholder = "FILE",
          .example = "slack-ops",
          .help = "Name of a file in /etc/kmemwatch/secrets/ that holds, in one line, for slack "
                  "the "
                  "webhook's whole address, for pagerduty the routing key (32 characters), for "
                  "webhook and alertmanager a token that is sent as \"Authorization: Bearer TOKEN\"." },
        { KEY(url), .name = "url", .type = KEY_TEXT, .max = URL_MAX, .placeholder = "URL",
          .example = "https://alerts.example.com/kmemwatch",
          .help = "Where to send; required for webhook and alertmanager. For alertmanager the "
                  "addresses of all members of its cluster, separated by blanks, without "
                  "/api/v2/alerts: each is sent everything, and is a channel of its own, NAME.1, "
                  "NAME.2 and so on. For pagerduty the default is " PAGERDUTY_URL
                  " (in the EU: https://events.eu.pagerduty.com/v2/enqueue), for slack the secret. "
                  "{secret} in it is replaced by the secret." },
        { KEY(header), .name = "header", .type = KEY_TEXT, .max = 1024,
          .placeholder = "\"NAME: VALUE\"", .example = "X-Token: {secret}",
          .help = "One more header line of the request. {secret} in it is replaced by the "
                  "secret." },
        { KEY(min_severity), .name = "min-severity", .type = KEY_CHOICE, .initial = "warning",
          .choices = severity_choices,
          .help = "From which severity on events are sent here. An alert that falls below it is "
                  "told as over." },
        { KEY(only_rules), .name = "only-rules", .type = KEY_TEXT, .max = CHANNEL_GLOBS_MAX - 1,
          .placeholder = "PATTERN ...", .example = "slab-* vmalloc-*",
          .help = "Only events of rules whose name matches one of these shell patterns." },
        { KEY(only_dimensions), .name = "only-dimensions", .type = KEY_TEXT,
          .max = CHANNEL_GLOBS_MAX - 1, .placeholder = "PATTERN ...",
          .example = "SUnreclaim KernelStack*",
          .help = "Only events of dimensions that match one of these shell patterns." },
        { KEY(timeout), .name = "timeout", .type = KEY_DURATION, .min = 1, .max = 120,
          .example = "10s",
          .help = "How long an answer may take. Default: that of section [courier] in "
                  "kmemwatch.conf(5)." },
        { KEY(interval), .name = "interval", .type = KEY_DURATION, .min = 0.1, .max = 60,
          .example = "1s",
          .help = "The least time between two messages. Default: what the kind of receiver asks "
                  "for, 1s for slack. For alertmanager: how often an alert that lasts is sent "
                  "again, 1min." },
        { KEY(group), .name = "group", .type = KEY_DURATION, .max = 3600, .example = "30s",
          .help = "After a message, what comes within this time is collected and sent as one: a storm "
                  "is a few messages, and nothing is left out. 0s: each event by itself, but for "
                  "those of one alert that are late. Default: 10s for slack, 0s for webhook. Not for "
                  "pagerduty, where each alert is an incident of its own, and not for alertmanager, "
                  "which groups by itself." },
        { KEY(ca_file), .name = "ca-file", .type = KEY_TEXT, .max = PATH_MAX_BYTES,
          .placeholder = "PATH", .example = "/etc/ssl/certs/ca-certificates.crt",
          .help = "Certificates that the receiver's own is checked against. Default: the "
                  "system's." },
        { KEY(allow_http), .name = "allow-http", .type = KEY_BOOLEAN, .example = "yes",
          .help = "For slack and pagerduty: whether the address may begin with http://, so that the "
                  "secret crosses the network for everybody to read. Without it that is refused, "
                  "but for 127.x.x.x, [::1] and localhost." },
        { KEY(proxy), .name = "proxy", .type = KEY_TEXT, .max = URL_MAX, .placeholder = "URL",
          .example = "http://proxy.example.com:3128",
          .help = "HTTP or SOCKS proxy. The environment's http_proxy is never looked at." },
};

static const struct key_table table = { keys, ELEMENTS_OF(keys), SECTION };

const struct key_table *channel_key_table(void)
{
        return &table;
}

void channel_set_done(struct channel_set *set)
{
        for (size_t i = 0; i < set->count; i++)
                channel_free(set->channels[i]);
        for (size_t i = 0; i < set->left_out_count; i++)
                free(set->left_out[i]);
        set->count = set->left_out_count = 0;
}

/* --- checks; each says what is wrong at the key's own place --- */

struct check {
        const struct ini_section *section;
        struct problems *problems;
};

static void complain(const struct check *check, const char *key, const char *text)
{
        const struct ini_entry *entry = ini_entry_find(check->section, key);
        problems_add(check->problems, entry ? entry->file : check->section->file,
                     entry ? entry->line : check->section->line, "%s: %s", key, text);
}

/* scheme://host..., printable, without blanks. */
static bool url_is_good(const char *url, const char *const *schemes)
{
        for (const char *p = url; *p; p++)
                if (*p <= ' ' || *p > '~')
                        return false;
        for (; *schemes; schemes++)
                if (has_prefix(url, *schemes)) {
                        const char *host = url + strlen(*schemes);
                        return host[strspn(host, "/?#:@")] && !strchr("/?#:@", *host);
                }
        return false;
}

static bool url_has_user(const char *url)
{
        const char *host = strstr(url, "://") + 3;

        return memchr(host, '@', strcspn(host, "/?#"));
}

/* http:// to another machine: the secret would be seen on the way. */
static bool url_is_in_the_clear(const char *url)
{
        static const char *const here[] = { "[::1]", "localhost" };
        if (!has_prefix(url, "http://"))
                return false;
        url += strlen("http://");
        size_t length = strcspn(url, url[0] == '[' ? "]/?#" : ":/?#");
        length += url[length] == ']';
        if (has_prefix(url, "127.") && strspn(url, "0123456789.") == length)
                return false;
        for (size_t i = 0; i < ELEMENTS_OF(here); i++)
                if (length == strlen(here[i]) && strncasecmp(url, here[i], length) == 0)
                        return false;
        return true;
}

static bool header_is_good(const char *header)
{
        size_t name = strcspn(header, ":");
        if (name == 0 || header[name] != ':')
                return false;
        for (size_t i = 0; i < name; i++)
                if (!isalnum((unsigned char)header[i]) && !strchr("!#$%&'*+-.^_`|~", header[i]))
                        return false;
        for (const char *p = header + name; *p; p++)
                if ((unsigned char)*p < ' ' || *p == 0x7f)
                        return false;
        return header[name + 1 + strspn(header + name + 1, " ")];
}

static const char *const web_schemes[] = { "https://", "http://", NULL };
static const char *const proxy_schemes[] = { "http://",    "https://",   "socks5://",
                                             "socks5h://", "socks4a://", NULL };

static void check_secret_content(const struct check *check, const struct settings *s,
                                 const char *secret)
{
        if (s->type == CHANNEL_SLACK && !s->url && !url_is_good(secret, web_schemes))
                complain(check, "secret",
                         "what the file holds is not a webhook's address (https://...)");
        else if (s->type == CHANNEL_SLACK && !s->url && !s->allow_http &&
                 url_is_in_the_clear(secret))
                complain(check, "secret",
                         "the file holds an address with http://, which shows it to everybody on "
                         "the way: use https://, or allow-http = yes");
        if (s->type == CHANNEL_PAGERDUTY) {
                size_t length = strlen(secret);
                for (const char *p = secret; *p; p++)
                        if (!isalnum((unsigned char)*p))
                                length = 0;
                if (length != PAGERDUTY_KEY_LENGTH)
                        complain(check, "secret",
                                 "what the file holds is not a routing key (32 letters, digits)");
        }
}

static int read_secret(const struct check *check, const struct settings *s, const char *config,
                       const char *credentials, enum secret_need need, char **ret)
{
        char error[SECRET_ERROR_MAX];
        char *secret = NULL;
        int r = secret_read(s->secret, config, credentials, need, error, &secret);
        if (r == -EINVAL) {
                complain(check, "secret", error);
                return 0;
        }
        if (r < 0)
                return r;
        if (secret)
                check_secret_content(check, s, secret);
        *ret = secret;
        return 0;
}

static bool check_url(const struct check *check, const struct settings *s, const char *url)
{
        /* Alertmanager has no secret of its own, and mostly none at all. */
        bool has_secret = s->type != CHANNEL_WEBHOOK &&
                          (s->type != CHANNEL_ALERTMANAGER || s->secret || s->header);
        if (!url_is_good(url, web_schemes))
                complain(check, "url", "is not an address (https://HOST/PATH)");
        else if (url_has_user(url))
                complain(check, "url",
                         "a name or password does not belong here: use secret and header");
        else if (has_secret && !s->allow_http && url_is_in_the_clear(url))
                complain(check, "url",
                         "http:// shows the secret to everybody on the way: use https://, or "
                         "allow-http = yes");
        else
                return true;
        return false;
}

/* What can be said of each value alone. */
static void check_values(const struct check *check, const struct settings *s)
{
        char urls[URL_MAX + 1] = "", *save = NULL;
        if (s->url && s->type != CHANNEL_ALERTMANAGER)
                (void)check_url(check, s, s->url);
        else if (s->url)
                snprintf(urls, sizeof(urls), "%s", s->url);
        for (char *url = strtok_r(urls, " ", &save); url; url = strtok_r(NULL, " ", &save))
                if (!check_url(check, s, url))
                        break;
        if (s->header && !header_is_good(s->header))
                complain(check, "header", "is not a header line (NAME: VALUE)");
        if (s->proxy && !url_is_good(s->proxy, proxy_schemes))
                complain(check, "proxy", "is not a proxy's address (http://HOST:PORT)");
        if (s->ca_file && s->ca_file[0] != '/')
                complain(check, "ca-file", "must be a whole path, beginning with /");
}

static bool is_given(const struct check *check, const char *key)
{
        return ini_entry_find(check->section, key);
}

/* What this type of receiver needs. A value that was refused is given all the same. */
static void check_needs(const struct check *check, const struct settings *s)
{
        static const char place[] = "{secret}";
        bool wants_secret =
                (s->url && strstr(s->url, place)) || (s->header && strstr(s->header, place));

        if (s->type == CHANNEL_WEBHOOK && !is_given(check, "url"))
                complain(check, "url", "is missing, a webhook has no other address");
        if (s->type == CHANNEL_ALERTMANAGER && !is_given(check, "url"))
                complain(check, "url", "is missing: the addresses of Alertmanager");
        if (is_given(check, "group") && s->type == CHANNEL_PAGERDUTY)
                complain(check, "group", "is not for pagerduty: each alert is an incident there");
        if (is_given(check, "group") && s->type == CHANNEL_ALERTMANAGER)
                complain(check, "group", "is not for alertmanager, which groups by itself");
        if (is_given(check, "secret"))
                return;
        if (s->type == CHANNEL_SLACK && !is_given(check, "url"))
                complain(check, "secret", "is missing: the file that holds the webhook's address");
        if (s->type == CHANNEL_PAGERDUTY)
                complain(check, "secret", "is missing: the file that holds the routing key");
        if (wants_secret)
                complain(check, "secret", "is missing, but {secret} is used");
}

static bool type_is_known(const struct check *check)
{
        const struct ini_entry *type = ini_entry_find(check->section, "type");

        for (size_t i = 0; type && type_choices[i]; i++)
                if (strcmp(type->value, type_choices[i]) == 0)
                        return true;
        return false;
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

static int make_channel(const char *name, const char *file, struct settings *s, char **secret,
                        struct channel **ret)
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
                .min_severity = s->min_severity == 1 ? SEVERITY_CRITICAL : SEVERITY_WARNING,
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

struct loader {
        const char *config, *credentials;
        enum secret_need need;
        struct problems *problems;
};

/* The document's channel; *ret stays NULL when something is wrong with it. */
static int load_section(const struct loader *l, const char *name, const char *file,
                        const struct ini_section *section, struct channel **ret)
{
        struct settings s = { 0 };
        const struct check check = { section, l->problems };
        size_t before = l->problems->count + l->problems->dropped;
        _cleanup_(secret_freep) char *secret = NULL;

        int r = keys_set_defaults(&table, &s, NULL);
        if (r >= 0)
                r = keys_apply(&table, section, &s, NULL, l->problems);
        if (r >= 0)
                check_values(&check, &s);
        if (!is_given(&check, "group"))
                s.group = NAN;
        /* With a wrong type the rest would be judged by another one's rules. */
        if (r >= 0 && type_is_known(&check)) {
                check_needs(&check, &s);
                if (s.secret)
                        r = read_secret(&check, &s, l->config, l->credentials, l->need, &secret);
        }
        if (r >= 0 && l->problems->count + l->problems->dropped == before)
                r = make_channel(name, file, &s, &secret, ret);
        keys_done(&table, &s);
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
                if (strcmp(other->name, SECTION) != 0)
                        problems_add(l->problems, other->file, other->line,
                                     "unknown section [%s]; a channel has only [" SECTION "]",
                                     other->name);
        }
        const struct ini_section *section = ini_section_find(&document, SECTION);
        if (r >= 0 && !name_is_good(name))
                problems_add(l->problems, path, 0,
                             "a channel's name has at most %d letters, digits, dots, dashes and "
                             "underscores",
                             CHANNEL_NAME_MAX);
        if (r >= 0 && !section && l->problems->count + l->problems->dropped == before)
                problems_add(l->problems, path, 0, "has no section [" SECTION "]");
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
