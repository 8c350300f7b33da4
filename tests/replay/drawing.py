# SPDX-License-Identifier: MIT
"""Draws each miss and each false alarm: what the number did, what was known to be wrong with it,
and what was said when. Above the moment itself, below the whole trace and what else went on."""
import html
import math
import os
import textwrap

import scoring

WIDTH, LEFT, RIGHT = 1000, 76, 16
DRAWN_MAX = 600  # pictures; nobody looks at more
COLOURS = {"critical": "#b00020", "warning": "#d9600a", "notice": "#3367b5"}
STYLE = """
  text { font: 12px sans-serif; fill: #333 } .small { font-size: 10.5px; fill: #666 }
  .title { font-size: 14px; font-weight: bold } .axis { stroke: #ccc; stroke-width: 1 }
  .value { fill: none; stroke: #1a1a1a; stroke-width: 1.1 } .band { fill: #9a9a9a; stroke: none }
  .truth { fill: #ffb74d; fill-opacity: .38 } .neutral { fill: #90a4ae; fill-opacity: .18 }
  .base { stroke: #2e7d32; stroke-width: 2 } .zoom { fill: #fff59d; fill-opacity: .5 }
"""


def begin(folder):
    os.makedirs(folder, exist_ok=True)
    for name in os.listdir(folder):
        if name.endswith(".svg") or name == "index.html":
            os.unlink(os.path.join(folder, name))


def nice_step(span, count):
    if span <= 0:
        return 1
    raw = span / count
    power = 10 ** math.floor(math.log10(raw))
    return power * next(m for m in (1, 2, 5, 10) if raw <= m * power * 1.0001)


def time_step(span):
    steps = [1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800]
    return next((s for s in steps if span / s <= 10), 2592000)


def clock(seconds, step):
    """A time since the trace began."""
    sign, seconds = ("-" if seconds < 0 else ""), abs(seconds)
    days, rest = divmod(round(seconds), 86400)
    text = "%d:%02d" % divmod(rest // 60, 60) if step >= 60 else "%d:%02d:%02d" % (
        rest // 3600, rest // 60 % 60, rest % 60)
    return sign + ("%dd %s" % (days, text) if days else text)


class Panel:
    """One plot: a column of a trace between two times."""

    def __init__(self, top, height, trace, column, start, end, unit="MiB"):
        self.top, self.height, self.start, self.end = top, height, start, max(end, start + 1e-3)
        self.trace, self.unit, self.parts = trace, unit, []
        scale = 1 if unit == "" else 2 ** 20
        values = trace.columns.get(column) or []
        self.points = [(trace.time[i], values[i] / scale) for i in trace.order
                       if values and values[i] is not None and start <= trace.time[i] <= end]
        self.low = min((v for _, v in self.points), default=0)
        self.high = max((v for _, v in self.points), default=1)
        margin = max((self.high - self.low) * 0.08, abs(self.high) * 0.002, 1e-3)
        self.low, self.high, self.name = self.low - margin, self.high + margin, column

    def x(self, t):
        share = (t - self.start) / (self.end - self.start)
        return LEFT + (WIDTH - LEFT - RIGHT) * min(1, max(0, share))

    def y(self, v):
        return self.top + self.height * (1 - (v - self.low) / (self.high - self.low))

    def window(self, start, end, style, title):
        if end < self.start or start > self.end:
            return
        x0, x1 = self.x(start), max(self.x(end), self.x(start) + 1)
        self.parts.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" class="%s"><title>%s'
                          "</title></rect>" % (x0, self.top, x1 - x0, self.height, style,
                                               html.escape(title)))

    def axes(self, origin):
        step = nice_step(self.high - self.low, max(2, self.height // 45))
        v = math.ceil(self.low / step) * step
        while v <= self.high:
            self.parts.append('<line x1="%d" x2="%d" y1="%.1f" y2="%.1f" class="axis"/>'
                              '<text x="%d" y="%.1f" text-anchor="end" class="small">%g</text>' % (
                                  LEFT, WIDTH - RIGHT, self.y(v), self.y(v), LEFT - 5,
                                  self.y(v) + 4, round(v, 6)))
            v += step
        step = time_step(self.end - self.start)
        t = math.ceil((self.start - origin) / step) * step
        while origin + t <= self.end:
            x, bottom = self.x(origin + t), self.top + self.height
            self.parts.append('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" class="axis"/><text '
                              'x="%.1f" y="%d" text-anchor="middle" class="small">%s</text>' % (
                                  x, x, self.top, bottom, x, bottom + 13, clock(t, step)))
            t += step
        self.parts.append('<text x="%d" y="%d">%s%s</text>' % (
            LEFT + 4, self.top - 5, self.name, self.unit and " in " + self.unit))

    def line(self):
        """The value: each pixel from its lowest to its highest, so that no spike gets lost."""
        pixels = {}
        for t, v in self.points:
            x = round(self.x(t))
            low, high, _ = pixels.get(x, (v, v, v))
            pixels[x] = (min(low, v), max(high, v), v)
        if not pixels:
            return
        xs = sorted(pixels)
        if len(self.points) > 2 * len(xs):
            band = ["%d,%.1f" % (x, self.y(pixels[x][1])) for x in xs]
            band += ["%d,%.1f" % (x, self.y(pixels[x][0]) + 0.6) for x in reversed(xs)]
            self.parts.append('<polygon points="%s" class="band"/>' % " ".join(band))
        last = " ".join("%d,%.1f" % (x, self.y(pixels[x][2])) for x in xs)
        self.parts.append('<polyline points="%s" class="value"/>' % last)

    def baseline(self, alerts):
        for a in alerts:
            level = a.event.get("baseline")
            if level is None or a.event.get("unit") != "bytes" or self.unit == "":
                continue
            if not (self.low <= level / 2 ** 20 <= self.high and self.start <= a.time <= self.end):
                continue
            x, y = self.x(a.time), self.y(level / 2 ** 20)
            self.parts.append('<line x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f" class="base"/>' % (
                max(LEFT, x - 40), x, y, y))

    def alert_marks(self, alerts, names):
        row, last_x = 0, -1000
        for a in alerts:
            if not self.start <= a.time <= self.end:
                continue
            x, colour = self.x(a.time), COLOURS.get(a.severity, "#333")
            dash = {"credited": "", "false": "", "ignored": "5 4"}[a.verdict or "ignored"]
            if not a.pages:
                dash = "1.5 3"
            self.parts.append('<line x1="%.1f" x2="%.1f" y1="%d" y2="%d" stroke="%s" stroke-width='
                              '"%g" stroke-dasharray="%s"/>' % (
                                  x, x, self.top, self.top + self.height, colour,
                                  1.8 if a.verdict == "false" and a.pages else 1.2, dash))
            if not names or row > 9:
                continue
            row = row + 1 if x - last_x < 220 else 0
            last_x = x
            anchor, dx = ("start", 4) if x < WIDTH - 260 else ("end", -4)
            self.parts.append('<text x="%.1f" y="%d" text-anchor="%s" style="fill:%s" class="small"'
                              '>%s%s</text>' % (x + dx, self.top + 12 + 12 * row, anchor, colour,
                                                "FALSE: " if a.verdict == "false" and a.pages
                                                else "", html.escape(a.rule)))

    def svg(self):
        return "\n".join(self.parts)


def context_column(trace, dimension):
    """What explains a change best: threads, mapped memory, what is left."""
    wanted = {"KernelStack": ["threads"], "VmallocUsed": ["KernelStack", "threads"],
              "PageTables": ["AnonPages", "threads"], "SUnreclaim": ["threads"],
              "SReclaimable": ["Cached"], "Percpu": ["SUnreclaim"]}.get(dimension, [])
    return next((c for c in wanted + ["threads"] if trace.columns.get(c)), None)


def picture(trace, case, dimension, start, end, title, detail):
    origin = trace.sorted_time[0]
    alerts = [a for a in case.alerts if a.dimension == dimension]
    context = context_column(trace, dimension)
    lines = textwrap.wrap(title, 118)[:2]
    panels = [Panel(64, 250, trace, dimension, start, end),
              Panel(350, 110, trace, dimension, origin, trace.sorted_time[-1])]
    if context:
        panels.append(Panel(496, 80, trace, context, start, end,
                            "" if context == "threads" else "MiB"))
    panels.append(Panel(612 if context else 496, 80, trace, "MemAvailable", start, end))
    for i, panel in enumerate(panels):
        if i == 1:
            panel.window(start, end, "zoom", "the part above")
        if i < 2:
            for label in case.meta["labels"]:
                if "*" in label["dimensions"] or dimension in label["dimensions"]:
                    style = "neutral" if label["kind"] == "neutral" else "truth"
                    panel.window(label["start"], label["end"], style,
                                 label.get("why") or "%s %s" % (label["kind"], label.get("shape")))
        panel.axes(origin)
        panel.line()
        if i < 2:
            panel.baseline(alerts)
            panel.alert_marks(alerts, names=i == 0)
    height = panels[-1].top + 100
    above = 18 * (len(lines) - 1)
    heading = "".join('<text x="12" y="%d" class="title">%s</text>' % (20 - above + 18 * i,
                                                                      html.escape(line))
                      for i, line in enumerate(lines))
    return """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 %d %d %d" width="%d" height="%d">
<style>%s</style><rect y="%d" width="100%%" height="100%%" fill="white"/>
%s<text x="12" y="38" class="small">%s</text>
%s
</svg>
""" % (-above, WIDTH, height + above, WIDTH, height + above, STYLE, -above, heading,
       html.escape(detail), "\n".join(p.svg() for p in panels))


def describe(label):
    parts = ["%s of %s" % (label["kind"], label["dimensions"][0]), label.get("shape") or "",
             "%.1f MB" % (label["bytes"] / 1e6)]
    if "percent" in label:
        parts.append("%.3g %% of memory" % label["percent"])
    if "percent_per_hour" in label:
        parts.append("%.3g %%/h" % label["percent_per_hour"])
    if "life_bytes" in label:
        parts.append("where life moves %.1f MB" % (label["life_bytes"] / 1e6))
    return ", ".join(p for p in parts if p)


def draw_case(case, path, folder):
    """Notes in the case what was drawn: (section, file, title, detail)."""
    trace = scoring.Trace(path)
    case.drawn = []
    if not trace.time:
        return
    first, last = trace.sorted_time[0], trace.sorted_time[-1]
    about = "%s: %s; %s" % (case.name, case.meta["family"], case.meta.get("about", ""))

    def draw(section, dimension, start, end, title):
        name = "%s-%d.svg" % (case.name, len(case.drawn))
        with open(os.path.join(folder, name), "w") as f:
            f.write(picture(trace, case, dimension, max(first, start), min(last, end), title,
                            about))
        case.drawn.append((section, name, title, about))

    for found in case.misses():
        label = found.label
        margin = max(0.5 * (label["end"] - label["start"]), 60 * case.meta.get("interval", 1))
        title = "%s: %s" % ("found by another kind only" if found.any else "not found",
                            describe(label))
        draw("misses of %s" % label["kind"], label["dimensions"][0], label["start"] - margin,
             label["end"] + margin, title)
    seen = {}
    for alert in case.false():
        # The third of the same rule in one trace tells nothing new.
        seen[alert.rule] = seen.get(alert.rule, 0) + 1
        if seen[alert.rule] > 2:
            continue
        back = max(3600 if alert.kind in ("growth", "ratio") else 900,
                   120 * case.meta.get("interval", 1))
        back = max(back, alert.event.get("duration_seconds") or 0)
        draw("false alarms of %s" % alert.rule, alert.dimension, alert.time - 2 * back,
             alert.time + back, "%s %s: %s" % (alert.severity, alert.rule,
                                               alert.event.get("text", "")))


def finish(folder, cases, tables=""):
    drawn = [d for c in cases for d in getattr(c, "drawn", [])]
    sections = {}
    for section, name, title, about in drawn[:DRAWN_MAX]:
        sections.setdefault(section, []).append((name, title, about))
    with open(os.path.join(folder, "index.html"), "w") as f:
        f.write("<!doctype html><meta charset=utf-8><title>kmemwatch: misses and false alarms"
                "</title><style>body{font:14px sans-serif;max-width:1040px;margin:1em auto}"
                "img{border:1px solid #ddd;max-width:100%%;margin:.4em 0}</style>"
                "<h1>Misses and false alarms</h1><p>Orange: where the truth is. Grey: neither right"
                " nor wrong. Solid line: an alert that pages (thick: false), dashed: ignored,"
                " dotted: a notice. Green: what the rule took as normal. Yellow: the part that is"
                " drawn large.</p><details><summary>Tables</summary><pre>%s</pre></details><ul>"
                % html.escape(tables))
        for section in sorted(sections):
            f.write('<li><a href="#%s">%s</a>: %d' % (section.replace(" ", "-"), section,
                                                     len(sections[section])))
        f.write("</ul>")
        for section in sorted(sections):
            f.write('<h2 id="%s">%s</h2>' % (section.replace(" ", "-"), section))
            for name, title, _ in sections[section]:
                f.write('<a href="%s"><img loading=lazy src="%s" alt="%s"></a>' % (
                    name, name, html.escape(title)))
        if len(drawn) > DRAWN_MAX:
            f.write("<p>%d more are in this folder." % (len(drawn) - DRAWN_MAX))
    return folder
