/* SPDX-License-Identifier: MIT */
/* Finds out whether this is a physical machine, a virtual machine or a container: limits differ,
 * and so does what a person can do. A container is told by its PID namespace and by nothing else,
 * because marker files stay behind in images (a /.dockerenv on a plain VM is common); they only
 * give the name. */
#include "sample/host_kind.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

#include "base/macros.h"
#include "base/procfs.h"
#include "base/text.h"
#include "sample/lines.h"

/* PROC_PID_INIT_INO in include/linux/proc_ns.h, fixed since Linux 3.8. */
static const char initial_pid_namespace[] = "pid:[4026531836]";

/* Copies the name as short lower-case ASCII: it goes into alerts. */
static void set_name(char name[HOST_KIND_NAME_MAX], const char *from)
{
        size_t length = 0;

        if (has_prefix(from, "systemd-"))
                from += strlen("systemd-");
        for (; *from && length < HOST_KIND_NAME_MAX - 1; from++) {
                if (!isalnum((unsigned char)*from) && *from != '-' && *from != '_')
                        break;
                name[length++] = (char)tolower((unsigned char)*from);
        }
        name[length] = '\0';
}

/* A namespace link: a magic link in /proc, a link or a plain file in a recorded root. */
static bool read_namespace(const struct procfs *p, const char *path, char *buffer, size_t size)
{
        ssize_t n = readlinkat(p->root_fd, path, buffer, size - 1);

        if (n < 0)
                return procfs_read(p, path, buffer, size) > 0;
        buffer[n] = '\0';
        return true;
}

static bool in_container(const struct procfs *p)
{
        char text[64];

        /* A daemon in a container that watches the host by --root must ask about the host: there
         * /proc/self is still the daemon, PID 1 is the host's. On "/" itself PID 1 adds nothing and
         * asking is a denied ptrace access in the log of some security modules. */
        if (!p->live && read_namespace(p, "proc/1/ns/pid", text, sizeof(text)))
                return strcmp(text, initial_pid_namespace) != 0;
        if (!read_namespace(p, "proc/self/ns/pid", text, sizeof(text)))
                return false;
        return has_prefix(text, "pid:[") && strcmp(text, initial_pid_namespace) != 0;
}

/* container=NAME in the environment of PID 1: LXC writes no marker file. Often unreadable. */
static bool container_from_environment(const struct procfs *p, char name[HOST_KIND_NAME_MAX])
{
        char buffer[8192];
        ssize_t n = procfs_read(p, "proc/1/environ", buffer, sizeof(buffer));

        if (n <= 0)
                return false;
        for (const char *at = buffer; at < buffer + n; at += strlen(at) + 1)
                if (has_prefix(at, "container=")) {
                        set_name(name, at + strlen("container="));
                        return name[0] != '\0';
                }
        return false;
}

static void container_name(const struct procfs *p, char name[HOST_KIND_NAME_MAX])
{
        static const char *const written_by_manager[] = {
                "run/host/container-manager", /* systemd's container interface */
                "run/systemd/container",      /* what systemd inside found */
        };
        static const struct {
                const char *path, *name;
        } markers[] = {
                { "run/.containerenv", "podman" },
                { ".dockerenv", "docker" },
                { "run/secrets/kubernetes.io", "kubernetes" },
                { "var/run/secrets/kubernetes.io", "kubernetes" },
                { "dev/lxd/sock", "lxc" },
        };
        char text[64];

        for (size_t i = 0; i < ELEMENTS_OF(written_by_manager); i++)
                if (procfs_read(p, written_by_manager[i], text, sizeof(text)) > 0) {
                        set_name(name, text);
                        if (name[0])
                                return;
                }
        if (container_from_environment(p, name))
                return;
        for (size_t i = 0; i < ELEMENTS_OF(markers); i++)
                if (procfs_exists(p, markers[i].path)) {
                        set_name(name, markers[i].name);
                        return;
                }
        name[0] = '\0';
}

enum hypervisor_bit { BIT_UNKNOWN, BIT_CLEAR, BIT_SET };

/* CPUID of the machine we run on: bit 31 of leaf 1 ECX, and the name in leaf 0x40000000. */
static enum hypervisor_bit cpu_hypervisor(char name[HOST_KIND_NAME_MAX])
{
#if defined(__x86_64__) || defined(__i386__)
        static const struct {
                const char signature[13], name[12];
        } vendors[] = {
                { "KVMKVMKVM\0\0\0", "kvm" },    { "Linux KVM Hv", "kvm" },
                { "TCGTCGTCGTCG", "qemu" },      { "VMwareVMware", "vmware" },
                { "Microsoft Hv", "microsoft" }, { "XenVMMXenVMM", "xen" },
                { "bhyve bhyve ", "bhyve" },     { "VBoxVBoxVBox", "oracle" },
                { " lrpepyh  vr", "parallels" }, { "ACRNACRNACRN", "acrn" },
                { "SRESRESRESRE", "lockheed" },  { "QNXQVMBSQG\0\0", "qnx" },
        };
        unsigned a, b, c, d;
        char signature[12];

        if (!__get_cpuid(1, &a, &b, &c, &d))
                return BIT_UNKNOWN;
        if (!(c & (1u << 31)))
                return BIT_CLEAR;

        __cpuid(0x40000000, a, b, c, d);
        memcpy(signature, &b, 4);
        memcpy(signature + 4, &c, 4);
        memcpy(signature + 8, &d, 4);
        for (size_t i = 0; i < ELEMENTS_OF(vendors); i++)
                if (memcmp(vendors[i].signature, signature, sizeof(signature)) == 0)
                        set_name(name, vendors[i].name);
        return BIT_SET;
#else
        (void)name;
        return BIT_UNKNOWN;
#endif
}

/* The same bit as the kernel of a recorded x86 machine printed it. Not asked on a live machine:
 * some kernels interrupt every CPU to measure frequencies when cpuinfo is opened. */
static enum hypervisor_bit cpuinfo_hypervisor(const struct procfs *p)
{
        enum hypervisor_bit bit = BIT_UNKNOWN;
        struct lines lines;
        char *line;

        if (lines_init(&lines, p, "proc/cpuinfo") < 0)
                return BIT_UNKNOWN;
        while (bit == BIT_UNKNOWN && (line = lines_next(&lines)))
                if (has_prefix(line, "flags"))
                        bit = strstr(line, " hypervisor") ? BIT_SET : BIT_CLEAR;
        lines_done(&lines);
        return bit;
}

const char *host_kind_of_firmware(const char *text, bool metal)
{
        /* These clouds rent out whole machines under the same vendor name. */
        static const struct {
                const char *prefix, *name;
                bool also_metal;
        } table[] = {
                { "KVM", "kvm", false },
                { "OpenStack", "kvm", false },
                { "KubeVirt", "kvm", false },
                { "Alibaba Cloud", "kvm", true },
                { "Amazon EC2", "amazon", true },
                { "Google Compute Engine", "google", true },
                { "QEMU", "qemu", false },
                { "VMware", "vmware", false },
                { "VMW", "vmware", false },
                { "Virtual Machine", "microsoft", false }, /* of "Microsoft Corporation" */
                { "innotek GmbH", "oracle", false },
                { "VirtualBox", "oracle", false },
                { "Xen", "xen", false },
                { "HVM domU", "xen", false },
                { "Bochs", "bochs", false },
                { "Parallels", "parallels", false },
                { "BHYVE", "bhyve", false },
                { "Apple Virtualization", "apple", false },
        };
        for (size_t i = 0; i < ELEMENTS_OF(table); i++)
                if (has_prefix(text, table[i].prefix) && !(table[i].also_metal && metal))
                        return table[i].name;
        return NULL;
}

/* What firmware says of the machine; where a vendor's name does not tell, the CPU's bit does. */
static bool firmware_is_virtual(const struct procfs *p, enum hypervisor_bit bit,
                                char name[HOST_KIND_NAME_MAX])
{
        static const char *const files[] = {
                "sys/class/dmi/id/product_name",
                "sys/class/dmi/id/sys_vendor",
                "sys/class/dmi/id/board_vendor",
                "sys/class/dmi/id/bios_vendor",
        };
        bool metal = bit == BIT_CLEAR;
        char text[256];

        for (size_t i = 0; i < ELEMENTS_OF(files); i++) {
                if (procfs_read(p, files[i], text, sizeof(text)) <= 0)
                        continue;
                /* "m6g.metal", "c5.metal-24xl": where the CPU does not say (arm64) */
                if (i == 0 && strstr(text, ".metal"))
                        metal = true;
                const char *hypervisor = host_kind_of_firmware(text, metal);
                if (hypervisor) {
                        set_name(name, hypervisor);
                        return true;
                }
        }
        return false;
}

/* Where there is neither CPUID nor DMI: Xen guests, and device trees of arm64 and POWER. */
static bool kernel_says_virtual(const struct procfs *p, char name[HOST_KIND_NAME_MAX])
{
        char text[64];

        if (procfs_read(p, "sys/hypervisor/type", text, sizeof(text)) > 0) {
                set_name(name, text);
                return true;
        }
        if (procfs_read(p, "proc/device-tree/hypervisor/compatible", text, sizeof(text)) > 0) {
                set_name(name, has_prefix(text, "linux,kvm") ? "kvm" : text);
                return true;
        }
        return false;
}

/* Xen's first domain drives the hardware: its limits are those of a physical machine. */
static bool is_xen_control_domain(const struct procfs *p)
{
        char text[64];

        return procfs_read(p, "proc/xen/capabilities", text, sizeof(text)) > 0 &&
               strstr(text, "control_d");
}

void host_kind_detect(const struct procfs *p, enum host_kind *ret_kind,
                      char ret_name[HOST_KIND_NAME_MAX])
{
        char name[HOST_KIND_NAME_MAX] = "";

        ret_name[0] = '\0';
        if (in_container(p)) {
                *ret_kind = HOST_CONTAINER;
                container_name(p, ret_name);
                return;
        }

        enum hypervisor_bit bit = p->live ? cpu_hypervisor(name) : cpuinfo_hypervisor(p);
        bool virtual = firmware_is_virtual(p, bit, ret_name);

        if (!virtual && bit == BIT_SET) {
                virtual = true;
                memcpy(ret_name, name, sizeof(name));
        }
        if (!ret_name[0])
                virtual |= kernel_says_virtual(p, ret_name);
        if (virtual && is_xen_control_domain(p)) {
                virtual = false;
                ret_name[0] = '\0';
        }
        *ret_kind = virtual ? HOST_VM : HOST_PHYSICAL;
}
