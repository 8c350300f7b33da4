/* SPDX-License-Identifier: MIT */
/* deliver/template and placeholder: what a template may say, that no text leaves its string, and
 * the shipped examples against the limits of their receivers. */
#include "deliver/template.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "../letters.h"
#include "../random.h"
#include "../test.h"
#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"

static struct template *parse(const char *text)
{
        char error[TEMPLATE_ERROR_MAX] = "";
        struct template *t = NULL;
        if (template_parse(text, strlen(text), error, &t) < 0)
                fail_msg("%s: %s", text, error);
        /* It is a C++ word to cppcheck. */
        return t; /* cppcheck-suppress CastIntegerToAddressAtReturn */
}

static char *render(const char *template, const char *changes, enum meaning meaning)
{
        struct template *t = parse(template);
        struct letter l;
        char *body = NULL;
        make_letter(changes, &l);
        assert_int_equal(template_body(t, &l, meaning, &body), 0);
        letter_done(&l);
        template_free(t);
        return body;
}

static void test_language(void **state _unused_)
{
        static const struct {
                const char *template, *body;
        } cases[] = {
                { "{\"a\":\"{rule} on {host}\"}", "{\"a\":\"slab-growth on db1\"}" },
                { "[\"{value_bytes}\", \"{value_bytes} B\"]", "[null,\" B\"]" },
                { "\"{rate_bytes_per_hour}\"", "325058560" },
                { "{\"a\":1,\"b\":[true,null,2.5]}", "{\"a\":1,\"b\":[true,null,2.5]}" },
                { "\"{rule:4} {state}\"", "\"slab CRITICAL\"" },
                { "\"{summary:markdown}\"", "\"Unreclaimable slab grows\"" },
                { "\"{ {} {A} {rule\"", "\"{ {} {A} {rule\"" },
                { "{\"p\":{\"$switch\":\"severity\",\"critical\":5,\"else\":3}}", "{\"p\":5}" },
                { "{\"p\":{\"$switch\":\"kind\",\"spike\":5,\"else\":{\"$switch\":\"host\","
                  "\"db1\":[\"{host}\"],\"else\":0}}}",
                  "{\"p\":[\"db1\"]}" },
                { "[{\"$if\":\"note\",\"then\":1},{\"$if\":\"rule\",\"then\":\"{rule}\"}]",
                  "[\"slab-growth\"]" },
                { "{\"a\":{\"$if\":\"note\",\"then\":1},\"b\":2}", "{\"b\":2}" },
                { "{\"body\":{\"k\":\"{kind}\"}}", "{\"k\":\"growth\"}" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                _cleanup_free_ char *body = render(cases[i].template, NULL, MEANING_BEGINS);
                assert_string_equal(body, cases[i].body);
        }
}

static void test_sections(void **state _unused_)
{
        struct template *t = parse("{\"body\": 1, \"changes\": null,"
                                   " \"ends\": {\"path\": \"/{dedup_key}/close\", \"body\": 2}}");
        struct letter l;
        char *text;
        make_letter("{\"dedup_key\":\"a/b c?é\"}", &l);
        assert_true(template_wants(t, MEANING_BEGINS) && template_wants(t, MEANING_ENDS));
        assert_false(template_wants(t, MEANING_CHANGES));
        assert_int_equal(template_body(t, &l, MEANING_BEGINS, &text), 0);
        assert_string_equal(text, "1");
        free(text);
        assert_int_equal(template_path(t, &l, MEANING_BEGINS, &text), 0);
        assert_string_equal(text, "");
        free(text);
        assert_int_equal(template_path(t, &l, MEANING_ENDS, &text), 0);
        assert_string_equal(text, "/a%2Fb%20c%3F%C3%A9/close");
        free(text);
        letter_done(&l);
        template_free(t);
}

static void test_faults(void **state _unused_)
{
        static const struct {
                const char *template, *error;
        } cases[] = {
                { "{\"a\":}", "line 1: " },
                { "", "line " },
                { "{\"a\":\"{hots}\"}", "{hots...} is no placeholder" },
                { "\"{rule:loud}\"", "{rule...} is no placeholder" },
                { "\"{rule:0}\"", "{rule...} is no placeholder" },
                { "{\"$if\":\"rule\"}", "\"$if\" goes with" },
                { "{\"a\":{\"$if\":\"x\",\"then\":1}}", "\"$if\" needs the name" },
                { "{\"a\":{\"$switch\":\"rule\",\"x\":1}}", "\"$switch\" needs \"else\"" },
                { "{\"a\":{\"$when\":1}}", "\"$when\" is neither" },
                { "{\"begins\":{\"body\":1}}", "no \"body\" for \"changes\"" },
                { "{\"begins\":1}", "\"begins\" is neither" },
                { "{\"body\":1,\"ends\":{\"url\":\"x\"}}", "\"ends\" has \"url\"" },
                { "{\"body\":1,\"ends\":null,\"other\":1}", "\"other\" beside" },
                { "{\"a\":1,\"a\":2}", "line 1: duplicate" },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                char error[TEMPLATE_ERROR_MAX] = "";
                struct template *t = NULL;
                assert_int_equal(
                        template_parse(cases[i].template, strlen(cases[i].template), error, &t),
                        -EINVAL);
                if (!has_prefix(error, cases[i].error))
                        fail_msg("%s: \"%s\" instead of \"%s\"", cases[i].template, error,
                                 cases[i].error);
        }
        char many[8 * (TEMPLATE_PLACES_MAX + 1) + 3] = "\"";
        for (int i = 0; i <= TEMPLATE_PLACES_MAX; i++)
                strcat(many, "{rule}");
        strcat(many, "\"");
        char error[TEMPLATE_ERROR_MAX];
        struct template *t;
        assert_int_equal(template_parse(many, strlen(many), error, &t), -EINVAL);
}

static void test_markdown(void **state _unused_)
{
        _cleanup_free_ char *body =
                render("\"{text:markdown}\"",
                       "{\"text\":\"**@everyone** [x](http://y) `z` <!here> #c\"}", MEANING_BEGINS);
        assert_string_equal(body, "\"\\\\*\\\\*@\xe2\x80\x8b"
                                  "everyone\\\\*\\\\* \\\\[x\\\\]\\\\(http://y\\\\) \\\\`z\\\\` "
                                  "\\\\<\\\\!here\\\\> \\\\#c\"");
}

/* --- the shipped ones --- */

static char *shipped(const char *name)
{
        _cleanup_free_ char *path = path_join("etc/templates", name);
        char *data;
        size_t size;
        assert_int_equal(file_read(AT_FDCWD, path, TEMPLATE_SIZE_MAX, &data, &size), 0);
        return data;
}

/* Text that would be something else in JSON, HTML, Markdown, a URL or another placeholder. */
static char *hostile(struct random *r)
{
        static const char *const pieces[] = {
                "\\\"",
                "\\\\",
                "{rule}",
                "{{",
                "}}",
                "\\\\u0000",
                "<script>",
                "]]>",
                "@everyone",
                "**",
                "`",
                "\\\\n",
                "é",
                "𝄞",
                "%s",
                "$(x)",
                ",\\\"a\\\":1",
                "${env}",
                "<!channel>",
                "[x](y)",
                "\\u2028",
                "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        };
        char *text = calloc(1, 8192);
        for (uint64_t n = random_next(r) % 150; n > 0; n--)
                strcat(text, pieces[random_next(r) % ELEMENTS_OF(pieces)]);
        return text;
}

/* Members of the same names and kinds, whatever the texts are: the skeleton is the template's. */
static void assert_same_shape(const json_t *a, const json_t *b)
{
        const char *key;
        const json_t *member;
        assert_int_equal(json_typeof(a), json_typeof(b));
        if (json_is_object(a))
                json_object_foreach((json_t *)a, key, member)
                {
                        assert_non_null(json_object_get(b, key));
                        assert_same_shape(member, json_object_get(b, key));
                }
        if (json_is_array(a))
                for (size_t i = 0; i < json_array_size(a) && i < json_array_size(b); i++)
                        if (json_typeof(json_array_get(a, i)) == json_typeof(json_array_get(b, i)))
                                assert_same_shape(json_array_get(a, i), json_array_get(b, i));
}

static void test_any_text(void **state _unused_)
{
        static const char *const examples[] = { "discord.json", "mattermost.json", "teams.json",
                                                "ntfy.json", "opsgenie.json" };
        struct random r = random_seeded("any text");
        for (size_t i = 0; i < ELEMENTS_OF(examples); i++) {
                _cleanup_free_ char *template = shipped(examples[i]);
                _cleanup_free_ char *usual = render(template, NULL, MEANING_BEGINS);
                json_auto_t *shape = json_loads(usual, JSON_DECODE_ANY, NULL);
                for (int round = 0; round < 50; round++) {
                        _cleanup_free_ char *text = hostile(&r), *changes = NULL;
                        assert_true(
                                asprintf(&changes,
                                         "{\"summary\":\"s%s\",\"text\":\"t%s\",\"explain\":"
                                         "\"e%s\",\"action\":\"a%s\",\"runbook\":\"https://r/%s\","
                                         "\"host\":{\"name\":\"h%s\"}}",
                                         text, text, text, text, text, text) > 0);
                        _cleanup_free_ char *body =
                                render(template, changes, (enum meaning)(1 + round % 3));
                        json_error_t error;
                        json_auto_t *json = json_loads(body, JSON_REJECT_DUPLICATES, &error);
                        if (!json)
                                fail_msg("%s: %s in\n%s", examples[i], error.text, body);
                        if (round % 3 == 0)
                                assert_same_shape(shape, json);
                }
        }
}

/* Characters as JavaScript counts them, of which none counts more. */
static size_t length_of(const json_t *json)
{
        const char *text = json_string_value(json);
        size_t n = 0;
        for (; text && *text; text++)
                n += ((*text & 0xc0) != 0x80) + ((*text & 0xf8) == 0xf0);
        return n;
}

static size_t length_at(const json_t *json, const char *key)
{
        return length_of(json_object_get(json, key));
}

/* https://discord.com/developers/docs/resources/message#embed-object-embed-limits; what is empty is
 * refused. */
static void check_discord(const json_t *body, size_t size _unused_)
{
        const json_t *embed = json_array_get(json_object_get(body, "embeds"), 0), *field;
        size_t i, all = length_at(embed, "title") + length_at(embed, "description");
        assert_in_range(length_at(embed, "title"), 30, 256);
        assert_in_range(length_at(embed, "description"), 200, 4096);
        json_array_foreach(json_object_get(embed, "fields"), i, field)
        {
                assert_in_range(length_at(field, "value"), 1, 1024);
                all += length_at(field, "name") + length_at(field, "value");
        }
        assert_in_range(length_at(json_object_get(embed, "footer"), "text"), 1, 2048);
        assert_in_range(all + length_at(json_object_get(embed, "footer"), "text"), 1, 6000);
}

/* 28 KB: https://learn.microsoft.com/en-us/microsoftteams/limits-specifications-teams */
static void check_teams(const json_t *body _unused_, size_t size)
{
        assert_in_range(size, 2000, 28000);
}

/* A post's text: 16383 characters. What is attached may be longer, but nobody reads that. */
static void check_mattermost(const json_t *body, size_t size _unused_)
{
        _cleanup_free_ char *text = json_dumps(json_object_get(body, "attachments"), JSON_COMPACT);
        json_auto_t *props = json_string(text);
        assert_in_range(length_of(props), 1000, 16383);
}

/* message-size-limit of ntfy's server.yml: 4096 bytes, more becomes a file. */
static void check_ntfy(const json_t *body, size_t size _unused_)
{
        const json_t *tag;
        size_t i;
        assert_in_range(strlen(json_string_value(json_object_get(body, "message"))), 1000, 4096);
        assert_in_range(strlen(json_string_value(json_object_get(body, "title"))), 100, 250);
        json_array_foreach(json_object_get(body, "tags"), i, tag)
        {
                assert_in_range(json_string_length(tag), 1, 64);
        }
}

/* https://docs.opsgenie.com/docs/alert-api#create-alert */
static void check_opsgenie(const json_t *body, size_t size _unused_)
{
        const json_t *value;
        const char *key;
        size_t i, details = 0;
        if (!json_object_get(body, "message")) { /* a change, an end */
                assert_in_range(length_at(body, "note"), 100, 25000);
                assert_in_range(length_at(body, "source"), 1, 100);
                return;
        }
        assert_in_range(length_at(body, "message"), 30, 130);
        assert_in_range(length_at(body, "description"), 2000, 15000);
        assert_in_range(length_at(body, "alias"), 1, 512);
        assert_in_range(length_at(body, "entity"), 1, 512);
        assert_in_range(length_at(body, "source"), 1, 100);
        assert_in_range(json_array_size(json_object_get(body, "tags")), 1, 20);
        json_array_foreach(json_object_get(body, "tags"), i, value)
        {
                assert_in_range(length_of(value), 1, 50);
        }
        json_object_foreach(json_object_get(body, "details"), key, value)
        {
                details += strlen(key) + length_of(value);
        }
        assert_in_range(details, 100, 8000);
}

static char *repeated(const char *piece)
{
        enum { BYTES = 2500 }; /* twelve of them, escaped, are an event still */
        char *text = calloc(1, BYTES + 1);
        for (size_t n = strlen(piece), at = 0; at + n <= BYTES; at += n)
                memcpy(text + at, piece, n);
        return text;
}

/* Every text as long as can be, and of what grows most on its way: by Markdown's backslash and by
 * JSON's, by a mention broken up, by characters of many bytes. */
static void test_limits(void **state _unused_)
{
        static const struct {
                const char *template;
                void (*check)(const json_t *body, size_t size);
        } receivers[] = {
                { "discord.json", check_discord },       { "teams.json", check_teams },
                { "mattermost.json", check_mattermost }, { "ntfy.json", check_ntfy },
                { "opsgenie.json", check_opsgenie },
        };
        static const char *const pieces[] = { "*", "@", "\\", "\"", "a", "\u00e9", "\U0001d11e" };
        for (size_t i = 0; i < ELEMENTS_OF(receivers) * ELEMENTS_OF(pieces); i++) {
                _cleanup_free_ char *template =
                        shipped(receivers[i % ELEMENTS_OF(receivers)].template);
                _cleanup_free_ char *text = repeated(pieces[i / ELEMENTS_OF(receivers)]);
                json_auto_t *changes = json_pack(
                        "{s:s, s:s, s:s, s:s, s:s, s:s, s:{s:s, s:s}, s:{s:s, s:s, s:s}}",
                        "summary", text, "text", text, "explain", text, "action", text,
                        "culprit_text", text, "time", text, "alert", "rule", text, "dimension",
                        text, "host", "name", text, "kernel", text, "kind", text);
                json_object_set_new(changes, "runbook", json_sprintf("https://%s", text));
                _cleanup_free_ char *json = json_dumps(changes, 0);
                for (enum meaning m = MEANING_BEGINS; m <= MEANING_ENDS; m++) {
                        _cleanup_free_ char *body = render(template, json, m);
                        json_auto_t *read = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
                        assert_non_null(read);
                        receivers[i % ELEMENTS_OF(receivers)].check(read, strlen(body));
                }
        }
}

/* What is no link and no moment is left out where a receiver would take it for one. */
static void test_no_link(void **state _unused_)
{
        static const char changes[] =
                "{\"runbook\":\"file:///usr/share/x.html\",\"time\":\"soon\"}";
        _cleanup_free_ char *ntfy = shipped("ntfy.json"), *teams = shipped("teams.json"),
                            *discord = shipped("discord.json");
        _cleanup_free_ char *n = render(ntfy, changes, MEANING_BEGINS),
                            *t = render(teams, changes, MEANING_BEGINS),
                            *d = render(discord, changes, MEANING_BEGINS);
        assert_null(strstr(n, "click"));
        assert_null(strstr(t, "Action.OpenUrl"));
        assert_null(strstr(d, "timestamp"));
}

/* Who is told what: priorities, colours, and the address that closes an alert. */
static void test_examples(void **state _unused_)
{
        _cleanup_free_ char *ntfy = shipped("ntfy.json"), *discord = shipped("discord.json");
        _cleanup_free_ char *critical = render(ntfy, NULL, MEANING_BEGINS);
        _cleanup_free_ char *over =
                render(ntfy, "{\"event\":\"resolved\",\"severity\":\"ok\"}", MEANING_ENDS);
        assert_non_null(strstr(critical, "\"priority\":5"));
        assert_non_null(strstr(critical, "\"click\":\"https://example.com/r?a=1&b=2\""));
        assert_non_null(strstr(over, "\"priority\":3"));
        assert_non_null(strstr(over, "RESOLVED on db1"));
        _cleanup_free_ char *d = render(discord, NULL, MEANING_BEGINS);
        assert_non_null(strstr(d, "\"allowed_mentions\":{\"parse\":[]}"));
        assert_non_null(strstr(d, "\"color\":14495300"));

        _cleanup_free_ char *opsgenie = shipped("opsgenie.json"), *path = NULL;
        struct template *t = parse(opsgenie);
        struct letter l;
        make_letter(NULL, &l);
        assert_int_equal(template_path(t, &l, MEANING_ENDS, &path), 0);
        assert_string_equal(path, "/machine%2Frule%2FSUnreclaim%2F1/close?identifierType=alias");
        letter_done(&l);
        template_free(t);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_language), cmocka_unit_test(test_sections),
                cmocka_unit_test(test_faults),   cmocka_unit_test(test_markdown),
                cmocka_unit_test(test_any_text), cmocka_unit_test(test_limits),
                cmocka_unit_test(test_no_link),  cmocka_unit_test(test_examples),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
