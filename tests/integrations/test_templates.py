#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The shipped templates through the courier, as kmemwatch.channels(5) says to set them up: what
each receiver gets, at which address, and when.

    tests/integrations/test_templates.py [NAME...]

Needs no root.
"""
import http.server
import json
import os
import re
import shutil
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, ROOT + "/tests/service")
sys.dont_write_bytecode = True

from courier_kit import Place, hex_id, make_event  # noqa: E402
from runner import run_tests  # noqa: E402


class Receiver:
    """Takes every POST with the status of the real one."""

    def __init__(self, status):
        got = self.got = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


def life_of(template, status, url="", *lines):
    """What a receiver gets of a warning that becomes critical and ends; the dedup_key."""
    receiver = Receiver(status)
    try:
        with Place(0) as place:
            shutil.copytree(f"{ROOT}/etc/templates", f"{place.path}/config/templates")
            place.secret("token", "t0k3nOfThisTest\n")
            place.channel("people", "type = webhook", f"url = {receiver.url}{url}",
                          f"template = {template}", *lines)
            place.start()
            alert = hex_id()
            for event, severity, previous, highest in (
                    ("firing", "warning", "ok", "warning"),
                    ("escalated", "critical", "warning", "critical"),
                    ("resolved", "ok", "critical", "critical")):
                value = make_event(alert, event, severity, previous, highest)
                place.put(value)
                place.wait_empty()
            assert not place.list("dead"), place.output
            assert "t0k3nOfThisTest" not in place.output
            return receiver.got, value["dedup_key"]
    finally:
        receiver.stop()


def test_discord():
    got, _ = life_of("discord.json", 204, "/api/webhooks/{secret}", "secret = token")
    assert [path for path, _, _ in got] == ["/api/webhooks/t0k3nOfThisTest"] * 3, got
    colours = [body["embeds"][0]["color"] for _, _, body in got]
    assert len(set(colours)) == 3, colours
    # The event's texts hold markup on purpose.
    assert "\\<b\\>" in got[0][2]["embeds"][0]["title"], got[0]
    assert all(field["value"] for _, _, body in got for field in body["embeds"][0]["fields"])


def test_mattermost():
    got, _ = life_of("mattermost.json", 200, "/hooks/{secret}", "secret = token")
    assert [body["attachments"][0]["color"] for _, _, body in got] == [
        "#e8912d", "#d63a2f", "#2eb67d"], got


def test_teams():
    got, _ = life_of("teams.json", 202)
    for _, _, body in got:
        assert body["type"] == "message"
        card = body["attachments"][0]
        assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
        assert card["content"]["type"] == "AdaptiveCard" and card["content"]["body"]
    assert got[1][2]["attachments"][0]["content"]["body"][0]["color"] == "Attention"
    assert got[0][2]["attachments"][0]["content"]["actions"][0]["url"].startswith("https://")


def test_ntfy():
    got, _ = life_of("ntfy.json", 200)
    assert [path for path, _, _ in got] == ["/"] * 3, got
    assert [body["priority"] for _, _, body in got] == [4, 5, 3]
    assert all(body["topic"] == "kmemwatch" and body["title"] and body["message"] and
               all(isinstance(tag, str) for tag in body["tags"]) for _, _, body in got), got


def test_opsgenie():
    got, key = life_of("opsgenie.json", 202, "/v2/alerts",
                       "header = Authorization: GenieKey {secret}", "secret = token")
    quoted = key.replace("/", "%2F").replace(":", "%3A")
    assert [path for path, _, _ in got] == [
        "/v2/alerts", f"/v2/alerts/{quoted}/notes?identifierType=alias",
        f"/v2/alerts/{quoted}/close?identifierType=alias"], [path for path, _, _ in got]
    assert got[0][2]["alias"] == key and got[0][2]["priority"] == "P3"
    assert all(headers["Authorization"] == "GenieKey t0k3nOfThisTest" for _, headers, _ in got)


def test_manual():
    """Each shipped template is in the manual page, with a channel or by name."""
    with open(f"{ROOT}/contrib/man/kmemwatch.channels.5.in", encoding="utf-8") as file:
        page = file.read()
    for name in os.listdir(f"{ROOT}/etc/templates"):
        assert re.search(name.split(".")[0], page, re.I), name


def test_faults():
    """A template with a fault leaves the channel out, and says where."""
    with Place(0) as place:
        os.makedirs(f"{place.path}/config/templates")
        with open(f"{place.path}/config/templates/bad.json", "w", encoding="utf-8") as file:
            file.write('{"a": "{rul}"}')
        place.channel("bad", "type = webhook", "url = http://127.0.0.1:9/", "template = bad.json")
        place.channel("gone", "type = webhook", "url = http://127.0.0.1:9/", "template = no.json")
        place.start()
        place.wait_output("bad.ini:4: template: ")
        place.wait_output("{rul...} is no placeholder")
        place.wait_output("no.json: No such file")
        states = {c["name"]: c["state"] for c in place.status()["channels"]}
        assert states == {"bad": "broken", "gone": "broken"}, states


if __name__ == "__main__":
    sys.exit(run_tests(globals(), 4))
