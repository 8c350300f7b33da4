# SPDX-License-Identifier: MIT
"""What tests of the installed package stand on: results in TAP, a Debian tree, a booted system."""
import hashlib
import json
import os
import shutil
import subprocess
import threading
import time

# Inside the container. Nothing that the package does not depend on: a minimal system must do.
PACKAGES = ["systemd", "systemd-sysv", "libsystemd0", "libinih1", "libjansson4", "libcurl4",
            "libarchive13"]
LEAVE_OUT = ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*"]


class Skip(Exception):
    """This machine cannot run the test; the text says why."""


class Results:
    """Prints each result as a TAP line the moment it is known; from any thread."""

    def __init__(self):
        self.number = 0
        self.failed = 0
        self.start = time.monotonic()
        self.lock = threading.Lock()

    def check(self, name, good, detail=""):
        with self.lock:
            self.number += 1
            self.failed += not good
            if not good:
                for line in str(detail).splitlines()[:60]:
                    print("# " + line)
            print(f"{'ok' if good else 'not ok'} {self.number} - {name}", flush=True)
        return bool(good)

    def note(self, text):
        with self.lock:
            print(f"# {time.monotonic() - self.start:5.1f} s: {text}", flush=True)


def wait_for(ask, seconds, step=0.3):
    """What ask() returns as soon as it is true, or its last answer after that many seconds."""
    end = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(step)


def require_machine(*tools):
    """The release of the Debian that this is."""
    if os.geteuid() != 0:
        raise Skip("needs root: a Debian tree is built and booted")
    for tool in ("mmdebstrap", "make") + tools:
        if not shutil.which(tool):
            raise Skip(f"{tool} is not installed")
    system = {}
    with open("/etc/os-release", encoding="utf-8") as lines:
        for line in lines:
            key, _, value = line.strip().partition("=")
            system[key] = value.strip('"')
    # The programs are linked against this machine's libraries.
    if system.get("ID") != "debian" or "VERSION_CODENAME" not in system:
        raise Skip("builds a Debian tree of this machine's own release: this is not Debian")
    return system["VERSION_CODENAME"]


def debian_base(folder, release, options=()):
    """A minimal Debian to copy from, fetched when there is none; options: more of mmdebstrap's."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--include=" + ",".join(PACKAGES)]
    command += [f"--dpkgopt=path-exclude={pattern}" for pattern in LEAVE_OUT]
    command += options
    base = f"{folder}/debian-{hash_of(release, *command)}"
    if not os.path.isdir(base):
        shutil.rmtree(base + ".new", ignore_errors=True)
        done = subprocess.run(command + [release, base + ".new"], capture_output=True, text=True,
                              timeout=400, check=False)
        if done.returncode != 0:
            shutil.rmtree(base + ".new", ignore_errors=True)
            raise Skip("mmdebstrap failed: " + (done.stderr.strip().splitlines() or ["?"])[-1])
        os.rename(base + ".new", base)
    return base


def hash_of(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:12]


def fresh_copy(base, tree):
    # One file system only: should an earlier run have left something mounted there, it stays.
    if os.path.isdir(tree):
        subprocess.run(["rm", "-rf", "--one-file-system", tree], check=True)
    subprocess.run(["cp", "-a", "--reflink=auto", base, tree], check=True)
    return tree


def make_install(root, destination, goal="install"):
    """With a build folder of its own: the programs carry the prefix that they are installed to."""
    return subprocess.run(
        ["make", "-C", root, "--no-print-directory", goal, "MODE=package", "prefix=/usr",
         f"DESTDIR={destination}"], capture_output=True, text=True, check=False, timeout=400,
        env={k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")})


def debian_tree(folder, release, copy="tree"):
    """A fresh copy of a minimal Debian, in folder/copy."""
    return fresh_copy(debian_base(folder, release), f"{folder}/{copy}")


class System:
    """A booted systemd; who derives from it says how a command is run inside."""

    def run(self, *words, user=None, timeout=60):
        raise NotImplementedError

    def show(self, unit, *properties):
        answer = self.run("systemctl", "show", unit, "-p", ",".join(properties)).stdout
        return dict(line.split("=", 1) for line in answer.splitlines() if "=" in line)

    def journal(self, *matches):
        """Entries as dictionaries, oldest first."""
        answer = self.run("journalctl", "-q", "--no-pager", "-o", "json", "--all", *matches).stdout
        return [json.loads(line) for line in answer.splitlines() if line.startswith("{")]

    def state(self):
        """running or degraded, "" while it boots."""
        answer = self.run("systemctl", "is-system-running").stdout.strip()
        return answer if answer in ("running", "degraded") else ""


class Container(System):
    """A Debian booted by systemd-nspawn, with a network of its own that has only loopback."""

    def __init__(self, tree, log):
        self.tree = tree
        self.log = log
        self.nspawn = None
        self.leader = None

    def boot(self):
        # CAP_IPC_LOCK: without it mlockall is refused, which a real system does not do.
        with open(self.log, "wb") as log:
            self.nspawn = subprocess.Popen(
                ["systemd-nspawn", "-D", self.tree, "--boot", "--quiet", "--register=no",
                 "--keep-unit", "--private-network", "--capability=CAP_IPC_LOCK",
                 "--machine=kmemwatch-test", "--timezone=off", "--resolv-conf=off"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.leader = wait_for(self._find_leader, 20, 0.1)
        if not self.leader:
            raise Skip("systemd-nspawn does not run here: " + self._last_words())
        state = wait_for(self.state, 60)
        if state not in ("running", "degraded"):
            raise Skip(f"the container does not boot ({state}): " + self._last_words())
        return state

    def _last_words(self):
        with open(self.log, encoding="utf-8", errors="replace") as log:
            return (log.read().strip().splitlines() or ["no word"])[-1]

    def _find_leader(self):
        if self.nspawn.poll() is not None:
            raise Skip("systemd-nspawn ended at once: " + self._last_words())
        pid = self.nspawn.pid
        try:
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
                for child in children.read().split():
                    own = os.readlink("/proc/self/ns/pid")
                    with open(f"/proc/{child}/comm", encoding="ascii") as comm:
                        if comm.read().strip() == "systemd" and \
                                os.readlink(f"/proc/{child}/ns/pid") != own:
                            return child
        except OSError:
            pass
        return None

    def command(self, *words, user=None):
        """The command line that runs words inside; user is a number."""
        as_user = []
        if user:
            as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        return ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--",
                "env", "-i",
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                "LC_ALL=C.UTF-8", *as_user, *words]

    def run(self, *words, user=None, timeout=60):
        try:
            return subprocess.run(self.command(*words, user=user), capture_output=True, text=True,
                                  errors="replace", timeout=timeout, check=False,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 124, "", f"no answer in {timeout} s")

    def path(self, inside):
        """Where a file of the container is, seen from outside, mounts included."""
        return f"/proc/{self.leader}/root{inside}"

    def write(self, inside, text, mode=0o644):
        with open(self.path(inside), "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), mode)

    def stop(self):
        if not self.nspawn or self.nspawn.poll() is not None:
            return
        if self.leader:
            # Answers nothing when it is gone before the answer: that is what was asked for.
            self.run("systemctl", "poweroff", timeout=20)
        try:
            self.nspawn.wait(30)
        except subprocess.TimeoutExpired:
            self.nspawn.terminate()
            try:
                self.nspawn.wait(10)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()


class Fault:
    """One of our injectors, outside of the container: the kernel is the same."""

    def __init__(self, program, kind, amount, hold=120):
        self.begun = time.time()
        self.process = subprocess.Popen([program, kind, str(amount), "--hold", str(hold)],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.words = self.process.stdout.readline().strip()
        self.grown = self.words.startswith("grown")
        self.reached = time.time()

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.words += " " + self.process.communicate(timeout=60)[0].strip()
        return self.process.returncode


def meminfo():
    with open("/proc/meminfo", encoding="ascii") as lines:
        return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines}
