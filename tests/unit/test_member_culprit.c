/* SPDX-License-Identifier: MIT */
/* Who is behind the change of one slab cache or cgroup. */
#include <math.h>
#include <string.h>

#include "../test.h"
#include "base/macros.h"
#include "culprit/member_culprit.h"

static struct culprit_list total(void)
{
        struct culprit_list l;
        culprit_list_init(&l, DIMENSION_SLAB);
        struct culprit *c = culprit_list_add(&l, CULPRIT_CACHE);
        strcpy(c->name, "dentry");
        strcpy(c->label, "dentry");
        c->share = 0.9;
        c->bytes = 9e6;
        c = culprit_list_add(&l, CULPRIT_CACHE);
        strcpy(c->name, "filp");
        strcpy(c->label, "filp");
        c->share = 0.1;
        c->bytes = 1e6;
        c = culprit_list_add(&l, CULPRIT_CGROUP);
        strcpy(c->name, "/system.slice/find.service");
        strcpy(c->label, "find.service");
        c->share = 0.8;
        c->bytes = 8e6;
        return l;
}

static void test_texts(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                bool known;
                const char *text;
                unsigned count;
        } cases[] = {
                /* itself at once; what is known of all of them only where it is most of it */
                { "slab:dentry", false, "100 % of it is dentry", 1 },
                { "slab:dentry", true, "100 % of it is dentry, 80 % charged to find.service", 2 },
                { "slab:filp", true, "100 % of it is filp", 1 },
                { "cgroup:/system.slice/find.service/slab", false, "charged to find.service", 1 },
                { "cgroup:/system.slice/find.service/slab", true,
                  "90 % of it is dentry, charged to find.service", 3 },
                { "cgroup:/system.slice/other.service/slab", true, "charged to other.service", 1 },
                { "cgroup:~1a2b3c4d~cri-x/slab", true, "charged to ~1a2b3c4d~cri-x", 1 },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++) {
                struct culprit_list all = total(), l;
                char text[CULPRIT_TEXT_MAX];
                culprit_of_member(cases[i].name, 5e6, false, cases[i].known ? &all : NULL, &l);
                if (strcmp(culprit_text(&l, text, sizeof(text)), cases[i].text) != 0 ||
                    l.count != cases[i].count)
                        fail_msg("%s: %s (%u)", cases[i].name, text, l.count);
        }
}

static void test_dimensions(void **state)
{
        (void)state;
        static const struct {
                const char *name;
                int dimension;
        } cases[] = {
                { "slab:dentry", DIMENSION_SLAB },
                { "slab:dentry/MemTotal", DIMENSION_SLAB },
                { "cgroup:/a.slice/b.service/slab", DIMENSION_SLAB },
                { "cgroup:/a.slice/b.service/slab_unreclaimable/MemTotal", DIMENSION_SUNRECLAIM },
                { "cgroup:/a/kernel_stack", DIMENSION_KERNEL_STACK },
                { "cgroup:~1a2b3c4d~x/pagetables", DIMENSION_PAGE_TABLES },
                { "cgroup:/a/sock", -1 },
                { "cgroup:/slabs/kernel", -1 },
        };
        for (size_t i = 0; i < ELEMENTS_OF(cases); i++)
                if (culprit_dimension_by_name(cases[i].name) != cases[i].dimension)
                        fail_msg("%s", cases[i].name);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_texts),
                cmocka_unit_test(test_dimensions),
        };
        return cmocka_run_group_tests(tests, NULL, NULL);
}
