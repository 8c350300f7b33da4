# SPDX-License-Identifier: MIT
"""A Debian with its own kernel in qemu: the disk that it boots from, and the booted machine.

Commands reach it through a socket of its systemd: each connection is a shell. The network is qemu's
own: the machine that runs the test is 10.0.2.2 and can be spoken to, nothing else."""
import base64
import glob
import lzma
import os
import shlex
import shutil
import socket
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, f"{ROOT}/tests/service")

from machine import (Skip, System, debian_base, fresh_copy, hash_of, make_install,  # noqa: E402
                     wait_for)

TOOLS = ("qemu-system-x86_64", "mkfs.ext4", "cpio", "gcc", "dpkg-deb")
# Emulated: a virtual machine that has /dev/kvm often cannot use it. KMW_VM_ACCEL=kvm where it can.
ACCELERATOR = os.environ.get("KMW_VM_ACCEL", "tcg")
# Where the guest finds what listens on this machine's loopback.
HOST = "10.0.2.2"
# In the order in which one needs the other; what a kernel has built in is no file.
DRIVERS = ("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci",
           "virtio_blk", "crc16", "crc32c_generic", "mbcache", "jbd2", "ext4", "failover",
           "net_failover", "virtio_net")
# Room for the tree and for what a test writes; a hole in the file until then.
DISK_BYTES = 1 << 30

# The command's words, then what came of it: the status and two lengths on a line, both outputs.
ANSWER = """out=$(mktemp -d) || exit
( {} ) </dev/null >$out/1 2>$out/2
echo $? $(stat -c %s $out/1 $out/2)
cat $out/1 $out/2
rm -r $out
"""
UNITS = {
    "agent.socket": """[Socket]
ListenStream=22
Accept=yes
MaxConnections=16
[Install]
WantedBy=sockets.target
""",
    "agent@.service": """[Unit]
CollectMode=inactive-or-failed
[Service]
ExecStart=-/bin/bash -s
StandardInput=socket
StandardError=journal
OOMScoreAdjust=-800
""",
}
# Some with something to lose, for the OOM killer to choose. tail waits for the end of its line.
BALLAST = """[Service]
ExecStart=/bin/bash -c 'for i in {1..12}; do { head -c 8M /dev/zero; exec sleep infinity; } | \\
    { echo 500 >/proc/self/oom_score_adj; exec tail; } & done; wait'
OOMPolicy=continue
"""


def run(*words, **options):
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=400,
                          **options)
    if done.returncode != 0:
        raise RuntimeError(f"{shlex.join(words)}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


class Image:
    """Kernel, initramfs and disk below `folder`, with the package and the test's programs in it."""

    def __init__(self, folder, release, programs):
        hook = f"{HERE}/fetch-kernel"
        with open(hook, encoding="utf-8") as script:
            version = hash_of(script.read())
        # The hook's version is part of the command, and so of what the tree is kept under.
        base = debian_base(folder, release, ['--setup-hook=: ' + version,
                                             f'--customize-hook={hook} "$1"'])
        kernel = base + ".kernel"
        if os.path.isdir(base + ".new.kernel"):
            shutil.rmtree(kernel, ignore_errors=True)
            os.rename(base + ".new.kernel", kernel)
        with open(kernel + "/version", encoding="ascii") as file:
            self.version = file.read().strip()
        self.kernel = f"{kernel}/boot/vmlinuz-{self.version}"
        self.initramfs = f"{folder}/initramfs"
        self.disk = f"{folder}/disk"
        self._build_initramfs(folder, kernel)
        module = self._build_module(folder, kernel)
        tree = fresh_copy(base, f"{folder}/tree")
        self._prepare(tree, f"{kernel}/bin/busybox", [*programs, module])
        self._make_disk(tree)

    def _build_initramfs(self, folder, kernel):
        root = f"{folder}/initramfs.d"
        shutil.rmtree(root, ignore_errors=True)
        os.makedirs(root + "/bin")
        os.makedirs(root + "/modules")
        shutil.copy(f"{kernel}/bin/busybox", root + "/bin/busybox")
        shutil.copy(f"{HERE}/init", root + "/init")
        os.chmod(root + "/init", 0o755)
        for number, name in enumerate(DRIVERS):
            for path in glob.glob(f"{kernel}/**/kernel/**/{name}.ko*", recursive=True):
                opener = lzma.open if path.endswith(".xz") else open
                with opener(path, "rb") as source, \
                        open(f"{root}/modules/{number:02}-{name}.ko", "wb") as target:
                    shutil.copyfileobj(source, target)
        with open(self.initramfs, "wb") as out:
            find = subprocess.Popen(["find", "."], cwd=root, stdout=subprocess.PIPE)
            subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=root, stdin=find.stdout,
                           stdout=out, check=True)
            find.wait()

    def _build_module(self, folder, kernel):
        source = f"{folder}/leak"
        shutil.rmtree(source, ignore_errors=True)
        shutil.copytree(f"{HERE}/leak", source)
        run("make", "-C", f"{kernel}/usr/src/linux-headers-{self.version}", f"M={source}", "CC=gcc",
            "modules", env={k: v for k, v in os.environ.items() if not k.startswith("MAKE")})
        return source + "/leak.ko"

    @staticmethod
    def _prepare(tree, busybox, programs):
        done = make_install(ROOT, tree)
        if done.returncode != 0:
            raise RuntimeError("make install: " + done.stdout + done.stderr)
        for program in [*programs, busybox]:
            shutil.copy(program, tree + "/opt/")
        units = tree + "/etc/systemd/system"
        for name, text in UNITS.items():
            with open(f"{units}/{name}", "w", encoding="utf-8") as file:
                file.write(text)
        with open(f"{units}/ballast.service", "w", encoding="utf-8") as file:
            file.write(BALLAST)
        os.makedirs(units + "/sockets.target.wants", exist_ok=True)
        os.symlink("../agent.socket", units + "/sockets.target.wants/agent.socket")
        # The console is for the kernel's words; nobody logs in.
        for unit in ("getty.target", "systemd-networkd-wait-online.service", "apt-daily.timer",
                     "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
                     "fstrim.timer", "systemd-tmpfiles-clean.timer"):
            path = f"{units}/{unit}"
            if not os.path.lexists(path):
                os.symlink("/dev/null", path)
        with open(tree + "/etc/hostname", "w", encoding="ascii") as file:
            file.write("kmemwatch-vm\n")

    def _make_disk(self, tree):
        with open(self.disk, "wb") as disk:
            disk.truncate(DISK_BYTES)
        run("mkfs.ext4", "-q", "-F", "-O", "^has_journal", "-d", tree, self.disk)


class Guest(System):
    """One booted machine. What it writes to its disk is gone with it."""

    def __init__(self, image, name, memory, folder):
        self.image = image
        self.name = name
        self.memory = memory
        self.console = f"{folder}/console-{name}"
        self.qemu = None
        self.port = None

    def boot(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.qemu = subprocess.Popen(
            ["qemu-system-x86_64", "-accel", ACCELERATOR, "-cpu", "max", "-smp", "2",
             "-m", str(self.memory), "-nodefaults", "-display", "none", "-no-reboot",
             "-serial", f"file:{self.console}", "-kernel", self.image.kernel,
             "-initrd", self.image.initramfs, "-snapshot",
             "-append", "console=ttyS0 loglevel=5 panic=-1 systemd.show_status=no "
             "systemd.firstboot=no ipv6.disable=1",
             "-drive", f"file={self.image.disk},format=raw,if=virtio,cache=unsafe",
             "-netdev", f"user,id=net,restrict=off,hostfwd=tcp:127.0.0.1:{self.port}-:22",
             "-device", "virtio-net-pci,netdev=net,romfile="],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if not wait_for(self.state, 120, 0.5):
            raise RuntimeError(f"{self.name} does not boot: {self.last_words()}")

    def last_words(self, lines=20):
        said = self.qemu.stderr.read().decode() if self.qemu.poll() is not None else ""
        with open(self.console, encoding="utf-8", errors="replace") as log:
            return said + "".join(log.readlines()[-lines:])

    def state(self):
        if self.qemu.poll() is not None:
            raise RuntimeError(f"{self.name} ended: {self.last_words()}")
        return super().state()

    def _ask(self, text, timeout):
        with socket.create_connection(("127.0.0.1", self.port), timeout) as connection:
            connection.sendall(text.encode())
            connection.shutdown(socket.SHUT_WR)
            answer, end = b"", time.monotonic() + timeout
            while True:
                connection.settimeout(max(end - time.monotonic(), 0.01))
                piece = connection.recv(65536)
                if not piece:
                    return answer
                answer += piece

    def run(self, *words, user=None, timeout=60):
        as_user = []
        if user:
            as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        try:
            answer = self._ask(ANSWER.format(shlex.join([*as_user, *words])), timeout)
            head, _, rest = answer.partition(b"\n")
            status, out, _ = (int(number) for number in head.split())
        except (OSError, ValueError) as error:
            return subprocess.CompletedProcess(words, 124, "", f"no answer: {error}")
        return subprocess.CompletedProcess(words, status, rest[:out].decode(errors="replace"),
                                           rest[out:].decode(errors="replace"))

    def write(self, inside, text, mode=0o644):
        content = base64.b64encode(text.encode()).decode()
        done = self.run("sh", "-c",
                        f"echo {content} | base64 -d >{inside} && chmod {mode:o} {inside}")
        if done.returncode != 0:
            raise RuntimeError(f"{inside}: {done.stderr}")

    def kernel_log(self):
        with open(self.console, encoding="utf-8", errors="replace") as log:
            return log.read()

    def meminfo(self):
        lines = self.run("cat", "/proc/meminfo").stdout.splitlines()
        return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}

    def stop(self):
        if self.qemu and self.qemu.poll() is None:
            self.qemu.kill()
            self.qemu.wait()


__all__ = ["Guest", "Image", "Skip", "TOOLS", "HOST"]
