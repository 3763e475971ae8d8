"""The numbers of docs/scale.md are what the commands beside them say."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from string import Template

import pytest

from packager.estimate.text import dollars, milliseconds, part
from tests.cli.conftest import Run

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "scale.md"
_BLOCK = re.compile(r"```sh\n(.*?)```\n\n(\|.*?\n)\n", re.DOTALL)
_SAMPLE = re.compile(r"```console\n\$ packager (.*?[^\\])\n(.*?)\.\.\.\n```", re.DOTALL)
_HEAD = (
    "| | cold | p50 | p99 | environments, mean and most | refused | a month |\n"
    "|---|--:|--:|--:|--:|--:|--:|\n"
)


def row(run: Run, arguments: list[str], label: str) -> str:
    """What a command finds for its one memory size, as a row of the page's table."""
    done = run(*arguments, "--format", "json")
    assert done.code == 0, done.stderr
    [estimate] = json.loads(done.stdout)["estimates"]
    [case] = estimate["cases"]
    latencies = case["latency_ms"]
    cells = (
        f"`{label}`",
        part(case["cold"], case["batches"]),
        milliseconds(latencies["p50"]),
        milliseconds(latencies["p99"]),
        f"{case['mean_busy']:,.2f}, {case['most_busy']:,}",
        part(case["refused"], case["requests"]),
        dollars(case["dollars_a_month"]),
    )
    return f"| {' | '.join(cells)} |\n"


def test_the_plans_are_what_their_commands_say(
    run: Run, monkeypatch: pytest.MonkeyPatch, refresh: bool
) -> None:
    monkeypatch.chdir(ROOT)
    text = PAGE.read_text("utf-8")
    blocks = [*_BLOCK.finditer(text)]
    assert len(blocks) == 2, "the function as it was measured, and one that waits"
    for block in reversed(blocks):
        commands, table = block.groups()
        given, *lines = commands.replace("\\\n", " ").splitlines()
        name, _, value = given.partition("=")
        rows = _HEAD
        for line in lines:
            program, *arguments = shlex.split(
                Template(line).substitute({name: shlex.split(value)[0]})
            )
            assert program == "packager"
            rows += row(run, arguments, line.split(f"${name} ")[1])
        if refresh:
            text = text[: block.start(2)] + rows + text[block.end(2) :]
        else:
            assert table == rows
    if refresh:
        PAGE.write_text(text, "utf-8")


def test_the_first_example_is_what_it_says(
    run: Run, monkeypatch: pytest.MonkeyPatch, refresh: bool
) -> None:
    monkeypatch.chdir(ROOT)
    text = PAGE.read_text("utf-8")
    found = _SAMPLE.search(text)
    assert found is not None
    said = run(*shlex.split(found[1].replace("\\\n", " "))).stdout
    shown = "".join(said.splitlines(keepends=True)[: found[2].count("\n")])
    if refresh:
        PAGE.write_text(text.replace(found[2], shown), "utf-8")
    else:
        assert found[2] == shown
