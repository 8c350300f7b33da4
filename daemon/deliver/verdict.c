/* SPDX-License-Identifier: MIT */
/* What an answer means. Slack is judged by the word in the body first and by the status second,
 * because permanent errors have been seen with status 500. */
#include "deliver/verdict.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/macros.h"
#include "base/text.h"
#include "deliver/retry.h"

static const char *const verdict_names[] = {
        [VERDICT_ACCEPTED] = "accepted",
        [VERDICT_RETRY] = "retry",
        [VERDICT_REFUSED] = "refused",
        [VERDICT_BROKEN] = "broken",
};
_Static_assert(ELEMENTS_OF(verdict_names) == VERDICT_COUNT, "every verdict has a name");

const char *verdict_name(enum verdict verdict)
{
        return verdict_names[verdict];
}

/* Of what the connection says; with the words before it a reason holds it. */
enum { ANSWER_SHOWN_MAX = 200 };

/* PagerDuty limits by the minute and asks to stay away for minutes. */
enum { PAGERDUTY_PAUSE = 60 };

struct word {
        const char *word;
        enum verdict verdict;
};

/* https://api.slack.com/messaging/webhooks#handling_errors and the errors of chat.postMessage that
 * incoming webhooks pass on. */
static const struct word slack_words[] = {
        { "invalid_payload", VERDICT_REFUSED },
        { "invalid_blocks", VERDICT_REFUSED },
        { "invalid_blocks_format", VERDICT_REFUSED },
        { "invalid_attachments", VERDICT_REFUSED },
        { "no_text", VERDICT_REFUSED },
        { "too_many_attachments", VERDICT_REFUSED },
        { "msg_too_long", VERDICT_REFUSED },
        { "msg_blocks_too_long", VERDICT_REFUSED },
        { "missing_text_or_fallback_or_attachments", VERDICT_REFUSED },
        { "action_prohibited", VERDICT_BROKEN },
        { "posting_to_general_channel_denied", VERDICT_BROKEN },
        { "invalid_token", VERDICT_BROKEN },
        { "channel_not_found", VERDICT_BROKEN },
        { "channel_is_archived", VERDICT_BROKEN },
        { "user_not_found", VERDICT_BROKEN },
        { "no_service", VERDICT_BROKEN },
        { "no_service_id", VERDICT_BROKEN },
        { "no_active_hooks", VERDICT_BROKEN },
        { "no_team", VERDICT_BROKEN },
        { "team_disabled", VERDICT_BROKEN },
        { "rollup_error", VERDICT_RETRY },
};

/* What a status means when nothing better is known. */
static enum verdict by_status(long status)
{
        switch (status) {
        case 200 ... 299:
                return VERDICT_ACCEPTED;
        case 408: /* the receiver lost patience */
        case 425: /* too early */
        case 429:
                return VERDICT_RETRY;
        case 400:
        case 411:
        case 413:
        case 415:
        case 422:
                return VERDICT_REFUSED;
        case 501: /* not a server hiccup: it does not know POST */
        case 505:
                return VERDICT_BROKEN;
        case 300 ... 399: /* redirects are not followed: the secret would go to a stranger */
        case 401 ... 407:
        case 409 ... 410:
        case 412:
        case 414:
        case 416 ... 421:
        case 423 ... 424:
        case 426 ... 428:
        case 430 ... 499:
                return VERDICT_BROKEN;
        default: /* 5xx, and what no server should send */
                return VERDICT_RETRY;
        }
}

/* The body as one short word or line: "" when it is empty. */
static void quote_body(const struct answer *a, char quote[ANSWER_QUOTE_MAX])
{
        char cleaned[2 * ANSWER_QUOTE_MAX];
        utf8_clean(a->body ? a->body : "", cleaned, sizeof(cleaned));
        const char *line = trim(cleaned);
        snprintf(quote, ANSWER_QUOTE_MAX, "%.*s", (int)utf8_cut(line, ANSWER_QUOTE_MAX - 1), line);
}

/* The body is exactly this word, but for white space around it. */
static bool body_is(const struct answer *a, const char *word)
{
        if (!a->body)
                return false;
        const char *s = a->body + strspn(a->body, " \t\r\n");
        size_t length = strlen(word);
        return strncmp(s, word, length) == 0 && !s[length + strspn(s + length, " \t\r\n")];
}

static bool body_has(const struct answer *a, const char *part)
{
        return a->body && strcasestr(a->body, part);
}

static enum verdict slack(const struct answer *a)
{
        for (size_t i = 0; i < ELEMENTS_OF(slack_words); i++)
                if (body_is(a, slack_words[i].word))
                        return slack_words[i].verdict;
        if (a->status >= 200 && a->status <= 299)
                /* Anything but "ok" is not Slack speaking: a login page of the network, a proxy. */
                return body_is(a, "ok") ? VERDICT_ACCEPTED : VERDICT_RETRY;
        return by_status(a->status);
}

static enum verdict pagerduty(const struct answer *a)
{
        if (a->status == 202)
                return VERDICT_ACCEPTED;
        if (a->status >= 200 && a->status <= 299)
                return body_has(a, "\"success\"") ? VERDICT_ACCEPTED : VERDICT_RETRY;
        /* "Invalid routing key", "Length of 'routing_key' is incorrect": no message will pass. */
        if (a->status == 400 && (body_has(a, "routing_key") || body_has(a, "routing key")))
                return VERDICT_BROKEN;
        return by_status(a->status);
}

static const char *const end_words[] = {
        [ANSWER_COMPLETE] = "an answer without a status",
        [ANSWER_OVERSIZED] = "the answer is too long",
        [ANSWER_BROKEN_OFF] = "no connection",
        [ANSWER_TIMED_OUT] = "no answer in time",
        [ANSWER_UNTRUSTED] = "the certificate is not trusted",
        [ANSWER_IMPOSSIBLE] = "cannot be sent",
};
_Static_assert(ELEMENTS_OF(end_words) == ANSWER_END_COUNT, "every end has words");

static void without_answer(const struct answer *a, struct judgement *ret)
{
        bool lasting = a->end == ANSWER_UNTRUSTED || a->end == ANSWER_IMPOSSIBLE;
        char cleaned[ANSWER_TEXT_MAX];
        ret->verdict = lasting ? VERDICT_BROKEN : VERDICT_RETRY;
        utf8_clean(a->text, cleaned, sizeof(cleaned));
        snprintf(ret->reason, sizeof(ret->reason), "%s%s%.*s", end_words[a->end],
                 cleaned[0] ? ": " : "", (int)utf8_cut(cleaned, ANSWER_SHOWN_MAX), cleaned);
}

void verdict_of(enum channel_type type, const struct answer *a, double unix_now,
                struct judgement *ret)
{
        *ret = (struct judgement){ .retry_after = NAN };

        if ((a->end != ANSWER_COMPLETE && a->end != ANSWER_OVERSIZED) || a->status == 0) {
                without_answer(a, ret);
                return;
        }

        switch (type) {
        case CHANNEL_SLACK:
                ret->verdict = slack(a);
                break;
        case CHANNEL_PAGERDUTY:
                ret->verdict = pagerduty(a);
                break;
        default:
                ret->verdict = by_status(a->status);
                break;
        }
        if (ret->verdict == VERDICT_ACCEPTED)
                return;

        ret->suspect = ret->verdict == VERDICT_RETRY &&
                       (a->status >= 500 || (a->status >= 200 && a->status <= 299));
        double seconds;
        if (a->retry_after[0] && retry_after_parse(a->retry_after, unix_now, &seconds) == 0)
                ret->retry_after = seconds;
        else if (type == CHANNEL_PAGERDUTY && a->status == 429)
                ret->retry_after = PAGERDUTY_PAUSE;

        char quote[ANSWER_QUOTE_MAX];
        quote_body(a, quote);
        snprintf(ret->reason, sizeof(ret->reason), "answer %ld%s%s", a->status,
                 quote[0] ? ": " : "", quote);
}
