/* SPDX-License-Identifier: MIT */
/* Names of members. Cgroups are named by whoever may create one: their names are any bytes of any
 * length, and end up in messages, files and tables. */
#include "sample/member.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/macros.h"
#include "base/text.h"

static const char *const families[] = {
        [FAMILY_SLAB] = "slab",
        [FAMILY_CGROUP] = "cgroup",
};
static_assert(ELEMENTS_OF(families) == FAMILY_COUNT, "a family has no name");

/* As memory.stat has them. */
static const struct {
        const char *name;
        enum cgroup_number number;
} fields[] = {
        { "slab", CGROUP_NUMBER_COUNT }, /* the sum of the next two */
        { "slab_unreclaimable", CGROUP_SLAB_UNRECLAIMABLE },
        { "slab_reclaimable", CGROUP_SLAB_RECLAIMABLE },
        { "kernel", CGROUP_KERNEL },
        { "kernel_stack", CGROUP_KERNEL_STACK },
        { "pagetables", CGROUP_PAGE_TABLES },
        { "sec_pagetables", CGROUP_SEC_PAGE_TABLES },
        { "percpu", CGROUP_PERCPU },
        { "vmalloc", CGROUP_VMALLOC },
        { "sock", CGROUP_SOCK },
};

const char *family_name(enum family family)
{
        assert((unsigned)family < FAMILY_COUNT);
        return families[family];
}

int family_of(const char *name)
{
        for (int i = 0; i < FAMILY_COUNT; i++) {
                size_t length = strlen(families[i]);
                if (strncmp(name, families[i], length) == 0 && name[length] == ':')
                        return i;
        }
        return -1;
}

const char *member_cgroup_field(unsigned index)
{
        return index < ELEMENTS_OF(fields) ? fields[index].name : NULL;
}

double member_cgroup_value(unsigned index, const double numbers[CGROUP_NUMBER_COUNT])
{
        assert(index < ELEMENTS_OF(fields));
        if (fields[index].number != CGROUP_NUMBER_COUNT)
                return numbers[fields[index].number];
        return numbers[CGROUP_SLAB_UNRECLAIMABLE] + numbers[CGROUP_SLAB_RECLAIMABLE];
}

enum member_fault member_pattern_check(const char *pattern, const char **ret_field)
{
        const char *own = strchr(pattern, ':') + 1, *field = strrchr(own, '/');

        *ret_field = NULL;
        if (!*own)
                return MEMBER_NO_NAME;
        if (strlen(pattern) > MEMBER_NAME_MAX)
                return MEMBER_TOO_LONG;
        if (family_of(pattern) != FAMILY_CGROUP)
                return MEMBER_GOOD;
        if (!field || !field[1])
                return MEMBER_NO_FIELD;
        if (*own != '/' && *own != '*' && *own != '?') /* nor is a shortened name a path */
                return MEMBER_NOT_A_PATH;
        *ret_field = field + 1;
        return MEMBER_GOOD;
}

bool member_is_pattern(const char *name)
{
        return strpbrk(name, "*?") != NULL;
}

static unsigned hash_of(const char *text, const char *more)
{
        struct hash h;
        hash_init(&h);
        hash_add_text(&h, text);
        hash_add_text(&h, more ? more : "");
        return (unsigned)(uint32_t)(h.state ^ h.state >> 32);
}

const char *member_name(enum family family, const char *own, const char *field,
                        char ret[MEMBER_NAME_MAX + 1])
{
        char clean[MEMBER_NAME_MAX + 1];
        struct text t;
        size_t room = MEMBER_NAME_MAX - strlen(families[family]) - 1;
        if (field)
                room -= 1 + strlen(field);
        utf8_clean(own, clean, sizeof(clean));
        for (char *c = clean; *c; c++)
                if (*c == ',' || *c == '"')
                        *c = '_';
        size_t length = strlen(clean);
        while (length > 0 && clean[length - 1] == ' ') /* a column's name does not end so */
                clean[--length] = '\0';
        bool whole = length <= room && strcmp(clean, own) == 0;
        text_init(&t, ret, MEMBER_NAME_MAX + 1);
        text_add(&t, "%s:", families[family]);
        if (whole)
                text_add(&t, "%s", clean);
        else
                text_add(&t, "%.*s~%08x", (int)utf8_cut(clean, room - 9), clean,
                         hash_of(own, field));
        if (field)
                text_add(&t, "/%s", field);
        return ret;
}

const char *member_short_name(const char *name, char ret[FIELD_NAME_MAX + 1])
{
        struct text t;
        text_init(&t, ret, FIELD_NAME_MAX + 1);
        if (strlen(name) <= FIELD_NAME_MAX) {
                text_add(&t, "%s", name);
                return ret;
        }
        int family = family_of(name);
        const char *own = name + strcspn(name, ":") + (family >= 0);
        const char *end = name + strlen(name), *from = own;
        if (family == FAMILY_CGROUP) {
                end = own + member_path_length(name);
                for (const char *c = own; c < end; c++)
                        if (*c == '/' && c + 1 < end)
                                from = c + 1;
        }
        /* A field longer than ours is that of a trace's own column: it is cut with the rest. */
        size_t tail = MIN_OF(strlen(end), (size_t)20);
        size_t room = FIELD_NAME_MAX - (size_t)(own - name) - 10 - tail;
        text_add(&t, "%.*s~%08x~%.*s%.*s", (int)(own - name), name, hash_of(name, NULL),
                 (int)utf8_cut(from, MIN_OF(room, (size_t)(end - from))), from, (int)tail, end);
        return ret;
}

uint64_t member_key(const char *short_name)
{
        struct hash h;
        hash_init(&h);
        hash_add_text(&h, short_name);
        uint64_t key = (uint64_t)(h.state ^ h.state >> 64);
        return key ? key : 1;
}

size_t member_path_length(const char *name)
{
        const char *own = name + strcspn(name, ":"), *field;
        if (!*own)
                return 0;
        field = strrchr(++own, '/');
        return field ? (size_t)(field - own) : strlen(own);
}
