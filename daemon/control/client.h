/* SPDX-License-Identifier: MIT */
/* One call to a running daemon or courier. */
#pragma once

/* Calls method on the program that listens at path and waits at most timeout seconds in all.
 * 0 with *ret_reply in fresh memory. Else, untouched except *ret_error:
 * -ECONNREFUSED, -ENOENT  nobody listens
 * -EACCES                 the socket's folder is closed to us
 * -ETIMEDOUT              no answer in time
 * -ECONNRESET             it hung up before it answered (too many connections, or it ended)
 * -EREMOTEIO              it refused, with its words in *ret_error (fresh memory)
 * -EINVAL                 the argument is not valid UTF-8
 * -EBADMSG, -EMSGSIZE     what came back is no answer of ours
 * -ENAMETOOLONG, -ENOMEM and other negative errno. */
int control_call(const char *path, const char *interface, const char *method, const char *argument,
                 double timeout, char **ret_reply, char **ret_error);
