"""docs/benchmarks.md and its plot are what the kept results make of them."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.page import PAGE, PLOT, RESULTS, render_page, render_plot


def results(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RESULTS / f"{name}.json").read_text("utf-8"))
    return record


def test_the_page_and_the_plot_are_up_to_date() -> None:
    cold = results("cold")

    assert render_page(cold, results("warm")) == PAGE.read_text("utf-8")
    assert render_plot(cold) == PLOT.read_text("utf-8")
