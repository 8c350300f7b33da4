/* SPDX-License-Identifier: MIT */
/* The measured numbers of an engine and their names. */
#include "engine/dimension.h"

#include "base/text.h"
#include "engine/engine_internal.h"

size_t engine_places(const struct engine *e)
{
        return e->series_plain; /* members come and go */
}

bool engine_is_dimension(const struct engine *e, size_t place)
{
        return e->series[place].field >= 0;
}

double engine_dimension_value(const struct engine *e, size_t place)
{
        return e->series[place].value;
}

enum event_unit engine_dimension_unit(const struct engine *e, size_t place)
{
        return e->series[place].unit;
}

const char *engine_dimension_name(const struct engine *e, size_t place, char *buffer, size_t size)
{
        const struct series *s = &e->series[place];
        struct text t;
        text_init(&t, buffer, size);
        text_add(&t, "%s", s->dimension);
        for (unsigned i = 0; i < s->less->count && s->per->count == 0; i++)
                if (s->less->parts[i].field >= 0 && s->less->parts[i].field < FIELD_KNOWN_COUNT)
                        text_add(&t, "%s%s", s->less->parts[i].times ? "*" : "-",
                                 field_name((enum field)s->less->parts[i].field));
        return buffer;
}
