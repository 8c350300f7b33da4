/* SPDX-License-Identifier: MIT */
/* The MESSAGE_IDs: random, made with `systemd-id128 new`. */
#include "announce/messages.h"

#include <assert.h>

#include "base/macros.h"

static const char *const IDS[] = {
        [MESSAGE_FIRING_SPIKE] = "679d70be10c9463882e63276e01add21",
        [MESSAGE_FIRING_DROP] = "b71d70899efb473e81f460f9afca6801",
        [MESSAGE_FIRING_GROWTH] = "3c195914414b4676bed058cba07b5298",
        [MESSAGE_FIRING_RATIO] = "bbf5c717be1e4c7787497ce2904885ad",
        [MESSAGE_ESCALATED] = "e4f4c63fb9b74b4cafade4eb088c4394",
        [MESSAGE_EASED] = "0c55690e6b0a451787c4462f56630428",
        [MESSAGE_REMINDER] = "8d0f952a7d3a490098e8f65ece2bdf73",
        [MESSAGE_ADOPTED] = "3228e8c8ea93498db488bc19503d3887",
        [MESSAGE_RESOLVED] = "d7045a59fd614cb4aef7df5837eb3be2",
        [MESSAGE_CANNOT_SAMPLE] = "56081e58cd28434ea4d39eed7b23d86d",
        [MESSAGE_RULES_LEFT_OUT] = "1281938c840140a4801db6ee3f008654",
        [MESSAGE_RELOAD_REFUSED] = "9b00326153da4ece9504b7638970bbd6",
        [MESSAGE_STATE_SET_ASIDE] = "55301e3980584ef99d1f5453a77e0aae",
        [MESSAGE_STATE_FAILED] = "06a4d29f59364149af033959fcdc94b7",
        [MESSAGE_STATE_RECOVERED] = "29d980be4a3b464eb6c8fd69fd6aef8a",
        [MESSAGE_SPOOL_FAILED] = "cc1844360c5a40b3a74f592a599dd937",
        [MESSAGE_SPOOL_FULL] = "df4eaaa42339425780fe649b7f262c0a",
        [MESSAGE_SPOOL_RECOVERED] = "9b0e1d1a41bb487d82d736f8bc3333b0",
        [MESSAGE_DISK_STUCK] = "2b042b9d31b440809c89c5663e8ff566",
        [MESSAGE_COURIER_SILENT] = "8757ce62da9540d6a479bc126d2abe4f",
        [MESSAGE_CULPRIT] = "d69b485b949d4c9a8a8d964604ac1dd4",
        [MESSAGE_COURIER_BACK] = "489e7f7648374c2ea6cec83ec8b15f53",
        [MESSAGE_NO_CHANNELS] = "db5eaa3032494ef2b3e0b6f15c1b50c6",
        [MESSAGE_SILENCED] = "006dcc36161e420d8eba38ce4369dd01",
        [MESSAGE_SILENCE_OVER] = "44bcbc85fe6d4bb99017f51169cd572f",
        [MESSAGE_ACKNOWLEDGED] = "e8486e83c7fd4216a7ee03f865819cba",
        [MESSAGE_CHANNEL_BROKEN] = "f74da9c4be524579b34a77c706978540",
        [MESSAGE_CHANNEL_RECOVERED] = "db31fe873e494dfca991285d6bd64849",
        [MESSAGE_EVENT_GIVEN_UP] = "787007cd93314dbeaf6ed55ed6c8f3e2",
};
static_assert(ELEMENTS_OF(IDS) == MESSAGE_COUNT, "each message has an id");

const char *message_id(enum message message)
{
        assert((size_t)message < ELEMENTS_OF(IDS));
        return IDS[message];
}

static enum message firing_of(enum kind kind)
{
        switch (kind) {
        case KIND_SPIKE:
                return MESSAGE_FIRING_SPIKE;
        case KIND_DROP:
                return MESSAGE_FIRING_DROP;
        case KIND_GROWTH:
                return MESSAGE_FIRING_GROWTH;
        case KIND_RATIO:
        case KIND_COUNT:
                break;
        }
        return MESSAGE_FIRING_RATIO;
}

enum message message_of_event(enum event_type type, enum kind kind)
{
        switch (type) {
        case EVENT_ESCALATED:
                return MESSAGE_ESCALATED;
        case EVENT_EASED:
                return MESSAGE_EASED;
        case EVENT_REMINDER:
                return MESSAGE_REMINDER;
        case EVENT_ADOPTED:
                return MESSAGE_ADOPTED;
        case EVENT_RESOLVED:
                return MESSAGE_RESOLVED;
        case EVENT_ACKNOWLEDGED:
                return MESSAGE_ACKNOWLEDGED;
        case EVENT_FIRING:
        case EVENT_TYPE_COUNT:
                break;
        }
        return firing_of(kind);
}
