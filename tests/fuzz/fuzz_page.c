/* SPDX-License-Identifier: MIT */
/* The report of whatever stood in the journal and whatever the daemon answers: what came as text
 * stays text. The page is made twice, the second time of the same input without the characters that
 * mean something in HTML: it then has the same elements. The input, cut at 0x1e: sixteen bytes for
 * kinds and numbers, the daemon's answer, then the texts of events. */
#include <math.h>

#include "base/text.h"
#include "fuzz.h"
#include "view/page.h"

enum { TEXTS = 15, EVENTS_MAX = 8 };

static const double END = 1795152600;

struct choices {
        uint8_t bytes[16];
};

static double pick_number(uint8_t choice)
{
        static const double numbers[] = { 0,    1,   -1,       1e9,       1e300, -1e300,
                                          1e-9, 512, INFINITY, -INFINITY, NAN };
        return numbers[choice % ELEMENTS_OF(numbers)];
}

static void add_event(struct told_list *list, const struct choices *c, struct part *texts,
                      unsigned index)
{
        char *copies[TEXTS];
        for (size_t i = 0; i < TEXTS; i++) {
                struct part part = next_part(texts);
                copies[i] = copy_text(part.data, part.size);
        }
        const uint8_t *b = c->bytes;
        struct told t = {
                .time = END - 600 + 60 * index,
                .type = (enum event_type)(b[0] + index) % EVENT_TYPE_COUNT,
                .severity = (enum severity)(b[1] + index) % SEVERITY_COUNT,
                .previous = (enum severity)b[2] % SEVERITY_COUNT,
                .kind = (enum kind)b[3] % KIND_COUNT,
                .unit = (enum event_unit)b[4] % UNIT_COUNT,
                .rule = copies[0],
                .dimension = copies[1],
                .text = copies[2],
                .summary = copies[3],
                .alert_id = copies[4],
                .id = copies[5],
                .host = copies[6],
                .culprit = copies[7],
                .culprits = copies[8],
                .explain = copies[9],
                .action = copies[10],
                .runbook = copies[11],
                .why = copies[12],
                .incident = copies[13],
                .unexplained = copies[14],
                .started = END - 700,
                .duration = pick_number(b[5]),
                .value = pick_number(b[6]),
                .baseline = pick_number(b[7]),
                .peak = pick_number(b[8]),
                .grown = pick_number(b[9]),
                .rate = pick_number(b[10]),
                .exhausts_at = pick_number(b[11]),
        };
        require(told_add(list, &t) == 0);
}

/* In fresh memory, terminated. */
static char *print(struct part input)
{
        struct choices c = { { 0 } };
        struct part first = next_part(&input), answer = next_part(&input);
        struct told_list list = { 0 };
        struct daemon_reply reply = { 0 };
        char *text = copy_text(answer.data, answer.size), *page = NULL;
        size_t size;
        memcpy(c.bytes, first.data, MIN_OF(first.size, sizeof(c.bytes)));
        bool answered = daemon_reply_parse(text, &reply) == 0;
        for (unsigned i = 0; i < EVENTS_MAX && (i == 0 || input.size > 0); i++)
                add_event(&list, &c, &input, i);
        const struct told *told = &list.list[0];
        struct page_dimension *dimension = calloc(1, sizeof(*dimension));
        FILE *out = open_memstream(&page, &size);
        require(out && dimension);
        (void)utf8_clean(told->dimension, dimension->name, sizeof(dimension->name));
        for (int i = 0; i < 5; i++)
                thin_add(&dimension->thin, &(struct past_point){ END - 300 + 60 * i, (float)i,
                                                                 (float)(i + c.bytes[12]), 300 });
        const struct page p = {
                .daemon = answered ? &reply : NULL,
                .told = &list,
                .dimensions = dimension,
                .dimension_count = 1,
                .from = END - 900,
                .to = END,
                .host = told->host,
                .trace = c.bytes[13] & 1 ? told->rule : NULL,
                .alert = c.bytes[13] & 2 ? told->alert_id : NULL,
                .missing = c.bytes[13] & 4 ? told->text : NULL,
        };
        require(page_print(out, &p) == 0 && fclose(out) == 0);
        free(dimension);
        told_done(&list);
        daemon_reply_done(&reply);
        free(text);
        return page;
}

static size_t count_of(const char *page, const char *what)
{
        size_t count = 0;
        for (; (page = strstr(page, what)); page++)
                count++;
        return count;
}

static void exchange(char *text, size_t size, const char *from, const char *to)
{
        for (size_t i = 0; i < size; i++) {
                const char *at = text[i] ? strchr(from, text[i]) : NULL;
                if (at)
                        text[i] = to[at - from];
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char marks[] = "<>&\"'", letters[] = "GHJKQ", others[] = "ghjkq";
        char *tame = copy_text(data, size);
        struct part input = { (const uint8_t *)tame, size }, rest = input;
        /* The answer is JSON and needs its marks: only the texts of events are made harmless, by
         * letters that stand nowhere else, so that what was not the same stays so. */
        (void)next_part(&rest);
        (void)next_part(&rest);
        char *texts = tame + (size - rest.size);
        exchange(texts, rest.size, letters, others);
        char *page = print(input);
        require(utf8_valid(page));
        require(!strstr(page, "<script") && count_of(page, "<html") == 1);

        exchange(texts, rest.size, marks, letters);
        char *other = print(input);
        require(count_of(page, "<") == count_of(other, "<"));
        require(count_of(page, ">") == count_of(other, ">"));
        require(count_of(page, "\"") == count_of(other, "\""));
        free(other);
        free(tame);
        free(page);
        return 0;
}
