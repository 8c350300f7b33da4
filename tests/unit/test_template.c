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
                        assert_true(asprintf(&changes,
                                             "{\"summary\":\"s%s\",\"text\":\"t%s\",\"explain\":"
                                             "\"e%s\",\"action\":\"a%s\",\"runbook\":\"r%s\","
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

/* Characters, as the receivers count them. */
static size_t length_at(const json_t *json, const char *key)
{
        const char *text = json_string_value(json_object_get(json, key));
        size_t n = 0;
        for (; text && *text; text++)
                n += (*text & 0xc0) != 0x80;
        return n;
}

/* https://discord.com/developers/docs/resources/message#embed-object-embed-limits and
 * https://docs.opsgenie.com/docs/alert-api#create-alert, with texts that are as long as can be. */
static void test_limits(void **state _unused_)
{
        char stars[3001] = "", changes[32768];
        memset(stars, '*', sizeof(stars) - 1);
        snprintf(
                changes, sizeof(changes),
                "{\"summary\":\"%s\",\"text\":\"%s\",\"action\":\"%s\",\"explain\":\"%s\","
                "\"culprit_text\":\"%s\",\"alert\":{\"rule\":\"%.60s\"},\"host\":{\"name\":\"%.60s\"}}",
                stars, stars, stars, stars, stars, stars, stars);
        _cleanup_free_ char *discord = shipped("discord.json"),
                            *opsgenie = shipped("opsgenie.json");
        _cleanup_free_ char *d = render(discord, changes, MEANING_BEGINS),
                            *o = render(opsgenie, changes, MEANING_BEGINS);
        json_auto_t *body = json_loads(d, 0, NULL), *alert = json_loads(o, 0, NULL);
        const json_t *embed = json_array_get(json_object_get(body, "embeds"), 0), *field;
        size_t i, all = length_at(embed, "title") + length_at(embed, "description");
        assert_in_range(length_at(embed, "title"), 1, 256);
        assert_in_range(length_at(embed, "description"), 2000, 4096);
        json_array_foreach(json_object_get(embed, "fields"), i, field)
        {
                assert_in_range(length_at(field, "value"), 1, 1024);
                all += length_at(field, "name") + length_at(field, "value");
        }
        assert_in_range(all + length_at(json_object_get(embed, "footer"), "text"), 1, 6000);
        assert_in_range(length_at(alert, "message"), 100, 130);
        assert_in_range(length_at(alert, "description"), 9000, 15000);
        assert_in_range(length_at(alert, "entity"), 1, 512);
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
                cmocka_unit_test(test_examples),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
