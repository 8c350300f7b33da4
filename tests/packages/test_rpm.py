#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The RPM package: it is built, holds what `make install` installs, and is installed, upgraded and
erased by rpm in a Debian tree, its scripts run there. Nothing is booted. Prints TAP. Skips, and
says why, what cannot run here."""
import fcntl
import glob
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../service"))

from machine import Results, Skip, debian_tree, require_machine  # noqa: E402
from kit import PACKAGES, ROOT, WORK, content, files_below, run, version  # noqa: E402

UNITS = ("kmemwatch.service", "kmemwatch-courier.service", "kmemwatch-evidence.path")
METRICS = "kmemwatch-metrics.socket"
# What belongs to others, on systems that are made of .rpm packages: folders, rpm's database.
OTHERS = re.compile(r"^/(root/\.rpmdb|usr/share/(fish|licenses|man/man\d|zsh)|"
                    r"var/lib/systemd/catalog|"
                    r"etc/(passwd|group|shadow|gshadow)-?$|etc/\.pwd\.lock)")


class Test:
    def __init__(self, results):
        self.results = results
        self.check = results.check
        self.tree = None

    def build(self):
        for old in glob.glob(f"{PACKAGES}/*.rpm"):
            os.unlink(old)
        done = run("make", "--no-print-directory", "rpm")
        if not self.check("make rpm", done.returncode == 0, done.stdout + done.stderr):
            return None
        return [p for p in glob.glob(f"{PACKAGES}/kmemwatch-{version()}-*.rpm")
                if not p.endswith("src.rpm")][0]

    def look_into(self, package):
        scratch = f"{WORK}/scratch"
        shutil.rmtree(scratch, ignore_errors=True)
        run("make", "--no-print-directory", "install", "MODE=package", "prefix=/usr",
            f"DESTDIR={scratch}")
        expected = {p.replace("vendor-completions", "site-functions") for p in files_below(scratch)}
        listed = run("rpm", "-qp", "--qf",
                     "[%{FILENAMES} %{FILEMODES:perms} %{FILEUSERNAME}:%{FILEGROUPNAME}\n]",
                     package).stdout
        modes = dict((line.split()[0], line.split()[1:]) for line in listed.splitlines())
        files = {name for name, (mode, _) in modes.items() if mode.startswith("-")}
        more = {f for f in files if f.startswith(("/usr/share/doc/", "/usr/share/licenses/"))}
        self.check("the .rpm holds what make install installs", files - more == expected,
                   f"missing {expected - files}, too much {files - more - expected}")
        self.check("the secrets' folder is root's alone in it",
                   modes.get("/etc/kmemwatch/secrets", [""])[0] == "drwx------",
                   modes.get("/etc/kmemwatch/secrets"))
        odd = {name: mode for name, mode in modes.items() if mode[1] != "root:root" or
               mode[0] not in (["-rwxr-xr-x"] if "/bin/" in name or "/sbin/" in name else
                               ["-rw-r--r--", "drwxr-xr-x", "drwx------", "lrwxrwxrwx"])}
        self.check("all in it is root's, and only programs can be run", not odd, odd)
        kept = run("rpm", "-qpc", package).stdout.split()
        self.check("its files in /etc are configuration",
                   set(kept) == {f for f in files if f.startswith("/etc/")}, kept)

    # --- in the tree ------------------------------------------------------------------------

    def rpm(self, *words):
        """With a /proc: some of what its scripts call looks there."""
        return run("unshare", "--mount", "--pid", "--fork", "sh", "-c",
                   f'mount -t proc proc "{self.tree}/proc" && exec "$@"', "sh", "rpm",
                   f"--root={self.tree}", "--nodeps", *words)

    def is_enabled(self, unit):
        return run("systemctl", f"--root={self.tree}", "is-enabled", unit).stdout.strip()

    def traces(self):
        """Files and folders, and who may log in."""
        found = set()
        for folder in ("etc", "usr", "var", "opt", "root", "run"):
            for where, folders, names in os.walk(f"{self.tree}/{folder}"):
                inside = where[len(self.tree):]
                found.update(f"{inside}/{name}" for name in names + folders)
        return {path for path in found if not OTHERS.match(path)}

    def install(self, package):
        done = self.rpm("-i", package)
        self.check("rpm installs it", done.returncode == 0 and "failed" not in done.stderr,
                   done.stderr)
        done = self.rpm("-V", "kmemwatch")
        self.check("rpm --verify finds nothing changed", done.returncode == 0, done.stdout)
        enabled = {unit: self.is_enabled(unit) for unit in UNITS}
        self.check("its services are enabled, as the presets say",
                   set(enabled.values()) == {"enabled"}, enabled)
        self.check("metrics are off", self.is_enabled(METRICS) == "disabled")
        accounts = content(f"{self.tree}/etc/passwd") + content(f"{self.tree}/etc/group")
        names = set(re.findall(r"^(kmemwatch[a-z-]*):", accounts.decode(), re.M))
        self.check("users and groups are made", names == {
            "kmemwatch", "kmemwatch-courier", "kmemwatch-spool", "kmemwatch-admin"}, names)
        done = run("chroot", self.tree, "stat", "-c", "%a %U %G", "/var/lib/kmemwatch",
                   "/var/lib/kmemwatch/spool")
        self.check("the folders of state are theirs", done.stdout.splitlines() == [
            "711 kmemwatch kmemwatch", "2750 kmemwatch kmemwatch-spool"], done.stdout)
        done = run("chroot", self.tree, "kmemwatch", "check")
        self.check("kmemwatch check has nothing to say", done.returncode == 0,
                   done.stdout + done.stderr)

    def upgrade(self, package):
        config = f"{self.tree}/etc/kmemwatch/kmemwatch.conf"
        with open(config, "a", encoding="utf-8") as file:
            file.write("# mine\n")
        run("systemctl", f"--root={self.tree}", "disable", UNITS[1])
        run("systemctl", f"--root={self.tree}", "enable", METRICS)
        done = self.rpm("-U", "--replacepkgs", package)
        self.check("rpm upgrades it", done.returncode == 0 and "failed" not in done.stderr,
                   done.stderr)
        self.check("a changed file in /etc is kept", content(config).endswith(b"# mine\n"))
        self.check("what was switched on and off stays so",
                   self.is_enabled(UNITS[1]) == "disabled" and
                   self.is_enabled(METRICS) == "enabled")

    def erase(self, before):
        done = self.rpm("-e", "kmemwatch")
        self.check("rpm erases it", done.returncode == 0 and "failed" not in done.stderr,
                   done.stderr)
        left = self.traces() - before
        self.check("only the changed file is left, under the name that rpm gives it",
                   left == {"/etc/kmemwatch", "/etc/kmemwatch/kmemwatch.conf.rpmsave"},
                   "\n".join(sorted(left)))

    def run(self):
        package = self.build()
        self.results.note("the .rpm")
        if not package:
            return
        self.look_into(package)
        self.tree = debian_tree(WORK, require_machine("unshare"), "rpm-tree")
        self.results.note("the tree is there")
        before = self.traces()
        self.install(package)
        self.upgrade(package)
        self.erase(before)


def main():
    os.makedirs(WORK, exist_ok=True)
    results = Results()
    try:
        if not shutil.which("rpmbuild"):
            raise Skip("rpmbuild is not installed")
        lock = open(f"{WORK}/lock", "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tree's base is shared with the service test
        Test(results).run()
    except Skip as reason:
        results.number += 1
        print(f"ok {results.number} # SKIP {reason}")
    except Exception as error:  # pylint: disable=broad-except
        import traceback
        results.check("the test itself", False, f"{error}\n{traceback.format_exc()}")
    print(f"1..{results.number}")
    return results.failed > 0


sys.exit(main())
