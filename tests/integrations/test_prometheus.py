#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`kmemwatch metrics`: the rules of OpenMetrics, promtool, and a real Prometheus that scrapes a
socket-activated endpoint and loads the rules in contrib/; that these and the Grafana dashboard name
only metrics that exist.

    tests/integrations/test_prometheus.py [NAME...]

Needs no root.
"""
import glob
import json
import os
import re
import shutil
import signal
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
RULES = f"{ROOT}/contrib/prometheus/kmemwatch.rules.yml"
DASHBOARD = f"{ROOT}/contrib/grafana/kmemwatch.json"
NAME = re.compile(r"\bkmemwatch_[a-z_]+")
SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)$')


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


def wait(ask, what, seconds=20):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Daemon:
    """kmemwatchd on this machine, and whatever else is started."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="kmemwatch-metrics-")
        self.runtime = f"{self.folder}/runtime"
        self.processes = []

    def __enter__(self):
        self.start("kmemwatchd", f"{BUILD}/kmemwatchd", "--rules", f"{ROOT}/rules", "--state",
                   f"{self.folder}/state", "--runtime", self.runtime)
        wait(lambda: os.path.exists(f"{self.runtime}/kmemwatchd.socket"), "the daemon's socket")
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            # The group: systemd-socket-activate has children.
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(10)
        shutil.rmtree(self.folder)

    def start(self, name, *words):
        with open(f"{self.folder}/{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(words, stdout=log, stderr=log,
                                                   stdin=subprocess.DEVNULL,
                                                   start_new_session=True))

    def metrics(self, *words, **more):
        return subprocess.run([f"{BUILD}/kmemwatch", "--runtime", self.runtime, "metrics", *words],
                              capture_output=True, text=True, check=False, **more)


def families_of(text):
    """What the output names: {family: type}."""
    return dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))


def check_openmetrics(text):
    """The rules of the format that matter here; returns the samples."""
    assert text.endswith("\n# EOF\n"), text[-40:]
    current, kind, seen, samples = None, None, set(), []
    for line in text.splitlines()[:-1]:
        if line.startswith("# "):
            word, name, rest = line[2:].split(" ", 2)
            if name != current:
                assert word == "HELP" and name not in seen, f"families apart: {line}"
                seen.add(name)
                current, kind = name, None
            if word == "TYPE":
                kind = rest
            if word == "UNIT":
                assert name.endswith("_" + rest), line
            continue
        match = SAMPLE.match(line)
        assert match, f"no sample: {line}"
        name, labels, value = match.groups()
        expected = current + "_total" if kind == "counter" else current
        assert name == expected, f"{line} in family {current}"
        assert kind in ("counter", "gauge"), line
        float(value)
        samples.append((name, labels, float(value)))
        assert samples.count(samples[-1]) == 1 and not [
            s for s in samples[:-1] if s[:2] == samples[-1][:2]], f"twice: {line}"
    return samples


def test_openmetrics():
    """What it prints is OpenMetrics, and names every dimension."""
    with Daemon() as d:
        done = wait(lambda: d.metrics() if 'dimension="SUnreclaim"' in d.metrics().stdout else None,
                    "samples")
        assert done.returncode == 0, done.stderr
        samples = check_openmetrics(done.stdout)
        values = {(name, labels): value for name, labels, value in samples}
        assert values[("kmemwatch_up", None)] == 1
        assert values[("kmemwatch_courier_up", None)] == 0
        assert values[("kmemwatch_dimension_bytes", 'dimension="SUnreclaim"')] > 1 << 20
        assert 0 < values[("kmemwatch_dimension_ratio", 'dimension="KernelStack/MemTotal"')] < 1
        assert values[("kmemwatch_dimension_items", 'dimension="threads"')] > 1
        # Each name says its unit where it has one.
        for name, kind in families_of(done.stdout).items():
            assert NAME.fullmatch(name) and kind in ("gauge", "counter"), name


def test_promtool():
    """The older format, as node_exporter reads it."""
    if not shutil.which("promtool"):
        return "promtool (package prometheus) is not installed"
    with Daemon() as d:
        path = f"{d.folder}/kmemwatch.prom"
        wait(lambda: 'dimension="SUnreclaim"' in d.metrics().stdout, "samples")
        assert d.metrics("--textfile", path).returncode == 0
        assert os.stat(path).st_mode & 0o777 == 0o644
        assert sorted(os.listdir(d.folder)) == ["kmemwatch.prom", "kmemwatchd.log", "runtime",
                                                "state"], "something is left beside it"
        text = read(path)
        assert "# EOF" not in text and "# UNIT" not in text
        for given in (text, d.metrics("--textfile", "-").stdout):
            done = subprocess.run(["promtool", "check", "metrics"], input=given, text=True,
                                  capture_output=True, check=False)
            assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr
    return None


def test_no_daemon():
    """Without a daemon it says so, in the metrics, too."""
    with tempfile.TemporaryDirectory() as folder:
        words = [f"{BUILD}/kmemwatch", "--runtime", folder, "metrics"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 4 and "\nkmemwatch_up 0\n" in done.stdout, done
        check_openmetrics(done.stdout)
        path = f"{folder}/x.prom"
        done = subprocess.run(words + ["--textfile", path], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 4 and "\nkmemwatch_up 0\n" in read(path)
        done = subprocess.run(words + ["--textfile", f"{folder}/none/x.prom"], capture_output=True,
                              text=True, check=False)
        assert done.returncode == 2 and "No such file" in done.stderr, done


def ask_once(runtime, request, keep_open=False):
    """The answer of --serve to these bytes."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen([f"{BUILD}/kmemwatch", "--runtime", runtime, "metrics",
                                    "--serve"], stdin=theirs, stdout=theirs)
        theirs.close()
        try:
            ours.sendall(request)
        except BrokenPipeError:
            pass
        if not keep_open:
            ours.shutdown(socket.SHUT_WR)
        answer = b""
        ours.settimeout(15)
        try:
            while part := ours.recv(65536):
                answer += part
        except ConnectionResetError:
            pass
        process.wait(15)
        return answer


def test_requests():
    """Good and bad requests; what nobody finishes is dropped in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        ok = ask_once(folder, b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", keep_open=True)
        head, body = ok.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 200 OK\r\n") and b"version=0.0.4" in head, ok
        assert int(re.search(rb"Content-Length: (\d+)", head).group(1)) == len(body)
        om = ask_once(folder, b"GET /metrics?x=1 HTTP/1.1\r\nAccept: application/openmetrics-text;"
                              b"version=1.0.0\r\n\r\n")
        assert b"application/openmetrics-text" in om and om.endswith(b"# EOF\n"), om[-60:]
        assert b"200 OK" in ask_once(folder, b"GET / HTTP/1.0\r\n\r\n")
        assert b"404" in ask_once(folder, b"GET /metrics/../etc HTTP/1.1\r\n\r\n")
        assert b"405" in ask_once(folder, b"POST /metrics HTTP/1.1\r\n\r\n")
        assert ask_once(folder, b"GET /metr") == b""
        assert ask_once(folder, b"A" * 70000) == b""
        begin = time.monotonic()
        assert ask_once(folder, b"GET /metrics HTTP/1.1\r\n", keep_open=True) == b""
        assert time.monotonic() - begin < 10


def expressions():
    """(where, PromQL) of the dashboard, its variables filled in."""
    dashboard = json.loads(read(DASHBOARD))
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$instance", ".*").replace(
                "$dimension", "SUnreclaim")


def test_names_exist():
    """Dashboard and rules name only metrics that exist; and the documentation names all."""
    with tempfile.TemporaryDirectory() as folder:
        text = subprocess.run([f"{BUILD}/kmemwatch", "--runtime", folder, "metrics", "--textfile",
                               "-"], capture_output=True, text=True, check=False).stdout
    known = set(families_of(text))
    assert len(known) > 30, known
    rules = read(RULES)
    recorded = set(re.findall(r"record: \S+?:(kmemwatch_[a-z_]+)", rules))
    for path in (RULES, DASHBOARD):
        unknown = set(NAME.findall(read(path))) - known - recorded
        assert not unknown, f"{path}: {unknown}"
    page = read(f"{ROOT}/contrib/man/kmemwatch-formats.7").replace("\\", "")
    missing = {name for name in known if name not in page}
    assert not missing, f"not in kmemwatch-formats(7): {missing}"
    unknown = set(NAME.findall(page)) - known - {"kmemwatch_metrics"}
    assert not unknown, f"only in kmemwatch-formats(7): {unknown}"


RULES_TEST = """
rule_files: [RULES]
evaluation_interval: 1m
# Prometheus itself goes over groups at the same time: what an alert sees may be a minute old.
group_eval_order: [kmemwatch-recordings, kmemwatch-alerts]
tests:
  - interval: 1m
    input_series:
      - {series: 'kmemwatch_up{instance="a"}', values: '1x5 0x20'}
      - {series: 'kmemwatch_alert_severity{instance="a",rule="r",dimension="D"}',
         values: '2x9 3x20'}
      - {series: 'kmemwatch_dimension_bytes{instance="a",dimension="SUnreclaim"}', values: '100x30'}
      - {series: 'kmemwatch_dimension_bytes{instance="a",dimension="Percpu"}', values: '20x30'}
      - {series: 'kmemwatch_dimension_bytes{instance="a",dimension="MemAvailable"}', values: '9x30'}
      - {series: 'kmemwatch_host_memory_bytes{instance="a"}', values: '1200x30'}
      - {series: 'kmemwatch_dimension_exhausts_timestamp_seconds{instance="a",dimension="D"}',
         values: '4000x30'}
    promql_expr_test:
      # Of a kernel that has not all of them, what it has.
      - expr: instance:kmemwatch_unreclaimable_bytes:sum
        eval_time: 1m
        exp_samples:
          - {labels: 'instance:kmemwatch_unreclaimable_bytes:sum{instance="a"}', value: 120}
      - expr: instance:kmemwatch_unreclaimable:ratio
        eval_time: 2m
        exp_samples: [{labels: 'instance:kmemwatch_unreclaimable:ratio{instance="a"}', value: 0.1}]
    alert_rule_test:
      - {eval_time: 8m, alertname: KmemwatchDown}
      - eval_time: 14m
        alertname: KmemwatchDown
        exp_alerts: [{exp_labels: {severity: warning, instance: a}, exp_annotations: {
          summary: kmemwatchd does not answer on a,
          description: "Nobody watches the kernel's memory there. See `systemctl status
            kmemwatch`."}}]
      - eval_time: 5m
        alertname: KernelMemoryAlert
        exp_alerts: [{exp_labels: {severity: warning, instance: a, rule: r, dimension: D},
          exp_annotations: {summary: r on a, description: "D: see `kmemwatch alerts` there."}}]
      - {eval_time: 12m, alertname: KernelMemoryAlert}
      - eval_time: 12m
        alertname: KernelMemoryCritical
        exp_alerts: [{exp_labels: {severity: critical, instance: a, rule: r, dimension: D},
          exp_annotations: {summary: r on a, description: "D: see `kmemwatch alerts` there."}}]
      - eval_time: 10m
        alertname: KernelMemoryExhausted
        exp_alerts: [{exp_labels: {severity: critical, instance: a}, exp_annotations: {
          summary: Memory of a is gone in 56m 40s,
          description: "The kernel's own memory grows. See `kmemwatch alerts` there."}}]
"""


def promtool(*arguments):
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules():
    """The alerts fire when they should, with the words that they should have."""
    if not shutil.which("promtool"):
        return "promtool (package prometheus) is not installed"
    promtool("check", "rules", RULES)
    promtool("check", "config", "--syntax-only", f"{ROOT}/contrib/prometheus/scrape.yml")
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as f:
        f.write(RULES_TEST.replace("RULES", RULES))
        f.flush()
        promtool("test", "rules", f.name)
    return None


def test_dashboard():
    """Each panel has a place of its own, a number of its own, and questions that can be read."""
    if not shutil.which("promtool"):
        return "promtool (package prometheus) is not installed"
    with open(DASHBOARD, encoding="utf-8") as f:
        dashboard = json.load(f)
    panels = dashboard["panels"]
    assert len({p["id"] for p in panels}) == len(panels)
    taken = {}
    names = {v["name"] for v in dashboard["templating"]["list"]}
    rules = {"groups": [{"name": "dashboard", "rules": []}]}
    for p in panels:
        place = p["gridPos"]
        assert 0 <= place["x"] and place["x"] + place["w"] <= 24, p["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), p["title"]) == p["title"], (p["title"], x, y)
        assert p["description"] and p["targets"] and p["fieldConfig"]["defaults"]["unit"], p
        refs = [t["refId"] for t in p["targets"]]
        assert len(set(refs)) == len(refs), p["title"]
        for t in p["targets"]:
            assert set(re.findall(r"\$(\w+)", t["expr"])) <= names, t["expr"]
            rules["groups"][0]["rules"].append({"record": "x", "expr": t["expr"].replace("$", "")})
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as f:
        json.dump(rules, f)  # which is YAML
        f.flush()
        promtool("check", "rules", "--lint=none", f.name)
    return None


def query(port, expression):
    url = f"http://127.0.0.1:{port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return json.load(answer)["data"]["result"]
    except urllib.error.HTTPError as error:
        if error.code == 503:  # it is starting
            return None
        raise AssertionError(f"{expression}: {error.read().decode()}") from error
    except OSError:
        return None


def test_scrape():
    """A real Prometheus scrapes a socket that systemd's code activates; all expressions work."""
    if not shutil.which("prometheus"):
        return "prometheus is not installed"
    activate = shutil.which("systemd-socket-activate")
    if not activate:
        return "systemd-socket-activate is not installed"
    with Daemon() as d:
        scrape, port = free_port(), free_port()
        d.start("activate", activate, "--accept", "--inetd", "-l", f"127.0.0.1:{scrape}",
                f"{BUILD}/kmemwatch", "--runtime", d.runtime, "metrics", "--serve")
        # The example in contrib/, with this port, faster, and the rules beside it.
        config = read(f"{ROOT}/contrib/prometheus/scrape.yml").replace(
            "127.0.0.1:9709", f"127.0.0.1:{scrape}").replace("15s", "1s")
        with open(f"{d.folder}/prometheus.yml", "w", encoding="utf-8") as file:
            file.write(f"global: {{evaluation_interval: 1s}}\nrule_files: [{RULES}]\n{config}")
        done = subprocess.run(["promtool", "check", "config", f"{d.folder}/prometheus.yml"],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        d.start("prometheus", "prometheus", f"--config.file={d.folder}/prometheus.yml",
                f"--storage.tsdb.path={d.folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}")
        wait(lambda: query(port, 'kmemwatch_dimension_bytes{dimension="SUnreclaim"}'), "a scrape",
             30)
        assert query(port, "up")[0]["value"][1] == "1"
        assert float(query(port, "kmemwatch_samples_total")[0]["value"][1]) > 0
        wait(lambda: query(port, "instance:kmemwatch_unreclaimable:ratio"), "a recording")
        for where, expression in expressions():
            assert query(port, expression) is not None, f"{where}: {expression}"
        # Whoever has the type from the scrape has read it as OpenMetrics.
        url = f"http://127.0.0.1:{port}/api/v1/metadata?metric=kmemwatch_samples"
        with urllib.request.urlopen(url, timeout=5) as answer:
            metadata = json.load(answer)["data"]
        assert metadata["kmemwatch_samples"][0]["type"] == "counter", metadata
        log = read(f"{d.folder}/prometheus.log")
        assert not re.search(r"level=(warn|error)", log), log[-2000:]
    return None


def test_units():
    """Loopback only, and no network beyond it. That they are off: tests/packages."""
    text = read(f"{ROOT}/etc/kmemwatch-metrics.socket")
    assert "\nListenStream=127.0.0.1:9709\n" in text and "\nAccept=yes\n" in text
    for path in glob.glob(f"{ROOT}/etc/kmemwatch-metrics@*") + \
            glob.glob(f"{ROOT}/etc/kmemwatch-textfile.service.in"):
        assert "\nPrivateNetwork=yes\n" in read(path), path


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 3))
