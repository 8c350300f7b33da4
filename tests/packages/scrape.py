# SPDX-License-Identifier: MIT
"""The metrics of the installed package, as README says to collect them: both ways switched on in a
booted system, and scraped by this machine's Prometheus and node_exporter in its network."""
import json
import os
import shutil
import subprocess
import urllib.parse

from machine import wait_for

SOCKET = "kmemwatch-metrics.socket"
TIMER = "kmemwatch-textfile.timer"
TEXTFILES = "/var/lib/prometheus/node-exporter"
# The container has a loopback of its own: whatever these are outside, there they are free.
PROMETHEUS, EXPORTER = 9090, 9100
CONFIG = """global: {{scrape_interval: 1s}}
rule_files: [{root}/contrib/prometheus/kmemwatch.rules.yml]
scrape_configs:
  - job_name: kmemwatch
    static_configs: [{{targets: ["127.0.0.1:9709"]}}]
  - job_name: node
    static_configs: [{{targets: ["127.0.0.1:{exporter}"]}}]
"""


class Scrape:
    def __init__(self, container, check, root, work):
        self.container = container
        self.check = check
        self.root = root
        self.work = f"{work}/scrape"
        self.processes = []

    def states(self):
        return {unit: self.container.show(unit, "UnitFileState", "ActiveState")
                for unit in (SOCKET, TIMER)}

    def are_off(self):
        return all(state == {"UnitFileState": "disabled", "ActiveState": "inactive"}
                   for state in self.states().values())

    def are_on(self):
        return all(state == {"UnitFileState": "enabled", "ActiveState": "active"}
                   for state in self.states().values())

    def start(self, *words):
        """A program of this machine, in the container's network."""
        name = os.path.basename(words[0])
        with open(f"{self.work}/{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(
                ["nsenter", "-t", self.container.leader, "-n", "--", *words], stdout=log,
                stderr=log, stdin=subprocess.DEVNULL))

    def stop(self):
        for process in self.processes:
            process.terminate()
            process.wait(20)
        self.processes = []

    def get(self, url):
        script = "import sys, urllib.request as u; " \
                 "sys.stdout.write(u.urlopen(sys.argv[1], timeout=5).read().decode())"
        return subprocess.run(
            ["nsenter", "-t", self.container.leader, "-n", "--", "python3", "-c", script, url],
            capture_output=True, text=True, check=False, timeout=30).stdout

    def query(self, expression):
        """{(job, dimension): value}"""
        answer = self.get(f"http://127.0.0.1:{PROMETHEUS}/api/v1/query?" +
                          urllib.parse.urlencode({"query": expression}))
        try:
            found = json.loads(answer)["data"]["result"]
        except (ValueError, KeyError):
            return {}
        return {(r["metric"].get("job"), r["metric"].get("dimension")): float(r["value"][1])
                for r in found}

    def switch_on(self):
        os.makedirs(self.container.path(TEXTFILES))
        done = self.container.run("systemctl", "enable", "--now", SOCKET, TIMER)
        self.check("both ways to collect metrics can be switched on",
                   done.returncode == 0 and self.are_on(), f"{done.stderr}{self.states()}")
        path = self.container.path(f"{TEXTFILES}/kmemwatch.prom")
        self.check("the timer writes the file for node_exporter",
                   wait_for(lambda: os.path.exists(path), 20), self.words())
        page = self.get("http://127.0.0.1:9709/metrics")
        self.check("the socket answers a scrape",
                   "\nkmemwatch_up 1\n" in page, page[-400:] + self.words())

    def collect(self):
        """By the real programs; returns why not when they are not here."""
        exporter, prometheus = "prometheus-node-exporter", "prometheus"
        for program in (exporter, prometheus):
            if not shutil.which(program):
                return f"{program} is not installed"
        shutil.rmtree(self.work, ignore_errors=True)
        os.makedirs(self.work)
        with open(f"{self.work}/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(CONFIG.format(root=self.root, exporter=EXPORTER))
        self.start(exporter, f"--web.listen-address=127.0.0.1:{EXPORTER}",
                   "--collector.disable-defaults", "--collector.textfile",
                   f"--collector.textfile.directory={self.container.path(TEXTFILES)}")
        self.start(prometheus, f"--config.file={self.work}/prometheus.yml",
                   f"--storage.tsdb.path={self.work}/tsdb",
                   f"--web.listen-address=127.0.0.1:{PROMETHEUS}")
        both = {("kmemwatch", "SUnreclaim"), ("node", "SUnreclaim")}
        seen = wait_for(lambda: both <= set(self.query("kmemwatch_dimension_bytes")) and
                        self.query("kmemwatch_dimension_bytes"), 40, 1)
        self.check("a real Prometheus has both, and they tell of the same machine",
                   seen and 0.5 < seen["kmemwatch", "SUnreclaim"] / seen["node", "SUnreclaim"] < 2,
                   self.words())
        up = self.query("up")
        self.check("neither target is down", set(up.values()) == {1.0}, up)
        self.stop()
        # One every second: what that writes is what it would write for ever.
        said = [entry for entry in self.container.journal()
                if "kmemwatch-metrics@" in str(entry.get("UNIT", entry.get("_SYSTEMD_UNIT")))]
        self.check("a scrape writes nothing to the journal", not said,
                   "\n".join(str(entry.get("MESSAGE")) for entry in said))
        left = self.container.run("systemctl", "list-units", "--all", "--no-legend",
                                  "kmemwatch-metrics@*").stdout
        self.check("a scrape leaves no unit behind", not left.strip(), left)
        return None

    def words(self):
        said = self.container.run("journalctl", "--no-pager", "-n", "30", "-u",
                                  "kmemwatch-*").stdout
        for name in os.listdir(self.work) if os.path.isdir(self.work) else []:
            if name.endswith(".log"):
                with open(f"{self.work}/{name}", encoding="utf-8", errors="replace") as file:
                    said += file.read()[-2000:]
        return said
