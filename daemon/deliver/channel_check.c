/* SPDX-License-Identifier: MIT */
/* What has to fit together in a channel's file. No message repeats a value that could be a secret
 * written into the wrong place. */
#include "deliver/channel_check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/problems.h"
#include "deliver/pagerduty.h"
#include "deliver/verdict.h"

void channel_complain(const struct channel_check *check, const char *key, const char *text)
{
        const struct ini_entry *entry = ini_entry_find(check->section, key);
        problems_add(check->problems, entry ? entry->file : check->section->file,
                     entry ? entry->line : check->section->line, "%s: %s", key, text);
}

bool channel_is_given(const struct channel_check *check, const char *key)
{
        return ini_entry_find(check->section, key);
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

/* The address is a secret as a whole: whoever knows it may post. */
static bool is_whole_secret(const char *url)
{
        return strcmp(url, "{secret}") == 0;
}

void channel_check_secret(const struct channel_check *check, const struct channel_settings *s,
                          const char *secret)
{
        bool is_address = s->url ? is_whole_secret(s->url) : s->type == CHANNEL_SLACK;
        if (is_address && !url_is_good(secret, web_schemes))
                channel_complain(check, "secret", "the secret is not an address (https://...)");
        else if (is_address && !s->allow_http && url_is_in_the_clear(secret))
                channel_complain(
                        check, "secret",
                        "the secret is an address with http://, which shows it to everybody on "
                        "the way: use https://, or allow-http = yes");
        if (s->type == CHANNEL_PAGERDUTY) {
                size_t length = strlen(secret);
                for (const char *p = secret; *p; p++)
                        if (!isalnum((unsigned char)*p))
                                length = 0;
                if (length != PAGERDUTY_KEY_LENGTH)
                        channel_complain(check, "secret",
                                         "the secret is not a routing key (32 letters and digits)");
        }
}

static bool check_url(const struct channel_check *check, const struct channel_settings *s,
                      const char *url)
{
        /* Alertmanager has no secret of its own, and mostly none at all. */
        bool has_secret = s->type != CHANNEL_WEBHOOK &&
                          (s->type != CHANNEL_ALERTMANAGER || s->secret || s->header);
        if (!url_is_good(url, web_schemes))
                channel_complain(check, "url", "is not an address (https://HOST/PATH)");
        else if (url_has_user(url))
                channel_complain(check, "url",
                                 "a name or password does not belong here: use secret and header");
        else if (has_secret && !s->allow_http && url_is_in_the_clear(url))
                channel_complain(
                        check, "url",
                        "http:// shows the secret to everybody on the way: use https://, or "
                        "allow-http = yes");
        else
                return true;
        return false;
}

static void check_heartbeat(const struct channel_check *check, const struct channel_settings *s)
{
        const char *url = s->heartbeat_url;
        if (url && !url_is_good(url, web_schemes))
                channel_complain(check, "heartbeat-url", "is not an address (https://HOST/PATH)");
        else if (url && url_has_user(url))
                channel_complain(check, "heartbeat-url",
                                 "a name or password does not belong here: use heartbeat-secret");
        if (channel_is_given(check, "heartbeat") && !channel_is_given(check, "heartbeat-url"))
                channel_complain(check, "heartbeat-url", "is missing: where signs of life go");
        if (url && strstr(url, "{secret}") && !channel_is_given(check, "heartbeat-secret"))
                channel_complain(check, "heartbeat-secret", "is missing, but {secret} is used");
}

void channel_check_values(const struct channel_check *check, const struct channel_settings *s)
{
        char urls[CHANNEL_URL_MAX + 1] = "", *save = NULL;
        if (s->url && is_whole_secret(s->url) && s->type != CHANNEL_ALERTMANAGER)
                ; /* what the secret is, is checked when it has been read */
        else if (s->url && s->type != CHANNEL_ALERTMANAGER)
                (void)check_url(check, s, s->url);
        else if (s->url)
                snprintf(urls, sizeof(urls), "%s", s->url);
        for (char *url = strtok_r(urls, " ", &save); url; url = strtok_r(NULL, " ", &save))
                if (!check_url(check, s, url))
                        break;
        check_heartbeat(check, s);
        if (s->header && !header_is_good(s->header))
                channel_complain(check, "header", "is not a header line (NAME: VALUE)");
        if (s->proxy && !url_is_good(s->proxy, proxy_schemes))
                channel_complain(check, "proxy", "is not a proxy's address (http://HOST:PORT)");
        if (windows_are_always(&s->quiet))
                channel_complain(check, "quiet", "is all of the week: nothing would ever be told");
        if (s->quiet_but && s->quiet.count == 0 && !channel_is_given(check, "quiet"))
                channel_complain(check, "quiet-except", "is of no use without quiet");
        if (s->ca_file && s->ca_file[0] != '/')
                channel_complain(check, "ca-file", "must be a whole path, beginning with /");
}

void channel_check_needs(const struct channel_check *check, const struct channel_settings *s)
{
        static const char place[] = "{secret}";
        bool wants_secret =
                (s->url && strstr(s->url, place)) || (s->header && strstr(s->header, place));

        if (s->type == CHANNEL_WEBHOOK && !channel_is_given(check, "url"))
                channel_complain(check, "url", "is missing, a webhook has no other address");
        if (s->type == CHANNEL_ALERTMANAGER && !channel_is_given(check, "url"))
                channel_complain(check, "url", "is missing: the addresses of Alertmanager");
        if (channel_is_given(check, "template") && s->type != CHANNEL_WEBHOOK)
                channel_complain(check, "template", "is for webhook only");
        else if (channel_is_given(check, "template") && channel_is_given(check, "group"))
                channel_complain(check, "group", "does not go with a template");
        if (channel_is_given(check, "group") && s->type == CHANNEL_PAGERDUTY)
                channel_complain(check, "group",
                                 "is not for pagerduty: each alert is an incident there");
        if (channel_is_given(check, "group") && s->type == CHANNEL_ALERTMANAGER)
                channel_complain(check, "group", "is not for alertmanager, which groups by itself");
        if (channel_is_given(check, "secret"))
                return;
        if (s->type == CHANNEL_SLACK && !channel_is_given(check, "url"))
                channel_complain(check, "secret",
                                 "is missing: the file that holds the webhook's address");
        if (s->type == CHANNEL_PAGERDUTY)
                channel_complain(check, "secret",
                                 "is missing: the file that holds the routing key");
        if (wants_secret)
                channel_complain(check, "secret", "is missing, but {secret} is used");
}
