/* SPDX-License-Identifier: MIT */
/* Reads an event out of the spool. The file was written by our own daemon, but the courier trusts
 * nobody who can write into a shared folder: size, types and text are checked here, once. */
#include "deliver/letter.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "base/units.h"

/* Longer than any text the daemon writes (EVENT_TEXT_MAX, and explain or action of a rule). */
enum { LETTER_TEXT_MAX = 4096 };

enum member_type { MEMBER_TEXT, MEMBER_NUMBER, MEMBER_TIME };

struct member {
        const char *parent; /* NULL: the event itself */
        const char *key;
        enum member_type type;
        size_t offset;
};

#define MEMBER(parent, key, type, field)                          \
        {                                                         \
                parent, key, type, offsetof(struct letter, field) \
        }

static const struct member members[] = {
        MEMBER(NULL, "id", MEMBER_TEXT, id),
        MEMBER(NULL, "dedup_key", MEMBER_TEXT, dedup_key),
        MEMBER(NULL, "time", MEMBER_TEXT, time_text),
        MEMBER(NULL, "time", MEMBER_TIME, time),
        MEMBER(NULL, "summary", MEMBER_TEXT, summary),
        MEMBER(NULL, "explain", MEMBER_TEXT, explain),
        MEMBER(NULL, "action", MEMBER_TEXT, action),
        MEMBER(NULL, "runbook", MEMBER_TEXT, runbook),
        MEMBER(NULL, "text", MEMBER_TEXT, text),
        MEMBER(NULL, "value", MEMBER_NUMBER, value),
        MEMBER(NULL, "baseline", MEMBER_NUMBER, baseline),
        MEMBER(NULL, "spread", MEMBER_NUMBER, spread),
        MEMBER(NULL, "limit", MEMBER_NUMBER, limit),
        MEMBER(NULL, "value_bytes", MEMBER_NUMBER, value_bytes),
        MEMBER(NULL, "baseline_bytes", MEMBER_NUMBER, baseline_bytes),
        MEMBER(NULL, "rate_bytes_per_hour", MEMBER_NUMBER, rate_per_hour),
        MEMBER(NULL, "rate_error_bytes_per_hour", MEMBER_NUMBER, rate_error_per_hour),
        MEMBER(NULL, "exhausts_at", MEMBER_TIME, exhausts_at),
        MEMBER(NULL, "exhausts_earliest", MEMBER_TIME, exhausts_earliest),
        MEMBER(NULL, "exhausts_latest", MEMBER_TIME, exhausts_latest),
        MEMBER(NULL, "mem_available_bytes", MEMBER_NUMBER, mem_available),
        MEMBER(NULL, "score", MEMBER_NUMBER, score),
        MEMBER(NULL, "culprit_text", MEMBER_TEXT, culprit_text),
        MEMBER(NULL, "unexplained", MEMBER_TEXT, unexplained),
        MEMBER("incident", "text", MEMBER_TEXT, incident_text),
        MEMBER("incident", "rule", MEMBER_TEXT, incident_rule),
        MEMBER("incident", "dimension", MEMBER_TEXT, incident_dimension),
        MEMBER("incident", "started", MEMBER_TIME, incident_started),
        MEMBER("alert", "id", MEMBER_TEXT, alert_id),
        MEMBER("alert", "rule", MEMBER_TEXT, rule),
        MEMBER("alert", "dimension", MEMBER_TEXT, dimension),
        MEMBER("alert", "started", MEMBER_TIME, started),
        MEMBER("alert", "duration_seconds", MEMBER_NUMBER, duration),
        MEMBER("alert", "start_value", MEMBER_NUMBER, start_value),
        MEMBER("alert", "peak", MEMBER_NUMBER, peak),
        MEMBER("alert", "grown", MEMBER_NUMBER, grown),
        MEMBER("host", "name", MEMBER_TEXT, host_name),
        MEMBER("host", "machine_id", MEMBER_TEXT, host_machine_id),
        MEMBER("host", "kernel", MEMBER_TEXT, host_kernel),
        MEMBER("host", "kind", MEMBER_TEXT, host_kind),
        MEMBER("host", "kind_name", MEMBER_TEXT, host_kind_name),
        MEMBER("host", "cpus", MEMBER_NUMBER, cpus),
        MEMBER("host", "mem_total_bytes", MEMBER_NUMBER, mem_total),
};

/* Text of a stranger as one clean line in fresh memory. */
static char *clean_copy(const char *s)
{
        /* Cleaning makes a byte three at most (U+FFFD); the rest is cut. */
        size_t size = MIN_OF(3 * strlen(s) + 1, (size_t)LETTER_TEXT_MAX);
        char *copy = malloc(size);
        return copy ? utf8_clean(s, copy, size) : NULL;
}

static int read_members(const json_t *root, struct letter *m)
{
        for (size_t i = 0; i < ELEMENTS_OF(members); i++) {
                const struct member *member = &members[i];
                void *field = (char *)m + member->offset;
                const json_t *parent =
                        member->parent ? json_object_get(root, member->parent) : root;
                const json_t *value = json_object_get(parent, member->key);
                const char *text = json_is_string(value) ? json_string_value(value) : "";

                switch (member->type) {
                case MEMBER_TEXT:
                        if (!(*(char **)field = clean_copy(text)))
                                return -ENOMEM;
                        break;
                case MEMBER_NUMBER:
                        *(double *)field = json_is_number(value) ? json_number_value(value) : NAN;
                        break;
                case MEMBER_TIME:
                        if (parse_time(text, field) < 0)
                                *(double *)field = NAN;
                        break;
                }
        }
        return 0;
}

/* A word out of a fixed list, through the list's own lookup; -1 when it is none. */
static int word_of(const json_t *parent, const char *key, int (*lookup)(const char *))
{
        const char *word = json_string_value(json_object_get(parent, key));
        return word ? lookup(word) : -1;
}

static void read_recent(const json_t *root, struct letter *m)
{
        const json_t *recent = json_object_get(root, "recent");
        const json_t *interval = json_object_get(recent, "interval_seconds");
        const json_t *values = json_object_get(recent, "values");
        m->recent_interval = json_is_number(interval) ? json_number_value(interval) : NAN;
        m->recent_count = (unsigned)MIN_OF(json_array_size(values), (size_t)EVENT_RECENT_MAX);
        for (unsigned i = 0; i < m->recent_count; i++) {
                const json_t *value = json_array_get(values, i);
                m->recent[i] = json_is_number(value) ? json_number_value(value) : NAN;
        }
}

static double number_of(const json_t *o, const char *key)
{
        const json_t *value = json_object_get(o, key);
        return json_is_number(value) ? json_number_value(value) : NAN;
}

static char *copy_of(const json_t *o, const char *key)
{
        const char *value = json_string_value(json_object_get(o, key));
        return clean_copy(value ? value : "");
}

static int read_culprits(const json_t *root, struct letter *m)
{
        const json_t *list = json_object_get(root, "culprits"), *o;
        size_t i;
        json_array_foreach(list, i, o)
        {
                if (m->culprit_count == LETTER_CULPRITS_MAX)
                        break;
                unsigned n = m->culprit_count++;
                m->culprits[n].bytes = number_of(o, "bytes");
                m->culprits[n].share = number_of(o, "share");
                m->culprits[n].about = json_is_true(json_object_get(o, "about"));
                m->culprits[n].label = copy_of(o, "label");
                m->culprits[n].note = copy_of(o, "note");
                if (!m->culprits[n].label || !m->culprits[n].note)
                        return -ENOMEM;
        }
        return 0;
}

static int read_incident(const json_t *root, struct letter *m)
{
        const json_t *incident = json_object_get(root, "incident"), *o;
        const json_t *list = json_object_get(incident, "alerts");
        size_t i;
        m->incident_joined = json_is_true(json_object_get(incident, "joined"));
        m->joins = json_is_false(json_object_get(incident, "tells"));
        json_array_foreach(list, i, o)
        {
                if (m->incident_count == INCIDENT_ALERTS_MAX)
                        break;
                unsigned n = m->incident_count++;
                m->incident_rules[n] = copy_of(o, "rule");
                m->incident_dimensions[n] = copy_of(o, "dimension");
                if (!m->incident_rules[n] || !m->incident_dimensions[n])
                        return -ENOMEM;
        }
        return 0;
}

static int read_words(const json_t *root, struct letter *m, char error[LETTER_ERROR_MAX])
{
        const json_t *version = json_object_get(root, "version");
        if (!json_is_integer(version) || json_integer_value(version) != 1) {
                snprintf(error, LETTER_ERROR_MAX, "not an event of version 1");
                return -EBADMSG;
        }
        int event = word_of(root, "event", event_type_by_name);
        if (event < 0) {
                snprintf(error, LETTER_ERROR_MAX, "no known \"event\" in it");
                return -EBADMSG;
        }
        int severity = word_of(root, "severity", severity_by_name);
        if (severity < 0) {
                snprintf(error, LETTER_ERROR_MAX, "no known \"severity\" in it");
                return -EBADMSG;
        }
        const json_t *incident = json_object_get(root, "incident");
        int previous = word_of(incident, "previous_severity", severity_by_name);
        int highest = word_of(incident, "highest_severity", severity_by_name);
        if (previous < 0)
                previous = word_of(root, "previous_severity", severity_by_name);
        if (highest < 0)
                highest = word_of(root, "highest_severity", severity_by_name);
        int unit = word_of(root, "unit", event_unit_by_name);

        m->event = (enum event_type)event;
        m->severity = (enum severity)severity;
        m->previous_severity = previous < 0 ? SEVERITY_OK : (enum severity)previous;
        m->highest_severity = highest < 0 ? SEVERITY_OK : (enum severity)highest;
        m->highest_severity = MAX_OF(m->highest_severity, m->severity);
        m->highest_severity = MAX_OF(m->highest_severity, m->previous_severity);
        m->unit = unit < 0 ? UNIT_BYTES : (enum event_unit)unit;
        m->kind = word_of(json_object_get(root, "alert"), "kind", kind_by_name);
        m->trigger = json_is_true(json_object_get(root, "trigger"));
        m->resolve = json_is_true(json_object_get(root, "resolve"));
        return 0;
}

static int complete(const char *data, size_t size, struct letter *m)
{
        m->raw = malloc(size + 1);
        if (!m->raw)
                return -ENOMEM;
        memcpy(m->raw, data, size);
        m->raw[size] = '\0';
        m->raw_size = size;

        /* Without a key the receivers could not put trigger and resolve together. */
        if (!m->dedup_key[0]) {
                free(m->dedup_key);
                m->dedup_key = strdup(m->alert_id[0] ? m->alert_id : m->id);
                if (!m->dedup_key)
                        return -ENOMEM;
        }
        m->dedup_key[utf8_cut(m->dedup_key, EVENT_DEDUP_MAX - 1)] = '\0';
        return 0;
}

int letter_parse(const char *data, size_t size, char error[LETTER_ERROR_MAX], struct letter *ret)
{
        struct letter m = { 0 };
        json_error_t where;

        if (size > LETTER_SIZE_MAX) {
                snprintf(error, LETTER_ERROR_MAX, "longer than %d KiB", LETTER_SIZE_MAX / 1024);
                return -EBADMSG;
        }
        /* jansson takes one for the end of a number, a string of C for the end of it all. */
        if (memchr(data, 0, size)) {
                snprintf(error, LETTER_ERROR_MAX, "not JSON: it holds a zero byte");
                return -EBADMSG;
        }
        json_auto_t *root = json_loadb(data, size, JSON_REJECT_DUPLICATES, &where);
        if (!root) {
                if (json_error_code(&where) == json_error_out_of_memory)
                        return -ENOMEM;
                /* jansson's text quotes the input: only the place is repeated. */
                snprintf(error, LETTER_ERROR_MAX, "not JSON: error in line %d, column %d",
                         where.line, where.column);
                return -EBADMSG;
        }
        int r = read_words(root, &m, error);
        if (r >= 0)
                r = read_members(root, &m);
        if (r >= 0) {
                read_recent(root, &m);
                r = read_culprits(root, &m);
        }
        if (r >= 0)
                r = read_incident(root, &m);
        if (r >= 0) {
                r = complete(data, size, &m);
        }
        if (r < 0) {
                letter_done(&m);
                return r;
        }
        *ret = m;
        return 0;
}

void letter_done(struct letter *m)
{
        for (size_t i = 0; i < ELEMENTS_OF(members); i++)
                if (members[i].type == MEMBER_TEXT)
                        free(TAKE_PTR(*(char **)((char *)m + members[i].offset)));
        for (unsigned i = 0; i < m->culprit_count; i++) {
                free(TAKE_PTR(m->culprits[i].label));
                free(TAKE_PTR(m->culprits[i].note));
        }
        for (unsigned i = 0; i < m->incident_count; i++) {
                free(TAKE_PTR(m->incident_rules[i]));
                free(TAKE_PTR(m->incident_dimensions[i]));
        }
        m->culprit_count = m->incident_count = 0;
        free(TAKE_PTR(m->raw));
        free(TAKE_PTR(m->note));
        free(TAKE_PTR(m->ids));
}

bool letter_ends(const struct letter *m)
{
        return m->event == EVENT_RESOLVED || m->event == EVENT_ADOPTED;
}

uint64_t letter_alert_hash(const struct letter *m)
{
        /* What opens an incident may be of another alert than what closes it. */
        const char *key = m->dedup_key;
        uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
        for (; *key; key++)
                hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
        return hash ? hash : 1;
}
