/* SPDX-License-Identifier: MIT */
/* Names of containers and units as their managers write them into cgroup names: systemd.unit(5),
 * docker, containerd and cri-o (both with the systemd and the cgroupfs driver), podman, LXC,
 * libvirt. Only what the name tells is used: no runtime is asked. */
#include "culprit/friendly.h"

#include <string.h>

#include "base/macros.h"
#include "base/text.h"

enum { PART_MAX = 128, ID_SHOWN = 12 /* as `docker ps` shows them */ };

struct parts {
        char runtime[16], container[PART_MAX]; /* innermost */
        char pod[PART_MAX];
        char unit[PART_MAX]; /* below the container, or anywhere without one */
        char user[16];
        char before[PART_MAX]; /* the component before the one that is looked at */
};

static bool is_hex(char c)
{
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

/* How many hex digits s begins with. */
static size_t hex_length(const char *s)
{
        size_t n = 0;

        while (is_hex(s[n]))
                n++;
        return n;
}

static void copy(const char *s, size_t length, char *ret, size_t size)
{
        length = MIN_OF(length, size - 1);
        memcpy(ret, s, length);
        ret[length] = '\0';
}

/* Undoes systemd's escapes \xNN (systemd-escape(1)). */
static void unescape(char *s)
{
        char *to = s;

        while (*s) {
                if (s[0] == '\\' && s[1] == 'x' && is_hex(s[2]) && is_hex(s[3])) {
                        int high = s[2] <= '9' ? s[2] - '0' : s[2] - 'a' + 10;
                        int low = s[3] <= '9' ? s[3] - '0' : s[3] - 'a' + 10;

                        *to++ = (char)(high << 4 | low);
                        s += 4;
                } else {
                        *to++ = *s++;
                }
        }
        *to = '\0';
}

static void set_container(struct parts *p, const char *runtime, const char *id, size_t length)
{
        if (hex_length(id) >= length && length > ID_SHOWN)
                length = ID_SHOWN;
        copy(runtime, strlen(runtime), p->runtime, sizeof(p->runtime));
        copy(id, length, p->container, sizeof(p->container));
        unescape(p->container);
        p->unit[0] = '\0';
}

/* "PREFIX" + id + ".scope", or "…:PREFIX:id" as runc leaves it when the drivers disagree. */
static bool scope_of_runtime(struct parts *p, const char *name, size_t length)
{
        static const struct {
                const char *prefix, *runtime;
        } runtimes[] = {
                { "docker-", "docker" },     { "cri-containerd-", "containerd" },
                { "crio-", "cri-o" },        { "libpod-payload-", "podman" },
                { "libpod-", "podman" },     { "nerdctl-", "containerd" },
                { "buildkit-", "buildkit" }, { "lxc.payload.", "lxc" },
        };
        const char *colon = memchr(name, ':', length);

        for (size_t i = 0; i < ELEMENTS_OF(runtimes); i++) {
                size_t n = strlen(runtimes[i].prefix);
                const char *id = name + n;

                if (colon && strncmp(colon + 1, runtimes[i].prefix, n - 1) == 0 && colon[n] == ':')
                        id = colon + n + 1;
                else if (strncmp(name, runtimes[i].prefix, n) != 0)
                        continue;

                size_t rest = (size_t)(name + length - id);
                if (strcmp(runtimes[i].runtime, "lxc") != 0) {
                        rest = hex_length(id);
                        if (rest < ID_SHOWN)
                                continue; /* docker.service, libpod-conmon-… */
                }
                set_container(p, runtimes[i].runtime, id, rest);
                return true;
        }
        return false;
}

/* A bare id of 64 digits is a container of whom the folder above says; and lxc/NAME. */
static bool folder_of_runtime(struct parts *p, const char *name, size_t length)
{
        if (length == 64 && hex_length(name) == 64) {
                bool docker = strcmp(p->before, "docker") == 0;

                set_container(p, docker ? "docker" : "", name, length);
                return true;
        }
        if (strcmp(p->before, "lxc") == 0 || strcmp(p->before, "lxc.payload") == 0) {
                set_container(p, "lxc", name, length);
                return true;
        }
        return false;
}

/* "systemd-nspawn@NAME.service", "machine-NAME.scope", "machine-qemu-ID-NAME.scope" */
static bool machine(struct parts *p, const char *name, size_t length)
{
        char raw[PART_MAX];
        const char *end = memchr(name, '@', length);

        if (end && has_prefix(name, "systemd-nspawn@") &&
            length > strlen("systemd-nspawn@.service")) {
                size_t n = strlen("systemd-nspawn@");

                set_container(p, "nspawn", name + n, length - n - strlen(".service"));
                return true;
        }
        if (!has_prefix(name, "machine-") || length <= strlen("machine-.scope"))
                return false;

        copy(name + strlen("machine-"), length - strlen("machine-.scope"), raw, sizeof(raw));
        unescape(raw);
        const char *rest = has_prefix(raw, "qemu-") ? raw + strlen("qemu-") : NULL;
        if (rest && rest[strspn(rest, "0123456789")] == '-')
                set_container(p, "vm", strchr(rest, '-') + 1, strlen(strchr(rest, '-') + 1));
        else
                set_container(p, "machine", raw, strlen(raw));
        return true;
}

/* "kubepods-burstable-pod1a2b_….slice", "pod1a2b-…" */
static bool pod(struct parts *p, const char *name, size_t length)
{
        const char *at = name;

        if (has_prefix(name, "kubepods-")) {
                at = strstr(name, "-pod");
                if (!at || at >= name + length)
                        return false;
                at++;
        }
        if (!has_prefix(at, "pod") || hex_length(at + 3) < 8)
                return false;

        size_t n = strspn(at + 3, "0123456789abcdef_-");
        copy(at + 3, MIN_OF(n, (size_t)(name + length - at - 3)), p->pod, sizeof(p->pod));
        for (char *c = p->pod; *c; c++)
                if (*c == '_')
                        *c = '-';
        return true;
}

static void unit(struct parts *p, const char *name, size_t length)
{
        char raw[PART_MAX];

        copy(name, length, raw, sizeof(raw));
        if (has_prefix(raw, "user-") && has_suffix(raw, ".slice") &&
            strspn(raw + 5, "0123456789") == strlen(raw) - strlen("user-.slice")) {
                copy(raw + 5, strlen(raw) - strlen("user-.slice"), p->user, sizeof(p->user));
                return;
        }
        if (has_prefix(raw, "user@") || strcmp(raw, "init.scope") == 0 ||
            has_suffix(raw, ".slice")) {
                if (p->unit[0] == '\0' && strcmp(raw, "init.scope") == 0)
                        copy(raw, strlen(raw), p->unit, sizeof(p->unit));
                return;
        }
        unescape(raw);
        if (has_suffix(raw, ".service") || has_suffix(raw, ".scope") || has_suffix(raw, ".mount") ||
            has_suffix(raw, ".socket") || has_suffix(raw, ".swap"))
                copy(raw, strlen(raw), p->unit, sizeof(p->unit));
}

static void take_component(struct parts *p, const char *name, size_t length)
{
        char component[PART_MAX * 2];

        copy(name, length, component, sizeof(component));
        length = strlen(component);
        if (!scope_of_runtime(p, component, length) && !folder_of_runtime(p, component, length) &&
            !machine(p, component, length) && !pod(p, component, length))
                unit(p, component, length);
        copy(component, length, p->before, sizeof(p->before));
}

bool friendly_is_slice(const char *path)
{
        return strcmp(path, "/") == 0 || has_suffix(path, ".slice");
}

static void write_container(const struct parts *p, struct text *t)
{
        if (strcmp(p->runtime, "vm") == 0)
                text_add(t, "virtual machine %s", p->container);
        else if (strcmp(p->runtime, "machine") == 0)
                text_add(t, "machine %s", p->container);
        else
                text_add(t, "%s%scontainer %s", p->runtime, p->runtime[0] ? " " : "", p->container);
        if (p->pod[0])
                text_add(t, " of pod %s", p->pod);
}

static void write_unit(const struct parts *p, struct text *t)
{
        size_t number = has_prefix(p->unit, "session-") ? strspn(p->unit + 8, "0123456789c") : 0;

        if (number > 0 && strcmp(p->unit + 8 + number, ".scope") == 0)
                text_add(t, "session %.*s", (int)number, p->unit + 8);
        else
                text_add(t, "%s", p->unit);
        if (p->user[0])
                text_add(t, " of user %s", p->user);
}

const char *friendly_cgroup(const char *path, char ret[FRIENDLY_MAX])
{
        struct parts p = { 0 };
        char raw[FRIENDLY_MAX * 2];
        struct text t;

        /* cgroup_namespaces(7): above the root that this container sees. */
        if (strncmp(path, "/..", 3) == 0)
                return strcpy(ret, "a cgroup outside of this container");
        for (const char *at = path; *at;) {
                size_t length = strcspn(at, "/");

                if (length > 0)
                        take_component(&p, at, length);
                at += length + (at[length] == '/');
        }
        text_init(&t, raw, sizeof(raw));
        if (p.unit[0])
                write_unit(&p, &t);
        if (p.unit[0] && p.container[0])
                text_add(&t, " in ");
        if (p.container[0])
                write_container(&p, &t);
        if (t.length == 0 && p.pod[0])
                text_add(&t, "pod %s", p.pod);
        if (t.length == 0 && p.user[0])
                text_add(&t, "user %s", p.user);
        if (t.length == 0 && p.before[0]) {
                unescape(p.before);
                text_add(&t, "%s", p.before);
        }
        if (t.length == 0)
                text_add(&t, "the root cgroup");
        return utf8_clean(raw, ret, FRIENDLY_MAX);
}
