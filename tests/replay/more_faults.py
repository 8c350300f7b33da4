#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Faults that tests/faults does not have, with the same command line:

  more_faults.py KIND AMOUNT [--ramp SECONDS] [--hold SECONDS]

  bpf-array    bytes of BPF array maps: VmallocUsed (root)
  bpf-percpu   bytes of BPF per-CPU arrays: Percpu, and VmallocUsed by a share of it (root)
  netns        network namespaces: SUnreclaim, Percpu (root)
  tmpfs        empty files in a tmpfs: SUnreclaim, SReclaimable (root)

All of it ends with the process: the mount is in a namespace of its own.
"""
import ctypes
import os
import resource
import signal
import struct
import sys
import tempfile
import time

libc = ctypes.CDLL(None, use_errno=True)
BPF = {"x86_64": 321, "aarch64": 280}.get(os.uname().machine)
BPF_MAP_CREATE, ARRAY, PERCPU_ARRAY = 0, 2, 6
CLONE_NEWNS, CLONE_NEWNET, MS_PRIVATE, MS_REC = 0x20000, 0x40000000, 1 << 18, 1 << 14
MAP = 256 << 10  # bytes of one map: as fine as a ramp needs to be
kept = []  # descriptors that hold the memory


def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def bpf_map(kind, value_size, entries):
    attributes = struct.pack("<IIIII", kind, 4, value_size, entries, 0).ljust(128, b"\0")
    buffer = ctypes.create_string_buffer(attributes)
    kept.append(checked(libc.syscall(BPF, BPF_MAP_CREATE, buffer, 128)))


def grow_bpf_array(_):
    bpf_map(ARRAY, 4096, MAP // 4096)


def grow_bpf_percpu(_):
    # A value may have 32 KiB on each CPU.
    bpf_map(PERCPU_ARRAY, 4096, max(1, MAP // 4096 // (os.cpu_count() or 1)))


def grow_netns(_):
    checked(libc.unshare(CLONE_NEWNET))
    kept.append(os.open("/proc/self/ns/net", os.O_RDONLY))


def grow_tmpfs(number):
    if number == 0:
        checked(libc.unshare(CLONE_NEWNS))
        checked(libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))
        folder = tempfile.gettempdir().encode()
        checked(libc.mount(b"kmemwatch-fault", folder, b"tmpfs", 0, b"nr_inodes=0"))
        os.chdir(folder)
    os.close(os.open(str(number), os.O_CREAT | os.O_WRONLY))


KINDS = {"bpf-array": grow_bpf_array, "bpf-percpu": grow_bpf_percpu,
         "netns": grow_netns, "tmpfs": grow_tmpfs}


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in KINDS:
        sys.exit(__doc__)
    kind, amount = sys.argv[1], int(sys.argv[2])
    if kind.startswith("bpf"):
        amount //= MAP
    options = dict(zip(sys.argv[3::2], map(float, sys.argv[4::2])))
    ramp, hold = options.get("--ramp", 0), options.get("--hold", 600)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    start = time.monotonic()
    for i in range(amount):
        late = start + ramp * (i + 1) / amount - time.monotonic()
        if late > 0:
            time.sleep(late)
        KINDS[kind](i)
    print("grown:", kind, sys.argv[2], flush=True)
    time.sleep(hold)


main()
