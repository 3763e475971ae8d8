"""Checks the body of a CloudWatch dashboard, and draws it: its grid, titles, legends and limits.

What may be in it is that of "Dashboard body structure and syntax" (Amazon CloudWatch API). There
are no values to draw; everything else is where CloudWatch puts it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

COLUMNS = 24
_STAT = re.compile(r"SampleCount|Average|Sum|Minimum|Maximum|p\d{1,2}(\.\d{1,10})?|tm\d{1,2}")
_PROPERTIES = {
    "metric": {
        *("metrics", "view", "region", "period", "stat", "title", "annotations", "stacked"),
        *("yAxis", "legend", "liveData", "setPeriodToTimeRange", "timezone"),
    },
    "text": {"markdown", "background"},
    "alarm": {"alarms", "title", "sortBy", "states"},
}
_RENDERING = {
    *("accountId", "color", "expression", "id", "label", "period", "region", "stat", "visible"),
    "yAxis",
}
_HUES = (210, 28, 140, 350, 265, 190)


def faults(body: Mapping[str, Any]) -> Iterator[str]:
    """Yield what CloudWatch would refuse, or would not show."""
    widgets = body.get("widgets")
    if not isinstance(widgets, list) or len(widgets) > 500:
        yield "widgets is no list, or has more than 500"
        return
    for number, widget in enumerate(widgets):
        kind, properties = widget.get("type"), widget.get("properties", {})
        where = f"widget {number} ({kind})"
        if kind not in _PROPERTIES:
            yield f"{where}: no such type"
            continue
        if not (widget["x"] >= 0 and 1 <= widget["width"] <= COLUMNS - widget["x"]):
            yield f"{where}: is not in the grid"
        if not (widget["y"] >= 0 and 1 <= widget["height"] <= 1000):
            yield f"{where}: its height is none"
        unknown = properties.keys() - _PROPERTIES[kind]
        if unknown:
            yield f"{where}: knows no {', '.join(sorted(unknown))}"
        if kind == "metric":
            yield from (f"{where}: {each}" for each in _metric_faults(properties))
        elif kind == "alarm":
            alarms = properties.get("alarms", ())
            if not 1 <= len(alarms) <= 100 or not all(each.startswith("arn:") for each in alarms):
                yield f"{where}: takes 1 to 100 ARNs of alarms"
        elif not properties.get("markdown"):
            yield f"{where}: says nothing"


def _metric_faults(properties: Mapping[str, Any]) -> Iterator[str]:
    if properties.get("view", "timeSeries") not in ("timeSeries", "singleValue", "bar", "pie"):
        yield "no such view"
    if not properties.get("region"):
        yield "has no region"
    if properties.get("period", 300) % 60:
        yield "its period is no multiple of 60"
    if not 1 <= len(properties.get("metrics", ())) <= 500:
        yield "takes 1 to 500 metrics"
    for metric in properties["metrics"]:
        *names, last = metric
        rendering = last if isinstance(last, dict) else {}
        names = names if isinstance(last, dict) else metric
        if len(names) < 2 or len(names) % 2 or not all(isinstance(n, str) and n for n in names):
            yield f"{metric} is no namespace, name, and pairs of dimensions"
        if rendering.keys() - _RENDERING:
            yield f"{metric} is drawn with what there is not"
        if not _STAT.fullmatch(rendering.get("stat", "Average")):
            yield f"{rendering['stat']} is no statistic"
    for line in properties.get("annotations", {}).get("horizontal", ()):
        if not isinstance(line.get("value"), int | float):
            yield f"{line} has no value"


def render_dashboard(body: Mapping[str, Any]) -> str:
    """Return a page that shows the dashboard's widgets where CloudWatch puts them."""
    cells = "".join(map(_cell, sorted(body["widgets"], key=lambda each: (each["y"], each["x"]))))
    return f"""<!doctype html><html lang="en"><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>dashboard</title><style>
:root {{ color-scheme: light dark }}
body {{ font: 13px system-ui; margin: 1rem }}
main {{ display: grid; grid-template-columns: repeat({COLUMNS}, 1fr); grid-auto-rows: 40px;
  gap: 6px }}
section {{ border: 1px solid #8888; border-radius: 4px; padding: 4px 8px; overflow: hidden;
  display: flex; flex-direction: column }}
h2, h3, ul {{ margin: 0 }} h3 {{ font-size: 13px }} svg {{ flex: 1; min-height: 0; width: 100% }}
ul {{ display: flex; flex-wrap: wrap; gap: 2px 12px; padding: 0; list-style: none }}
li::before {{ content: "\\25A0"; color: hsl(var(--hue) 60% 50%); margin-right: 4px }}
@media (width < 600px) {{ main {{ display: block }} section {{ margin: 6px 0; min-height: 3rem }} }}
</style><main>{cells}</main></html>"""


def _cell(widget: Mapping[str, Any]) -> str:
    properties = widget["properties"]
    place = (
        f"grid-column: {widget['x'] + 1} / span {widget['width']}; "
        f"grid-row: {widget['y'] + 1} / span {widget['height']}"
    )
    if widget["type"] == "text":
        inner = f"<h2>{escape(properties['markdown'].lstrip('# '))}</h2>"
    elif widget["type"] == "alarm":
        names = (re.sub(r".*[:{]|\.Arn.*|}", "", each) for each in properties["alarms"])
        inner = f"<h3>{escape(properties['title'])}</h3><ul>{''.join(map(_item, names))}</ul>"
    else:
        inner = _graph(properties)
    return f'<section style="{place}">{inner}</section>'


def _graph(properties: Mapping[str, Any]) -> str:
    labels = []
    names = [metric[1] for metric in properties["metrics"]]
    for metric in properties["metrics"]:
        # Where names agree CloudWatch adds what differs.
        name, rendering = metric[1], metric[-1] if isinstance(metric[-1], dict) else {}
        twice = names.count(name) > 1
        differs = rendering["stat"] if "stat" in rendering else metric[3]
        if twice and len({str(each[-1]) for each in properties["metrics"]}) == 1:
            differs = metric[3].split(".")[0].strip("${}")
        labels.append(rendering.get("label") or (f"{name} {differs}" if twice else name))
    lines = "".join(
        f'<path d="M0 {80 - 9 * n} Q 50 {10 + 12 * n} 100 {60 - 7 * n}" fill="none" '
        f'stroke="hsl({_HUES[n % len(_HUES)]} 60% 50%)" vector-effect="non-scaling-stroke"/>'
        for n in range(len(labels))
    )
    limits = properties.get("annotations", {}).get("horizontal", ())
    rules = "".join(
        '<path d="M0 6 H100" stroke="#d33" vector-effect="non-scaling-stroke"/>' for _ in limits
    )
    labels += [f"{each.get('label', '')} {each['value']:,}" for each in limits]
    svg = f'<svg viewBox="0 0 100 100" preserveAspectRatio="none">{lines}{rules}</svg>'
    items = "".join(map(_item, labels, range(len(labels))))
    return f"<h3>{escape(properties['title'])}</h3>{svg}<ul>{items}</ul>"


def _item(text: str, number: int = 0) -> str:
    return f'<li style="--hue: {_HUES[number % len(_HUES)]}">{escape(text)}</li>'
