/* SPDX-License-Identifier: MIT */
/* Reads secrets, and says what is wrong with one without saying any of it. */
#include "deliver/secret.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/files.h"
#include "base/macros.h"
#include "deliver/exchange.h"

/* systemd's LoadCredential=secret:FOLDER/ hands each file over under this prefix. */
#define CREDENTIAL_PREFIX "secret_"

static int refuse(char error[SECRET_ERROR_MAX], const char *text)
{
        snprintf(error, SECRET_ERROR_MAX, "%s", text);
        return -EINVAL;
}

/* A folder that we are kept out of: no permission, or covered by systemd's InaccessiblePaths, which
 * even a capability looks through only to find nothing. */
static bool is_closed(const char *folder)
{
        struct stat st;
        if (stat(folder, &st) < 0)
                return errno == EACCES;
        return (st.st_mode & 0777) == 0 || faccessat(AT_FDCWD, folder, R_OK | X_OK, AT_EACCESS) < 0;
}

static int take(char *data, size_t size, char error[SECRET_ERROR_MAX], char **ret)
{
        while (size > 0 && strchr("\r\n \t", data[size - 1]))
                data[--size] = '\0';
        if (size == 0)
                return refuse(error, "the file is empty");
        if (size > SECRET_MAX)
                return refuse(error, "the file is too long");
        for (size_t i = 0; i < size; i++)
                if (data[i] < ' ' || data[i] > '~')
                        return refuse(
                                error,
                                strchr("\r\n", data[i]) && data[i]
                                        ? "the file has more than one line"
                                        : "the file holds something else than printable ASCII");
        char *copy = strdup(data);
        if (!copy)
                return -ENOMEM;
        *ret = copy;
        return 0;
}

static int from_folder(const char *folder, const char *prefix, const char *name, char **ret,
                       mode_t *ret_mode)
{
        struct stat st;
        _cleanup_free_ char *path = NULL, *data = NULL;
        size_t size;
        if (asprintf(&path, "%s/%s%s", folder, prefix, name) < 0) {
                path = NULL;
                return -ENOMEM;
        }
        int r = file_read(AT_FDCWD, path, SECRET_MAX + 2, &data, &size);
        if (r < 0)
                return r;
        if (stat(path, &st) < 0) {
                r = -errno;
                explicit_bzero(data, strlen(data));
                return r;
        }
        *ret = TAKE_PTR(data);
        *ret_mode = st.st_mode;
        return 0;
}

static int unreadable(int r, bool handed_over, char error[SECRET_ERROR_MAX])
{
        switch (r) {
        case -ENOMEM:
                return r;
        case -ENOENT:
                return refuse(error,
                              handed_over ? "the file was not handed over by systemd: put it into "
                                            "/etc/kmemwatch/secrets, then restart the courier"
                                          : "there is no such file in the folder secrets");
        case -EFBIG:
                return refuse(error, "the file is too long");
        default:
                return refuse(error, strerror(-r));
        }
}

static void secret_freep(char **s)
{
        secret_free(*s);
}

int secret_read(const char *name, const char *config, const char *credentials,
                enum secret_need need, char error[SECRET_ERROR_MAX], char **ret)
{
        _cleanup_free_ char *folder = NULL;
        _cleanup_(secret_freep) char *data = NULL;
        mode_t mode = 0;
        int r;

        if (!name[0] || name[0] == '.' || strchr(name, '/') || strlen(name) > 64)
                return refuse(error, "must be the name of a file in the folder secrets");
        if (credentials) {
                r = from_folder(credentials, CREDENTIAL_PREFIX, name, &data, &mode);
                if (r == -ENOENT)
                        r = from_folder(credentials, "", name, &data, &mode);
        } else {
                folder = path_join(config, "secrets");
                if (!folder)
                        return -ENOMEM;
                r = from_folder(folder, "", name, &data, &mode);
                if (r < 0 && r != -ENOMEM && need == SECRET_IF_READABLE && is_closed(folder)) {
                        *ret = NULL;
                        return 1;
                }
                if (r == -EACCES && need == SECRET_IF_READABLE) {
                        *ret = NULL;
                        return 1;
                }
        }
        if (r < 0)
                return unreadable(r, credentials != NULL, error);
        if (!credentials && (mode & (S_IROTH | S_IWOTH)))
                return refuse(error, "the file may be read by everyone: chmod 600 it");
        assert(data);
        return take(data, strlen(data), error, ret);
}
