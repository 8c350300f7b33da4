/* SPDX-License-Identifier: MIT */
/* Secrets: files named in a channel, handed over by systemd or lying in CONFIG/secrets. */
#pragma once

#include <stddef.h>

enum {
        SECRET_MAX = 2048, /* a webhook address or a token; the largest JWTs are below */
        SECRET_ERROR_MAX = 256,
};

/* What a secret is needed for. */
enum secret_need {
        SECRET_REQUIRED,    /* to deliver */
        SECRET_IF_READABLE, /* to check files as somebody who may not read secrets */
};

/* Reads the secret `name` from credentials (a folder of systemd's: as secret_NAME, then as NAME),
 * or when that is NULL from CONFIG/secrets, where it must not be open to others. Its one line
 * without the newline, printable ASCII, in fresh memory: for secret_free. 1 with *ret NULL when
 * need allows it and the folder is closed to us. -ENOMEM, or -EINVAL with what is wrong in error:
 * never any of the secret itself. */
int secret_read(const char *name, const char *config, const char *credentials,
                enum secret_need need, char error[SECRET_ERROR_MAX], char **ret);
