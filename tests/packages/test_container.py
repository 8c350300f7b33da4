#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The image and the DaemonSet: what they name exists, the rights are those that the README tells
of, and both programs work with exactly these rights (root without capabilities beside an ordinary
user, who share a spool by its group alone). Prints TAP."""
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")

from machine import Results, wait_for  # noqa: E402

BUILD = f"{ROOT}/{os.environ.get('KMW_BUILD', 'build/release')}"
CONTAINERFILE = f"{ROOT}/contrib/container/Containerfile"
MANIFEST = f"{ROOT}/contrib/kubernetes/kmemwatch.yaml"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def check_containerfile(check):
    text = read(CONTAINERFILE)
    copied = re.findall(r"/out(\S+)", " ".join(re.findall(r"^COPY --from=build (.*)$", text, re.M)))
    with tempfile.TemporaryDirectory() as scratch:
        subprocess.run(["make", "-C", ROOT, "--no-print-directory", "install", "MODE=package",
                        "prefix=/usr", "libdir=/usr/lib", f"DESTDIR={scratch}"], check=True,
                       capture_output=True, env={k: v for k, v in os.environ.items()
                                                 if not k.startswith("MAKE")})
        missing = [path for path in copied if not os.path.exists(scratch + path)]
    check("all that the image copies is installed", copied and not missing, missing)
    packages = set(re.findall(r"\b(lib[a-z0-9-]+-dev|gcc|make|pkg-config)\b", text))
    script = read(f"{ROOT}/contrib/packages")
    needed = set(re.findall(r"need (lib\S+-dev|gcc|pkg-config)\b", script))
    needed -= {"libcmocka-dev", "libclang-rt-dev"}
    check("its build has the packages that building needs", needed <= packages, needed - packages)
    check("the image does not run as root", "USER 65532:65532" in text)


def check_manifest(check, yaml):
    documents = list(yaml.safe_load_all(read(MANIFEST)))
    sets = [d for d in documents if d["kind"] == "DaemonSet"]
    check("one DaemonSet, and nothing that gives rights in the cluster",
          len(sets) == 1 and {d["kind"] for d in documents} == {"DaemonSet", "ConfigMap"})
    pod = sets[0]["spec"]["template"]["spec"]
    check("no token of the cluster, no host network",
          pod["automountServiceAccountToken"] is False and not pod.get("hostNetwork") and
          not pod.get("hostIPC"))
    containers = {c["name"]: c for c in pod["containers"]}
    for name, container in containers.items():
        security = container["securityContext"]
        check(f"{name}: no capability, no way to more, nothing to write to",
              security["capabilities"] == {"drop": ["ALL"]} and
              security["allowPrivilegeEscalation"] is False and
              security["readOnlyRootFilesystem"] is True and not security.get("privileged"),
              security)
        known = subprocess.run([BUILD + ("/kmemwatchd" if name == "daemon" else
                                         "/kmemwatch-courier"), "--help"],
                               capture_output=True, text=True, check=False).stdout
        unknown = [a for a in container["args"] if a.startswith("--") and a not in known]
        check(f"{name}: its options exist", not unknown, unknown)
        volumes = {v["name"] for v in pod["volumes"]}
        used = {m["name"] for m in container["volumeMounts"]}
        check(f"{name}: its volumes exist", used <= volumes, used - volumes)
    mounts = {name: {m["name"] for m in c["volumeMounts"]} for name, c in containers.items()}
    check("only the courier has the secrets, only the daemon the state",
          "secrets" not in mounts["daemon"] and "state" not in mounts["courier"], mounts)
    check("the courier is an ordinary user of the spool's group",
          containers["courier"]["securityContext"]["runAsNonRoot"] is True and
          containers["courier"]["securityContext"]["runAsGroup"] ==
          pod["securityContext"]["fsGroup"])
    version = re.search(r"^VERSION := (\S+)", read(f"{ROOT}/Makefile"), re.M).group(1)
    check("the images are of this version",
          all(c["image"].endswith(":" + version) for c in containers.values()))
    for config in (d for d in documents if d["kind"] == "ConfigMap"):
        with tempfile.TemporaryDirectory() as folder:
            for name, text in config["data"].items():
                with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
                    file.write(text)
            check_config(check, config["metadata"]["name"], folder)


def check_config(check, name, folder):
    environment = dict(os.environ, CREDENTIALS_DIRECTORY=folder)
    options = ["--channels", folder] if name.endswith("channels") else ["--rules", folder]
    if name.endswith("channels"):
        with open(f"{folder}/slack-ops", "w", encoding="utf-8") as file:
            file.write("https://hooks.slack.com/services/T0/B0/XX\n")
    else:
        for rule in glob.glob(f"{ROOT}/rules/*.ini"):
            shutil.copy(rule, folder)
    done = subprocess.run([f"{BUILD}/kmemwatch", "check", "--config", "/nonexistent", *options],
                          capture_output=True, text=True, check=False, env=environment)
    # Rules are where the programs were installed; here only the channels are in question.
    faults = [line for line in (done.stdout + done.stderr).splitlines() if folder in line]
    check(f"{name}: kmemwatch check finds no fault in it", not faults, "\n".join(faults))


def as_container(user, group, *words):
    return ["setpriv", f"--reuid={user}", f"--regid={group}", "--groups=65532",
            "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs", *words]


def check_rights(check, results):
    """Both programs with the rights of the manifest."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        results.number += 1
        print(f"ok {results.number} # SKIP needs root and setpriv")
        return
    folder = tempfile.mkdtemp(prefix="kmemwatch-container-")
    os.chmod(folder, 0o755)
    processes = []
    try:
        for name, mode in (("spool", 0o2777), ("runtime", 0o2777), ("state", 0o755),
                           ("channels", 0o755), ("secrets", 0o755)):
            os.mkdir(f"{folder}/{name}")
            # As an emptyDir with fsGroup is.
            os.chown(f"{folder}/{name}", 0, 65532 if mode & 0o2000 else 0)
            os.chmod(f"{folder}/{name}", mode)
        # Where nobody listens; what is no event is given up without being sent.
        with open(f"{folder}/channels/nowhere.ini", "w", encoding="utf-8") as file:
            file.write("[channel]\ntype = webhook\nurl = http://127.0.0.1:9/\n")
        common = ["--runtime", f"{folder}/runtime", "--spool", f"{folder}/spool",
                  "--state", f"{folder}/state", "--config", "/nonexistent"]
        # A copy: the tree may lie where an ordinary user cannot go.
        for program in ("kmemwatchd", "kmemwatch-courier"):
            shutil.copy(f"{BUILD}/{program}", folder)
        with open(f"{folder}/log", "wb") as log:
            for command in (
                    as_container(0, 65532, f"{folder}/kmemwatchd", "--rules", f"{ROOT}/rules",
                                 "--host-name", "node-7", *common),
                    as_container(65532, 65532, f"{folder}/kmemwatch-courier", "--channels",
                                 f"{folder}/channels", *common)):
                processes.append(subprocess.Popen(command, stdout=log, stderr=log))
                wait_for(lambda: os.listdir(f"{folder}/runtime"), 5, 0.1)
        time.sleep(2)
        ask = ["kmemwatch", "--runtime", f"{folder}/runtime", "status", "--json"]
        answer = subprocess.run([f"{BUILD}/{ask[0]}", *ask[1:]], capture_output=True, text=True,
                                check=False)
        said = read(f"{folder}/log")
        check("both run and answer", all(p.poll() is None for p in processes) and
              answer.returncode == 0, said + answer.stdout + answer.stderr)
        status = json.loads(answer.stdout or "{}")
        check("the daemon has the node's name",
              status.get("daemon", {}).get("host", {}).get("name") == "node-7", answer.stdout[:400])
        check("neither has a trouble with the spool or the state",
              not status.get("daemon", {}).get("troubles") and
              not re.search(r"denied|not permitted|cannot (open|write|remove)", said), said)
        slabinfo = subprocess.run(as_container(0, 65532, "head", "-1", "/proc/slabinfo"),
                                  capture_output=True, text=True, check=False)
        check("root without capabilities reads slabinfo", slabinfo.stdout.startswith("slabinfo"),
              slabinfo.stderr)
        # What the daemon leaves the courier must be able to take away.
        place = f"{folder}/spool/new/{1:020d}-{'5d' * 16}.json"
        write = f"echo '{{}}' >{folder}/x && chmod 660 {folder}/x && mv {folder}/x {place}"
        subprocess.run(as_container(0, 65532, "sh", "-c", write), check=False)
        gone = wait_for(lambda: not os.path.exists(place), 10)
        check("the courier takes away what the daemon's user has left", gone, said)
    finally:
        for process in processes:
            process.terminate()
            process.wait(10)
        shutil.rmtree(folder)


def main():
    results = Results()
    check_containerfile(results.check)
    try:
        import yaml
        check_manifest(results.check, yaml)
    except ImportError:
        results.number += 1
        print(f"ok {results.number} # SKIP python3-yaml is not installed")
    check_rights(results.check, results)
    print(f"1..{results.number}")
    return results.failed > 0


sys.exit(main())
