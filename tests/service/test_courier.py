#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The built courier against a strict receiver on loopback: delivery, retry, order, kills.

    tests/service/test_courier.py [NAME...]

Needs no root. The seed of the random test is printed; COURIER_SEED sets it.
"""

import json
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import webhook_server  # noqa: E402
from courier_kit import (BUILD, DBusError, Place, ROUTING_KEY, SECRETS,  # noqa: E402
                         HOOK_TOKEN, hex_id, make_event)
from runner import run_tests  # noqa: E402

SEED = int(os.environ.get("COURIER_SEED", time.time_ns() % 1_000_000))


class Setup:
    """A receiver and a place with three channels."""

    def __init__(self):
        self.server, self.receiver = webhook_server.start()
        self.place = Place(self.server.server_address[1])
        self.place.three_channels()

    def __enter__(self):
        return self.place, self.receiver

    def __exit__(self, kind, value, trace):
        self.place.__exit__()
        self.server.shutdown()
        self.server.server_close()
        if kind is None:
            no_secrets(self.place.output)


def no_secrets(text):
    for secret in SECRETS:
        assert secret not in text, f"a secret is in: {text}"


def at(receiver, path):
    return [r for r in receiver.snapshot() if r["path"].startswith(path)]


def bodies(requests):
    return [json.loads(r["body"]) for r in requests]


def is_news(request):
    """The courier's own word about a channel."""
    return "kmemwatch-channel" in request["body"]


def accepted(receiver, path):
    return [r for r in at(receiver, path) if r["accepted"] and not is_news(r)]


def news(receiver, path):
    return [json.loads(r["body"]) for r in at(receiver, path) if r["accepted"] and is_news(r)]


def nothing_wrong(receiver):
    for request in receiver.snapshot():
        assert not request["errors"], f"{request['path']}: {request['errors']}\n{request['body']}"


def alert(place, *steps):
    """Puts the events of one alert, returns them."""
    alert_id, previous, highest = hex_id(), "ok", "ok"
    rank = ("ok", "notice", "warning", "critical").index
    events = []
    for event, severity in steps:
        highest = max(highest, severity, key=rank)
        events.append(make_event(alert_id, event, severity, previous, highest))
        previous = severity
        place.put(events[-1])
    return events


FIRING = ("firing", "warning")
WORSE = ("escalated", "critical")
OVER = ("resolved", "ok")


def test_three_channels():
    with Setup() as (place, receiver):
        events = alert(place, FIRING, WORSE)
        place.start()
        place.wait_empty()
        events += alert_more(place, events)
        place.wait_empty()
        nothing_wrong(receiver)
        hook = bodies(accepted(receiver, "/hook"))
        assert [e["id"] for e in hook] == [e["id"] for e in events]
        assert [e["sequence"] for e in hook] == [1, 2, 3]
        pager = bodies(accepted(receiver, "/pagerduty"))
        assert [e["event_action"] for e in pager] == ["trigger", "trigger", "resolve"]
        assert {e["dedup_key"] for e in pager} == {events[0]["dedup_key"]}
        assert {e["routing_key"] for e in pager} == {ROUTING_KEY}
        assert [e["payload"]["severity"] for e in pager][:2] == ["warning", "critical"]
        slack = accepted(receiver, "/slack")
        assert len(slack) == 3
        gaps = [b["time"] - a["time"] for a, b in zip(slack, slack[1:])]
        assert min(gaps) > 0.9, f"more than one message a second: {gaps}"
        text = slack[0]["body"]
        for part in ("db1", "SUnreclaim", "Time left", "▁", "Look at first", "runbook"):
            assert part in json.dumps(json.loads(text), ensure_ascii=False), part
        assert at(receiver, "/hook")[0]["headers"]["Authorization"] == f"Bearer {HOOK_TOKEN}"
        assert place.list("dead") == []
        assert place.stop() == 0


def alert_more(place, events):
    last = make_event(events[0]["alert"]["id"], "resolved", "ok", "critical", "critical")
    place.put(last)
    return [last]


def test_retry():
    """500, 429 with Retry-After, reset, garbage, half an answer, a hang, an endless body"""
    with Setup() as (place, receiver):
        receiver.script({"path": "/slack", "faults": [
            {"kind": "status", "status": 500},
            {"kind": "status", "status": 429, "body": "rate_limited",
             "headers": {"Retry-After": "3"}}]})
        receiver.script({"path": "/pagerduty", "faults": [
            {"kind": "reset"}, {"kind": "garbage"}, {"kind": "half-ok"}]})
        receiver.script({"path": "/hook", "faults": [
            {"kind": "hang", "seconds": 3}, {"kind": "half"},
            {"kind": "endless", "status": 503}]})
        events = alert(place, FIRING, OVER)
        place.start()
        place.wait_empty(30)
        nothing_wrong(receiver)
        slack = at(receiver, "/slack")
        assert [bool(r["fault"]) for r in slack] == [True, True, False]
        assert slack[2]["time"] - slack[1]["time"] >= 2.9, "Retry-After was not obeyed"
        assert "2 events in one message" in slack[2]["body"], slack[2]["body"]
        # What is over before it could be told opens no incident, and closes one that it may have.
        pager = bodies(accepted(receiver, "/pagerduty"))
        assert [e["event_action"] for e in pager] == ["resolve"]
        details = pager[0]["payload"]["custom_details"]
        assert details["event_ids"] == ",".join(e["id"] for e in events), details
        assert [e["id"] for e in bodies(accepted(receiver, "/hook"))] == [e["id"] for e in events]
        assert place.list("dead") == []


def test_storm():
    """Many events within the grouping interval are a few messages, and all of them are in there."""
    with Setup() as (place, receiver):
        place.channel("ops", "type = slack", "secret = slack", "group = 2s")
        place.channel("archive", "type = webhook", "secret = hook", "group = 2s",
                      f"url = http://127.0.0.1:{place.port}/hook")
        with open(f"{place.path}/config/channels.d/oncall.ini", "a", encoding="utf-8") as f:
            f.write("interval = 100ms\n")
        place.start()
        events = alert(place, FIRING)
        place.wait(lambda: accepted(receiver, "/slack"))
        for i in range(60):
            events += alert(place, FIRING, *([OVER] if i % 3 else []))
        place.wait_empty(60)
        nothing_wrong(receiver)
        ids = {e["id"] for e in events}
        hooks = bodies(accepted(receiver, "/hook"))
        assert len(hooks) <= 6, len(hooks)
        seen = [e["id"] for hook in hooks for e in hook.get("also", []) + [hook]]
        assert sorted(seen) == sorted(ids), "each once"
        for hook in hooks[1:]:
            assert hook["events"] == len(hook["also"]) + 1
            order = [e["sequence"] for e in hook["also"] + [hook]]
            assert order == sorted(order)
        slack = accepted(receiver, "/slack")
        assert len(slack) <= 6, len(slack)
        assert shown_ids(slack) == ids
        assert "60 alerts" in slack[-1]["body"] or "open" in slack[-1]["body"], slack[-1]["body"]
        told = len(accepted(receiver, "/pagerduty"))
        assert told == len(events), (told, len(events), place.output)


def shown_ids(slack):
    """The events that Slack's blocks are named after."""
    ids = set()
    for request in slack:
        message = json.loads(request["body"])
        blocks = list(message["blocks"])
        for attachment in message.get("attachments", []):
            blocks += attachment["blocks"]
        for block in blocks:
            ids.update(block.get("block_id", "").split(","))
    return ids - {""}


def test_summary():
    """What was over days before the courier came is one message; what is open is told as ever."""
    with Setup() as (place, receiver):
        place.channel("ops", "type = slack", "secret = slack")
        with open(f"{place.path}/config/channels.d/oncall.ini", "a", encoding="utf-8") as f:
            f.write("interval = 100ms\n")
        past = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - 4 * 86400)) + ".000Z"
        old = []
        for _ in range(30):
            alert_id = hex_id()
            old += [make_event(alert_id, "firing", "critical", time=past),
                    make_event(alert_id, "resolved", "ok", "critical", "critical", time=past)]
        still = make_event(hex_id(), "firing", "critical", time=past)
        for event in old + [still]:
            place.put(event)
        place.start()
        place.wait_empty(60)
        nothing_wrong(receiver)
        slack = accepted(receiver, "/slack")
        assert len(slack) == 2, [r["body"] for r in slack]
        assert shown_ids(slack[:1]) == {still["id"]}
        assert "30 alerts" in slack[1]["body"] and "only now" in slack[1]["body"], slack[1]["body"]
        hooks = bodies(accepted(receiver, "/hook"))
        assert [h.get("events", 1) for h in hooks] == [60, 1], hooks
        assert {e["id"] for e in hooks[0]["also"]} | {hooks[0]["id"]} == {e["id"] for e in old}
        pager = bodies(accepted(receiver, "/pagerduty"))
        assert pager[0]["event_action"] == "trigger", "the one that is open comes first"
        assert {e["event_action"] for e in pager[1:]} == {"resolve"} and len(pager) == 31


def test_refused_bundle():
    """A bundle that is refused is sent again one by one, and only what is at fault is given up."""
    with Setup() as (place, receiver):
        place.channel("ops", "type = slack", "secret = slack", "group = 1s")
        receiver.script({"path": "/slack", "faults": [
            {"kind": "status", "status": 400, "body": "invalid_blocks"},
            {"kind": "status", "status": 400, "body": "invalid_blocks"},
            {"kind": "status", "status": 400, "body": "invalid_blocks"}]})
        events = alert(place, FIRING) + alert(place, FIRING) + alert(place, FIRING)
        place.start()
        place.wait_empty(30)
        assert len([n for n in place.list("dead") if n.endswith(".json")]) == 1
        given_up = {place.list("dead")[0][21:53]}
        assert shown_ids(accepted(receiver, "/slack")) == {e["id"] for e in events} - given_up


def test_endless_success():
    """An endless body after 200 is cut, and counts as accepted: else it would be sent for ever."""
    with Setup() as (place, receiver):
        receiver.script({"path": "/hook", "faults": [{"kind": "endless", "status": 200}]})
        alert(place, FIRING)
        place.start()
        place.wait_empty()
        assert len(at(receiver, "/hook")) == 1


def test_message_refused():
    """A message error: short form once, then dead, with the reason; others get theirs."""
    with Setup() as (place, receiver):
        receiver.script({"path": "/slack", "faults": [
            {"kind": "status", "status": 400, "body": "invalid_blocks"},
            {"kind": "status", "status": 500, "body": "invalid_payload"}]})
        receiver.script({"path": "/hook", "faults": [
            {"kind": "status", "status": 422, "body": "no"}]})
        events = alert(place, FIRING, OVER)
        place.start()
        place.wait_empty()
        nothing_wrong(receiver)
        slack = bodies(at(receiver, "/slack"))
        assert len(slack) == 3
        assert "attachments" in slack[0] and set(slack[1]) == {"text"}
        assert "RESOLVED" in slack[2]["text"]
        stem = f"{1:020d}-{events[0]['id']}"
        assert place.list("dead") == [f"{stem}{ending}" for ending in
                                      (".archive.reason", ".json", ".ops.reason")]
        assert "invalid_payload" in place.read(f"dead/{stem}.ops.reason")
        assert "422" in place.read(f"dead/{stem}.archive.reason")
        assert json.loads(place.read(f"dead/{stem}.json"))["id"] == events[0]["id"]
        assert "given up" in place.output
        assert len(accepted(receiver, "/pagerduty")) == 2
        status = place.status()
        assert status["dead"] == 1 and status["waiting"] == 0
        # Put back by somebody who has mended what was wrong, it is tried again.
        os.rename(f"{place.path}/spool/dead/{stem}.json", f"{place.path}/spool/new/{stem}.json")
        place.wait(lambda: len([r for r in accepted(receiver, "/hook")
                                if events[0]["id"] in r["body"]]) == 1)
        place.wait_empty()


def test_broken_target():
    """A broken target keeps its events, is said once, holds up nobody, and recovers."""
    with Setup() as (place, receiver):
        archived = {"kind": "status", "status": 500, "body": "channel_is_archived"}
        receiver.script({"path": "/slack", "always": archived})
        alert(place, FIRING, OVER)
        place.start()
        place.wait_output("channel_is_archived")
        place.wait(lambda: len(accepted(receiver, "/pagerduty")) == 2)
        place.wait(lambda: len(accepted(receiver, "/hook")) == 2)
        slack = place.channel_status("ops")
        assert slack["state"] == "broken" and slack["waiting"] == 2, slack
        assert "channel_is_archived" in slack["last_error"] and slack["next_try"], slack
        assert [n for n in place.list("new") if n.endswith(".done")], "nothing is recorded"
        time.sleep(1.5)
        assert len(at(receiver, "/slack")) == 1, "a broken target is not hammered"
        assert place.output.count("channel_is_archived") == 1, "said once"
        receiver.script({"path": "/slack"})
        place.reload()
        place.wait_empty()
        place.wait_output("works again")
        slack = accepted(receiver, "/slack")
        assert len(slack) == 1 and "2 events in one message" in slack[0]["body"], slack
        assert len(accepted(receiver, "/pagerduty")) == 2 and len(accepted(receiver, "/hook")) == 2
        place.wait(lambda: len(news(receiver, "/pagerduty")) == 2)
        nothing_wrong(receiver)
        broken, well = news(receiver, "/pagerduty")
        assert (broken["event_action"], well["event_action"]) == ("trigger", "resolve")
        assert broken["dedup_key"] == well["dedup_key"]
        assert "channel_is_archived" in json.dumps(broken) and "ops" in json.dumps(well)
        place.wait(lambda: [e["event"] for e in news(receiver, "/hook")] == ["firing", "resolved"])


def test_restart_with_record():
    """After kill -9 what was accepted is not sent again to those that had it."""
    with Setup() as (place, receiver):
        receiver.script({"path": "/slack", "always": {"kind": "status", "status": 403,
                                                      "body": "invalid_token"}})
        alert(place, FIRING)
        place.start()
        place.wait(lambda: accepted(receiver, "/hook") and accepted(receiver, "/pagerduty")
                   and at(receiver, "/slack"))
        place.wait(lambda: place.channel_status("ops")["state"] == "broken")
        place.wait(lambda: news(receiver, "/hook") and news(receiver, "/pagerduty"))
        time.sleep(0.2)  # until the answers are noted
        place.kill()
        receiver.script({"path": "/slack"})
        place.start()
        place.wait_empty()
        assert len(accepted(receiver, "/hook")) == 1 and len(accepted(receiver, "/pagerduty")) == 1
        assert len(accepted(receiver, "/slack")) == 1
        # Told by the one before, taken back by this one.
        place.wait(lambda: [e["event"] for e in news(receiver, "/hook")] == ["firing", "resolved"])
        place.wait(lambda: [e["event_action"] for e in news(receiver, "/pagerduty")]
                   == ["trigger", "resolve"])


def test_heartbeat():
    """A sign of life as long as the channel works and the daemon runs."""
    with Setup() as (place, receiver):
        place.secret("beat", "hc-SECRET-0123456789\n")
        place.channel("ops", "type = slack", "secret = slack", "group = 0s", "heartbeat = 10s",
                      f"heartbeat-url = http://127.0.0.1:{place.port}/beat/{{secret}}",
                      "heartbeat-secret = beat")
        place.start()
        place.wait_output("no heartbeat: kmemwatchd does not run")
        with socket.socket(socket.AF_UNIX) as daemon:
            daemon.bind(f"{place.path}/runtime/kmemwatchd.socket")
            daemon.listen()
            place.wait(lambda: at(receiver, "/beat"), 15)
            place.wait_output("heartbeats again")
            beat = json.loads(at(receiver, "/beat")[0]["body"])
            assert at(receiver, "/beat")[0]["path"] == "/beat/hc-SECRET-0123456789"
            assert beat["event"] == "heartbeat" and beat["interval_seconds"] == 10, beat
            assert beat["channel"] == "ops" and beat["version"] == 1
            receiver.script({"path": "/slack", "always": {"kind": "status", "status": 403,
                                                          "body": "invalid_token"}})
            alert(place, FIRING)
            place.wait_output("no heartbeat: the channel does not work", 15)
            assert "hc-SECRET" not in place.output


def test_kills():
    """kill -9 again and again: nothing lost, order kept per alert, keys and ids stay"""
    rng = random.Random(SEED)
    with Setup() as (place, receiver):
        for name in ("ops", "oncall", "archive"):
            with open(f"{place.path}/config/channels.d/{name}.ini", "a", encoding="utf-8") as f:
                f.write("interval = 100ms\n")
        slow = {"kind": "late-ok", "seconds": 0.02}
        for path in ("/slack", "/pagerduty", "/hook"):
            receiver.script({"path": path, "always": slow})
        alerts = {}
        for _ in range(6):
            events = alert(place, FIRING, WORSE, OVER)
            alerts[events[0]["dedup_key"]] = [e["id"] for e in events]
        for round_number in range(12):
            place.start()
            time.sleep(rng.uniform(0.02, 0.45))
            if round_number % 3 == 0:
                events = alert(place, FIRING, OVER)
                alerts[events[0]["dedup_key"]] = [e["id"] for e in events]
            if round_number % 4 == 1:
                faults = [{"kind": rng.choice(["reset", "half", "garbage"])}]
                receiver.script({"path": rng.choice(["/pagerduty", "/hook"]), "faults": faults,
                                 "always": slow})
            place.kill()
        place.start()
        place.wait_empty(40)
        nothing_wrong(receiver)
        for key, ids in alerts.items():
            hook = [e for e in bodies(accepted(receiver, "/hook")) if e["dedup_key"] == key]
            first_seen = list(dict.fromkeys(e["id"] for e in hook))
            assert first_seen == ids, f"{key}: {first_seen} instead of {ids}"
            pager = [e["event_action"] for e in bodies(accepted(receiver, "/pagerduty"))
                     if e["dedup_key"] == key]
            assert pager[0] == "trigger" and pager[-1] == "resolve", (key, pager)
            assert "trigger" not in pager[pager.index("resolve"):], (key, pager)
        assert len(accepted(receiver, "/slack")) >= sum(len(ids) for ids in alerts.values())
        assert place.list("dead") == []


def test_foreign_files():
    """Whatever lies in the spool: moved aside with a reason, never fatal, never sent."""
    with Setup() as (place, receiver):
        new = f"{place.path}/spool/new"
        name = place.put(b"not JSON at all \xff\xfe")
        version = place.put(json.dumps(dict(make_event(hex_id()), version=2)).encode())
        place.put(b"")
        place.put(b"[" * 100000)
        place.put(b"{" + b" " * 70000 + b"}")
        place.put(json.dumps({"version": 1, "event": "firing"}).encode())
        place.put(json.dumps({"version": 1, "event": 7, "severity": "warning"}).encode())
        secret = f"{place.path}/config/secrets/hook"
        os.symlink(secret, f"{new}/{99:020d}-{hex_id()}.json")
        os.mkdir(f"{new}/{98:020d}-{hex_id()}.json")
        os.mkfifo(f"{new}/{97:020d}-{hex_id()}.json")
        with open(f"{new}/core", "w", encoding="utf-8") as f:
            f.write("x")
        orphan = f"{new}/{96:020d}-{hex_id()}.done"
        with open(orphan, "w", encoding="utf-8") as f:
            f.write("ops accepted\n")
        bare = place.put({"version": 1, "event": "firing", "severity": "warning", "id": hex_id()})
        place.start()
        place.wait_empty()
        assert os.path.exists(secret)
        dead = place.list("dead")
        assert name in dead and "not JSON" in place.read(f"dead/{name}.reason")
        assert "version 1" in place.read(f"dead/{version}.reason")
        assert "core" in dead
        # The bare but good one came through; only the strict webhook does not want it.
        assert len(accepted(receiver, "/slack")) == 1, receiver.snapshot()
        assert len(accepted(receiver, "/pagerduty")) == 1
        assert "400" in place.read(f"dead/{bare[:-5]}.archive.reason")
        assert place.process.poll() is None
        place.put(make_event(hex_id()))
        place.wait_empty()


def test_broken_channel_file():
    """A file with errors is left out with file:line; what is meant for it waits for its mending."""
    with Setup() as (place, receiver):
        place.channel("ops", "type = slack", "secret = slack", "colour = red", "timeout = soon")
        alert(place, FIRING)
        place.start()
        place.wait(lambda: accepted(receiver, "/pagerduty") and accepted(receiver, "/hook"))
        path = f"{place.path}/config/channels.d/ops.ini"
        assert f"{path}:4: " in place.output and f"{path}:5: " in place.output, place.output
        status = place.status()
        assert any(f"{path}:4: " in line for line in status["left_out"]), status["left_out"]
        assert place.channel_status("ops")["state"] == "broken"
        assert status["waiting"] == 1
        place.three_channels()
        place.reload()
        place.wait_empty()
        assert len(accepted(receiver, "/slack")) == 1
        # and a reload with an error changes nothing
        place.channel("ops", "type = pigeon")
        place.reload()
        place.wait_output("Not reloaded")
        alert(place, FIRING)
        place.wait_empty()
        assert len(accepted(receiver, "/slack")) == 2
        assert place.status()["left_out"]


def test_no_channels():
    """Without channels events stay, and that is said once."""
    with Setup() as (place, receiver):
        shutil.rmtree(f"{place.path}/config/channels.d")
        alert(place, FIRING)
        place.start()
        place.wait_output("no channels")
        alert(place, FIRING)
        time.sleep(0.3)
        assert len(place.list("new")) == 2 and place.output.count("no channels") == 1
        assert place.status()["waiting"] == 2
        os.mkdir(f"{place.path}/config/channels.d")
        place.three_channels()
        place.reload()
        place.wait_empty()
        assert len(accepted(receiver, "/hook")) == 2


def test_no_channels_for_long():
    """... but no more than somebody can go through; the newest."""
    with Setup() as (place, _):
        shutil.rmtree(f"{place.path}/config/channels.d")
        names = [place.put(make_event(hex_id())) for _ in range(1100)]
        place.start()
        place.wait(lambda: place.list("new") == names[100:])
        time.sleep(0.2)
        assert place.list("new") == names[100:] and place.output.count("no channels") == 1


def test_filters():
    """min-severity: an alert comes into sight when it gets worse, and leaves it when it eases"""
    with Setup() as (place, receiver):
        place.channel("oncall", "type = pagerduty", "secret = pagerduty", "min-severity = critical",
                      f"url = http://127.0.0.1:{place.port}/pagerduty/v2/enqueue")
        place.channel("ops", "type = slack", "secret = slack", "only-rules = vmalloc-* nothing")
        eased = ("eased", "warning")
        events = alert(place, FIRING, WORSE, eased, WORSE, eased, OVER)
        place.start()
        place.wait_empty()
        pager = [e["event_action"] for e in bodies(accepted(receiver, "/pagerduty"))]
        assert pager == ["trigger", "resolve", "trigger", "resolve", "resolve"], pager
        assert at(receiver, "/slack") == []
        assert len(accepted(receiver, "/hook")) == len(events)


def test_send_test():
    with Setup() as (place, receiver):
        receiver.script({"path": "/hook", "faults": [
            {"kind": "status", "status": 403, "body": f"bad token {HOOK_TOKEN}"}]})
        place.start()
        for name in ("ops", "oncall"):
            answer = json.loads(place.call("SendTest", name))
            assert answer["accepted"] is True and answer["error"] is None, answer
            assert answer["request"]["method"] == "POST" and "/…" in answer["request"]["url"]
            assert answer["response"]["status"] in (200, 202)
            no_secrets(json.dumps(answer))
            json.loads(answer["request"]["body"])
        answer = json.loads(place.call("SendTest", "archive"))
        assert answer["accepted"] is False and "403" in answer["error"], answer
        no_secrets(json.dumps(answer))
        try:
            place.call("SendTest", "nobody")
            raise AssertionError("no such channel, but no error")
        except DBusError as e:
            assert "archive" in str(e) and "ops" in str(e)
        nothing_wrong(receiver)
        no_secrets(json.dumps(place.status()))


def test_tls():
    """A certificate of nobody is not trusted; with its authority in ca-file it is."""
    if not shutil.which("openssl"):
        return "openssl is missing"
    with Setup() as (place, _):
        key, cert = f"{place.path}/key.pem", f"{place.path}/cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
                       check=True, capture_output=True)
        server, receiver = webhook_server.start(tls=(cert, key))
        url = f"url = https://127.0.0.1:{server.server_address[1]}/hook"
        for name in ("ops", "oncall"):
            os.remove(f"{place.path}/config/channels.d/{name}.ini")
        place.channel("archive", "type = webhook", url)
        alert(place, FIRING)
        place.start()
        place.wait_output("does not work")
        assert "certificate" in place.output and not at(receiver, "/hook")
        place.channel("archive", "type = webhook", url, f"ca-file = {cert}")
        place.reload()
        place.wait_empty()
        assert len(accepted(receiver, "/hook")) == 1
        server.shutdown()
    return None


def test_redirect():
    """A redirect is not followed: the secret would go to whoever is named there."""
    with Setup() as (place, receiver):
        elsewhere, other = webhook_server.start()
        target = f"http://127.0.0.1:{elsewhere.server_address[1]}/hook"
        receiver.script({"path": "/hook", "always": {"kind": "status", "status": 307,
                                                     "headers": {"Location": target}}})
        alert(place, FIRING)
        place.start()
        place.wait_output("Channel archive does not work")
        assert other.snapshot() == []
        elsewhere.shutdown()


def test_dead_receiver():
    """Nobody listens, no such name: kept, and the stop is quick."""
    with Setup() as (place, receiver):
        place.channel("ops", "type = webhook", "url = http://127.0.0.1:9/hook")
        place.channel("oncall", "type = webhook", "url = http://no-such-host.invalid/hook")
        alert(place, FIRING)
        place.start()
        place.wait(lambda: accepted(receiver, "/hook"))
        place.wait(lambda: place.channel_status("ops")["state"] == "retrying")
        assert place.channel_status("ops")["last_error"]
        begin = time.monotonic()
        assert place.stop() == 0
        assert time.monotonic() - begin < 5
        assert len(place.list("new")) == 2  # the event and its record


def test_spool_appears_later():
    with Setup() as (place, receiver):
        shutil.rmtree(f"{place.path}/spool")
        place.start()
        place.wait(lambda: os.path.isdir(f"{place.path}/spool/new"))
        os.makedirs(f"{place.path}/spool/tmp")
        alert(place, FIRING)
        place.wait_empty()
        assert len(accepted(receiver, "/hook")) == 1


def test_spool_taken_away():
    """Removed and made anew while it runs, by whatever hand: it goes on with the new one."""
    with Setup() as (place, receiver):
        alert(place, FIRING)
        place.start()
        place.wait_empty()
        shutil.rmtree(f"{place.path}/spool")
        place.wait(lambda: os.path.isdir(f"{place.path}/spool/new"))
        os.makedirs(f"{place.path}/spool/tmp", exist_ok=True)
        alert(place, FIRING)
        place.wait_empty()
        assert len(accepted(receiver, "/hook")) == 2


def test_trouble_taken_away():
    """An event in trouble that is removed with the spool holds nothing of its alert back."""
    with Setup() as (place, receiver):
        receiver.script({"path": "/hook", "faults": [{"kind": "status", "status": 500}]})
        for name in ("ops", "oncall"):
            os.remove(f"{place.path}/config/channels.d/{name}.ini")
        events = alert(place, FIRING)
        place.start()
        place.wait(lambda: place.channel_status("archive")["state"] == "retrying")
        shutil.rmtree(f"{place.path}/spool")
        place.wait(lambda: os.path.isdir(f"{place.path}/spool/new"))
        os.makedirs(f"{place.path}/spool/tmp", exist_ok=True)
        alert_more(place, events)
        place.wait_empty(10)
        assert [e["event"] for e in bodies(accepted(receiver, "/hook"))] == ["resolved"]


def test_secret_at_the_cut():
    """What is quoted of an answer is cut; a secret across the cut must not show its half."""
    with Setup() as (place, receiver):
        for length in range(60, 125, 7):
            receiver.script({"path": "/hook", "faults": [
                {"kind": "status", "status": 403, "body": "x" * length + HOOK_TOKEN}]})
            if place.process is None:
                place.start()
            answer = place.call("SendTest", "archive")
            assert "403" in answer and "hook-tok" not in answer, answer


def test_secret_changed_meanwhile():
    """A late answer quotes the secret it was sent with, which a reload has replaced."""
    with Setup() as (place, receiver):
        receiver.script({"path": "/hook", "faults": [
            {"kind": "status", "status": 403, "seconds": 1.5, "body": f"no: {HOOK_TOKEN}"}]})
        for name in ("ops", "oncall"):
            os.remove(f"{place.path}/config/channels.d/{name}.ini")
        place.channel("archive", "type = webhook", "secret = hook", "timeout = 5s",
                      f"url = http://127.0.0.1:{place.port}/hook")
        alert(place, FIRING)
        place.start()
        place.wait(lambda: place.channel_status("archive")["state"] == "delivering")
        place.secret("hook", "another-token\n")
        place.reload()
        place.wait_output("reloaded")
        place.wait_output("answer 403")
        no_secrets(json.dumps(place.status()))


def test_secrets_stay():
    """Whatever goes wrong: not in the log, the arguments, the environment, the spool, what is kept,
    the status, the answers of a test, nor in a core dump, which there is none of."""
    limit = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (limit[1], limit[1]))
    try:
        with Setup() as (place, receiver):
            place.secret("beat", "hc-SECRET-0123456789\n")
            secrets = SECRETS + ("hc-SECRET-0123456789",)
            place.channel("gone", "type = slack", "secret = slack", "header = X-Key: {secret}",
                          "heartbeat = 10s", "heartbeat-secret = beat",
                          "heartbeat-url = http://127.0.0.1:9/{secret}")
            place.secret("slack", "http://127.0.0.1:9/services/T0SECRET/B0SECRET/XXXXSECRET\n")
            for path, own in (("/hook", HOOK_TOKEN), ("/pagerduty", ROUTING_KEY)):
                receiver.script({"path": path, "faults": [
                    {"kind": "status", "status": status, "body": f"no {own}, sorry {own}"}
                    for status in (500, 403, 400, 302)]})
            alert(place, FIRING, OVER)
            place.start("--log-level", "debug")
            shown = ""
            for name in ("ops", "oncall", "archive", "gone"):
                shown += place.call("SendTest", name)
            for _ in range(5):
                place.reload()
                time.sleep(0.3)
                shown += place.call("Status")
            for name in ("cmdline", "environ"):
                with open(f"/proc/{place.process.pid}/{name}", encoding="utf-8") as f:
                    shown += f.read()
            for folder in ("spool", "runtime"):
                for base, _, names in os.walk(f"{place.path}/{folder}"):
                    for name in names:
                        if not name.endswith(".socket"):
                            with open(f"{base}/{name}", encoding="utf-8") as f:
                                shown += f.read()
            place.process.send_signal(signal.SIGABRT)
            _, status = os.waitpid(place.process.pid, 0)
            assert os.WIFSIGNALED(status) and not os.WCOREDUMP(status), status
            place.process.returncode = -signal.SIGABRT
            place.kill()
            for secret in secrets + ("XXXXSECRET", "T0SECRET"):
                assert secret not in shown + place.output, f"{secret}:\n{shown}\n{place.output}"
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, limit)


def test_backlog():
    """A channel that is down holds up nobody, however much waits for it."""
    with Setup() as (place, receiver):
        with open(f"{place.path}/config/channels.d/archive.ini", "a", encoding="utf-8") as f:
            f.write("interval = 100ms\n")
        place.channel("ops", "type = webhook", "url = http://127.0.0.1:9/hook")
        place.channel("oncall", "type = webhook", f"url = http://127.0.0.1:{place.port}/hook2")
        for _ in range(150):
            alert(place, FIRING)
        place.start()
        place.wait(lambda: len(accepted(receiver, "/hook2")) == 150)
        assert place.channel_status("ops")["waiting"] == 150
        alert(place, FIRING)
        place.wait(lambda: len(accepted(receiver, "/hook2")) == 151, 2)


def test_notify():
    """systemd: READY, STATUS, RELOADING with its time, WATCHDOG, STOPPING"""
    with Setup() as (place, receiver):
        address = f"{place.path}/notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            manager.settimeout(5)
            place.start(env={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "600000"})
            seen = []

            def until(text):
                while not any(text in message for message in seen):
                    seen.append(manager.recv(4096).decode())
            until("READY=1")
            until("STATUS=3 channels, 0 waiting")
            until("WATCHDOG=1")
            seen.clear()
            place.reload()
            until("RELOADING=1\nMONOTONIC_USEC=")
            until("READY=1")
            receiver.script({"path": "/slack", "always": {"kind": "status", "status": 403,
                                                          "body": "invalid_token"}})
            alert(place, FIRING)
            until("ops is broken")
            seen.clear()
            assert place.stop() == 0
            until("STOPPING=1")


def test_stop_in_flight():
    """SIGTERM waits a moment for the answer that is under way, so that it is not sent twice."""
    with Setup() as (place, receiver):
        receiver.script({"path": "/hook", "always": {"kind": "late-ok", "seconds": 0.7}})
        for name in ("ops", "oncall"):
            os.remove(f"{place.path}/config/channels.d/{name}.ini")
        alert(place, FIRING, OVER)
        place.start()
        time.sleep(0.4)
        assert place.stop() == 0
        assert len(accepted(receiver, "/hook")) == 1
        assert len(place.list("new")) == 1, "the accepted one is done with, the other was not begun"


def test_examples():
    """The shipped examples are channels without a fault."""
    with Setup() as (place, _):
        shutil.rmtree(f"{place.path}/config/channels.d")
        os.mkdir(f"{place.path}/config/channels.d")
        place.secret("slack-ops", "https://hooks.slack.com/services/T0/B0/XX")
        place.secret("pagerduty-oncall", ROUTING_KEY)
        names = [n for n in os.listdir("etc/channels.d") if n.endswith(".ini.example")]
        assert len(names) >= 3
        for name in names:
            shutil.copy(f"etc/channels.d/{name}", f"{place.path}/config/channels.d/{name[:-8]}")
        place.start()
        place.wait_output(f"to {len(names)} channels")
        assert "error" not in place.output, place.output


def test_two_couriers():
    """A second courier on the same spool would send all twice: it ends."""
    with Setup() as (place, _):
        place.start()
        place.wait(lambda: os.path.exists(f"{place.path}/runtime/kmemwatch-courier.socket"))
        second = subprocess.run(
            [f"{BUILD}/kmemwatch-courier", "--config", f"{place.path}/config", "--spool",
             f"{place.path}/spool", "--runtime", f"{place.path}/runtime2"],
            capture_output=True, text=True, timeout=10, check=False)
        assert second.returncode == 1 and "another courier" in second.stderr, second


def test_acknowledged():
    """PagerDuty is told that a person knows, under the key of the trigger; nobody else is."""
    with Setup() as (place, receiver):
        place.start()
        events = alert(place, FIRING)
        place.wait_empty()
        place.put(make_event(events[0]["alert"]["id"], "acknowledged", "warning", "warning"))
        place.wait_empty()
        nothing_wrong(receiver)
        told = bodies(accepted(receiver, "/pagerduty"))
        assert [t["event_action"] for t in told] == ["trigger", "acknowledge"], told
        assert told[0]["dedup_key"] == told[1]["dedup_key"]
        assert len(accepted(receiver, "/hook")) == 1 and len(accepted(receiver, "/slack")) == 1
        # Told late: opened and taken on, but not when it is over since.
        place.kill()
        late = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 60))
        keys = []
        for steps in (("firing", "acknowledged"), ("firing", "acknowledged", "resolved")):
            alert_id = hex_id()
            for step in steps:
                event = make_event(alert_id, step, "ok" if step == "resolved" else "warning",
                                   "ok" if step == "firing" else "warning", "warning", time=late)
                place.put(event)
            keys.append(event["dedup_key"])
        place.start()
        place.wait_empty()
        told = [(t["event_action"], t["dedup_key"])
                for t in bodies(accepted(receiver, "/pagerduty"))][2:]
        assert [a for a, k in told if k == keys[0]] == ["trigger", "acknowledge"], told
        assert [a for a, k in told if k == keys[1]] == ["resolve"], told


def test_idle():
    """With nothing to do it sleeps: no wake-ups, hardly any memory."""
    with Setup() as (place, receiver):
        alert(place, FIRING)
        place.start()
        place.wait_empty()
        place.status()
        time.sleep(2.5)  # connections that were kept are closed by their own timers, if at all

        def switches():
            with open(f"/proc/{place.process.pid}/status", encoding="utf-8") as f:
                return int(next(line for line in f if line.startswith("voluntary")).split()[1])
        before = switches()
        time.sleep(4)
        woken = switches() - before
        assert woken <= 1, f"woke up {woken} times in 4 s"
        assert len(accepted(receiver, "/hook")) == 1


def test_usage():
    program = f"{BUILD}/kmemwatch-courier"

    def run(*options):
        return subprocess.run([program, *options], capture_output=True, text=True, timeout=10,
                              check=False)
    assert run("--version").stdout.startswith("kmemwatch-courier ")
    shown = run("--help")
    assert shown.returncode == 0 and "Examples:" in shown.stdout
    assert all(len(line) <= 80 for line in shown.stdout.splitlines())
    assert run("--nonsense").returncode == 2
    assert run("extra").returncode == 2
    assert run("--log-level", "loud").returncode == 2


if __name__ == "__main__":
    print(f"COURIER_SEED={SEED}")
    sys.exit(run_tests(globals(), 6))
