/* SPDX-License-Identifier: MIT */
/* A call as it stands on the control socket's wire, made by hand so that it can be cut, damaged and
 * sent in any pieces. */
#pragma once

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "control/names.h"

enum { WIRE_MAX = 70000 };

struct wire {
        char data[WIRE_MAX];
        size_t size;
};

static inline void wire_put(struct wire *w, const void *data, size_t size)
{
        if (size > sizeof w->data - w->size)
                abort();
        memcpy(w->data + w->size, data, size);
        w->size += size;
}

static inline void wire_put_u32(struct wire *w, uint32_t value)
{
        wire_put(w, &value, sizeof value); /* the message says that it is little-endian */
}

static inline void wire_align(struct wire *w, size_t start, size_t to)
{
        while ((w->size - start) % to != 0)
                wire_put(w, "", 1);
}

/* A header field: its code, its type, a string. */
static inline void wire_put_field(struct wire *w, size_t start, char code, char type,
                                  const char *text)
{
        char head[] = { code, 1, type, 0 };

        wire_align(w, start, 8);
        wire_put(w, head, sizeof head);
        if (type == 'g')
                wire_put(w, &(char){ (char)strlen(text) }, 1);
        else
                wire_put_u32(w, (uint32_t)strlen(text));
        wire_put(w, text, strlen(text) + 1);
}

static inline void wire_call(struct wire *w, uint32_t serial, const char *interface,
                             const char *method, const char *argument)
{
        size_t start = w->size, fields;
        uint32_t length;

        wire_put(w, "l\1\0\1", 4);
        wire_put_u32(w, (uint32_t)(4 + strlen(argument) + 1));
        wire_put_u32(w, serial);
        wire_put_u32(w, 0);
        fields = w->size;
        wire_put_field(w, start, 1, 'o', CONTROL_OBJECT);
        wire_put_field(w, start, 2, 's', interface);
        wire_put_field(w, start, 3, 's', method);
        wire_put_field(w, start, 8, 'g', "s");
        length = (uint32_t)(w->size - fields);
        memcpy(w->data + fields - 4, &length, sizeof length);
        wire_align(w, start, 8);
        wire_put_u32(w, (uint32_t)strlen(argument));
        wire_put(w, argument, strlen(argument) + 1);
}

static inline void wire_handshake(struct wire *w)
{
        static const char lines[] = "\0AUTH ANONYMOUS\r\nBEGIN\r\n";

        wire_put(w, lines, sizeof lines - 1);
}
