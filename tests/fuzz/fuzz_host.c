/* SPDX-License-Identifier: MIT */
/* The facts of a machine, from files that a container or a recorded root can fill as it likes. The
 * input is cut at each 0x1e (the record separator of ASCII) into the files below. */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/files.h"
#include "base/procfs.h"
#include "base/text.h"
#include "fuzz.h"
#include "sample/host.h"
#include "sample/unaccounted.h"

static const char *const files[] = {
        "proc/meminfo",
        "proc/loadavg",
        "proc/self/ns/pid",
        "proc/cgroups",
        "proc/cpuinfo",
        "proc/self/mountinfo",
        "proc/stat",
        "proc/1/environ",
        "proc/sys/kernel/hostname",
        "proc/sys/kernel/osrelease",
        "proc/sys/kernel/random/boot_id",
        "sys/devices/system/cpu/online",
        "sys/devices/system/cpu/possible",
        "sys/devices/system/node/online",
        "sys/class/dmi/id/product_name",
        "sys/class/dmi/id/sys_vendor",
        "sys/fs/cgroup/cgroup.stat",
        "run/host/container-manager",
        "run/systemd/container",
        "sys/hypervisor/type",
        "proc/xen/capabilities",
        "proc/zoneinfo",
};

static char root[] = "/tmp/kmemwatch-fuzz-XXXXXX";

static void remove_root(void)
{
        char path[256];

        for (size_t i = 0; i < ELEMENTS_OF(files); i++) {
                (void)snprintf(path, sizeof(path), "%s/%s", root, files[i]);
                (void)unlink(path);
                for (char *slash; (slash = strrchr(path, '/')) > path + sizeof(root) - 1;) {
                        *slash = '\0';
                        (void)rmdir(path); /* the last file's turn empties it */
                }
        }
        (void)rmdir(root);
}

static int make_root(void)
{
        if (!mkdtemp(root))
                abort();
        (void)atexit(remove_root);
        int fd = open(root, O_DIRECTORY | O_CLOEXEC);

        for (size_t i = 0; i < ELEMENTS_OF(files); i++) {
                char path[256];

                (void)snprintf(path, sizeof(path), "%s/%s", root, files[i]);
                *strrchr(path, '/') = '\0';
                if (make_directory(path, 0755) < 0)
                        abort();
        }
        return fd;
}

static void check_text(const char *text, size_t size)
{
        char clean[256];

        if (strlen(text) >= size || strcmp(utf8_clean(text, clean, sizeof(clean)), text) != 0)
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        static int fd = -1;
        struct part rest = { data, size };

        if (fd < 0)
                fd = make_root();
        for (size_t i = 0; i < ELEMENTS_OF(files); i++) {
                struct part part = next_part(&rest);

                if (part.size == 0) {
                        (void)unlinkat(fd, files[i], 0);
                } else {
                        int file = openat(fd, files[i], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
                                          0600);
                        require(file >= 0 && write_all(file, part.data, part.size) == 0);
                        (void)close(file);
                }
        }

        struct procfs p = { .root_fd = fd, .live = false };
        struct host_facts f;

        double unaccounted = unaccounted_read(&p);
        require(isnan(unaccounted) || isfinite(unaccounted));
        if (host_facts_read(&p, &f) < 0)
                return 0;
        check_text(f.kind_name, sizeof(f.kind_name));
        check_text(f.name, sizeof(f.name));
        check_text(f.kernel, sizeof(f.kernel));
        if (strlen(f.boot_id) != 0 && strlen(f.boot_id) != 32)
                abort();
        if (f.cpus_online < 1 || f.cpus_possible < f.cpus_online || f.numa_nodes < 1)
                abort();
        if (!(f.stack_size >= 4096 && f.stack_size <= 65536) || f.machine_id[0])
                abort();
        return 0;
}
