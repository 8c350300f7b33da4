#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`kmemwatch import` of what sar, PCP, Prometheus and Netdata record of this machine now, and
`kmemwatchd --seed` with it. tests/import/ holds the same of other days, for where the tools are
missing.

    tests/integrations/test_import.py [NAME...]
"""
import csv
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")
sys.dont_write_bytecode = True

from runner import run_tests  # noqa: E402

BUILD = f"{ROOT}/{os.environ.get('KMW_BUILD', 'build/release')}"
SADC = "/usr/lib/sysstat/sadc"
PCP = ("mem.util.slab", "mem.util.slabReclaimable", "mem.util.slabUnreclaimable",
       "mem.util.kernelStack", "mem.util.pageTables", "mem.util.vmallocUsed", "mem.util.available",
       "mem.physmem", "hinv.ncpu", "kernel.all.nprocs")


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def meminfo():
    """Bytes, of this moment."""
    with open("/proc/meminfo", encoding="ascii") as f:
        return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in f}


def get(address):
    """None while nobody answers."""
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return None


def wait(ask, what, seconds=40):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


class Started:
    """A program that is ended with its folder."""

    def __init__(self, *command):
        self.folder = tempfile.mkdtemp(prefix="kmemwatch-import-")
        self.command = [word.replace("FOLDER", self.folder) for word in command]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL, cwd=self.folder)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder)


def run_import(texts, *options):
    """The trace as a list of dictionaries, and what was said."""
    with tempfile.TemporaryDirectory() as folder:
        names = []
        for i, text in enumerate(texts):
            names.append(f"{folder}/{i}")
            with open(names[-1], "w", encoding="utf-8") as f:
                f.write(text)
        done = subprocess.run([f"{BUILD}/kmemwatch", "import", *options, *names],
                              capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return list(csv.DictReader(done.stdout.splitlines())), done.stderr


def check(rows, fields, least):
    """What this machine says itself, within what changes in seconds."""
    assert len(rows) >= least, rows
    now = meminfo()
    for row in rows:
        assert abs(float(row["time"]) - time.time()) < 120, row["time"]
        for field in fields:
            value = float(row[field]) * 1024
            assert 0.5 * now[field] - 64e6 <= value <= 2 * now[field] + 64e6, (field, value)
        assert abs(float(row["MemTotal"]) * 1024 - now["MemTotal"]) <= 0.002 * now["MemTotal"]


def test_sar():
    if not os.path.exists(SADC) or not shutil.which("sadf"):
        return "no sysstat here"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([SADC, "-S", "ALL", "1", "5", f"{folder}/sa"], check=True)
        text = subprocess.run(["sadf", "-j", f"{folder}/sa", "--", "-r", "ALL", "-q"], check=True,
                              capture_output=True, text=True).stdout
    rows, said = run_import([text])
    check(rows, ("Slab", "KernelStack", "PageTables", "VmallocUsed", "MemAvailable"), 3)
    assert rows[0]["host_kind"] == "physical" and "--kind vm" in said, said
    rows, said = run_import([text], "--kind", "container")
    assert rows[-1]["host_kind"] == "container" and said == "", said
    assert int(rows[0]["threads"]) > 0 and int(rows[0]["cpus"]) == os.cpu_count()
    return None


def test_pcp():
    if not shutil.which("pmrep"):
        return "no pcp here"
    python = ["/usr/bin/python3"] if os.path.exists("/usr/bin/python3") else []  # that has its pcp
    done = subprocess.run([*python, shutil.which("pmrep"), "-L", "-o", "csv", "-t", "1", "-s", "4",
                           *PCP], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        return f"pmrep without pmcd: {done.stderr.strip()[:80]}"
    rows, _ = run_import([done.stdout], "--kind", "vm")
    check(rows, ("Slab", "SReclaimable", "SUnreclaim", "KernelStack", "MemAvailable"), 3)
    return None


def test_prometheus():
    if not shutil.which("prometheus") or not shutil.which("prometheus-node-exporter"):
        return "no prometheus and node_exporter here"
    node, port = free_port(), free_port()
    with Started("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{node}"), \
            tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as config:
        config.write("global: {scrape_interval: 1s}\nscrape_configs:\n- job_name: node\n"
                     f"  static_configs: [{{targets: ['127.0.0.1:{node}']}}]\n")
        config.flush()
        with Started("prometheus", f"--config.file={config.name}",
                     f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.path=FOLDER"):
            def ask():
                now = time.time()
                text = get(f"http://127.0.0.1:{port}/api/v1/query_range?" + urllib.parse.urlencode({
                    "query": '{__name__=~"node_memory_.*_bytes|node_procs_threads|node_dmi_info"}',
                    "start": now - 30, "end": now, "step": 1}))
                result = json.loads(text)["data"]["result"] if text else []
                full = [s for s in result if len(s["values"]) >= 4]
                return text if len(full) > 5 else None

            text = wait(ask, "four samples in Prometheus")
    rows, said = run_import([text])
    check(rows, ("Slab", "SReclaimable", "SUnreclaim", "KernelStack", "Percpu", "MemAvailable"), 4)
    # Where there is firmware to ask, it was asked.
    assert os.path.exists("/sys/class/dmi/id/product_name") or "--kind vm" in said, said
    return None


def test_netdata():
    if not shutil.which("netdata"):
        return "no netdata here"
    port = free_port()
    with Started("netdata", "-D", "-p", str(port), "-W", "set", "global", "run as user", "root"):
        base = f"http://127.0.0.1:{port}/api/v1"

        def ask():
            texts = [get(f"{base}/data?chart={chart}&after=-8&format={form}&options=seconds")
                     for chart, form in (("mem.kernel", "csv"), ("mem.slab", "json"),
                                         ("mem.available", "csv"), ("system.ram", "json"))]
            if not all(text and text.count("\n") >= 4 for text in texts):
                return None
            full = [row for row in run_import(texts)[0]
                    if row["MemTotal"] and row["SUnreclaim"] and row["KernelStack"]]
            return (texts, full) if len(full) >= 2 else None

        texts, rows = wait(ask, "samples of all charts in Netdata")
        info = wait(lambda: get(f"{base}/info"), "Netdata's info")
    check(rows, ("SReclaimable", "SUnreclaim", "KernelStack", "PageTables"), 2)
    virtual, container = json.loads(info)["virtualization"], json.loads(info)["container"]
    rows, said = run_import([*texts, info])
    if container not in ("none", "unknown"):
        assert rows[0]["host_kind"] == "container", (container, rows[0])
    elif virtual not in ("none", "unknown"):
        assert rows[0]["host_kind"] == "vm", (virtual, rows[0])
    else:
        assert rows[0]["host_kind"] == "physical", rows[0]
    assert said == "" or "unknown" in (virtual, container), said
    return None


def status(runtime):
    done = subprocess.run([f"{BUILD}/kmemwatch", "--runtime", runtime, "status", "--json"],
                          capture_output=True, text=True, check=False)
    return json.loads(done.stdout)["daemon"] if done.stdout else None


def test_seed():
    """From its first second a daemon knows what days are like, when it is given the past; what is
    normal just now it learns within a minute, as ever."""
    now = time.time()
    names = ("SUnreclaim", "SReclaimable", "PageTables", "KernelStack")
    current = meminfo()
    with tempfile.TemporaryDirectory() as folder:
        # Three days of one machine as sar has them: a sample each ten minutes.
        with open(f"{folder}/past.csv", "w", encoding="utf-8") as f:
            f.write(f"time,MemTotal,MemAvailable,cpus,host_kind,{','.join(names)}\n")
            for i in range(3 * 144, 0, -1):
                f.write(f"{now - i * 600:.0f},{current['MemTotal'] // 1024},"
                        f"{current['MemAvailable'] // 1024},{os.cpu_count()},vm,"
                        + ",".join(str(current[n] // 1024 + i % 7) for n in names) + "\n")
        # Without, with, and with it after a first day that was without.
        for state, seed in (("a", True), ("b", False), ("b", True)):
            runtime = f"{folder}/runtime-{state}-{seed}"
            with Started(f"{BUILD}/kmemwatchd", "--rules", f"{ROOT}/rules", "--runtime", runtime,
                         "--state", f"{folder}/state-{state}",
                         *(["--seed", f"{folder}/past.csv"] if seed else [])):
                answer = wait(lambda r=runtime: (status(r) or {}).get("dimensions") and status(r),
                              "the daemon's answer")
                said = subprocess.run([f"{BUILD}/kmemwatch", "--runtime", runtime, "status"],
                                      capture_output=True, text=True, check=False).stdout
            known = {d["dimension"]: d for d in answer["dimensions"]}
            for name in names:
                days = known[name]["season_days"] or 0
                assert (days > 2) == seed, (state, seed, known[name])
            assert seed == ("expected the third time" not in said), said
    return None


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 3))
