#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A receiver for tests: Slack, PagerDuty and a plain webhook on loopback.

    webhook_server.py [--port N] [--log FILE] [--tls CERT KEY]

Prints the port it listens on. Each request is held against the receiver's documented rules,
strictly, and answered as the real one would:

    /slack/services/...        incoming webhook: "ok", or "invalid_blocks" ...
    /pagerduty/v2/enqueue      Events API v2: 202, or 400 with errors
    /hook...                   the webhook JSON of kmemwatch, version 1: 204, or 400
    /beat..., /any...          any JSON: 200

Every request becomes one line of JSON in the log: path, headers, body, what is wrong with it,
what was answered. `GET /log` returns all of them.

`POST /control` scripts failures: {"path": "/slack", "faults": [FAULT, ...], "always": FAULT}. Each
request below path takes the next fault; when they are used up, "always" if there is one.

    {"kind": "status", "status": 500, "body": "...", "headers": {...}, "seconds": 0}
    {"kind": "reset"}          the connection is reset
    {"kind": "hang", "seconds": 30}   nothing is answered
    {"kind": "garbage"}        no HTTP comes back
    {"kind": "half"}           half an answer, then the connection ends
    {"kind": "half-ok"}        the same with the status of success
    {"kind": "endless"}        a body without end
    {"kind": "late-ok", "seconds": 1}   taken and answered properly, but late
    {"kind": "taken-reset"}    taken, and then the connection is reset
"""

import argparse
import json
import re
import socket
import ssl
import struct
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LOOPBACK = "127.0.0.1"


# --- Slack: https://api.slack.com/reference/block-kit/blocks and .../messaging/webhooks ---

SLACK_KEYS = {
    "text", "blocks", "attachments", "mrkdwn", "unfurl_links", "unfurl_media", "thread_ts",
}
SLACK_ATTACHMENT_KEYS = {
    "color", "blocks", "fallback", "text", "pretext", "title", "title_link", "fields", "footer",
    "ts", "mrkdwn_in",
}
SLACK_DATE = re.compile(r"!date\^\d+\^[^|^]*(\^[^|]*)?\|[^|]+\Z")
SLACK_LINK = re.compile(r"(https?|mailto):[^|\s<>]+(\|[^|<>]+)?\Z")


def slack_mrkdwn(text, where, errors):
    """The three characters with a meaning stand only where they have one."""
    rest = re.sub(r"&(amp|lt|gt);", "", text)
    if "&" in rest:
        errors.append(f"{where}: & is not escaped")
    pos = 0
    while True:
        start = text.find("<", pos)
        close = text.find(">", pos)
        if start < 0:
            if close >= 0:
                errors.append(f"{where}: > is not escaped")
            return
        if 0 <= close < start:
            errors.append(f"{where}: > is not escaped")
        end = text.find(">", start)
        token = text[start + 1:end] if end > 0 else text[start + 1:]
        if end < 0 or not (SLACK_DATE.match(token) or SLACK_LINK.match(token)):
            errors.append(f"{where}: <{token[:60]}> is neither a link nor a date")
            if end < 0:
                return
        pos = end + 1


def slack_text(obj, where, limit, errors, kinds=("mrkdwn", "plain_text")):
    if not isinstance(obj, dict):
        errors.append(f"{where}: not a text object")
        return 0
    kind, text = obj.get("type"), obj.get("text")
    allowed = {"type", "text", "emoji"} if kind == "plain_text" else {"type", "text", "verbatim"}
    if kind not in kinds:
        errors.append(f"{where}: type {kind!r} is not allowed")
    if set(obj) - allowed:
        errors.append(f"{where}: unknown keys {sorted(set(obj) - allowed)}")
    if not isinstance(text, str) or not text:
        errors.append(f"{where}: no text")
        return 0
    if len(text) > limit:
        errors.append(f"{where}: {len(text)} characters, more than {limit}")
    if kind == "mrkdwn":
        slack_mrkdwn(text, where, errors)
    return len(text)


def slack_block(block, where, errors):
    if not isinstance(block, dict):
        errors.append(f"{where}: not an object")
        return 0
    kind, total = block.get("type"), 0
    keys = {
        "header": {"text"}, "section": {"text", "fields", "accessory", "expand"},
        "context": {"elements"}, "divider": set(),
    }.get(kind)
    if keys is None:
        errors.append(f"{where}: unknown type {kind!r}")
        return 0
    if set(block) - keys - {"type", "block_id"}:
        errors.append(f"{where}: unknown keys {sorted(set(block) - keys - {'type', 'block_id'})}")
    if len(block.get("block_id", "")) > 255:
        errors.append(f"{where}: block_id is too long")
    if kind == "header":
        total += slack_text(block.get("text"), where, 150, errors, ("plain_text",))
    elif kind == "section":
        if "text" not in block and "fields" not in block:
            errors.append(f"{where}: neither text nor fields")
        if "text" in block:
            total += slack_text(block["text"], where, 3000, errors)
        fields = block.get("fields", [])
        if "fields" in block and (not isinstance(fields, list) or not 1 <= len(fields) <= 10):
            errors.append(f"{where}: 1 to 10 fields are allowed")
            fields = []
        for i, field in enumerate(fields):
            total += slack_text(field, f"{where}.fields[{i}]", 2000, errors)
    elif kind == "context":
        elements = block.get("elements")
        if not isinstance(elements, list) or not 1 <= len(elements) <= 10:
            errors.append(f"{where}: 1 to 10 elements are allowed")
            elements = []
        for i, element in enumerate(elements):
            total += slack_text(element, f"{where}.elements[{i}]", 2000, errors)
    return total


def slack_blocks(blocks, where, errors):
    if not isinstance(blocks, list) or not 1 <= len(blocks) <= 50:
        errors.append(f"{where}: 1 to 50 blocks are allowed")
        return 0
    return sum(slack_block(b, f"{where}[{i}]", errors) for i, b in enumerate(blocks))


def check_slack(body):
    """(word of the answer, errors)"""
    try:
        message = json.loads(body.decode("utf-8"))
    except ValueError as e:
        return "invalid_payload", [str(e)]
    if not isinstance(message, dict):
        return "invalid_payload", ["not an object"]
    errors, blocks_errors, total = [], [], 0
    if set(message) - SLACK_KEYS:
        errors.append(f"unknown keys {sorted(set(message) - SLACK_KEYS)}")
    text = message.get("text")
    if text is not None and (not isinstance(text, str) or len(text) > 40000):
        errors.append("text: not a string of at most 40000 characters")
    elif text:
        slack_mrkdwn(text, "text", errors)
        total += len(text)
    if not text and not message.get("blocks") and not message.get("attachments"):
        return "no_text", ["neither text, blocks nor attachments"]
    if not text:
        errors.append("text: the fallback for notifications is missing")
    if "blocks" in message:
        total += slack_blocks(message["blocks"], "blocks", blocks_errors)
    attachments = message.get("attachments", [])
    if not isinstance(attachments, list) or len(attachments) > 100:
        return "too_many_attachments", ["attachments: at most 100"]
    for i, attachment in enumerate(attachments):
        where = f"attachments[{i}]"
        if not isinstance(attachment, dict):
            errors.append(f"{where}: not an object")
            continue
        unknown = sorted(set(attachment) - SLACK_ATTACHMENT_KEYS)
        if unknown:
            errors.append(f"{where}: unknown keys {unknown}")
        colour = attachment.get("color", "good")
        if not re.fullmatch(r"#[0-9a-fA-F]{6}|good|warning|danger", colour):
            errors.append(f"{where}: color is wrong")
        if "blocks" in attachment:
            total += slack_blocks(attachment["blocks"], f"{where}.blocks", blocks_errors)
        elif not attachment.get("text") and not attachment.get("fallback"):
            errors.append(f"{where}: neither blocks, text nor fallback")
    if total > 13000:
        return "msg_blocks_too_long", [f"{total} characters in all"]
    if blocks_errors:
        return "invalid_blocks", blocks_errors + errors
    return ("invalid_payload", errors) if errors else ("ok", [])


# --- PagerDuty: https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ ---

PAGERDUTY_KEYS = {
    "routing_key", "event_action", "dedup_key", "payload", "images", "links", "client",
    "client_url",
}
PAGERDUTY_PAYLOAD_KEYS = {
    "summary", "source", "severity", "timestamp", "component", "group", "class", "custom_details",
}
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)\Z")


def check_pagerduty(body):
    """errors"""
    if len(body) > 512 * 1024:
        return ["more than 512 KB"]
    try:
        event = json.loads(body.decode("utf-8"))
    except ValueError as e:
        return [f"not JSON: {e}"]
    if not isinstance(event, dict):
        return ["not an object"]
    errors = []

    def text(obj, key, limit, required, where=""):
        value = obj.get(key)
        if value is None and key not in obj:
            if required:
                errors.append(f"'{where}{key}' is missing or blank")
            return
        if not isinstance(value, str) or (required and not value):
            errors.append(f"'{where}{key}' is missing or blank")
        elif len(value) > limit:
            errors.append(f"'{where}{key}' is too long (maximum is {limit} characters)")

    if set(event) - PAGERDUTY_KEYS:
        errors.append(f"unknown keys {sorted(set(event) - PAGERDUTY_KEYS)}")
    key = event.get("routing_key")
    if not isinstance(key, str) or not re.fullmatch(r"[0-9A-Za-z]{32}", key):
        errors.append("Length of 'routing_key' is incorrect (should be 32 characters)")
    action = event.get("event_action")
    if action not in ("trigger", "acknowledge", "resolve"):
        errors.append("'event_action' must be one of trigger, acknowledge, resolve")
    # Optional for a trigger by the documentation, but without it nothing could be resolved.
    text(event, "dedup_key", 255, True)
    text(event, "client", 255, False)
    payload = event.get("payload")
    if action == "trigger" or payload is not None:
        if not isinstance(payload, dict):
            errors.append("'payload' is missing or blank")
            payload = {}
        unknown = sorted(set(payload) - PAGERDUTY_PAYLOAD_KEYS)
        if unknown:
            errors.append(f"unknown keys {unknown} in payload")
        text(payload, "summary", 1024, True, "payload.")
        text(payload, "source", 255, True, "payload.")
        for name in ("component", "group", "class"):
            text(payload, name, 255, False, "payload.")
        if payload.get("severity") not in ("critical", "error", "warning", "info"):
            errors.append("'payload.severity' is invalid (must be one of critical, error, "
                          "warning, info)")
        stamp = payload.get("timestamp")
        if "timestamp" in payload and not (isinstance(stamp, str) and ISO_8601.match(stamp)):
            errors.append("'payload.timestamp' is not ISO 8601 with a zone")
        if "custom_details" in payload and not isinstance(payload["custom_details"], dict):
            errors.append("'payload.custom_details' is not an object")
    links = event.get("links", [])
    if not isinstance(links, list) or any(
            not isinstance(link, dict) or set(link) - {"href", "text"}
            or not re.match(r"https?://", str(link.get("href"))) for link in links):
        errors.append("'links' is not a list of {href, text}")
    return errors


# --- kmemwatch's own JSON ---

EVENTS = ("firing", "escalated", "eased", "reminder", "adopted", "resolved")
SEVERITIES = ("ok", "notice", "warning", "critical")


def check_hook(body):
    """errors"""
    try:
        event = json.loads(body.decode("utf-8"))
    except ValueError as e:
        return [f"not JSON: {e}"]
    if not isinstance(event, dict):
        return ["not an object"]
    errors = []
    if event.get("version") != 1:
        errors.append("version is not 1")
    if not re.fullmatch(r"[0-9a-f]{32}", str(event.get("id"))):
        errors.append("id is not 32 hex digits")
    if event.get("event") not in EVENTS:
        errors.append("event is unknown")
    for name in ("severity", "previous_severity", "highest_severity"):
        if event.get(name) not in SEVERITIES:
            errors.append(f"{name} is unknown")
    for name in ("trigger", "resolve"):
        if not isinstance(event.get(name), bool):
            errors.append(f"{name} is not a boolean")
    if not isinstance(event.get("dedup_key"), str) or not 1 <= len(event["dedup_key"]) <= 255:
        errors.append("dedup_key is not a text of at most 255 characters")
    for name in ("time",):
        if not ISO_8601.match(str(event.get(name))):
            errors.append(f"{name} is not RFC 3339")
    if event.get("unit") not in ("bytes", "bytes_per_count", "ratio", "count"):
        errors.append("unit is unknown")
    for name in ("alert", "host"):
        if not isinstance(event.get(name), dict):
            errors.append(f"{name} is not an object")
    return errors


# --- the server ---

class Receiver:
    """What all connections share."""

    def __init__(self, log_path=None):
        self.lock = threading.Lock()
        self.requests = []
        self.faults = {}
        self.always = {}
        self.roulette = None  # path -> FAULT or None, before all others
        self.log_file = open(log_path, "a", encoding="utf-8") if log_path else None

    def script(self, order):
        with self.lock:
            path = order["path"]
            self.faults[path] = list(order.get("faults", []))
            self.always[path] = order.get("always")

    def next_fault(self, path):
        with self.lock:
            if self.roulette:
                return self.roulette(path)
            for prefix in list(self.faults):
                if path.startswith(prefix):
                    if self.faults[prefix]:
                        return self.faults[prefix].pop(0)
                    if self.always.get(prefix):
                        return self.always[prefix]
        return None

    def record(self, entry):
        with self.lock:
            self.requests.append(entry)
            if self.log_file:
                self.log_file.write(json.dumps(entry) + "\n")
                self.log_file.flush()

    def snapshot(self):
        with self.lock:
            return [dict(r) for r in self.requests]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    receiver = None

    def log_message(self, *args):
        pass

    def answer(self, status, body, headers=(), kind="text/plain"):
        data = body.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in dict(headers).items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    def do_GET(self):
        if self.path == "/log":
            self.answer(200, json.dumps(self.receiver.snapshot()), kind="application/json")
        else:
            self.answer(404, "")

    def do_POST(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        if self.path == "/control":
            self.receiver.script(json.loads(body))
            self.answer(200, "ok")
            return
        entry = {
            "time": time.time(), "path": self.path, "headers": dict(self.headers),
            "body": body.decode("utf-8", "replace"), "fault": None, "errors": [], "accepted": False,
        }
        fault = self.receiver.next_fault(self.path)
        if fault and fault["kind"] not in ("late-ok", "taken-reset"):
            entry["fault"] = fault
            # Broken requests must be seen also when the answer is scripted.
            entry["errors"] = self.check(body)[2]
            self.receiver.record(entry)
            self.fail(fault)
            return
        if fault:
            time.sleep(fault.get("seconds", 1))
        status, text, errors, kind = self.check(body)
        entry.update(errors=errors, status=status, answer=text, accepted=200 <= status < 300)
        self.receiver.record(entry)
        if fault and fault["kind"] == "taken-reset":
            self.fail({"kind": "reset"})
            return
        try:
            self.answer(status, text, kind=kind)
        except OSError:
            pass

    def check(self, body):
        """(status, answer, errors, content type) as the real one would give"""
        kind = self.headers.get("Content-Type", "").split(";")[0].strip()
        errors = [] if kind == "application/json" else [f"Content-Type is {kind!r}"]
        if "kmemwatch/" not in self.headers.get("User-Agent", ""):
            errors.append("User-Agent does not say who calls")
        if self.path.startswith("/slack/services/"):
            word, wrong = check_slack(body)
            return 200 if word == "ok" else 400, word, errors + wrong, "text/html"
        if self.path == "/pagerduty/v2/enqueue":
            wrong = errors + check_pagerduty(body)
            if wrong:
                answer = {"status": "invalid event", "message": "Event object is invalid",
                          "errors": wrong}
                return 400, json.dumps(answer), wrong, "application/json"
            answer = {"status": "success", "message": "Event processed",
                      "dedup_key": json.loads(body)["dedup_key"]}
            return 202, json.dumps(answer), [], "application/json"
        if self.path.startswith(("/beat", "/any")):
            return 200, "ok", errors, "text/plain"
        if self.path.startswith("/hook"):
            wrong = errors + check_hook(body)
            return 400 if wrong else 204, "; ".join(wrong), wrong, "text/plain"
        return 404, "no_service", ["no such path"], "text/plain"

    def fail(self, fault):
        kind = fault["kind"]
        self.close_connection = True
        try:
            if kind == "status":
                time.sleep(fault.get("seconds", 0))
                self.close_connection = False
                self.answer(fault["status"], fault.get("body", ""), fault.get("headers", {}))
            elif kind == "reset":
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.connection.close()
            elif kind == "hang":
                time.sleep(fault.get("seconds", 30))
            elif kind == "garbage":
                self.wfile.write(b"\x16\x03\x01 this is no HTTP \xff\xfe\r\n\r\n")
            elif kind in ("half", "half-ok"):
                word = b"200 OK" if kind == "half-ok" else b"500 Oops"
                self.wfile.write(b"HTTP/1.1 " + word + b"\r\nContent-Length: 1000\r\n\r\no")
            elif kind == "endless":
                self.wfile.write(b"HTTP/1.1 %d X\r\n\r\n" % fault.get("status", 200))
                for _ in range(10000):
                    self.wfile.write(b"x" * 65536)
            else:
                raise ValueError(kind)
        except OSError:
            pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        # A client that was killed in the middle is what some tests are about.
        if not isinstance(sys.exc_info()[1], (OSError, ssl.SSLError)):
            super().handle_error(request, client_address)


def start(port=0, log_path=None, tls=None, host=LOOPBACK, receiver=None):
    """(server, receiver), serving on a thread of its own. For tests that import this file.
    receiver: that of another server, to have one log."""
    receiver = receiver or Receiver(log_path)
    handler = type("BoundHandler", (Handler,), {"receiver": receiver})
    kind = type("BoundServer", (Server,), {
        "address_family": socket.AF_INET6 if ":" in host else socket.AF_INET})
    server = kind((host, port), handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*tls)
        server.socket = context.wrap_socket(server.socket, server_side=True,
                                            do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server, receiver


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log")
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"))
    args = parser.parse_args()
    server, _ = start(args.port, args.log, args.tls)
    print(server.server_address[1], flush=True)
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
