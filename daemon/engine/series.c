/* SPDX-License-Identifier: MIT */
/* Feeds one measured number to its detectors. */
#include "engine/series.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "base/pages.h"
#include "base/prefetch.h"
#include "judge/expression.h"

/* While there is too little data to measure the noise, the kernel's fold error stands in: counters
 * are folded per CPU once a second, and a jump must exceed max(1 MiB, 0.5 MiB x CPUs) (measured:
 * 224 KiB on 2 CPUs, 64 MiB worst case on 128). As a spread that is an eighth of it, because jumps
 * are judged at 8 spreads. */
static const double FOLD_LEAST = 1048576, FOLD_PER_CPU = 524288, FOLD_SPREADS = 8;
/* What is in no account is the rest of a dozen counters, each folded in its own time. */
static const double UNACCOUNTED_NOISE = 2.5e6;
static const double NOISE_SECONDS = 600;

/* A rise by this share of MemTotal that passes the other tests is told whatever was ordinary before
 * and however young the daemon is: a machine can be dead before it has warmed up. */
static const double BIG_SHARE = 0.02;

/* The baseline of days: three of them, robust, so that a night of trouble does not move it. */
static const double DAYS_TAU = 3 * 86400, DAYS_CLIP = 3;

/* What was learned in less than a quarter of a day is no baseline of days. */
static const double DAYS_LEAST = 21600;

/* The level of trends (4.6 h) whose lowest low a daily job rises from. */
enum { SEASON_LEVEL = 4 };

enum event_unit series_unit(int field, const struct expression *per)
{
        bool count = field >= 0 && field_unit((size_t)field) == FIELD_COUNT;
        if (per->count == 0)
                return count ? UNIT_COUNT : UNIT_BYTES;
        if (expression_is_count(per))
                return count ? UNIT_RATIO : UNIT_BYTES_PER_COUNT;
        return UNIT_RATIO;
}

static void hash_expression(struct hash *h, const struct expression *e)
{
        for (unsigned i = 0; i < e->count; i++) {
                const struct expression_part *p = &e->parts[i];
                hash_add_text(h, p->times ? "*" : "+");
                if (p->field >= 0 && p->field < FIELD_KNOWN_COUNT)
                        hash_add_text(h, field_name((enum field)p->field));
                else
                        hash_add(h, &p->constant, sizeof(p->constant));
        }
        hash_add_text(h, "|");
}

struct hash series_measured(const struct series *s)
{
        struct hash h;
        hash_init(&h);
        hash_add_text(&h, s->field >= 0 && s->field < FIELD_KNOWN_COUNT
                                  ? field_name((enum field)s->field)
                                  : s->dimension);
        hash_expression(&h, s->less);
        hash_expression(&h, s->per);
        return h;
}

int series_store_init(struct series_store *store, size_t room)
{
        size_t levels = room * TREND_LEVELS * sizeof(*store->levels);
        size_t ordinary = room * TREND_LEVELS * sizeof(*store->ordinary);
        size_t means = room * sizeof(*store->means);
        size_t seasons = room * sizeof(*store->seasons), recent = room * sizeof(*store->recent);
        size_t size = levels + means + recent + seasons + ordinary;
        char *pages = pages_new(size);
        if (!pages)
                return -ENOMEM;
        *store = (struct series_store){
                .pages = pages,
                .size = size,
                .room = room,
                .levels = (struct trend_level *)pages,
                .means = (struct trend_means(*)[TREND_LEVELS])(pages + levels),
                .recent = (float(*)[EVENT_RECENT_MAX])(pages + levels + means),
                .seasons = (struct season_past *)(pages + levels + means + recent),
                .ordinary = (struct growth_level *)(pages + levels + means + recent + seasons),
        };
        return 0;
}

void series_store_done(struct series_store *store)
{
        pages_free(store->pages, store->size);
        *store = (struct series_store){ .pages = NULL };
}

void series_init(struct series *s, int field, const struct expression *less,
                 const struct expression *per, const char *dimension,
                 const struct series_store *store, size_t index)
{
        *s = (struct series){
                .field = field,
                .unit = (uint8_t)series_unit(field, per),
                .plain = field >= 0 && less->count == 0 && per->count == 0,
                .less = less,
                .per = per,
                .dimension = dimension,
                .adopt_up = INFINITY,
                .adopt_down = INFINITY,
                .value = NAN,
                .value_bytes = NAN,
                .low = NAN,
                .recent = { .value = store->recent[index] },
        };
        /* Of what is memory or a count people want to know how it moves, whatever the rules ask. */
        s->only_size = s->unit == UNIT_RATIO || s->unit == UNIT_BYTES_PER_COUNT;
        jump_init(&s->jump);
        trend_init(&s->trend, &store->levels[index], store->room, NULL);
        growth_init(&s->growth,
                    field == FIELD_SRECLAIMABLE || field == FIELD_SLAB || field == FIELD_MEMBER,
                    &store->ordinary[index], store->room);
        season_init(&s->season, &store->seasons[index]);
}

void series_judge(struct series *s, const struct rule *r)
{
        s->only_size = s->only_size && r->kind == KIND_RATIO;
        if (r->kind == KIND_SPIKE)
                s->adopt_up = fminf(s->adopt_up, (float)r->adopt_seconds);
        if (r->kind == KIND_DROP)
                s->adopt_down = fminf(s->adopt_down, (float)r->adopt_seconds);
}

void series_forget(struct series *s)
{
        for (unsigned i = 0; i < TREND_LEVELS; i++) {
                if (s->trend.begun & 1u << i)
                        s->trend.levels[(size_t)i * s->trend.stride] = (struct trend_level){ 0 };
                if (s->growth.begun & 1u << i)
                        s->growth.levels[(size_t)i * s->growth.stride] = (struct growth_level){ 0 };
        }
        if (s->season.begun)
                *s->season.past = (struct season_past){ 0 };
}

void series_take_trend(struct series *to, const struct trend *trend, const struct growth *growth)
{
        if (to->only_size && trend->begun)
                return;
        trend_copy(&to->trend, trend);
        growth_copy(&to->growth, growth);
}

void series_take_season(struct series *to, const struct season *season)
{
        struct season_past *past = to->season.past;
        if (to->only_size)
                return;
        to->season = *season;
        to->season.past = past;
        if (season->begun)
                *past = *season->past;
}

void series_pack(struct series *first, size_t count, const struct series_store *store)
{
        size_t place = 0;
        for (size_t i = 0; i < count; i++) {
                struct series *s = &first[i];
                bool none = s->only_size;
                s->trend.levels = none ? NULL : &store->levels[place];
                s->growth.levels = none ? NULL : &store->ordinary[place];
                s->season.past = none ? NULL : &store->seasons[place];
                if (s->trend.means)
                        s->trend.means = store->means[place];
                place += !none;
        }
}

void series_inherit(struct series *to, const struct series *from)
{
        struct series kept = *from;
        kept.less = to->less;
        kept.per = to->per;
        kept.dimension = to->dimension;
        kept.only_size = to->only_size;
        kept.adopt_up = to->adopt_up;
        kept.adopt_down = to->adopt_down;
        kept.recent.value = to->recent.value;
        kept.season = to->season;
        kept.trend = to->trend;
        kept.growth = to->growth;
        *to = kept;
        series_take_trend(to, &from->trend, &from->growth);
        series_take_season(to, &from->season);
        memcpy(to->recent.value, from->recent.value, from->recent.filled * sizeof(float));
}

void series_keep_means(struct series *s, const struct series_store *store, size_t index)
{
        s->trend.means = store->means[index];
}

static uint32_t mix(uint32_t h, const struct expression *e)
{
        for (unsigned i = 0; i < e->count; i++)
                h = (h ^ (uint32_t)e->parts[i].field) * 16777619u;
        return (h ^ e->count) * 16777619u;
}

/* FNV-1a over the fields (G. Fowler, L. C. Noll, K.-P. Vo): constants and factors rarely tell two
 * of them apart. */
uint32_t series_hash(int field, const struct expression *less, const struct expression *per)
{
        uint32_t h = (2166136261u ^ (uint32_t)field) * 16777619u;
        return mix(mix(h, less), per);
}

bool series_measures(const struct series *s, int field, const struct expression *less,
                     const struct expression *per)
{
        return s->field == field && expression_equal(s->less, less) &&
               expression_equal(s->per, per);
}

static double known_value(const struct sample *sample, enum field field, double otherwise)
{
        double value = (size_t)field < sample->count ? sample->values[field] : NAN;
        return isfinite(value) ? value : otherwise;
}

void series_share(struct series_shared *shared, const struct sample *sample, double now)
{
        double cpus = known_value(sample, FIELD_CPUS, 1);
        shared->sample = sample;
        shared->now = now;
        shared->floor = 4096 * cpus;
        shared->floor_young =
                larger(shared->floor, larger(FOLD_LEAST, FOLD_PER_CPU * cpus) / FOLD_SPREADS);
        shared->total = known_value(sample, FIELD_MEM_TOTAL, INFINITY);
}

/* In the unit of the value itself. */
static double noise_floor(const struct series *s, const struct series_shared *shared)
{
        if (s->unit == UNIT_COUNT)
                return 1;
        if (s->unit != UNIT_BYTES)
                return fabs(s->value) * 1e-3;
        double floor = s->jump.learned < NOISE_SECONDS ? shared->floor_young : shared->floor;
        return s->field == FIELD_UNACCOUNTED ? larger(floor, UNACCOUNTED_NOISE) : floor;
}

static void end_minutes(struct recent *r, double now)
{
        if (r->minute_end == 0)
                r->minute_end = now + RECENT_SECONDS;
        while (now >= r->minute_end) {
                r->value[r->next] = r->count ? (float)(r->sum / r->count) : NAN;
                r->next = (r->next + 1u) % EVENT_RECENT_MAX;
                if (r->filled < EVENT_RECENT_MAX)
                        r->filled++;
                r->sum = 0;
                r->count = 0;
                /* After more than an hour everything in the ring is a gap anyway. */
                if (now - r->minute_end > RECENT_SECONDS * EVENT_RECENT_MAX)
                        r->minute_end = now - RECENT_SECONDS * EVENT_RECENT_MAX;
                r->minute_end += RECENT_SECONDS;
        }
}

static inline void add_recent(struct recent *r, double now, double value)
{
        if (!(now < r->minute_end))
                end_minutes(r, now);
        if (value - value == 0) {
                r->sum += value;
                r->count++;
        }
}

void recent_add(struct recent *r, double now, double value)
{
        add_recent(r, now, value);
}

double recent_before(const struct recent *r, double moment)
{
        if (r->filled == 0)
                return NAN;
        double back = ceil((r->minute_end - RECENT_SECONDS - moment) / RECENT_SECONDS);
        unsigned k = (unsigned)smaller(larger(back, 0), r->filled - 1);
        return (double)r->value[(r->next + EVENT_RECENT_MAX - 1 - k) % EVENT_RECENT_MAX];
}

unsigned recent_read(const struct recent *r, double ret[EVENT_RECENT_MAX])
{
        unsigned kept = r->filled < EVENT_RECENT_MAX ? r->filled : EVENT_RECENT_MAX - 1;
        for (unsigned i = 0; i < kept; i++)
                ret[i] =
                        (double)r
                                ->value[(r->next + EVENT_RECENT_MAX - kept + i) % EVENT_RECENT_MAX];
        if (r->count > 0)
                ret[kept++] = r->sum / r->count;
        return kept;
}

static double big_rise(const struct series *s, double total)
{
        return s->unit == UNIT_BYTES ? BIG_SHARE * total : INFINITY;
}

void series_prefetch(const struct series *s)
{
        prefetch(s, s + 1);
        if (!s->plain)
                prefetch(s->less, s->less + 1);
}

static inline double measure(struct series *s, const struct sample *sample)
{
        size_t field = (size_t)s->field;
        if (s->field < 0)
                return s->value_bytes = expression_value(s->less, sample->values, sample->count);
        s->value_bytes = field < sample->count ? sample->values[field] : NAN;
        return s->plain ? s->value_bytes
                        : rule_value(s->field, s->less, s->per, sample->values, sample->count);
}

/* What happened in between nobody saw. Trends go on as if the difference had not been; the level is
 * moved along, so that only what comes now is judged. */
static void resume(struct series *s, double before)
{
        double shift = s->value - (isfinite(before) ? before : s->jump.value);
        trend_shift(&s->trend, shift);
        growth_shift(&s->growth, shift);
        jump_shift(&s->jump, shift);
}

/* Takes what s->value has become. */
static inline __attribute__((always_inline)) void
take_value(struct series *s, double before, bool broken, struct series_shared *shared)
{
        double value = s->value, now = shared->now;
        s->adopted = false;
        add_recent(&s->recent, now, value);
        if (!(value - value == 0)) { /* isfinite */
                s->absent = true;
                return;
        }
        double floor = noise_floor(s, shared);
        s->floor = (float)floor;
        if ((broken || s->absent) && s->jump.level.count > 0)
                resume(s, before);
        s->absent = false;
        jump_add_shared(&s->jump, &jump_params_default, now, value, floor, &shared->jump);
        if (s->jump.away &&
            now - s->jump.away_since >= (double)(s->jump.up ? s->adopt_up : s->adopt_down)) {
                jump_adopt(&s->jump, &jump_params_default);
                s->adopted = true;
        }
        double mean = s->trend.mean;
        int64_t bucket = s->trend.number;
        if (s->only_size) {
                if (trend_add_mean(&s->trend, now, value))
                        ewma_add(&s->days, DAYS_TAU, DAYS_CLIP,
                                 (double)(s->trend.number - bucket) * TREND_WIDTH, mean, floor,
                                 &shared->days);
                return;
        }
        unsigned changed = trend_add(&s->trend, now, value);
        /* Asked again when a bucket of a quarter of a minute is full; in between only a new low
         * matters. */
        s->low = changed & 2u ? trend_low(&s->trend, SEASON_LEVEL) : smaller(s->low, value);
        season_add(&s->season, shared->sample->time, value - s->low);
        growth_update(&s->growth, &growth_params_default, &s->trend, changed, now, floor,
                      big_rise(s, shared->total));
        /* What remembers days is fed means of four seconds. */
        if (changed != 0)
                ewma_add(&s->days, DAYS_TAU, DAYS_CLIP,
                         (double)(s->trend.number - bucket) * TREND_WIDTH, mean, floor,
                         &shared->days);
}

void series_feed(struct series *s, bool broken, struct series_shared *shared)
{
        double before = s->value;
        s->value = measure(s, shared->sample);
        take_value(s, before, broken, shared);
}

void series_feed_value(struct series *s, double bytes, bool broken, struct series_shared *shared)
{
        const struct sample *sample = shared->sample;
        double before = s->value;
        s->value_bytes = bytes;
        s->value = rule_value_of(bytes, s->less, s->per, sample->values, sample->count);
        take_value(s, before, broken, shared);
}

void series_relearn(struct series *s, double mean, double rise, double dt,
                    struct series_shared *shared)
{
        s->value = mean;
        double floor = noise_floor(s, shared);
        if (!s->only_size)
                season_add(&s->season, shared->sample->time, rise);
        ewma_add(&s->days, DAYS_TAU, DAYS_CLIP, dt, mean, floor, &shared->days);
        s->value = NAN;
}

bool series_examine(const struct series *s, unsigned level, double now, double total,
                    struct growth_answer *ret, struct checks *checks)
{
        return growth_examine(&s->growth, &growth_params_default, &s->trend, level, now,
                              (double)s->floor, big_rise(s, total), ret, checks);
}

bool series_growth(const struct series *s, struct growth_answer *ret)
{
        return growth_read(&s->growth, &growth_params_default, &s->trend, (double)s->floor,
                           INFINITY, ret);
}

bool series_knows_level(const struct series *s)
{
        return isfinite(s->value) && jump_known(&s->jump, &jump_params_default);
}

void series_numbers(const struct series *s, struct series_numbers *ret)
{
        *ret = (struct series_numbers){ .value = s->value, .value_bytes = s->value_bytes };
        ret->jump_known = isfinite(s->value) &&
                          jump_read(&s->jump, &jump_params_default, (double)s->floor, &ret->jump);
        ret->rise = s->value - s->low;
        ret->expected_rise = season_expected(&s->season);
        struct ewma_answer days;
        if (ewma_read(&s->days, DAYS_TAU, 0, 2, &days))
                ret->seen = days.seconds;
        ret->days_level = ret->seen >= DAYS_LEAST ? days.level : NAN;
        ret->growth_known = isfinite(s->value) && series_growth(s, &ret->growth);
}
