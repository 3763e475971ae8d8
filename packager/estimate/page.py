"""Writes an estimate as one page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from packager.estimate.charts import area_chart, line_chart
from packager.estimate.durations import percentile
from packager.estimate.estimate import Case, Estimate
from packager.estimate.text import (
    assumptions,
    cost_of,
    dollars,
    item_names,
    milliseconds,
    part,
    percentiles,
)

_HERE = Path(__file__).parent
_HUES = (215, 30, 150, 330, 265, 95, 0, 190)  # of memory sizes
_GOLDEN = 137.5  # degrees: hues of items this far apart never meet
_CURVE = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("p99.99", 0.9999))


def render_page(estimates: Sequence[Estimate]) -> str:
    """Return the page of one or several functions under the same traffic."""
    title = escape(", ".join(estimate.function.name for estimate in estimates))
    body = "\n".join(map(_function, estimates))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}: estimate</title>\n"
        f"<style>\n{(_HERE / 'page.css').read_text('utf-8')}</style>\n</head>\n<body>\n"
        f"<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _function(estimate: Estimate) -> str:
    function = estimate.function
    where = "from a queue" if function.setup.queue is not None else f"api {function.api}"
    head = (
        f"<h1>{escape(function.name)}</h1>\n"
        f'<p class="dim">{escape(estimate.traffic.label)}, {where}, {function.architecture}</p>'
    )
    sections = (_comparison, _over_time, _latency, _cost, _rests_on)
    return f"<article>\n{head}\n" + "\n".join(each(estimate) for each in sections) + "\n</article>"


def _comparison(estimate: Estimate) -> str:
    heads = ["memory", "cold", "p50", "p99", "p99.9", "refused", "busy", "most", "a month"]
    rows = []
    for number, case in enumerate(estimate.cases):
        outcome = case.outcome
        rows.append(
            [
                f"{_swatch(_hue(number))}{case.memory} MB",
                part(outcome.cold, outcome.batches),
                *(milliseconds(value) for value in percentiles(case).values()),
                part(outcome.refused, outcome.requests),
                f"{outcome.mean_busy:,.2f}",
                f"{outcome.most_busy:,}",
                dollars(case.dollars),
            ]
        )
    return "<h2>With each memory size</h2>\n" + _table(
        "Cold: of all starts of work; busy: environments at work on average, and at most.",
        heads,
        rows,
    )


def _over_time(estimate: Estimate) -> str:
    top = max(bucket.busy for case in estimate.cases for bucket in case.outcome.buckets)
    charts = "".join(
        _figure(
            area_chart(
                [bucket.busy for bucket in case.outcome.buckets],
                estimate.traffic.seconds,
                _hue(number),
                label=f"{case.memory} MB: at most {case.outcome.most_busy} environments at once",
                top=top,
            ),
            f"{case.memory} MB{_refused_note(case)}",
        )
        for number, case in enumerate(estimate.cases)
    )
    return f'<h2>Environments at work</h2>\n<div class="charts">{charts}</div>'


def _refused_note(case: Case) -> str:
    outcome = case.outcome
    if not outcome.refused:
        return ""
    return f": {outcome.refused:,} of {outcome.requests:,} refused"


def _latency(estimate: Estimate) -> str:
    series = []
    for number, case in enumerate(estimate.cases):
        latencies = case.outcome.latencies
        if latencies:
            line = [percentile(latencies, share) * 1000 for _, share in _CURVE]
            series.append((f"{case.memory} MB", line, _hue(number)))
    chart = line_chart(
        series, [name for name, _ in _CURVE], label="Latency in ms by percentile, logarithmic"
    )
    legend = "".join(f"<li>{_swatch(hue)}{escape(name)}</li>" for name, _, hue in series)
    return (
        f'<h2>Latency, ms</h2>\n<div class="charts">{_figure(chart, "by percentile")}</div>'
        f'<ul class="legend">{legend}</ul>'
        if chart
        else ""
    )


def _cost(estimate: Estimate) -> str:
    names = item_names(estimate)
    most = max(case.dollars for case in estimate.cases) or 1
    bars = ""
    for case in estimate.cases:
        spans = ""
        for number, name in enumerate(names):
            cost = cost_of(case, name)
            spans += (
                f'<span class="part" style="--hue:{_item_hue(number)};width:{cost / most:.3%}" '
                f'title="{escape(name)}: {dollars(cost)}"></span>'
            )
        bars += (
            f'<p class="bar-name">{case.memory} MB: {dollars(case.dollars)}</p>'
            f'<div class="bar" aria-hidden="true">{spans}</div>'
        )
    rows = [
        [
            f"{_swatch(_item_hue(number))}{escape(name)}",
            *(dollars(cost_of(case, name)) for case in estimate.cases),
        ]
        for number, name in enumerate(names)
    ]
    rows.append(["whole", *(dollars(case.dollars) for case in estimate.cases)])
    heads = ["item", *(f"{case.memory} MB" for case in estimate.cases)]
    return f"<h2>US dollars a month</h2>\n{bars}" + _table("", heads, rows)


def _rests_on(estimate: Estimate) -> str:
    lines = "".join(f"<li>{escape(line)}</li>" for line in assumptions(estimate))
    used = sorted({item.price for case in estimate.cases for item in case.items})
    rows = []
    for name in used:
        price = estimate.prices.of[name]
        each = f"${price.tiers[0][1]:.10f}".rstrip("0").rstrip(".")
        rows.append([escape(name), each, escape(price.per), escape(price.source), price.seen])
    table = _table("The first tier's.", ["price", "$", "per", "source", "seen"], rows)
    return (
        f'<h2>What this rests on</h2>\n<ul class="plain">{lines}</ul>\n'
        f"<details><summary>Prices and where they are from</summary>{table}</details>"
    )


def _hue(number: int) -> int:
    return _HUES[number % len(_HUES)]


def _item_hue(number: int) -> int:
    return round(60 + _GOLDEN * number) % 360


def _swatch(hue: int) -> str:
    return f'<span class="swatch part" style="--hue:{hue}"></span>'


def _figure(chart: str, caption: str) -> str:
    return f"<figure>{chart}<figcaption>{escape(caption)}</figcaption></figure>"


def _table(caption: str, heads: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; cells are HTML already."""
    head = "".join(f'<th scope="col">{name}</th>' for name in heads)
    lines = "\n".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows
    )
    said = f'<p class="dim">{caption}</p>\n' if caption else ""
    return (
        f'{said}<div class="scroll" tabindex="0" role="group" aria-label="table"><table>'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}\n</tbody></table></div>"
    )
