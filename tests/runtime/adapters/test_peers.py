"""Differential tests: the tables of differences in docs/events.md and docs/adapters.md are true."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from endpoint_runtime.app.application import Application
from tests.support.builders import endpoint
from tests.support.peers import ADAPTERS, CASES, PEERS, Event, Handler, native, outcome

DOCS = Path(__file__).resolve().parents[3] / "docs"
# Cases whose rows say what aws-wsgi can't read at all; elsewhere a dash stands for it.
FORMS = (
    "a request, payload 2.0",
    "a request to a function URL",
    "a request, load balancer, multi-value",
)
UNREAD = "\u2014"


def table_of(page: str, columns: list[str]) -> dict[str, dict[str, str]]:
    """The cells of a page's table with these columns, by case and column."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    start = lines.index(f"| case | {' | '.join(columns)} |")
    rows: dict[str, dict[str, str]] = {}
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        case, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        rows[case] = dict(zip(columns, cells, strict=True))
    return rows


def is_unread(peer: str, case: str, event: Event) -> bool:
    many = "elb" in event["requestContext"] and "headers" not in event
    return "aws-wsgi" in peer and case not in FORMS and ("rawPath" in event or many)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(("page", "peers"), [("events.md", PEERS), ("adapters.md", ADAPTERS)])
def test_the_table_of_differences(
    make_application: Callable[..., Application],
    page: str,
    peers: dict[str, Callable[[Application], Handler]],
    case: str,
) -> None:
    event, invoke = CASES[case]
    routes = [("/<path:p>", method, "e.py") for method in ("GET", "POST")]
    application = make_application({"e.py": endpoint(invoke)}, ROUTES=routes)
    cells = table_of(page, [*peers]).get(case, {})

    ours = outcome(native(application), copy.deepcopy(event))

    assert isinstance(ours, tuple), ours
    differing = False
    for peer, make in peers.items():
        theirs: Any = outcome(make(application), copy.deepcopy(event))
        cell = cells.get(peer, "")
        if is_unread(peer, case, event):
            assert isinstance(theirs, str) and cell in (UNREAD, "")
        elif theirs == ours:
            assert cell == "", f"{peer} does the same"
        else:
            differing = True
            assert cell not in ("", UNREAD), f"{peer} does something else: {theirs}"
            if isinstance(theirs, str):
                assert f"`{theirs}`" in cell
    assert differing == bool(cells)


def test_the_tables_have_no_other_rows() -> None:
    for page, peers in (("events.md", PEERS), ("adapters.md", ADAPTERS)):
        assert set(table_of(page, [*peers])) <= set(CASES)
