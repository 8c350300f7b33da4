/* SPDX-License-Identifier: MIT */
/* Samples from a start and steps. */
#include "engine/rule_test_machine.h"

#include <math.h>
#include <string.h>

#include "base/macros.h"

static const double PAGE = 4096, THREAD_SLAB = 6.7 * 1024, ONE_CGROUP_SLAB = 19 * 1024,
                    ONE_CGROUP_PERCPU = 2048, ENTRY = 8;

/* MemFree does not fall below this share: the kernel takes cache back before. */
static const double FREE_LEAST = 0.01;

/* --- noise --- */

/* splitmix64 (G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number generators",
 * OOPSLA 2014): a stream per field, so that noise on one does not change another. */
static double uniform(uint64_t *state)
{
        uint64_t z = *state += 0x9E3779B97F4A7C15;

        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((double)((z ^ (z >> 31)) >> 11) + 0.5) * 0x1p-53;
}

/* G. E. P. Box, M. E. Muller, "A note on the generation of random normal deviates", 1958. */
static double normal(uint64_t *state)
{
        double radius = sqrt(-2 * log(uniform(state)));

        return radius * cos(2 * M_PI * uniform(state));
}

/* Autoregressive of order one, whatever the interval: its deviation and its correlation stay. */
static void wander(struct machine *m, double dt)
{
        const struct rule_test *t = m->test;

        for (int f = 0; f < RULE_TEST_FIELDS; f++) {
                if (t->deviation[f] == 0)
                        continue;
                double keep = t->correlation[f] > 0 ? exp(-dt / t->correlation[f]) : 0;
                m->wander[f] = keep * m->wander[f] +
                               sqrt(1 - keep * keep) * t->deviation[f] * normal(&m->random[f]);
        }
}

/* --- what goes with what --- */

static double known(double value)
{
        return isnan(value) ? 0 : value;
}

/* Memory that only its owner can free. */
static double used(const double v[FIELD_KNOWN_COUNT])
{
        return known(v[FIELD_SUNRECLAIM]) + known(v[FIELD_VMALLOC_USED]) +
               known(v[FIELD_PAGE_TABLES]) + known(v[FIELD_SEC_PAGE_TABLES]) +
               known(v[FIELD_UNACCOUNTED]) + known(v[FIELD_PERCPU]) + known(v[FIELD_ANON_PAGES]) +
               known(v[FIELD_SHMEM]);
}

static double cached(const double v[FIELD_KNOWN_COUNT])
{
        return known(v[FIELD_SRECLAIMABLE]) + known(v[FIELD_CACHED]) - known(v[FIELD_SHMEM]) +
               known(v[FIELD_BUFFERS]);
}

/* Adds (sign 1) to each field's own part what the others bring along, or takes it off (-1). In this
 * order everything that is read is complete: going back, MemAvailable comes first. */
static void add_others(double v[FIELD_KNOWN_COUNT], const double full[FIELD_KNOWN_COUNT], int sign)
{
        double threads = known(full[FIELD_THREADS]), groups = known(full[FIELD_CGROUPS]);

        v[FIELD_KERNEL_STACK] += sign * threads * full[FIELD_STACK_SIZE];
        v[FIELD_VMALLOC_USED] += sign * known(full[FIELD_KERNEL_STACK]);
        v[FIELD_SUNRECLAIM] += sign * (threads * THREAD_SLAB + groups * ONE_CGROUP_SLAB);
        v[FIELD_PERCPU] += sign * groups * ONE_CGROUP_PERCPU * full[FIELD_POSSIBLE_CPUS];
        v[FIELD_PAGE_TABLES] +=
                sign * (known(full[FIELD_ANON_PAGES]) + known(full[FIELD_MAPPED])) / PAGE * ENTRY;
        v[FIELD_MEM_AVAILABLE] += sign * (full[FIELD_MEM_TOTAL] - used(full));
        /* Whatever takes MemAvailable without a name takes it from MemFree. */
        v[FIELD_MEM_FREE] += sign * (known(full[FIELD_MEM_AVAILABLE]) - cached(full));
}

static void split_own(const double start[FIELD_KNOWN_COUNT], double ret[FIELD_KNOWN_COUNT])
{
        memcpy(ret, start, sizeof(double[RULE_TEST_FIELDS]));
        add_others(ret, start, -1);
}

static double whole(double value, double unit)
{
        return isnan(value) ? NAN : fmax(0, round(value / unit) * unit);
}

/* The own parts in v become what is seen: pages, whole counts. */
static void compose(double v[FIELD_KNOWN_COUNT])
{
        for (int f = FIELD_THREADS; f < FIELD_KNOWN_COUNT; f++)
                v[f] = whole(v[f], 1);
        for (int f = 0; f < FIELD_MEMINFO_COUNT; f++)
                if (f == FIELD_SRECLAIMABLE || f == FIELD_SEC_PAGE_TABLES || f == FIELD_MEM_TOTAL ||
                    f == FIELD_ANON_PAGES || f == FIELD_MAPPED || f == FIELD_SHMEM ||
                    f == FIELD_CACHED || f == FIELD_BUFFERS)
                        v[f] = whole(v[f], PAGE);
        add_others(v, v, 1);
        static const enum field sums[] = { FIELD_KERNEL_STACK, FIELD_VMALLOC_USED,
                                           FIELD_SUNRECLAIM,   FIELD_PERCPU,
                                           FIELD_PAGE_TABLES,  FIELD_MEM_AVAILABLE };
        for (size_t i = 0; i < ELEMENTS_OF(sums); i++)
                v[sums[i]] = whole(v[sums[i]], PAGE);
        double lacking = FREE_LEAST * v[FIELD_MEM_TOTAL] - v[FIELD_MEM_FREE];
        if (lacking > 0) {
                double given = fmin(lacking, fmax(0, v[FIELD_CACHED] - known(v[FIELD_SHMEM])));
                v[FIELD_CACHED] = whole(v[FIELD_CACHED] - given, PAGE);
                v[FIELD_MEM_FREE] += given;
        }
        v[FIELD_MEM_FREE] = whole(v[FIELD_MEM_FREE], PAGE);
        v[FIELD_SLAB] = v[FIELD_SRECLAIMABLE] + v[FIELD_SUNRECLAIM];
        v[FIELD_KRECLAIMABLE] = v[FIELD_SRECLAIMABLE];
}

/* --- steps --- */

/* How much the move has added `at` seconds after the step's begin, with `before` to be seen then.
 */
static double moved(const struct move *move, double before, double at, double seconds)
{
        double amount = move->reach == REACH_TO      ? move->amount - before
                        : move->reach == REACH_TIMES ? (move->amount - 1) * before
                                                     : move->amount;
        double phase = move->every > 0 ? fmod(at, move->every) : 0;
        switch (move->verb) {
        case MOVE_GROW:
                return move->reach == REACH_BY ? amount * at : amount * at / seconds;
        case MOVE_JUMP:
                return at < move->within ? amount * at / move->within : amount;
        case MOVE_FILL:
                /* 1 - exp(-3) = 0.95 */
                return amount * -expm1(-3 * at / move->within);
        case MOVE_SAW:
                return amount * phase / move->every;
        case MOVE_STAIRS:
                return amount * floor(at / move->every);
        case MOVE_PULSE:
                /* Off at the very end of a period, which may be the end of the step. */
                return phase > 0 && phase <= move->lasting ? amount : 0;
        case MOVE_WAVE:
                return amount * sin(2 * M_PI * at / move->every);
        default:
                return 0;
        }
}

/* The own parts `at` seconds after the step's begin, in v. */
static void move_own(const struct machine *m, const struct step *s, double at,
                     double v[RULE_TEST_FIELDS])
{
        memcpy(v, m->own, sizeof(m->own));
        for (unsigned i = 0; i < s->move_count; i++) {
                const struct move *move = &s->moves[i];
                if (move->field != RULE_TEST_CLOCK && move->verb != MOVE_FOLLOW)
                        v[move->field] += moved(move, m->begun[move->field], at, s->seconds);
        }
}

static void follow(const struct machine *m, const struct step *s, double v[RULE_TEST_FIELDS],
                   const double seen[RULE_TEST_FIELDS])
{
        for (unsigned i = 0; i < s->move_count; i++) {
                const struct move *move = &s->moves[i];
                if (move->verb == MOVE_FOLLOW)
                        v[move->field] +=
                                move->amount * (seen[move->other] - m->begun[move->other]);
        }
}

/* The values to be seen `at` seconds after the step's begin, with noise or without, and the own
 * parts without noise. */
static void look(const struct machine *m, const struct step *s, double at, bool noise,
                 double ret_own[RULE_TEST_FIELDS], double ret[RULE_TEST_FIELDS])
{
        double first[RULE_TEST_FIELDS];

        move_own(m, s, at, ret_own);
        for (int f = 0; f < RULE_TEST_FIELDS; f++)
                first[f] = ret_own[f] + (noise ? m->wander[f] : 0);
        memcpy(ret, first, sizeof(first));
        compose(ret);
        if (s->move_count == 0)
                return;
        follow(m, s, ret_own, ret);
        follow(m, s, first, ret);
        memcpy(ret, first, sizeof(first));
        compose(ret);
}

/* What the step has reached is what the next one begins with. */
static void next_step(struct machine *m)
{
        const struct rule_test *t = m->test;
        double own[RULE_TEST_FIELDS], seen[RULE_TEST_FIELDS];

        look(m, &t->steps[m->step], t->steps[m->step].seconds, false, own, seen);
        memcpy(m->own, own, sizeof(own));
        memcpy(m->begun, seen, sizeof(seen));
        m->step++;
        const struct step *s = &t->steps[m->step];
        for (unsigned i = 0; i < s->move_count; i++)
                if (s->moves[i].field == RULE_TEST_CLOCK)
                        m->clock += s->moves[i].amount;
}

int machine_init(struct machine *m, const struct rule_test *t)
{
        *m = (struct machine){ .test = t };
        split_own(t->start, m->own);
        for (int f = 0; f < RULE_TEST_FIELDS; f++) {
                m->random[f] = ((uint64_t)t->seed << 8) + (uint64_t)f;
                m->wander[f] = t->deviation[f] > 0 ? t->deviation[f] * normal(&m->random[f]) : 0;
        }
        memcpy(m->begun, m->own, sizeof(m->own));
        compose(m->begun);
        for (unsigned i = 0; i < t->steps[0].move_count; i++)
                if (t->steps[0].moves[i].field == RULE_TEST_CLOCK)
                        m->clock += t->steps[0].moves[i].amount;
        if (t->member_count == 0)
                return 0;
        int r = members_init(&m->members);
        for (int f = 0; f < FAMILY_COUNT && r >= 0; f++) {
                members_begin(&m->members, (enum family)f);
                for (unsigned i = 0; i < t->member_count; i++)
                        if (family_of(t->members[i]) == f)
                                (void)members_put(&m->members, (enum family)f, t->members[i], NAN,
                                                  false);
                members_end(&m->members, (enum family)f, true);
        }
        return r;
}

void machine_done(struct machine *m)
{
        members_done(&m->members);
}

/* As they stand in the table. */
static void tell_members(struct machine *m)
{
        for (unsigned i = 0; i < m->test->member_count; i++) {
                int row = members_find(&m->members, member_key(m->test->members[i]));
                m->members.values[row] = fmax(0, m->values[RULE_TEST_MEMBERS + i]);
                if (isnan(m->values[RULE_TEST_MEMBERS + i]))
                        m->members.values[row] = NAN;
        }
}

bool machine_next(struct machine *m, struct sample *ret)
{
        const struct rule_test *t = m->test;
        double own[RULE_TEST_FIELDS];

        /* A step holds what comes after its begin, up to its end. */
        for (;; m->count++) {
                m->elapsed = (double)m->count * t->interval;
                if (m->elapsed > t->seconds)
                        return false;
                while (m->step + 1 < t->step_count &&
                       m->elapsed > t->steps[m->step].start + t->steps[m->step].seconds)
                        next_step(m);
                if (!t->steps[m->step].gap || m->elapsed == t->steps[m->step].start)
                        break;
                wander(m, t->interval);
        }
        const struct step *s = &t->steps[m->step];
        if (m->count > 0)
                wander(m, t->interval);
        m->count++;
        look(m, s, m->elapsed - s->start, true, own, m->values);
        for (unsigned i = 0; i < s->move_count; i++)
                if (s->moves[i].verb == MOVE_ABSENT)
                        m->values[s->moves[i].field] = NAN;
        if (t->member_count > 0)
                tell_members(m);
        *ret = (struct sample){
                .time = RULE_TEST_BEGIN + m->elapsed + m->clock,
                .kind = t->kind,
                .count = FIELD_KNOWN_COUNT,
                .values = m->values,
                .members = t->member_count > 0 ? &m->members : NULL,
        };
        return true;
}

double machine_elapsed(const struct machine *m)
{
        return m->elapsed;
}
