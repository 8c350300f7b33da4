/* SPDX-License-Identifier: MIT */
/* config/: the form of INI files, key tables, and which files count. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support.h"
#include "../test.h"
#include "base/macros.h"
#include "config/config_file.h"
#include "config/dirs.h"
#include "config/document.h"
#include "config/ini_file.h"
#include "config/keys.h"
#include "config/suggest.h"

/* [section] and key=value of each, one a line. */
static char *dumped(const struct ini_document *d)
{
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);

        assert_non_null(out);
        for (size_t i = 0; i < d->count; i++) {
                fprintf(out, "[%s] %u\n", d->sections[i].name, d->sections[i].line);
                for (size_t k = 0; k < d->sections[i].count; k++) {
                        const struct ini_entry *e = &d->sections[i].entries[k];

                        fprintf(out, "%s=%s %u\n", e->key, e->value, e->line);
                }
        }
        fclose(out);
        return text;
}

#define A49 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define LONG_197 A49 A49 A49 A49 "a"
#define TEXT_63 "a23456789b23456789c23456789d23456789e23456789f23456789g23456789"

static const struct {
        const char *name, *input, *document, *problems;
} FORM_CASES[] = {
        { "empty", "", "", "" },
        { "plain", "[a]\nx = 1\ny=2\n[b]\nx =  3  \n", "[a] 1\nx=1 2\ny=2 3\n[b] 4\nx=3 5\n", "" },
        { "no newline at the end", "[a]\nx = 1", "[a] 1\nx=1 2\n", "" },
        { "windows", "\xEF\xBB\xBF[a]\r\nx = 1\r\n\r\n", "[a] 1\nx=1 2\n", "" },
        { "comments", "; c\n# c\n  ; c\n[a] ; c\nx = 1 ; c\ny = a;b\nz = a\t; c\n",
          "[a] 4\nx=1 5\ny=a;b 6\nz=a 7\n", "" },
        { "comment within a value", "[a]\nx = 1\n  ; c\n  # c\n  2\n", "[a] 1\nx=1 2 2\n", "" },
        { "continued", "[a]\nx = one\n  two ; c\n\tthree  \ny =\n  1\n",
          "[a] 1\nx=one two three 2\ny=1 5\n", "" },
        { "equals and colons in a value", "[a]\nx = a = b: c\n  --include=y\n  of=z\n",
          "[a] 1\nx=a = b: c --include=y of=z 2\n", "" },
        { "empty value", "[a]\nx =\ny = ; c\n", "[a] 1\nx= 2\ny= 3\n", "" },
        { "long names", "[" TEXT_63 "]\n" TEXT_63 " = 1\n  2\n",
          "[" TEXT_63 "] 1\n" TEXT_63 "=1 2 2\n", "" },
        { "too long names", "[" TEXT_63 "x]\n[a]\n" TEXT_63 "x = 1\n  2\ny = 1\n", "[a] 2\ny=1 5\n",
          "f:1: section name longer than 63 bytes\nf:3: key longer than 63 bytes\n" },
        { "key again", "[a]\nx = 1\nx = 2\n  3\ny = 4\n", "[a] 1\nx=1 2\ny=4 5\n",
          "f:3: x is given again, first in line 2\n" },
        { "section again", "[a]\nx = 1\n[a]\nx = 2\ny : 3\n[b]\n", "[a] 1\nx=1 2\n[b] 6\n",
          "f:3: [a] stands here again, first in line 1\n"
          "f:5: ':' does not separate key and value, write '='\n" },
        { "colon", "[a]\nx: 1\n  2\n", "[a] 1\n",
          "f:2: ':' does not separate key and value, write '='\n" },
        { "no separator", "[a]\nnonsense ; x = 1\n", "[a] 1\n",
          "f:2: neither [section] nor key = value\n" },
        { "no key", "[a]\n = 1\n= 1\n", "[a] 1\n",
          "f:2: an indented line, but no value directly above that it could go on with\n"
          "f:3: nothing before the '='\n" },
        { "no section name", "[]\nx = 1\n", "", "f:1: empty section name\n" },
        { "section without end", "[a\nx = 1\n[b] x\n", "",
          "f:1: the ']' at the end of the section name is missing\nf:3: text after [b]\n" },
        { "before the first section", "x = 1\n  2\ny = 1\n[a]\ny = 2\n", "[a] 4\ny=2 5\n",
          "f:1: text before the first [section]\n" },
        { "indented keys", "[a]\n  x = 1\n  y = 2\nz = 3\n  yes = 4\n  [b]\n", "[a] 1\nz=3 4\n",
          "f:2: an indented line, but no value directly above that it could go on with\n"
          "f:3: an indented line, but no value directly above that it could go on with\n"
          "f:5: a key or section must stand at the start of its line; an indented line goes on "
          "with the value above\n"
          "f:6: a key or section must stand at the start of its line; an indented line goes on "
          "with the value above\n" },
        { "empty line ends a value", "[a]\nx = 1\n\n  2\n", "[a] 1\nx=1 2\n",
          "f:4: an indented line, but no value directly above that it could go on with\n" },
        { "longest line", "[a]\nb=" LONG_197 "\n", "[a] 1\nb=" LONG_197 " 2\n", "" },
        { "too long line", "[a]\nbc=" LONG_197 "\n  x\nd = 1\n", "[a] 1\nd=1 4\n",
          "f:2: longer than 199 bytes; a value may go on in indented lines\n" },
        { "bad section line", "[a]\nx = 1\n[\xFF]\nx = 2\n", "[a] 1\nx=1 2\n",
          "f:3: not valid UTF-8\n" },
        { "bad bytes", "[a]\nx = \xFF\n  y\nz = \x01\n", "[a] 1\n",
          "f:2: not valid UTF-8\nf:4: a control character (0x01)\n" },
};

static void form_is_checked(void **state)
{
        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(FORM_CASES); i++) {
                struct problems p = { 0 };
                struct ini_document d;
                char *document, *problems;

                assert_int_equal(ini_document_parse("f", FORM_CASES[i].input,
                                                    strlen(FORM_CASES[i].input), &p, &d),
                                 0);
                document = dumped(&d);
                problems = problems_text(&p);
                if (strcmp(document, FORM_CASES[i].document) != 0 ||
                    strcmp(problems, FORM_CASES[i].problems) != 0)
                        fail_msg("case \"%s\":\n%s%s", FORM_CASES[i].name, document, problems);
                free(document);
                free(problems);
                ini_document_done(&d);
                problems_done(&p);
        }
}

static void zero_bytes_are_told(void **state)
{
        static const char DATA[] = "[a]\nx = 1\0y\nz = 2\n";
        struct problems p = { 0 };
        struct ini_document d;
        char *problems;

        (void)state;
        assert_int_equal(ini_document_parse("f", DATA, sizeof(DATA) - 1, &p, &d), 0);
        problems = problems_text(&p);
        assert_string_equal(problems, "f:2: a zero byte\n");
        assert_int_equal(d.sections[0].count, 1);
        free(problems);
        ini_document_done(&d);
        problems_done(&p);
}

static void values_are_bounded(void **state)
{
        _cleanup_free_ char *data = NULL, *problems = NULL;
        struct problems p = { 0 };
        struct ini_document d;
        size_t size;
        FILE *out = open_memstream(&data, &size);

        (void)state;
        fputs("[a]\nx = 1\n", out);
        for (int i = 0; i < 45; i++)
                fprintf(out, "  %099d\n", 0);
        fputs("y = 2\n", out);
        fclose(out);
        assert_int_equal(ini_document_parse("f", data, size, &p, &d), 0);
        problems = problems_text(&p);
        assert_string_equal(problems, "f:43: the value of x is longer than 4096 bytes\n");
        assert_int_equal(d.sections[0].count, 2);
        ini_document_done(&d);
        problems_done(&p);
}

static void problems_are_bounded_and_sorted(void **state)
{
        struct problems p = { 0 }, q = { 0 };
        char *text;

        (void)state;
        problems_add(&p, "b", 2, "%s", "x\ny");
        problems_add(&p, "b", 1, "first");
        problems_add(&p, "b", 0, "the file");
        problems_add(&q, "a\xFF", 3, "other");
        assert_true(problems_concern(&p, "b"));
        assert_false(problems_concern(&p, "c"));
        problems_move(&p, &q);
        assert_false(problems_any(&q));
        text = problems_text(&p);
        assert_string_equal(text, "a\xEF\xBF\xBD:3: other\nb: the file\nb:1: first\nb:2: x y\n");
        free(text);
        problems_done(&p);

        /* A binary file has many; it hides neither those of others nor that it is left out. */
        for (int i = 0; i < PROBLEMS_FILE_MAX + 20; i++)
                problems_add(&q, "binary", 9, "x");
        problems_add(&q, "binary", 0, "this file is left out");
        problems_add(&q, "other", 1, "y");
        problems_move(&p, &q);
        assert_int_equal(p.count, PROBLEMS_FILE_MAX + 2);
        text = problems_text(&p);
        assert_non_null(strstr(text, "binary: this file is left out\n"));
        assert_non_null(strstr(text, "other:1: y\n... and 20 more\n"));
        free(text);
        for (int i = 0; i < PROBLEMS_MAX; i++) {
                char name[16];
                (void)snprintf(name, sizeof(name), "f%d", i % 7);
                problems_add(&p, name, 9, "x");
        }
        assert_int_equal(p.count, PROBLEMS_MAX);
        assert_int_equal(p.dropped, 20 + PROBLEMS_FILE_MAX + 2);
        problems_done(&p);
}

static void near_words_are_suggested(void **state)
{
        static const char *const KNOWN[] = { "Slab", "SReclaimable", "SUnreclaim", "threads" };
        static const struct {
                const char *word, *text;
        } CASES[] = {
                { "SUnreclaimable", "; did you mean SReclaimable?" },
                { "SlabTotal", "" },
                { "SUnreclam", "; did you mean SUnreclaim?" },
                { "sunreclaim", "; did you mean SUnreclaim?" },
                { "slab", "; did you mean Slab?" },
                { "Salb", "; did you mean Slab?" },
                { "thread", "; did you mean threads?" },
                { "Foo", "" },
                { "", "" },
                { TEXT_63 TEXT_63, "" },
        };

        (void)state;
        for (size_t i = 0; i < ELEMENTS_OF(CASES); i++) {
                char buffer[SUGGEST_TEXT_MAX];
                struct suggestion s;

                suggestion_init(&s, CASES[i].word);
                for (size_t k = 0; k < ELEMENTS_OF(KNOWN); k++)
                        suggestion_offer(&s, KNOWN[k]);
                if (strcmp(suggestion_text(&s, buffer), CASES[i].text) != 0)
                        fail_msg("\"%s\": \"%s\"", CASES[i].word, buffer);
        }
}

/* --- key tables --- */

struct sink {
        char *text, *needed;
        double size, share, pause, number;
        unsigned count;
        bool flag;
        int choice;
        char own[16];
};

static int parse_own(const struct key *key, const char *value, void *target, void *context,
                     char error[KEY_ERROR_MAX])
{
        (void)context;
        if (strlen(value) > 3) {
                snprintf(error, KEY_ERROR_MAX, "too long");
                return -EINVAL;
        }
        strcpy((char *)target + key->offset, value);
        return 0;
}

static const char *const COLOURS[] = { "red", "green", NULL };

#define AT(member) .offset = offsetof(struct sink, member)
static const struct key SINK_KEYS[] = {
        { "one", "text", KEY_TEXT, AT(text), .max = 8, .help = "A text." },
        { "one", "size", KEY_BYTES, AT(size), .initial = "4K", .help = "A size." },
        { "one", "share", KEY_PERCENT, AT(share), .initial = "80%", .max = 1, .help = "A share." },
        { "one", "pause", KEY_DURATION, AT(pause), .initial = "1s", .min = 0.2, .max = 60,
          .help = "How long." },
        { "one", "number", KEY_NUMBER, AT(number), .help = "A number.\n\n.Second paragraph \\o/." },
        { "two", "count", KEY_COUNT, AT(count), .initial = "3", .min = 1, .max = 9,
          .help = "How many." },
        { "two", "flag", KEY_BOOLEAN, AT(flag), .initial = "yes", .help = "Whether." },
        { "two", "choice", KEY_CHOICE, AT(choice), .choices = COLOURS, .initial = "green",
          .help = "Which." },
        { "two", "own", KEY_CUSTOM, AT(own), .parse = parse_own, .placeholder = "ABC",
          .help = "Its own." },
        { "two", "own-b", KEY_CUSTOM, AT(own), .parse = parse_own, .hidden = true },
        { "two", "needed", KEY_TEXT, AT(needed), .required = true, .example = "it",
          .help = "Needed." },
};
static const struct key_table SINK = { SINK_KEYS, ELEMENTS_OF(SINK_KEYS), NULL };

static void load_sink(const char *input, struct sink *sink, struct problems *p)
{
        struct ini_document d;

        *sink = (struct sink){ 0 };
        assert_int_equal(keys_set_defaults(&SINK, sink, NULL), 0);
        assert_int_equal(ini_document_parse("f", input, strlen(input), p, &d), 0);
        for (size_t i = 0; i < d.count; i++)
                assert_int_equal(keys_apply(&SINK, &d.sections[i], sink, NULL, p), 0);
        ini_document_done(&d);
}

static void keys_are_applied(void **state)
{
        struct problems p = { 0 };
        struct sink s;

        (void)state;
        load_sink("[one]\ntext = abc\nsize = 2M\nshare = 5%\npause = 500ms\nnumber = -2.5\n"
                  "[two]\ncount = 9\nflag = off\nchoice = red\nown = xyz\nneeded = n\n",
                  &s, &p);
        assert_false(problems_any(&p));
        assert_string_equal(s.text, "abc");
        assert_true(s.size == 2 << 20 && s.share == 0.05 && s.pause == 0.5 && s.number == -2.5);
        assert_true(s.count == 9 && !s.flag && s.choice == 0);
        assert_string_equal(s.own, "xyz");
        keys_done(&SINK, &s);
        assert_null(s.text);
}

static void keys_are_refused(void **state)
{
        static const char *const EXPECTED =
                "f:2: text: 9 bytes, at most 8 are allowed\n"
                "f:3: size: \"4 potatoes\" is not a size (write 4096, 64K, 1.5M or 2G)\n"
                "f:4: share: \"101%\" is not between 0 % and 100 %\n"
                "f:5: pause: \"100ms\" is not between 200 ms and 1 min\n"
                "f:6: number: no value\n"
                "f:7: unknown key siez; did you mean size?\n"
                "f:8: unknown key count\n"
                "f:9: [two] has no needed\n"
                "f:10: count: \"10\" is not between 1 and 9\n"
                "f:11: flag: \"maybe\" is not yes or no\n"
                "f:12: choice: \"gren\" is not one of red, green; did you mean green?\n"
                "f:13: own: too long\n";
        struct problems p = { 0 };
        struct sink s;
        char *text;

        (void)state;
        load_sink("[one]\ntext = 123456789\nsize = 4 potatoes\nshare = 101%\npause = 100ms\n"
                  "number =\nsiez = 4\ncount = 3\n"
                  "[two]\ncount = 10\nflag = maybe\nchoice = gren\nown = long\n",
                  &s, &p);
        text = problems_text(&p);
        assert_string_equal(text, EXPECTED);
        free(text);
        assert_true(s.size == 4096 && s.share == 0.8 && s.pause == 1 && s.count == 3);
        assert_true(s.flag && s.choice == 1);
        assert_null(s.text);
        problems_done(&p);
        keys_done(&SINK, &s);
}

static void keys_are_printed(void **state)
{
        char *text = NULL, *uncommented, *out;
        struct problems p = { 0 };
        struct sink s;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        (void)state;
        keys_print_man(&SINK, NULL, f);
        fclose(f);
        assert_non_null(strstr(text, ".TP\n\\fBpause\\fR = \\fIDURATION\\fR\n"
                                     "How long. From 200 ms to 1 min. The default is 1s.\n"));
        assert_non_null(strstr(text, "A number.\n.IP\n\\&.Second paragraph \\eo/.\n"));
        assert_non_null(strstr(text, ".TP\n\\fBown\\fR = \\fIABC\\fR\n"
                                     ".TQ\n\\fBown\\-b\\fR = \\fIVALUE\\fR\nIts own.\n"));
        assert_non_null(strstr(text, "\\fIred | green\\fR"));
        free(text);

        /* What the example says, uncommented, is accepted and is the default. */
        f = open_memstream(&text, &size);
        keys_print_example(&SINK, f);
        fclose(f);
        assert_non_null(strstr(text, "\n# How long. From 200 ms to 1 min. The default is 1s.\n"
                                     "#pause = 1s\n"));
        assert_non_null(strstr(text, "\nneeded = it\n"));
        uncommented = out = strdup(text);
        for (const char *c = text; *c; c++)
                if (!(*c == '#' && strspn(c + 1, "abcdefghijklmnopqrstuvwxyz-") > 0))
                        *out++ = *c;
        *out = 0;
        load_sink(text, &s, &p);
        assert_false(problems_any(&p));
        assert_string_equal(s.needed, "it");
        keys_done(&SINK, &s);
        assert_non_null(strstr(uncommented, "\npause = 1s\n"));
        free(uncommented);
        free(text);
}

/* --- files --- */

/* Paths below the folder, comma after each; drop-ins after a '+'. */
static void expect_files(struct folder *f, const char *const *folders, const char *expected,
                         const char *expected_problems)
{
        struct problems p = { 0 };
        struct config_files files = { 0 };
        char *text = NULL, *problems;
        size_t size, skip = strlen(f->path) + 1;
        FILE *out = open_memstream(&text, &size);

        assert_int_equal(config_files_find(folders, ".ini", &p, &files), 0);
        for (size_t i = 0; i < files.count; i++) {
                const struct config_file_source *s = &files.list[i];

                fprintf(out, "%s:", s->name);
                for (size_t k = 0; k < s->path_count; k++)
                        fprintf(out, " %s", s->paths[k] + skip);
                for (size_t k = 0; k < s->drop_in_count; k++)
                        fprintf(out, " +%s", s->drop_ins[k] + skip);
                fprintf(out, "\n");
        }
        fclose(out);
        problems = problems_text(&p);
        assert_string_equal(text, expected);
        if (!strstr(problems, expected_problems) || (!*expected_problems && *problems))
                fail_msg("problems: %s", problems);
        free(text);
        free(problems);
        config_files_done(&files);
        problems_done(&p);
}

static void files_are_found_as_systemd_does(void **state)
{
        struct folder *f = *state;
        _cleanup_free_ char *etc = path_join(f->path, "etc"), *run = path_join(f->path, "run"),
                            *lib = path_join(f->path, "lib"), *mask = path_join(etc, "masked.ini"),
                            *drop_mask = path_join(etc, "b.ini.d/40-x.ini"),
                            *none = path_join(f->path, "none");
        const char *const folders[] = { etc, run, none, lib, NULL };

        folder_put(f, "lib/b.ini", "x");
        folder_put(f, "lib/a.ini", "x");
        folder_put(f, "lib/masked.ini", "x");
        folder_put(f, "lib/empty.ini", "x");
        folder_put(f, "lib/halfway.ini", "x");
        folder_put(f, "lib/README", "x");
        folder_put(f, "lib/.hidden.ini", "x");
        folder_put(f, "lib/old.ini~", "x");
        folder_put(f, "run/b.ini", "x");
        folder_put(f, "run/halfway.ini", "");
        folder_put(f, "etc/b.ini", "x");
        folder_put(f, "etc/halfway.ini", "x");
        folder_put(f, "etc/empty.ini", "");
        assert_int_equal(symlink("/dev/null", mask), 0);
        folder_put(f, "lib/b.ini.d/50-x.ini", "x");
        folder_put(f, "lib/b.ini.d/40-x.ini", "x");
        folder_put(f, "run/b.ini.d/60-x.ini", "x");
        folder_put(f, "etc/b.ini.d/50-x.ini", "x");
        folder_put(f, "etc/b.ini.d/note.txt", "x");
        folder_put(f, "etc/masked.ini.d/x.ini", "x");
        assert_int_equal(symlink("/dev/null", drop_mask), 0);
        expect_files(f, folders,
                     "a.ini: lib/a.ini\n"
                     "b.ini: etc/b.ini run/b.ini lib/b.ini +etc/b.ini.d/50-x.ini "
                     "+run/b.ini.d/60-x.ini\n"
                     "empty.ini:\n"
                     "halfway.ini: etc/halfway.ini\n"
                     "masked.ini:\n",
                     "");
        folder_put(f, "run/typo.ini.d/x.ini", "x");
        expect_files(f, (const char *const[]){ run, NULL },
                     "b.ini: run/b.ini +run/b.ini.d/60-x.ini\nhalfway.ini:\n",
                     "run/typo.ini.d/x.ini: overrides typo.ini, but there is no such file\n");
}

static void folders_that_cannot_be_read_are_told(void **state)
{
        struct folder *f = *state;
        _cleanup_free_ char *file = path_join(f->path, "file");
        struct config_files files = { 0 };
        struct problems p = { 0 };
        char *text;

        folder_put(f, "file", "x");
        folder_put(f, "a.ini", "x");
        assert_int_equal(
                config_files_find((const char *const[]){ file, f->path, NULL }, ".ini", &p, &files),
                -ENOTDIR);
        text = problems_text(&p);
        assert_non_null(strstr(text, "/file: cannot be read: Not a directory\n"));
        assert_int_equal(files.count, 1);
        free(text);
        config_files_done(&files);
        problems_done(&p);
}

static const struct key OTHER_KEYS[] = {
        { "three", "x", KEY_COUNT, 0, .help = "Another program's." },
};
static const struct key_table OTHER = { OTHER_KEYS, ELEMENTS_OF(OTHER_KEYS), NULL };

static void one_file_serves_several_parts(void **state)
{
        struct folder *f = *state;
        _cleanup_free_ char *path = path_join(f->path, "main.conf");
        struct problems p = { 0 };
        struct sink s = { 0 };
        const struct config_part parts[] = { { &SINK, &s }, { &OTHER, NULL } };
        char *text;

        assert_int_equal(config_file_load(path, parts, 2, &p), 0);
        assert_false(problems_any(&p));
        assert_true(s.pause == 1);

        folder_put(f, "main.conf",
                   "[one]\npause = 2s\nsize = 1K\n[three]\nx = not read here\nz = 1\n"
                   "[tree]\n");
        folder_put(f, "main.conf.d/20.conf", "[one]\npause = 4s\n");
        folder_put(f, "main.conf.d/10.conf", "[one]\npause = 3s\nsize = huge\n");
        folder_put(f, "main.conf.d/x.ini", "[one]\npause = 5s\n");
        s = (struct sink){ 0 };
        assert_int_equal(config_file_load(path, parts, 2, &p), 0);
        assert_true(s.pause == 4 && s.size == 1024);
        text = problems_text(&p);
        assert_non_null(strstr(text, "main.conf:6: unknown key z\n"));
        assert_non_null(strstr(text, "main.conf:7: unknown section [tree]; did you mean three?\n"));
        assert_non_null(strstr(text, "10.conf:3: size: \"huge\" is not a size"));
        assert_int_equal(p.count, 3);
        free(text);
        problems_done(&p);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(form_is_checked),
                cmocka_unit_test(zero_bytes_are_told),
                cmocka_unit_test(values_are_bounded),
                cmocka_unit_test(problems_are_bounded_and_sorted),
                cmocka_unit_test(near_words_are_suggested),
                cmocka_unit_test(keys_are_applied),
                cmocka_unit_test(keys_are_refused),
                cmocka_unit_test(keys_are_printed),
                cmocka_unit_test_setup_teardown(files_are_found_as_systemd_does, folder_setup,
                                                folder_teardown),
                cmocka_unit_test_setup_teardown(folders_that_cannot_be_read_are_told, folder_setup,
                                                folder_teardown),
                cmocka_unit_test_setup_teardown(one_file_serves_several_parts, folder_setup,
                                                folder_teardown),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
