/* SPDX-License-Identifier: MIT */
/* What a person calls a cgroup: the unit, the container, the pod. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { FRIENDLY_MAX = 112 };

/* From the path as the kernel tells it:
 *   /system.slice/nginx.service                      nginx.service
 *   /system.slice/docker-4f1c….scope                 docker container 4f1c2a9b8c7d
 *   /docker/4f1c…/system.slice/cron.service          cron.service in docker container 4f1c2a9b8c7d
 *   /kubepods.slice/…-pod1a2b_….slice/cri-containerd-9e0f….scope
 *                                        containerd container 9e0f… of pod 1a2b-…
 *   /lxc.payload.web1                                lxc container web1
 *   /machine.slice/systemd-nspawn@db.service         nspawn container db
 *   /machine.slice/machine-qemu\x2d1\x2dvm.scope     virtual machine vm
 *   /user.slice/user-1000.slice/session-3.scope      session 3 of user 1000
 *   /                                                the root cgroup
 * Anything else: its last component. Valid UTF-8 without control characters when the path is. */
const char *friendly_cgroup(const char *path, char ret[FRIENDLY_MAX]);

/* True when other cgroups live in it and it tells little by itself: a slice. */
bool friendly_is_slice(const char *path);
