/* SPDX-License-Identifier: MIT */
/* Physical machine, virtual machine or container. */
#pragma once

#include <stdbool.h>

#include "sample/sample.h"

struct procfs;

enum { HOST_KIND_NAME_MAX = 32 };

/* The hypervisor that a product or a vendor of the firmware (DMI) stands for, or NULL. metal: the
 * machine is known to be a whole one, which some clouds sell under the same name. */
const char *host_kind_of_firmware(const char *text, bool metal);

/* Never fails: what cannot be read leaves the question to the next source, and in the end the
 * machine is physical. ret_name is the name of the container manager or hypervisor in the words of
 * systemd-detect-virt(1) ("systemd-nspawn" as "nspawn"), "" when there is none or it is unknown. */
void host_kind_detect(const struct procfs *p, enum host_kind *ret_kind,
                      char ret_name[HOST_KIND_NAME_MAX]);
