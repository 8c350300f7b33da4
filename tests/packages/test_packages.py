#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The Debian package: the tarball is the same bytes twice; so is the .deb that is built from it;
lintian has nothing against it, and it is installed, used, upgraded, removed and purged in a minimal
Debian booted with systemd-nspawn. Prints TAP. Skips, and says why, what cannot run here."""
import fcntl
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../service"))

from machine import (Container, Results, Skip, debian_tree, require_machine,  # noqa: E402
                     wait_for)
from receivers import WEBHOOK_SECRET, Receivers  # noqa: E402
from kit import PACKAGES, ROOT, WORK, content, run, version  # noqa: E402
from scrape import TEXTFILES, Scrape  # noqa: E402

DAEMON = "kmemwatch.service"
COURIER = "kmemwatch-courier.service"
USERS = ("kmemwatch", "kmemwatch-courier")
GROUPS = ("kmemwatch-spool", "kmemwatch-admin")
# Folders in which a purged package must leave no trace, and what others write there meanwhile.
WATCHED = ("etc", "usr", "var", "opt", "root", "home")
NOT_OURS = re.compile(r"^/(var/lib/dpkg|var/lib/apt|var/log|var/cache/(?!kmemwatch)|var/tmp|"
                      r"var/lib/systemd/(?!deb-systemd)|etc/(passwd|group|shadow|gshadow)-?$|"
                      r"etc/\.pwd\.lock|etc/machine-id|etc/\.updated|var/\.updated|"
                      r"etc/resolv\.conf|etc/systemd/system$)")


class Test:
    def __init__(self, results):
        self.results = results
        self.check = results.check
        self.container = None
        self.scrape = None
        self.version = version()

    # --- building ---------------------------------------------------------------------------

    def tarball(self):
        done = run("make", "--no-print-directory", "dist")
        first = f"{ROOT}/build/dist/kmemwatch-{self.version}.tar.gz"
        if not self.check("make dist", done.returncode == 0, done.stderr):
            return
        # Packed again from what was packed, without git, in another place, by a stricter umask.
        away = f"{WORK}/dist"
        shutil.rmtree(away, ignore_errors=True)
        os.makedirs(away)
        with tarfile.open(first) as archive:
            names = archive.getnames()
            archive.extractall(away)
        done = run("sh", "-c", 'umask 077; touch README.md; exec "$0" "$@"', "contrib/dist",
                   f"kmemwatch-{self.version}", f"{away}/again.tar.gz",
                   cwd=f"{away}/kmemwatch-{self.version}", TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
        self.check("the tarball makes the same tarball, byte for byte",
                   done.returncode == 0 and content(first) == content(f"{away}/again.tar.gz"),
                   done.stderr)
        self.check("the tarball holds the sources and nothing built",
                   f"kmemwatch-{self.version}/Makefile" in names and
                   not [n for n in names if "/build/" in n or "/.git/" in n])
        shutil.rmtree(away)

    def deb(self):
        for old in glob.glob(f"{PACKAGES}/*"):
            os.unlink(old)
        done = run("make", "--no-print-directory", "deb")
        if not self.check("make deb", done.returncode == 0, done.stdout + done.stderr):
            return None
        package = glob.glob(f"{PACKAGES}/kmemwatch_{self.version}_*.deb")[0]
        again = f"{WORK}/again"
        shutil.rmtree(again, ignore_errors=True)
        done = run("contrib/make-package", "deb", self.version,
                   f"{ROOT}/build/dist/kmemwatch-{self.version}.tar.gz", again,
                   TZ="Asia/Tokyo", LC_ALL="C.UTF-8")
        second = f"{again}/{os.path.basename(package)}"
        self.check("built elsewhere it is the same package, byte for byte",
                   done.returncode == 0 and content(package) == content(second), done.stderr)
        shutil.rmtree(again, ignore_errors=True)
        done = run("lintian", "--allow-root", "--fail-on", "error,warning",
                   *glob.glob(f"{PACKAGES}/*.changes"))
        self.check("lintian has no error and no warning",
                   done.returncode == 0 and not re.search(r"^[EW]:", done.stdout, re.M),
                   done.stdout + done.stderr)
        return package

    def newer(self, package):
        """The same package with a later version and one more line in a rule."""
        folder = f"{WORK}/newer"
        shutil.rmtree(folder, ignore_errors=True)
        run("dpkg-deb", "-R", package, folder)
        with open(f"{folder}/DEBIAN/control", encoding="utf-8") as file:
            control = file.read()
        with open(f"{folder}/DEBIAN/control", "w", encoding="utf-8") as file:
            file.write(control.replace(f"Version: {self.version}", f"Version: {self.version}+1"))
        with open(f"{folder}/usr/lib/kmemwatch/rules.d/slab.ini", "a", encoding="utf-8") as file:
            file.write("; newer\n")
        with open(f"{folder}/etc/kmemwatch/kmemwatch.conf", "a", encoding="utf-8") as file:
            file.write("# a newer example\n")
        target = f"{WORK}/kmemwatch-newer.deb"
        done = run("dpkg-deb", "--root-owner-group", "-b", folder, target)
        self.check("a newer package can be made", done.returncode == 0, done.stderr)
        shutil.rmtree(folder)
        return target

    # --- in the container -------------------------------------------------------------------

    def inside(self, *words):
        return self.container.run(*words, timeout=120)

    def trace_of(self):
        """All files in which a package could leave something."""
        found = set()
        for folder in WATCHED:
            for where, folders, names in os.walk(f"{self.container.tree}/{folder}"):
                inside = where[len(self.container.tree):]
                found.update(f"{inside}/{name}" for name in names + folders)
        return {path for path in found if not NOT_OURS.match(path)}

    def dpkg(self, *words):
        return self.inside("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", *words)

    def apt(self, *words):
        """As README says it. There is no network: what the package needs is there."""
        return self.inside("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qy",
                           "--no-install-recommends", *words)

    def copy_in(self, package):
        shutil.copy(package, self.container.tree + "/opt/")
        return "/opt/" + os.path.basename(package)

    def show(self, unit):
        return self.container.show(unit, "ActiveState", "UnitFileState", "MainPID", "NRestarts")

    def are_active(self):
        return all(self.show(unit).get("ActiveState") == "active" for unit in (DAEMON, COURIER))

    def learned(self):
        answer = self.inside("kmemwatch", "status", "--json").stdout
        try:
            dimensions = json.loads(answer)["daemon"]["dimensions"]
            return [d["learned_seconds"] for d in dimensions if d["dimension"] == "KernelStack"][0]
        except (ValueError, KeyError, TypeError, IndexError):
            return -1

    def install(self, package):
        done = self.apt("install", package)
        self.check("it installs", done.returncode == 0, done.stdout + done.stderr)
        self.check("both services run", wait_for(self.are_active, 20),
                   self.inside("journalctl", "--no-pager", "-n", "40").stdout)
        self.check("both are enabled", all(self.show(u).get("UnitFileState") == "enabled"
                                           for u in (DAEMON, COURIER)))
        self.check("users and groups are there", self.accounts() == set(USERS + GROUPS),
                   self.accounts())
        modes = self.inside("stat", "-c", "%a %U %G %n", "/etc/kmemwatch/secrets",
                            "/var/lib/kmemwatch", "/var/lib/kmemwatch/spool").stdout
        self.check("folders have their modes", modes.splitlines() == [
            "700 root root /etc/kmemwatch/secrets", "711 kmemwatch kmemwatch /var/lib/kmemwatch",
            "2750 kmemwatch kmemwatch-spool /var/lib/kmemwatch/spool"], modes)
        self.check("metrics are off", self.scrape.are_off(), self.scrape.states())
        status = self.inside("kmemwatch", "status")
        self.check("kmemwatch status answers", status.returncode == 0 and "Slab" in status.stdout,
                   status.stdout + status.stderr)
        known = self.inside("journalctl", "--no-pager", "--list-catalog").stdout
        self.check("the journal's catalog knows its messages", "kmemwatch" in known, known)
        check = self.inside("kmemwatch", "check")
        self.check("kmemwatch check has nothing to say", check.returncode == 0,
                   check.stdout + check.stderr)

    def channel(self):
        """README's way, with a webhook in the place of Slack."""
        receivers = Receivers(WORK, inside=self.container.leader)
        try:
            done = self.container.run(
                "sh", "-c", f"echo {WEBHOOK_SECRET} | kmemwatch setup webhook --name archive "
                f"--url {receivers.address}/hook --secret -", timeout=60)
            self.check("kmemwatch setup sets up a channel, and its test is accepted",
                       done.returncode == 0 and "Accepted" in done.stdout and
                       not receivers.faults() and receivers.all_requests(),
                       done.stdout + done.stderr)
            self.check("the secret is root's, and shows nowhere",
                       WEBHOOK_SECRET not in done.stdout + done.stderr and
                       self.inside("stat", "-c", "%a %U", "/etc/kmemwatch/secrets/archive")
                       .stdout.strip() == "600 root")
        finally:
            receivers.stop()

    def metrics(self):
        self.scrape.switch_on()
        why = self.scrape.collect()
        if why:
            self.results.number += 1
            print(f"ok {self.results.number} # SKIP {why}")

    def accounts(self):
        found = set()
        for database, names in (("passwd", USERS), ("group", USERS + GROUPS)):
            listed = self.inside("getent", database, *names).stdout
            found.update(line.split(":")[0] for line in listed.splitlines())
        return found

    def upgrade(self, package):
        # What an administrator has done in the meantime.
        self.container.write("/etc/kmemwatch/rules.d/mine.ini", "; none yet\n")
        with open(self.container.path("/etc/kmemwatch/kmemwatch.conf"), "a",
                  encoding="utf-8") as file:
            file.write("# mine\n")
        self.container.write("/etc/kmemwatch/secrets/token", "s3cret\n", 0o600)
        drop_ins = "/etc/systemd/system/kmemwatch.service.d"
        os.mkdir(self.container.path(drop_ins))
        self.container.write(f"{drop_ins}/mine.conf", "[Service]\nNice=1\n")
        event = self.container.path("/var/lib/kmemwatch/spool/dead/kept.json")
        with open(event, "w", encoding="ascii") as file:
            file.write("{}\n")
        # A rate would need minutes; seconds that were learned from are enough to be lost.
        wait_for(lambda: self.learned() >= 5, 30, 1)
        before, pids = self.learned(), [self.show(u)["MainPID"] for u in (DAEMON, COURIER)]

        done = self.dpkg("--force-confold", "-i", package)
        self.check("it upgrades", done.returncode == 0, done.stdout + done.stderr)
        self.check("both services run, anew", wait_for(self.are_active, 20) and not set(pids) & {
            self.show(u)["MainPID"] for u in (DAEMON, COURIER)})
        after = wait_for(lambda: max(self.learned(), 0), 10)
        self.check(f"what was learned is kept ({before:.0f} s, then {after:.0f} s)",
                   0 < before <= after, f"{before} {after}")
        lost = [path for path in ("/etc/kmemwatch/rules.d/mine.ini", "/etc/kmemwatch/secrets/token",
                                  "/var/lib/kmemwatch/spool/dead/kept.json")
                if not os.path.exists(self.container.path(path))]
        self.check("files of the administrator and of the spool are kept", not lost, lost)
        conf = content(self.container.path("/etc/kmemwatch/kmemwatch.conf"))
        self.check("a changed file in /etc is kept", conf.endswith(b"# mine\n"))
        self.check("rules are the new ones", content(self.container.path(
            "/usr/lib/kmemwatch/rules.d/slab.ini")).endswith(b"; newer\n"))

        self.check("metrics that were on are on", self.scrape.are_on(), self.scrape.states())

        # What the administrator has switched off stays off.
        self.inside("systemctl", "disable", "--now", COURIER)
        done = self.dpkg("--force-confold", "-i", package)
        state = self.show(COURIER)
        self.check("a disabled service stays off over an upgrade", done.returncode == 0 and
                   state["UnitFileState"] == "disabled" and state["ActiveState"] == "inactive",
                   f"{state} {done.stderr}")
        self.inside("systemctl", "enable", "--now", COURIER)

    def remove(self, package, before):
        done = self.apt("remove", "kmemwatch")
        self.check("it can be removed", done.returncode == 0, done.stdout + done.stderr)
        self.check("both services are stopped", not any(
            self.show(unit).get("ActiveState") == "active" for unit in (DAEMON, COURIER)))
        kept = [path for path in ("/etc/kmemwatch/kmemwatch.conf", "/etc/kmemwatch/secrets/token",
                                  "/var/lib/kmemwatch/spool/dead/kept.json")
                if os.path.exists(self.container.path(path))]
        self.check("configuration and state stay when it is removed", len(kept) == 3, kept)
        self.check("the file for node_exporter goes with it", not os.listdir(
            self.container.path(TEXTFILES)))
        done = self.dpkg("-i", package)
        self.check("it installs again over them", done.returncode == 0 and
                   wait_for(self.are_active, 20), done.stdout + done.stderr)
        done = self.apt("purge", "kmemwatch")
        self.check("it can be purged", done.returncode == 0, done.stdout + done.stderr)
        left = self.trace_of() - before
        left -= {TEXTFILES, os.path.dirname(TEXTFILES)}  # the test's own
        self.check("no file is left", not left, "\n".join(sorted(left)))
        self.check("no user and no group is left", not self.accounts(), self.accounts())
        processes = self.inside("sh", "-c", "cat /proc/[0-9]*/comm").stdout
        self.check("no process is left", "kmemwatch" not in processes, processes)
        failed = self.inside("systemctl", "--failed", "--no-legend").stdout
        self.check("systemd has nothing to complain of", not failed.strip(), failed)

    def run(self):
        self.tarball()
        self.results.note("the tarball")
        package = self.deb()
        self.results.note("the .deb")
        if not package:
            return
        release = require_machine()
        newer = self.newer(package)
        tree = debian_tree(WORK, release, "packages-tree")
        self.results.note("the tree is there")
        self.container = Container(tree, f"{WORK}/packages-console.log")
        self.container.boot()
        package, newer = self.copy_in(package), self.copy_in(newer)
        before = self.trace_of()
        self.scrape = Scrape(self.container, self.check, ROOT, WORK)
        self.install(package)
        self.results.note("installed")
        self.channel()
        self.metrics()
        self.results.note("collected")
        self.upgrade(newer)
        self.results.note("upgraded")
        self.remove(newer, before)
        self.results.note("purged")


def main():
    os.makedirs(WORK, exist_ok=True)
    results = Results()
    test = Test(results)
    try:
        missing = [tool for tool in ("dpkg-buildpackage", "dh", "lintian")
                   if not shutil.which(tool)]
        if missing:
            raise Skip(f"{missing[0]} is not installed")
        lock = open(f"{WORK}/lock", "w", encoding="ascii")
        fcntl.flock(lock, fcntl.LOCK_EX)  # the tree's base is shared with the service test
        test.run()
    except Skip as reason:
        results.number += 1
        print(f"ok {results.number} # SKIP {reason}")
    except Exception as error:  # pylint: disable=broad-except
        import traceback
        results.check("the test itself", False, f"{error}\n{traceback.format_exc()}")
    finally:
        if test.scrape:
            test.scrape.stop()
        if test.container:
            test.container.stop()
    print(f"1..{results.number}")
    return results.failed > 0


sys.exit(main())
