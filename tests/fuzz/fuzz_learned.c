/* SPDX-License-Identifier: MIT */
/* What an engine learned, damaged in the places that the input names (see fuzz.h) and under a
 * checksum that is right again: it is refused, or the engine goes on with it, judges, and saves
 * something that can be loaded. The first byte chooses the file: what was learned, the baselines,
 * or the envelope around it. */
#include <math.h>

#include "announce/event_json.h"
#include "base/text.h"
#include "config/problems.h"
#include "engine/engine.h"
#include "engine/learned.h"
#include "fuzz.h"
#include "judge/rule_file.h"
#include "sample/host.h"
#include "sample/members.h"
#include "store/state_file.h"

static const char RULES[] =
        "[a]\ndimension = SUnreclaim\ndetect = spike\nwarning = 20M\n"
        "summary = S\nexplain = E\naction = A\n"
        "[b]\ndimension = SUnreclaim\ndetect = growth\nwarning = 5M/h\n"
        "critical = exhausts in 2d\nsummary = S\nexplain = E\naction = A\n"
        "[c]\ndimension = PageTables\ndetect = ratio\nper = AnonPages+Mapped\nwarning = 3x baseline\n"
        "summary = S\nexplain = E\naction = A\n"
        "[d]\ndimension = KernelStack\ndetect = spike\nnotice = 8 sigma and 4M\n"
        "workload = 16K*threads\nsummary = S\nexplain = E\naction = A\n"
        "[e]\ndimension = slab:*\nfollow = 3\ndetect = growth\nwarning = 5M/h\n"
        "summary = S\nexplain = E\naction = A\n";

static const struct host_facts host = { .kind = HOST_VM,
                                        .name = "h",
                                        .boot_id = "fedcba9876543210fedcba9876543210",
                                        .machine_id = "0123456789abcdef0123456789abcdef",
                                        .cpus_online = 2,
                                        .cpus_possible = 2,
                                        .numa_nodes = 1,
                                        .page_size = 4096,
                                        .stack_size = 16384,
                                        .mem_total = 0x1p33 };

static const struct rule_set *rules(void)
{
        static struct rule_set set;
        struct problems problems = { 0 };
        if (set.count == 0)
                require(rule_file_parse("r", RULES, strlen(RULES), NULL, &problems, &set) == 0 &&
                        problems.count == 0);
        return &set;
}

static int take(const struct event *e, void *userdata)
{
        char *json;
        (void)userdata;
        require(event_json(e, &json) == 0 && utf8_valid(json));
        free(json);
        return 0;
}

static struct engine *new_engine(void)
{
        struct engine *e;
        require(engine_new(rules(), &host, take, NULL, &e) == 0);
        return e;
}

/* Five caches, of which three are followed. */
static const struct members *members(void)
{
        static struct members m;
        char name[16];
        if (m.keys)
                return &m;
        require(members_init(&m) == 0);
        members_begin(&m, FAMILY_SLAB);
        for (int i = 0; i < 5; i++) {
                snprintf(name, sizeof(name), "slab:c%d", i);
                require(members_put(&m, FAMILY_SLAB, name, 1e7 * (i + 1), false) == i);
        }
        members_end(&m, FAMILY_SLAB, true);
        return &m;
}

/* `count` samples from `time` on, every `step` seconds. */
static void feed(struct engine *e, double time, double step, unsigned count)
{
        double values[FIELD_KNOWN_COUNT];
        struct sample sample = {
                .kind = HOST_VM, .count = FIELD_KNOWN_COUNT, .values = values, .members = members()
        };
        for (unsigned i = 0; i < count; i++) {
                for (int k = 0; k < FIELD_KNOWN_COUNT; k++)
                        values[k] = 1e8 * (k + 1) + 1e4 * ((i * 7 + (unsigned)k) % 11);
                values[FIELD_MEM_TOTAL] = 0x1p33;
                values[FIELD_SUNRECLAIM] += 1e5 * i;
                sample.time = time + step * i;
                engine_feed(e, &sample);
        }
}

static const double START = 1795151696, SEEN = 400, STEP = 30;

/* What a good engine writes. */
static const struct state {
        void *learned, *baselines;
        size_t learned_size, baselines_size;
} * good_state(void)
{
        static struct state s;
        if (s.learned)
                return &s;
        struct engine *e = new_engine();
        feed(e, START, STEP, (unsigned)SEEN);
        s.learned_size = learned_size(e);
        s.baselines_size = baselines_size(e);
        s.learned = malloc(s.learned_size);
        s.baselines = malloc(s.baselines_size);
        require(s.learned && s.baselines);
        learned_encode(e, s.learned);
        baselines_encode(e, s.baselines);
        engine_free(e);
        return &s;
}

static void check_envelope(struct part input, const void *payload, size_t size)
{
        const struct state_head head = { .kind = "learned", .version = LEARNED_VERSION };
        _cleanup_free_ unsigned char *file = malloc(STATE_HEAD_SIZE + size);
        struct state_head found;
        const void *at = NULL;
        size_t length = 0;
        require(file != NULL);
        state_encode(&head, payload, size, file);
        apply_patches(input, file, STATE_HEAD_SIZE + size);
        enum state_fault fault = state_decode(file, STATE_HEAD_SIZE + size, "learned",
                                              host.machine_id, &found, &at, &length);
        require(fault < STATE_FAULT_COUNT && state_fault_text(fault)[0]);
        /* Checksums do not let a patch pass. */
        require(fault != STATE_GOOD || (length == size && memcmp(at, payload, size) == 0));
        /* Nor is the input itself a file. */
        if (input.size > 0)
                (void)state_decode(input.data, input.size, "learned", NULL, &found, &at, &length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const struct state *good = good_state();
        if (size < 1)
                return 0;
        bool baselines = data[0] & 1;
        struct part input = { data + 1, size - 1 };
        size_t length = baselines ? good->baselines_size : good->learned_size;
        _cleanup_free_ char *bytes = malloc(length);
        require(bytes != NULL);
        memcpy(bytes, baselines ? good->baselines : good->learned, length);
        if (data[0] & 2) {
                check_envelope(input, bytes, length);
                return 0;
        }
        apply_patches(input, bytes, length);

        struct engine *e = new_engine();
        int r = baselines ? baselines_decode(e, bytes, length) : learned_decode(e, bytes, length);
        if (r >= 0) {
                feed(e, START + STEP * SEEN, 1, 40);
                feed(e, START + STEP * SEEN + 1e6, 600, 10);
                _cleanup_free_ void *again = malloc(learned_size(e));
                require(again != NULL);
                learned_encode(e, again);
                struct engine *other = new_engine();
                require(learned_decode(other, again, learned_size(e)) >= 0);
                engine_free(other);
        }
        engine_free(e);
        return 0;
}
