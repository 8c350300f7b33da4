/* SPDX-License-Identifier: MIT */
/* Replies of a program that may be anything: whatever it answers, what is printed of it is valid
 * UTF-8 that cannot steer a terminal. The first byte chooses the kind of reply and the terminal. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "view/explain.h"
#include "view/report.h"
#include "view/screen.h"
#include "view/top_frame.h"
#include "view/who_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_status(const struct terminal *t, const char *text, bool as_courier)
{
        _cleanup_(daemon_reply_done) struct daemon_reply d = { 0 };
        _cleanup_(courier_reply_done) struct courier_reply c = { 0 };

        if (daemon_reply_parse(text, &d) < 0)
                return;
        if (as_courier && courier_reply_parse(text, &c) < 0)
                abort(); /* the same checks */
        const struct status_report report = { .daemon = &d,
                                              .courier = as_courier ? &c : NULL,
                                              .courier_problem = text,
                                              .channel_files = 1,
                                              .now = isfinite(d.time) ? d.time : 0 };
        if (report_print_status(t, &report) < 0)
                abort();
        (void)report_status_code(&report);
}

static void print_alerts(const struct terminal *t, const char *text)
{
        _cleanup_(daemon_reply_done) struct daemon_reply d = { 0 };

        if (alerts_reply_parse(text, &d) == 0)
                report_print_alerts(t, &d, 1795151696);
}

static void print_test(const struct terminal *t, const char *text)
{
        _cleanup_(test_reply_done) struct test_reply r = { 0 };

        if (test_reply_parse(text, &r) == 0)
                report_print_test(t, &r);
}

static void print_who(const struct terminal *t, const char *text)
{
        _cleanup_(who_reply_done) struct who_reply w = { 0 };

        if (who_reply_parse(text, &w) == 0)
                report_print_who(t, &w);
}

/* The answer as both parts of a picture, and what a screen is sent of it. */
static void print_top(const struct terminal *t, const char *text)
{
        _cleanup_(daemon_reply_done) struct daemon_reply d = { 0 };
        _cleanup_(top_reply_done) struct top_reply top = { 0 };

        if (top_reply_parse(text, &top) < 0)
                return;
        if (daemon_reply_parse(text, &d) < 0)
                abort(); /* the same checks */
        const struct top_frame frame = { .daemon = &d,
                                         .top = &top,
                                         .now = isfinite(d.time) ? d.time : 0,
                                         .seconds = 60,
                                         .height = 20,
                                         .keys = true };
        if (top_frame_print(t, &frame) < 0)
                abort();
        _cleanup_free_ char *screen = screen_compose(text, t->width, 20);
        if (!screen)
                abort();
}

enum { EXPLANATION = 4, WHO, TOP };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        if (size < 1)
                return 0;
        uint8_t choice = data[0];
        /* Not strndup: its interceptor in clang 14's sanitizer reads one byte behind. */
        char *text = calloc(1, size), *page;
        size_t page_size;
        struct terminal t = { .out = open_memstream(&page, &page_size),
                              .width = choice & 4 ? 80 : 60,
                              .utf8 = choice & 8,
                              .colour = false };
        if (!text || !t.out)
                abort();
        memcpy(text, data + 1, size - 1);
        int kind = choice & 3;
        if (choice & 64)
                kind = choice & 1 ? TOP : WHO;
        if (choice & 128)
                kind = EXPLANATION;
        switch (kind) {
        case EXPLANATION:
                (void)explain_print(&t, text);
                break;
        case WHO:
                print_who(&t, text);
                break;
        case TOP:
                print_top(&t, text);
                break;
        case 0:
        case 1:
                print_status(&t, text, choice & 1);
                break;
        case 2:
                print_alerts(&t, text);
                break;
        case 3:
                print_test(&t, text);
                break;
        }
        fclose(t.out);
        uint32_t c;
        for (const char *s = page; *s; s += utf8_decode(s, &c))
                if (utf8_decode(s, &c) == 0 || (c < 0x20 && c != '\n') || (c >= 0x7f && c < 0xa0) ||
                    (c >= 0x202a && c <= 0x202e) || (!t.utf8 && c >= 0x80))
                        abort();
        free(page);
        free(text);
        return 0;
}
