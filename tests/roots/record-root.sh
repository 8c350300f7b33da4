#!/bin/sh
# SPDX-License-Identifier: MIT
# Records what kmemwatch reads of this machine into a folder that --root takes: plain files that
# mirror /proc and /sys. Usage: record-root.sh DIR. Plain sh and coreutils, root is not needed.
# What tells one machine or its owner from others is replaced or left out: machine-id is made up,
# mountinfo keeps only the mounts at and below /proc and /sys.
set -eu

if [ $# -ne 1 ] || [ -e "$1" ]; then
        echo "usage: $0 DIR (a folder that does not exist yet)" >&2
        exit 2
fi
to=$1

copy() {
        [ -r "/$1" ] && [ ! -d "/$1" ] || return 0
        mkdir -p "$to/$(dirname "$1")"
        # sysfs gives some files to root only, and some are errors when read
        cat "/$1" >"$to/$1" 2>/dev/null || rm -f "$to/$1"
}

for file in proc/meminfo proc/loadavg proc/cgroups \
        proc/sys/kernel/hostname proc/sys/kernel/osrelease proc/sys/kernel/random/boot_id \
        sys/devices/system/cpu/online sys/devices/system/cpu/possible \
        sys/devices/system/node/online sys/devices/system/node/has_cpu \
        sys/class/dmi/id/sys_vendor sys/class/dmi/id/product_name \
        sys/class/dmi/id/board_vendor sys/class/dmi/id/bios_vendor \
        sys/hypervisor/type proc/device-tree/hypervisor/compatible proc/xen/capabilities \
        sys/fs/cgroup/cgroup.stat sys/fs/cgroup/unified/cgroup.stat \
        run/host/container-manager run/systemd/container run/.containerenv .dockerenv; do
        copy "$file"
done

# The first processor only: 128 of them are 200 KiB, and they are alike.
sed '/^$/q' /proc/cpuinfo >"$to/proc/cpuinfo"
grep "^cpu" /proc/stat >"$to/proc/stat"

mkdir -p "$to/proc/self/ns" "$to/etc"
readlink /proc/self/ns/pid >"$to/proc/self/ns/pid"
awk '$5 ~ "^/(proc|sys)(/|$)"' /proc/self/mountinfo >"$to/proc/self/mountinfo"
echo 00112233445566778899aabbccddeeff >"$to/etc/machine-id"
