"""Draws the charts of an estimate as SVG that needs nothing else."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

WIDTH, HEIGHT = 340, 170  # of a chart, in units that are pixels on a phone
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 12, 24
_STEPS = (1, 2, 2.5, 5, 10)


def ticks(most: float, count: int = 4) -> list[float]:
    """Return round numbers from 0 to `most` or a little more, about `count` steps."""
    if most <= 0:
        return [0.0, 1.0]
    size = 10 ** math.floor(math.log10(most / count))
    step = next(each * size for each in _STEPS if each * size >= most / count)
    return [step * number for number in range(math.ceil(most / step - 1e-9) + 1)]


def number_label(value: float) -> str:
    """Return a number for an axis: `0`, `2.5`, `1,200`, `40k`."""
    if value >= 10_000:
        return f"{value / 1000:g}k"
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:g}"


def area_chart(values: Sequence[int], seconds: float, hue: int, *, label: str, top: float) -> str:
    """Return a chart of what was at most at once in each stretch of time, up to `top`."""
    marks = ticks(top)
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    step = width / len(values)
    points = [f"{_LEFT},{HEIGHT - _BOTTOM}"]
    for number, value in enumerate(values):
        y = _TOP + height * (1 - value / marks[-1])
        points.append(f"{_LEFT + number * step:.1f},{y:.1f}")
        points.append(f"{_LEFT + (number + 1) * step:.1f},{y:.1f}")
    points.append(f"{WIDTH - _RIGHT},{HEIGHT - _BOTTOM}")
    body = f'<polygon class="area" style="--hue:{hue}" points="{" ".join(points)}"/>'
    size, unit = _unit(seconds)
    times = [(0.0, "0"), *((at, f"{seconds * at / size:.3g} {unit}") for at in (0.5, 1.0))]
    return _frame(label, _y_axis(marks) + body + _x_axis(times))


def line_chart(
    series: Sequence[tuple[str, Sequence[float], int]], names: Sequence[str], *, label: str
) -> str:
    """Return a chart of several lines over `names`, on a logarithmic scale; each with its hue."""
    values = [value for _, line, _ in series for value in line if value > 0]
    if not values:
        return ""
    low = math.floor(math.log10(min(values)))
    high = max(math.ceil(math.log10(max(values))), low + 1)
    width, height = WIDTH - _LEFT - _RIGHT, HEIGHT - _TOP - _BOTTOM
    step = width / max(len(names) - 1, 1)

    def y(value: float) -> float:
        return _TOP + height * (1 - (math.log10(value) - low) / (high - low))

    rules = "".join(
        _rule(y(10**power), number_label(10.0**power)) for power in range(low, high + 1)
    )
    lines = ""
    for name, line, hue in series:
        points = " ".join(
            f"{_LEFT + number * step:.1f},{y(value):.1f}"
            for number, value in enumerate(line)
            if value > 0
        )
        title = f"{name}: " + ", ".join(
            f"{at} {value:,.1f} ms" for at, value in zip(names, line, strict=True)
        )
        lines += (
            f'<polyline class="line" style="--hue:{hue}" points="{points}">'
            f"<title>{escape(title)}</title></polyline>"
        )
    marks = [(number / max(len(names) - 1, 1), name) for number, name in enumerate(names)]
    return _frame(label, rules + lines + _x_axis(marks))


def _frame(label: str, body: str) -> str:
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label, quote=True)}">'
        f"{body}</svg>"
    )


def _y_axis(marks: Sequence[float]) -> str:
    height = HEIGHT - _TOP - _BOTTOM
    return "".join(
        _rule(_TOP + height * (1 - mark / marks[-1]), number_label(mark)) for mark in marks
    )


def _rule(y: float, text: str) -> str:
    return (
        f'<line class="rule" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<text x="{_LEFT - 5}" y="{y + 3.5:.1f}" text-anchor="end">{escape(text)}</text>'
    )


def _x_axis(marks: Sequence[tuple[float, str]]) -> str:
    width = WIDTH - _LEFT - _RIGHT
    found = ""
    for number, (at, text) in enumerate(marks):
        anchor = "start" if not number else "end" if number == len(marks) - 1 else "middle"
        found += (
            f'<text x="{_LEFT + at * width:.1f}" y="{HEIGHT - 7}" text-anchor="{anchor}">'
            f"{escape(text)}</text>"
        )
    return found


def _unit(seconds: float) -> tuple[float, str]:
    """Return the unit that an axis of that long is read in, and how many seconds it has."""
    if seconds < 180:
        return 1.0, "s"
    if seconds < 10_800:
        return 60.0, "min"
    return (3600.0, "h") if seconds < 259_200 else (86_400.0, "days")
