"""docs/benchmarks.md and its plot are what the kept results make of them."""

from __future__ import annotations

from typing import Any

from benchmarks.build_contenders import BASELINE, OURS
from benchmarks.build_page import build_section
from benchmarks.page import PAGE, PLOT, read_records, render_page, render_plot


def test_the_page_and_the_plot_are_up_to_date() -> None:
    records = read_records()
    assert render_page(records) == PAGE.read_text("utf-8")
    assert render_plot(records["cold"]) == PLOT.read_text("utf-8")


def test_the_section_on_builds() -> None:
    def took(seconds: float) -> dict[str, float]:
        return {"seconds": seconds, "cpu": seconds / 2, "mb": 80.4}

    cold = {"pex": took(9), BASELINE: took(2), OURS: took(3)}
    case: dict[str, Any] = {"cold": cold, "again": {OURS: took(0.3)}}
    groups = {f"{name}, {number}": took(number) for name in ("cold", "again") for number in (1, 3)}
    record = {"rounds": 5, "large_rounds": 3, "small": case, "large": case, "groups": groups}
    record |= {"load": 0.4, "cores": 2}
    text = build_section(record | {"commands": {"--help": took(0.1)}}, "A machine.")
    assert text.index(f"| {OURS} | 3.00 (1.50) | 0.30 (0.15) |") < text.index(
        f"| {BASELINE} | 2.00"
    )
    assert "| pex | 9.00 (4.50) | - | 9.00 (4.50) | - |\n" in text
    assert "takes 3.00 s, where 1.3 times `uv pip install` of the same set plus 1 s are 3.60 s" in (
        text.replace("\n", " ")
    )
    assert "| `--help` | 100 | 50 | 80 |\n" in text

    record |= {"load": 9.7}
    busy = build_section(record | {"commands": {"--help": took(0.1)}}, "A machine.")
    assert "load was 9.7 on 2 cores" in busy.replace("\n", " ")
    assert "| pex | 4.50 | - | 4.50 | - |\n" in busy
    assert "takes 1.50 s of CPU, where 1.3 times `uv pip install` of the same set plus 1 s are" in (
        busy.replace("\n", " ")
    )
    assert "| `--help` | 50 | 80 |\n" in busy
