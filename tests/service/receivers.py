# SPDX-License-Identifier: MIT
"""Slack, PagerDuty and a webhook for tests of the installed package: webhook_server.py, and what it
was sent."""
import html
import json
import os
import subprocess
import sys

SERVER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "webhook_server.py")
# Each is recognisable, so that it is noticed wherever it does not belong.
SLACK_SECRET = "T00KMEMW/B00KMEMW/sLaCkSeCrEtOfThIsTeSt"
PAGERDUTY_SECRET = "0123456789abcdefPaGeRdUtYsEcReT1"
WEBHOOK_SECRET = "wEbHoOkSeCrEtOfThIsTeSt"


class Receivers:
    channels = ("chat", "oncall", "archive")

    def __init__(self, work, inside=None, host="127.0.0.1"):
        """In the network of the process `inside`; `host` is how the system that sends finds it."""
        self.log = f"{work}/requests.jsonl"
        with open(self.log, "w", encoding="utf-8"):
            pass
        # Secrets go over the network unencrypted only where that was asked for.
        self.clear = "" if host == "127.0.0.1" else "allow-http = yes\n"
        # Our file and our python in the other network.
        enter = ["nsenter", "-t", inside, "-n", "--"] if inside else []
        self.server = subprocess.Popen([*enter, sys.executable, SERVER, "--log", self.log],
                                       stdout=subprocess.PIPE, text=True)
        self.address = f"http://{host}:" + self.server.stdout.readline().strip()

    def stop(self):
        self.server.terminate()
        self.server.wait(10)

    def configure(self, system):
        """The channels' files as README says to write them; secrets are root's."""
        files = {
            "chat": ("slack", SLACK_SECRET, "", f"{self.address}/slack/services/{SLACK_SECRET}"),
            "oncall": ("pagerduty", PAGERDUTY_SECRET,
                       f"url = {self.address}/pagerduty/v2/enqueue\n", PAGERDUTY_SECRET),
            "archive": ("webhook", WEBHOOK_SECRET, f"url = {self.address}/hook\n", WEBHOOK_SECRET),
        }
        for name, (kind, _, url, content) in files.items():
            system.write(f"/etc/kmemwatch/secrets/{name}", content + "\n", 0o600)
            system.write(f"/etc/kmemwatch/channels.d/{name}.ini",
                         f"[channel]\ntype = {kind}\nsecret = {name}\n{url}"
                         f"{self.clear if kind != 'webhook' else ''}")

    @staticmethod
    def reveals_secret(text):
        return any(secret in text for secret in (SLACK_SECRET, PAGERDUTY_SECRET, WEBHOOK_SECRET))

    def all_requests(self):
        with open(self.log, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    def _accepted(self, path):
        for request in self.all_requests():
            if request["path"].startswith(path) and request["accepted"]:
                yield request, json.loads(request["body"])

    def faults(self):
        """What was wrong with any request, whatever it was answered."""
        found = []
        for request in self.all_requests():
            found += [f"{request['path'].split('/')[1]}: {error}" for error in request["errors"]]
            if request["path"] == "/hook" and \
                    request["headers"].get("Authorization") != "Bearer " + WEBHOOK_SECRET:
                found.append("hook: the token is missing")
        return found

    def _hook(self, alert, opened):
        return [event for _, event in self._accepted("/hook")
                if event["alert"].get("id") == alert and
                event["trigger" if opened else "resolve"] is True]

    def _told(self, channel, alert, opened):
        events = self._hook(alert, opened)
        if channel == "archive":
            return events
        if channel == "oncall":
            # The trigger and the resolve of one alert share the key that the webhook shows too.
            keys = {event["dedup_key"] for event in self._hook(alert, True)}
            return [event for _, event in self._accepted("/pagerduty")
                    if event["dedup_key"] in keys and
                    event["event_action"] == ("trigger" if opened else "resolve")]
        # The webhook's line for a person stands in Slack's fallback text, escaped for Slack.
        lines = [event["text"] for event in self._hook(alert, opened)]
        return [body for _, body in self._accepted("/slack")
                if any(line in html.unescape(body["text"]) for line in lines)]

    def opened(self, channel, alert):
        return self._told(channel, alert, True)

    def closed(self, channel, alert):
        return self._told(channel, alert, False)
