/* SPDX-License-Identifier: MIT */
/* Takes out of evidence what nobody else may know. */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/macros.h"
#include "view/evidence.h"

/* Where the kernel lies is what attackers want to know (kptr_restrict); sizes and callers stay. A
 * number of at least this many hexadecimal digits is an address: offsets have fewer. */
enum { ADDRESS_DIGITS = 12 };

size_t evidence_hide_addresses(char *text, size_t length)
{
        static const char shown[] = "0x(address)";
        size_t to = 0;
        for (size_t i = 0; i < length;) {
                size_t digits = 0;
                bool prefix = i + 2 < length && text[i] == '0' && text[i + 1] == 'x';
                while (prefix && i + 2 + digits < length &&
                       isxdigit((unsigned char)text[i + 2 + digits]))
                        digits++;
                if (digits >= ADDRESS_DIGITS) {
                        /* Shorter than what it stands for, so this is in place. */
                        memcpy(text + to, shown, sizeof(shown) - 1);
                        to += sizeof(shown) - 1;
                        i += 2 + digits;
                } else {
                        text[to++] = text[i++];
                }
        }
        return to;
}

static bool is_secret(const char *name, size_t length)
{
        static const char *const words[] = {
                "key", "pass", "token", "secret", "credential", "auth"
        };
        for (size_t i = 0; i < ELEMENTS_OF(words); i++)
                for (size_t k = 0; k + strlen(words[i]) <= length; k++)
                        if (strncasecmp(name + k, words[i], strlen(words[i])) == 0)
                                return true;
        return false;
}

size_t evidence_hide_secrets(char *text, size_t length)
{
        static const char shown[] = "(hidden)";
        size_t to = 0;
        for (size_t i = 0; i < length;) {
                size_t word = i, equals;
                while (word < length && !isspace((unsigned char)text[word]))
                        word++;
                for (equals = i; equals < word && text[equals] != '=';)
                        equals++;
                /* systemd.set_credential=NAME:VALUE hides both. */
                bool hide = equals < word && is_secret(text + i, equals - i);
                size_t keep = (hide ? equals + 1 : word) - i;
                memmove(text + to, text + i, keep);
                to += keep;
                if (hide) {
                        size_t room = MIN_OF(word - equals - 1, sizeof(shown) - 1);
                        memcpy(text + to, shown, room);
                        to += room;
                }
                for (i = word; i < length && isspace((unsigned char)text[i]); i++)
                        text[to++] = text[i];
        }
        return to;
}
