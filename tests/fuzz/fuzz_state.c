/* SPDX-License-Identifier: MIT */
/* The envelope of a state file. An odd first byte mends the checksums first, so that what lies
 * behind them is reached. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"
#include "store/state_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_u32(unsigned char *to, uint32_t value)
{
        for (int i = 0; i < 4; i++)
                to[i] = (unsigned char)(value >> 8 * i);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static const char machine[] = "0123456789abcdef0123456789abcdef";
        struct state_head head;
        const void *payload;
        size_t payload_size;
        if (size < 1)
                return 0;
        _cleanup_free_ unsigned char *file = malloc(size);
        if (!file)
                return 0;
        memcpy(file, data + 1, size - 1);
        size_t length = size - 1;
        if (data[0] & 1 && length >= STATE_HEAD_SIZE) {
                put_u32(file + 128, state_crc32c(file + STATE_HEAD_SIZE, length - STATE_HEAD_SIZE));
                put_u32(file + 156, state_crc32c(file, 156));
        }
        enum state_fault fault = state_decode(file, length, "alerts", data[0] & 2 ? machine : NULL,
                                              &head, &payload, &payload_size);
        assert(state_fault_text(fault));
        if (fault != STATE_GOOD)
                return 0;
        assert((const unsigned char *)payload + payload_size == file + length);
        assert(memchr(head.kind, 0, sizeof(head.kind)) &&
               memchr(head.boot_id, 0, sizeof(head.boot_id)) &&
               memchr(head.machine_id, 0, sizeof(head.machine_id)));

        /* What was good is good again when it is written anew. */
        _cleanup_free_ unsigned char *again = malloc(STATE_HEAD_SIZE + payload_size);
        struct state_head second;
        if (!again)
                return 0;
        state_encode(&head, payload, payload_size, again);
        assert(state_decode(again, STATE_HEAD_SIZE + payload_size, "alerts", NULL, &second,
                            &payload, &payload_size) == STATE_GOOD);
        assert(strcmp(head.boot_id, second.boot_id) == 0);
        return 0;
}
