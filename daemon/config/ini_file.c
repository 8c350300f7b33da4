/* SPDX-License-Identifier: MIT */
/* Reads INI files through inih, which splits a line into key and value. All that inih 55 does
 * without a word is refused before inih sees it: lines cut at 199 bytes, names cut at 49, ':' taken
 * for '=', text before the first section, a section line without an end. It also gives no line
 * numbers, so the line reader counts them. */
#include "config/ini_file.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/macros.h"
#include "base/text.h"
#include "config/document.h"
#include "config/problems.h"

/* What the lines after the last key belong to. */
enum place {
        AT_START,   /* before the first section */
        IN_SECTION, /* no key yet, or an empty line since */
        IN_VALUE,   /* an indented line goes on with the value */
        IN_NOTHING, /* a section or key that was refused: skip what belongs to it */
};

struct reader {
        const char *file;
        const char *next, *end;
        unsigned line;
        enum place place;
        bool continued; /* the line handed to inih goes on with the last value */
        bool failed;    /* out of memory */
        struct ini_document document;
        struct ini_section *section; /* NULL: refused, its keys are skipped */
        struct problems *problems;
};

#define problem(r, ...) problems_add((r)->problems, (r)->file, (r)->line, __VA_ARGS__)

static bool is_blank(char c)
{
        return c == ' ' || c == '\t';
}

/* Ends the text at a ';' after white space, as inih would, and cuts white space at the end. */
static void cut_comment(char *s)
{
        size_t length = 0;

        for (; s[length]; length++)
                if (s[length] == ';' && length > 0 && is_blank(s[length - 1]))
                        break;
        while (length > 0 && is_blank(s[length - 1]))
                length--;
        s[length] = 0;
}

/* A section line, without comment. inih is not asked: it cuts the name at 49 bytes. */
static void take_section(struct reader *r, char *line)
{
        char *end = strchr(line, ']'), *name = line + 1;
        const struct ini_section *first;

        r->section = NULL;
        r->place = IN_NOTHING;
        if (!end) {
                problem(r, "the ']' at the end of the section name is missing");
                return;
        }
        *end = 0;
        if (end[1])
                problem(r, "text after [%s]", name);
        else if (!*name)
                problem(r, "empty section name");
        else if (strlen(name) > INI_NAME_MAX)
                problem(r, "section name longer than %d bytes", INI_NAME_MAX);
        else if ((first = ini_section_find(&r->document, name)))
                problem(r, "[%s] stands here again, first in line %u", name, first->line);
        else if (r->document.count >= INI_SECTIONS_MAX) {
                problem(r, "more than %d sections: [%s] and what follows is not read",
                        INI_SECTIONS_MAX, name);
                r->next = r->end;
        } else {
                r->section = ini_document_add(&r->document, name, r->file, r->line);
                r->failed = !r->section;
                r->place = IN_SECTION;
        }
}

/* A line that begins with "word =" was meant as a key, and would vanish in the text above. Keys
 * have at least three letters; a shell's "--include=x" or "of=x" in an advice is left alone. */
static bool looks_like_key(const char *s)
{
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz-");

        return n >= 3 && s[0] != '-' && s[n + strspn(s + n, " \t")] == '=';
}

/* True when inih shall see this line, which is indented and not empty. */
static bool check_continuation(struct reader *r, const char *line)
{
        const char *text = line + strspn(line, " \t");

        if (r->place == IN_NOTHING)
                return false;
        if (looks_like_key(text) || (text[0] == '[' && has_suffix(text, "]")))
                problem(r, "a key or section must stand at the start of its line; an indented line "
                           "goes on with the value above");
        else if (r->place != IN_VALUE)
                problem(r,
                        "an indented line, but no value directly above that it could go on with");
        else {
                r->continued = true;
                return true;
        }
        return false;
}

/* True when inih shall see this line, which begins with text. */
static bool check_key(struct reader *r, char *line)
{
        size_t length = strcspn(line, "=:"), name = length;

        if (r->place == AT_START) {
                problem(r, "text before the first [section]"); /* said once */
                r->place = IN_NOTHING;
                return false;
        }
        r->place = IN_NOTHING;
        while (name > 0 && is_blank(line[name - 1]))
                name--;
        if (line[length] == ':')
                problem(r, "':' does not separate key and value, write '='");
        else if (!line[length])
                problem(r, "neither [section] nor key = value");
        else if (name == 0)
                problem(r, "nothing before the '='");
        else if (name > INI_NAME_MAX)
                problem(r, "key longer than %d bytes", INI_NAME_MAX);
        else
                return r->section;
        return false;
}

/* The next line of the file in line (size bytes), terminated. False when it was refused. */
static bool take_line(struct reader *r, char *line, size_t size)
{
        const char *start = r->next, *stop = memchr(start, '\n', (size_t)(r->end - start));
        size_t length = (size_t)((stop ? stop : r->end) - start);

        r->next = stop ? stop + 1 : r->end;
        r->line++;
        if (r->line == 1 && length >= 3 && memcmp(start, "\xEF\xBB\xBF", 3) == 0) {
                start += 3; /* a byte order mark */
                length -= 3;
        }
        if (length > 0 && start[length - 1] == '\r')
                length--;
        if (length >= size) {
                problem(r, "longer than %zu bytes; a value may go on in indented lines", size - 1);
                return false;
        }
        memcpy(line, start, length);
        line[length] = 0;
        if (memchr(line, 0, length)) {
                problem(r, "a zero byte");
                return false;
        }
        if (!utf8_valid(line)) {
                problem(r, "not valid UTF-8");
                return false;
        }
        for (const char *p = line; *p; p++)
                if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7F) {
                        problem(r, "a control character (0x%02x)", (unsigned char)*p);
                        return false;
                }
        return true;
}

/* fgets for inih: a refused or empty line comes as "". */
static char *next_line(char *line, int size, void *stream)
{
        struct reader *r = stream;
        bool understood;
        size_t indent;
        char first;

        if (r->next == r->end || r->failed || size < 4)
                return NULL;
        r->continued = false;
        first = *r->next;
        understood = take_line(r, line, (size_t)size);
        if (!understood) {
                /* It may have been a key or a section: what follows must not be added to the one
                 * before. */
                if (r->place != AT_START)
                        r->place = IN_NOTHING;
                if (first == '[')
                        r->section = NULL;
                line[0] = 0;
                return line;
        }
        indent = strspn(line, " \t");
        if (line[indent] == ';' || line[indent] == '#') {
                line[0] = 0;
                return line;
        }
        cut_comment(line);
        if (!line[indent] || !*line) {
                if (r->place == IN_VALUE)
                        r->place = IN_SECTION;
                line[0] = 0;
        } else if (indent > 0) {
                if (!check_continuation(r, line))
                        line[0] = 0;
        } else if (line[0] == '[') {
                take_section(r, line);
                /* inih must forget the key before; the name does not matter to us. */
                strcpy(line, "[]");
        } else if (!check_key(r, line))
                line[0] = 0;
        return line;
}

static int append_value(struct reader *r, const char *text)
{
        struct ini_entry *e = &r->section->entries[r->section->count - 1];
        size_t length = strlen(e->value), more = strlen(text);
        char *grown;

        if (length + 1 + more > INI_VALUE_MAX) {
                problem(r, "the value of %s is longer than %d bytes", e->key, INI_VALUE_MAX);
                r->place = IN_NOTHING;
                return 0;
        }
        grown = realloc(e->value, length + more + 2);
        if (!grown)
                return -ENOMEM;
        e->value = grown;
        if (length > 0)
                grown[length++] = ' ';
        memcpy(grown + length, text, more + 1);
        return 0;
}

/* inih's handler: 1 to go on, 0 is an error, which inih only counts. */
static int take_value(void *userdata, const char *section, const char *key, const char *value)
{
        struct reader *r = userdata;
        const struct ini_entry *first;

        (void)section;
        if (r->continued) {
                r->failed = append_value(r, value) < 0;
                return 1;
        }
        first = ini_entry_find(r->section, key);
        if (first)
                problem(r, "%s is given again, first in line %u", key, first->line);
        else if (r->section->count >= INI_KEYS_MAX)
                problem(r, "more than %d keys in [%s]", INI_KEYS_MAX, r->section->name);
        else {
                r->failed = !ini_section_add(r->section, key, value, r->file, r->line);
                r->place = IN_VALUE;
        }
        return 1;
}

int ini_document_parse(const char *file, const char *data, size_t size, struct problems *problems,
                       struct ini_document *ret)
{
        struct reader r = { .file = file, .next = data, .end = data + size, .problems = problems };
        int refused;

        refused = ini_parse_stream(next_line, &r, take_value, &r);
        if (refused > 0) /* another inih may refuse what 55 takes */
                problems_add(problems, file, (unsigned)refused, "not understood");
        if (r.failed) {
                ini_document_done(&r.document);
                return -ENOMEM;
        }
        *ret = r.document;
        return 0;
}

int ini_document_read(const char *path, struct problems *problems, struct ini_document *ret)
{
        _cleanup_free_ char *data = NULL;
        size_t size;
        int r = file_read(AT_FDCWD, path, INI_FILE_MAX, &data, &size);

        return r < 0 ? r : ini_document_parse(path, data, size, problems, ret);
}

void ini_problem_unreadable(const char *path, int error, struct problems *problems)
{
        if (error == -EFBIG)
                problems_add(problems, path, 0, "larger than %d KiB", INI_FILE_MAX / 1024);
        else if (error == -EINVAL)
                problems_add(problems, path, 0, "is not a plain file");
        else
                problems_add(problems, path, 0, "cannot be read: %s", strerror(-error));
}
