/* SPDX-License-Identifier: MIT */
/* Names of cgroups and slab caches, a line each: whatever they are, what becomes of them fits
 * traces and messages, is told apart, and is found again in the table by itself. */
#include <errno.h>

#include "base/text.h"
#include "culprit/member_culprit.h"
#include "fuzz.h"
#include "sample/members.h"

static void take(struct members *m, const char *line)
{
        char name[MEMBER_NAME_MAX + 1], short_name[FIELD_NAME_MAX + 1];
        struct culprit_list l;
        const char *field = *line & 1 ? "slab" : "slab_unreclaimable", *found;
        enum family family = *line & 2 ? FAMILY_SLAB : FAMILY_CGROUP;
        if (family == FAMILY_SLAB)
                field = NULL;
        (void)member_name(family, line, field, name);
        (void)member_short_name(name, short_name);
        require(strlen(name) <= MEMBER_NAME_MAX && utf8_valid(name) && !strpbrk(name, ",\"\n"));
        require(strlen(short_name) <= FIELD_NAME_MAX && utf8_valid(short_name));
        require(family_of(name) == (int)family && family_of(short_name) == (int)family);
        require(!field || has_suffix(short_name, field));
        int row = members_put(m, family, name, 1, false);
        require(row >= 0 || row == -EEXIST || row == -ENOSPC);
        if (row >= 0)
                require(members_find(m, member_key(short_name)) == row &&
                        strcmp(m->names[row], name) == 0);
        culprit_of_member(name, 1e6, false, NULL, &l);
        require(utf8_valid(l.culprits[0].name) && utf8_valid(l.culprits[0].label));
        /* As a rule might have it. */
        if (family_of(line) >= 0)
                (void)member_pattern_check(line, &found);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *text = copy_text(data, size);
        struct members m;
        require(members_init(&m) == 0);
        for (int f = 0; f < FAMILY_COUNT; f++)
                members_begin(&m, (enum family)f);
        for (char *line = text, *end; line < text + size; line = end + 1) {
                end = line + strcspn(line, "\n");
                *end = '\0';
                take(&m, line);
        }
        for (int f = 0; f < FAMILY_COUNT; f++)
                members_end(&m, (enum family)f, true);
        members_done(&m);
        return 0;
}
